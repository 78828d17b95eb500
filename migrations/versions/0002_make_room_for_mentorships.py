"""Make room for mentorships: requests, agreements, threads, goals, talks, records, guests.

Why: two people can now go through a whole mentorship. Old code cannot run on this schema.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Extend what is there, then create what is new, those first that others point to."""
    _extend_actors()
    _extend_accounts()
    _extend_proposals()
    _extend_notifications()
    _extend_sessions()
    _create_form_tokens()
    _create_oauth_attempts()
    _create_oauth_clients()
    _create_vocabulary_terms()
    _create_absences()
    _create_drafts()
    _create_mentorship_arrivals()
    _create_exports()
    _create_mentorships()
    _create_door_questions()
    _create_feedback()
    _create_goals()
    _create_imported_mentorships()
    _create_logbook()
    _create_meetings()
    _create_mentorship_events()
    _create_mentorship_moves()
    _create_messages()
    _create_records()
    _create_thanks()
    op.execute(
        "UPDATE proposals SET places_free_count = CASE WHEN status = 'full' THEN 0 ELSE places_count END"
    )


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _take_over(table: str, columns: list[str]) -> None:
    """Put the rows of a table into its successor, and let that take its name (sqlite.org/lang_altertable §7).

    Foreign keys are not enforced while this runs, so that dropping the old table deletes nothing elsewhere.
    """
    listed = ", ".join(columns)
    op.execute(f"INSERT INTO new_{table} ({listed}) SELECT {listed} FROM {table}")  # noqa: S608
    op.drop_table(table)
    op.rename_table(f"new_{table}", table)


def _create_form_tokens() -> None:
    op.create_table(
        "form_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("result_path", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_form_tokens"),
    )
    op.create_index("ix_form_tokens_created_at", "form_tokens", ["created_at"])


def _create_oauth_attempts() -> None:
    op.create_table(
        "oauth_attempts",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("actor_uri", sa.Text, nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("verifier_encrypted", sa.LargeBinary, nullable=False),
        sa.Column("next_path", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_oauth_attempts"),
    )
    op.create_index("ix_oauth_attempts_expires_at", "oauth_attempts", ["expires_at"])


def _create_oauth_clients() -> None:
    op.create_table(
        "oauth_clients",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("secret_encrypted", sa.LargeBinary, nullable=False),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("endpoints", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_oauth_clients"),
    )


def _create_vocabulary_terms() -> None:
    op.create_table(
        "vocabulary_terms",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("scheme", sa.String(length=20), nullable=False),
        sa.Column("broader_id", sa.String(length=20), nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vocabulary_terms"),
    )


def _create_absences() -> None:
    op.create_table(
        "absences",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("from_on", sa.Date, nullable=False),
        sa.Column("until_on", sa.Date, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.CheckConstraint("from_on <= until_on", name="ck_absences_in_order"),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_absences_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_absences"),
    )
    op.create_index("ix_absences_actor_id", "absences", ["actor_id"])


def _create_drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actors.id"], name="fk_drafts_person_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "kind", "key", name="pk_drafts"),
    )
    op.create_index("ix_drafts_updated_at", "drafts", ["updated_at"])


def _create_mentorship_arrivals() -> None:
    op.create_table(
        "mentorship_arrivals",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("agreement_uri", sa.Text, nullable=False),
        sa.Column("partner_uri", sa.Text, nullable=False),
        sa.Column("origin_uri", sa.Text, nullable=False),
        sa.Column("is_vouched", sa.Boolean, nullable=False),
        sa.Column("message", sa.JSON(none_as_null=True)),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_mentorship_arrivals_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mentorship_arrivals"),
        sa.UniqueConstraint(
            "actor_id", "agreement_uri", "partner_uri", "origin_uri", name="uq_mentorship_arrivals_actor_id"
        ),
    )


def _create_exports() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("archive", sa.LargeBinary),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_exports_account_id_accounts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
    )
    op.create_index("ix_exports_account_id", "exports", ["account_id"])
    op.create_index("ix_exports_expires_at", "exports", ["expires_at"])


def _create_mentorships() -> None:
    op.create_table(
        "mentorships",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agreement_uri", sa.Text),
        sa.Column("offer_uri", sa.Text),
        sa.Column("thread_uri", sa.Text, nullable=False),
        sa.Column("proposal_id", sa.String(length=36)),
        sa.Column("proposal_uri", sa.Text, nullable=False),
        sa.Column("proposal_title", sa.Text, nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("mentor_id", sa.String(length=36), nullable=False),
        sa.Column("mentee_id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("asker", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("standing", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.Column("epoch", sa.Integer, server_default="0", nullable=False),
        sa.Column("changed_by", sa.String(length=10), nullable=False),
        sa.Column("message_text", sa.Text, server_default="", nullable=False),
        sa.Column("message_html", sa.Text, server_default="", nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("language", sa.String(length=35)),
        sa.Column("counters_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("terms", sa.JSON, nullable=False),
        sa.Column("terms_version", sa.Integer, server_default="0", nullable=False),
        sa.Column("terms_by", sa.String(length=10)),
        sa.Column("mentor_confirmed_version", sa.Integer),
        sa.Column("mentor_confirmed_at", Moment),
        sa.Column("mentee_confirmed_version", sa.Integer),
        sa.Column("mentee_confirmed_at", Moment),
        sa.Column("reason", sa.String(length=30)),
        sa.Column("reason_text", sa.Text, server_default="", nullable=False),
        sa.Column("is_crossed", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("is_announced", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("seat_proposal_id", sa.String(length=36)),
        sa.Column("holds_seat", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("mentor_contact", sa.Text, server_default="", nullable=False),
        sa.Column("mentee_contact", sa.Text, server_default="", nullable=False),
        sa.Column("sent_at", Moment),
        sa.Column("expires_at", Moment),
        sa.Column("reminders_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("decided_at", Moment),
        sa.Column("intro_ends_at", Moment),
        sa.Column("started_at", Moment),
        sa.Column("ends_on", sa.Date),
        sa.Column("paused_at", Moment),
        sa.Column("paused_until_on", sa.Date),
        sa.Column("ended_at", Moment),
        sa.Column("alive_at", Moment),
        sa.Column("nudges_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("orphaned_at", Moment),
        sa.Column("archived_at", Moment),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.CheckConstraint("asker IN ('mentor', 'mentee')", name="ck_mentorships_asker_known"),
        sa.CheckConstraint(
            "changed_by IN ('mentor', 'mentee', 'clock')", name="ck_mentorships_changed_by_known"
        ),
        sa.CheckConstraint("channel IN ('local', 'libline', 'note')", name="ck_mentorships_channel_known"),
        sa.CheckConstraint("purpose IN ('offer', 'request')", name="ck_mentorships_purpose_known"),
        sa.CheckConstraint(
            "state IN ('draft', 'question', 'proposed', 'declined', 'withdrawn', "
            "'expired', 'superseded', 'intro', 'active', 'paused', 'completed', "
            "'ended-early', 'ended-intro', 'ended-safety', 'lapsed')",
            name="ck_mentorships_state_known",
        ),
        sa.CheckConstraint("mentor_id <> mentee_id", name="ck_mentorships_two_people"),
        sa.ForeignKeyConstraint(["mentee_id"], ["actors.id"], name="fk_mentorships_mentee_id_actors"),
        sa.ForeignKeyConstraint(["mentor_id"], ["actors.id"], name="fk_mentorships_mentor_id_actors"),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["proposals.id"],
            name="fk_mentorships_proposal_id_proposals",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["seat_proposal_id"],
            ["proposals.id"],
            name="fk_mentorships_seat_proposal_id_proposals",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mentorships"),
        sa.UniqueConstraint("agreement_uri", name="uq_mentorships_agreement_uri"),
        sa.UniqueConstraint("offer_uri", name="uq_mentorships_offer_uri"),
        sa.UniqueConstraint("thread_uri", name="uq_mentorships_thread_uri"),
    )
    op.create_index("ix_mentorships_mentee_id", "mentorships", ["mentee_id", "state"])
    op.create_index("ix_mentorships_mentor_id", "mentorships", ["mentor_id", "state"])
    op.create_index("ix_mentorships_proposal_uri", "mentorships", ["proposal_uri", "state"])
    op.create_index("ix_mentorships_seat_proposal_id", "mentorships", ["seat_proposal_id"])
    op.create_index("ix_mentorships_state", "mentorships", ["state"])
    op.create_index(
        "uq_mentorships_open",
        "mentorships",
        ["mentor_id", "mentee_id", "proposal_uri"],
        unique=True,
        sqlite_where=sa.text("state IN ('draft', 'question', 'proposed', 'intro', 'active', 'paused')"),
        postgresql_where=sa.text("state IN ('draft', 'question', 'proposed', 'intro', 'active', 'paused')"),
    )


def _create_door_questions() -> None:
    op.create_table(
        "door_questions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("question_uri", sa.Text, nullable=False),
        sa.Column("mentorship_id", sa.String(length=36)),
        sa.Column("proposal_id", sa.String(length=36)),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.String(length=36), nullable=False),
        sa.Column("thread_uri", sa.Text, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=35)),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=10)),
        sa.Column("answered_how", sa.String(length=10)),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("reminded_at", Moment),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("answered_at", Moment),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'expired', 'cancelled')", name="ck_door_questions_state_known"
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name="fk_door_questions_actor_id_actors"),
        sa.ForeignKeyConstraint(["member_id"], ["actors.id"], name="fk_door_questions_member_id_actors"),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_door_questions_mentorship_id_mentorships",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["proposals.id"],
            name="fk_door_questions_proposal_id_proposals",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_door_questions"),
        sa.UniqueConstraint("question_uri", name="uq_door_questions_question_uri"),
    )
    op.create_index("ix_door_questions_actor_id", "door_questions", ["actor_id", "state"])
    op.create_index(
        "uq_door_questions_open",
        "door_questions",
        ["thread_uri"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("mentorship_id", sa.String(length=36), nullable=False),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("body_text", sa.Text, server_default="", nullable=False),
        sa.Column("is_here", sa.Boolean, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("opened_at", Moment),
        sa.ForeignKeyConstraint(["author_id"], ["actors.id"], name="fk_feedback_author_id_actors"),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_feedback_mentorship_id_mentorships",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("mentorship_id", "author_id", name="uq_feedback_mentorship_id_author_id"),
        sa.UniqueConstraint("uri", name="uq_feedback_uri"),
    )


def _create_goals() -> None:
    op.create_table(
        "goals",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("mentorship_id", sa.String(length=36), nullable=False),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body_text", sa.Text, server_default="", nullable=False),
        sa.Column("goal_type", sa.String(length=40)),
        sa.Column("milestones", sa.JSON, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("done_at", Moment),
        sa.Column("deleted_at", Moment),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name="ck_goals_state_known"),
        sa.ForeignKeyConstraint(["author_id"], ["actors.id"], name="fk_goals_author_id_actors"),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_goals_mentorship_id_mentorships",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_goals"),
        sa.UniqueConstraint("uri", name="uq_goals_uri"),
    )
    op.create_index("ix_goals_mentorship_id", "goals", ["mentorship_id"])


def _create_imported_mentorships() -> None:
    op.create_table(
        "imported_mentorships",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("agreement_uri", sa.Text, nullable=False),
        sa.Column("source_uri", sa.Text, nullable=False),
        sa.Column("partner_uri", sa.Text, nullable=False),
        sa.Column("partner_name", sa.Text, nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("started_on", sa.Date),
        sa.Column("ended_on", sa.Date),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("is_taken", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("mentorship_id", sa.String(length=36)),
        sa.Column("created_at", Moment, nullable=False),
        sa.CheckConstraint("side IN ('mentor', 'mentee')", name="ck_imported_mentorships_side_known"),
        sa.CheckConstraint(
            "state IN ('draft', 'question', 'proposed', 'declined', 'withdrawn', "
            "'expired', 'superseded', 'intro', 'active', 'paused', 'completed', "
            "'ended-early', 'ended-intro', 'ended-safety', 'lapsed')",
            name="ck_imported_mentorships_state_known",
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_imported_mentorships_actor_id_actors", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_imported_mentorships_mentorship_id_mentorships",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_imported_mentorships"),
        sa.UniqueConstraint(
            "actor_id", "agreement_uri", name="uq_imported_mentorships_actor_id_agreement_uri"
        ),
    )


def _create_logbook() -> None:
    op.create_table(
        "logbook",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("mentorship_id", sa.String(length=36), nullable=False),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("held_on", sa.Date, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("notes_text", sa.Text, server_default="", nullable=False),
        sa.Column("is_shared", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("deleted_at", Moment),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name="ck_logbook_minutes_of_a_day"),
        sa.ForeignKeyConstraint(["author_id"], ["actors.id"], name="fk_logbook_author_id_actors"),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_logbook_mentorship_id_mentorships",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_logbook"),
        sa.UniqueConstraint("uri", name="uq_logbook_uri"),
    )
    op.create_index("ix_logbook_mentorship_id", "logbook", ["mentorship_id", "held_on"])


def _create_meetings() -> None:
    op.create_table(
        "meetings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("mentorship_id", sa.String(length=36), nullable=False),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("times", sa.JSON, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("mode", sa.String(length=40)),
        sa.Column("place_text", sa.Text, server_default="", nullable=False),
        sa.Column("is_cancelled", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("starts_at", Moment),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.Column("answer_uri", sa.Text),
        sa.Column("answer_version", sa.Integer, server_default="0", nullable=False),
        sa.Column("answer_to_version", sa.Integer),
        sa.Column("answer_starts_at", Moment),
        sa.Column("changed_by", sa.String(length=10), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'agreed', 'declined', 'cancelled')", name="ck_meetings_state_known"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["actors.id"], name="fk_meetings_author_id_actors"),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_meetings_mentorship_id_mentorships",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_meetings"),
        sa.UniqueConstraint("answer_uri", name="uq_meetings_answer_uri"),
        sa.UniqueConstraint("uri", name="uq_meetings_uri"),
    )
    op.create_index("ix_meetings_mentorship_id", "meetings", ["mentorship_id", "starts_at"])


def _create_mentorship_events() -> None:
    op.create_table(
        "mentorship_events",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("mentorship_id", sa.String(length=36), nullable=False),
        sa.Column("event", sa.String(length=30), nullable=False),
        sa.Column("by", sa.String(length=10), nullable=False),
        sa.Column("state_before", sa.String(length=20), nullable=False),
        sa.Column("state_after", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_mentorship_events_mentorship_id_mentorships",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mentorship_events"),
    )
    op.create_index("ix_mentorship_events_mentorship_id", "mentorship_events", ["mentorship_id", "id"])


def _create_mentorship_moves() -> None:
    op.create_table(
        "mentorship_moves",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("mentorship_id", sa.String(length=36), nullable=False),
        sa.Column("old_actor_id", sa.String(length=36), nullable=False),
        sa.Column("new_actor_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("decided_at", Moment),
        sa.CheckConstraint(
            "state IN ('open', 'confirmed', 'refused')", name="ck_mentorship_moves_state_known"
        ),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_mentorship_moves_mentorship_id_mentorships",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["new_actor_id"], ["actors.id"], name="fk_mentorship_moves_new_actor_id_actors"
        ),
        sa.ForeignKeyConstraint(
            ["old_actor_id"], ["actors.id"], name="fk_mentorship_moves_old_actor_id_actors"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mentorship_moves"),
        sa.UniqueConstraint(
            "mentorship_id", "new_actor_id", name="uq_mentorship_moves_mentorship_id_new_actor_id"
        ),
    )


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("mentorship_id", sa.String(length=36), nullable=False),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("is_local", sa.Boolean, nullable=False),
        sa.Column("in_reply_to_uri", sa.Text),
        sa.Column("body_text", sa.Text, server_default="", nullable=False),
        sa.Column("content_html", sa.Text, nullable=False),
        sa.Column("language", sa.String(length=35)),
        sa.Column("published_at", Moment, nullable=False),
        sa.Column("edited_at", Moment),
        sa.Column("deleted_at", Moment),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("read_at", Moment),
        sa.ForeignKeyConstraint(["author_id"], ["actors.id"], name="fk_messages_author_id_actors"),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_messages_mentorship_id_mentorships",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("uri", name="uq_messages_uri"),
    )
    op.create_index("ix_messages_mentorship_id", "messages", ["mentorship_id", "published_at"])


def _create_records() -> None:
    op.create_table(
        "records",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("mentorship_id", sa.String(length=36), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("is_shared", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("share_token_hash", sa.String(length=64)),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name="fk_records_actor_id_actors"),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_records_mentorship_id_mentorships",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_records"),
        sa.UniqueConstraint("mentorship_id", "actor_id", name="uq_records_mentorship_id_actor_id"),
        sa.UniqueConstraint("share_token_hash", name="uq_records_share_token_hash"),
    )


def _create_thanks() -> None:
    op.create_table(
        "thanks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("note_uri", sa.Text, nullable=False),
        sa.Column("mentorship_id", sa.String(length=36), nullable=False),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("thanked_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("content_html", sa.Text, nullable=False),
        sa.Column("language", sa.String(length=35)),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.Column("answer_uri", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("published_at", Moment),
        sa.CheckConstraint(
            "state IN ('asked', 'agreed', 'refused', 'published', 'withdrawn')", name="ck_thanks_state_known"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["actors.id"], name="fk_thanks_author_id_actors"),
        sa.ForeignKeyConstraint(
            ["mentorship_id"],
            ["mentorships.id"],
            name="fk_thanks_mentorship_id_mentorships",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["thanked_id"], ["actors.id"], name="fk_thanks_thanked_id_actors"),
        sa.PrimaryKeyConstraint("id", name="pk_thanks"),
        sa.UniqueConstraint("answer_uri", name="uq_thanks_answer_uri"),
        sa.UniqueConstraint("mentorship_id", "author_id", name="uq_thanks_mentorship_id_author_id"),
        sa.UniqueConstraint("note_uri", name="uq_thanks_note_uri"),
        sa.UniqueConstraint("uri", name="uq_thanks_uri"),
    )
    op.create_index("ix_thanks_thanked_id", "thanks", ["thanked_id", "state"])


def _extend_actors() -> None:
    if _is_sqlite():
        op.create_table(
            "new_actors",
            sa.Column("id", sa.String(length=36), nullable=False),
            sa.Column("uri", sa.Text, nullable=False),
            sa.Column("is_local", sa.Boolean, nullable=False),
            sa.Column("type", sa.String(length=20), nullable=False),
            sa.Column("handle", sa.String(length=128), nullable=False),
            sa.Column("host", sa.String(length=255), nullable=False),
            sa.Column("acct_host", sa.String(length=255)),
            sa.Column("name", sa.Text, server_default="", nullable=False),
            sa.Column("summary_html", sa.Text, server_default="", nullable=False),
            sa.Column("summary_text", sa.Text, server_default="", nullable=False),
            sa.Column("url", sa.Text),
            sa.Column("inbox_url", sa.Text, nullable=False),
            sa.Column("shared_inbox_url", sa.Text),
            sa.Column("outbox_url", sa.Text),
            sa.Column("followers_uri", sa.Text),
            sa.Column("featured_url", sa.Text),
            sa.Column("proposals_url", sa.Text),
            sa.Column("icon_url", sa.Text),
            sa.Column("fields", sa.JSON, nullable=False),
            sa.Column("languages", sa.JSON, nullable=False),
            sa.Column("also_known_as", sa.JSON, nullable=False),
            sa.Column("moved_to_uri", sa.Text),
            sa.Column("manually_approves_followers", sa.Boolean, server_default=sa.false(), nullable=False),
            sa.Column("is_discoverable", sa.Boolean, server_default=sa.false(), nullable=False),
            sa.Column("revision", sa.Integer, server_default="1", nullable=False),
            sa.Column("published_at", Moment),
            sa.Column("created_at", Moment, nullable=False),
            sa.Column("updated_at", Moment, nullable=False),
            sa.Column("fetched_at", Moment),
            sa.Column("suspended_at", Moment),
            sa.Column("gone_at", Moment),
            sa.Column("details", sa.JSON, server_default="{}", nullable=False),
            sa.CheckConstraint(
                "type IN ('Person', 'Service', 'Application', 'Group', 'Organization')",
                name="ck_actors_type_known",
            ),
            sa.PrimaryKeyConstraint("id", name="pk_actors"),
            sa.UniqueConstraint("uri", name="uq_actors_uri"),
        )
        _take_over(
            "actors",
            [
                "id",
                "uri",
                "is_local",
                "type",
                "handle",
                "host",
                "acct_host",
                "name",
                "summary_html",
                "summary_text",
                "url",
                "inbox_url",
                "shared_inbox_url",
                "outbox_url",
                "followers_uri",
                "featured_url",
                "proposals_url",
                "icon_url",
                "fields",
                "languages",
                "also_known_as",
                "moved_to_uri",
                "manually_approves_followers",
                "is_discoverable",
                "revision",
                "published_at",
                "created_at",
                "updated_at",
                "fetched_at",
                "suspended_at",
                "gone_at",
            ],
        )
        op.create_index("ix_actors_handle_host", "actors", ["handle", "host"])
        op.create_index("ix_actors_host", "actors", ["host"])
        op.create_index(
            "uq_actors_local_handle",
            "actors",
            [sa.literal_column("lower(handle)")],
            unique=True,
            sqlite_where=sa.text("is_local = 1 AND type <> 'Application'"),
            postgresql_where=sa.text("is_local AND type <> 'Application'"),
        )
        return
    op.add_column("actors", sa.Column("details", sa.JSON, server_default="{}", nullable=False))


def _extend_accounts() -> None:
    if _is_sqlite():
        op.create_table(
            "new_accounts",
            sa.Column("id", sa.String(length=36), nullable=False),
            sa.Column("actor_id", sa.String(length=36), nullable=False),
            sa.Column("email", sa.String(length=320), nullable=False),
            sa.Column("email_confirmed_at", Moment),
            sa.Column("password_hash", sa.String(length=255)),
            sa.Column("state", sa.String(length=20), nullable=False),
            sa.Column("role", sa.String(length=20), server_default="member", nullable=False),
            sa.Column("language", sa.String(length=35)),
            sa.Column("sign_up_reason", sa.Text, server_default="", nullable=False),
            sa.Column("created_at", Moment, nullable=False),
            sa.Column("last_login_at", Moment),
            sa.Column("zone", sa.String(length=60)),
            sa.Column("weekly_hours", sa.JSON, server_default="[]", nullable=False),
            sa.Column("target_count", sa.Integer, server_default="1", nullable=False),
            sa.Column("primer_done_at", Moment),
            sa.Column("calendar_token_hash", sa.String(length=64)),
            sa.Column("is_paused", sa.Boolean, server_default=sa.false(), nullable=False),
            sa.CheckConstraint(
                "role IN ('member', 'coordinator', 'moderator', 'admin')", name="ck_accounts_role_known"
            ),
            sa.CheckConstraint(
                "state IN ('unconfirmed', 'unapproved', 'active', 'disabled')", name="ck_accounts_state_known"
            ),
            sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name="fk_accounts_actor_id_actors"),
            sa.PrimaryKeyConstraint("id", name="pk_accounts"),
            sa.UniqueConstraint("actor_id", name="uq_accounts_actor_id"),
            sa.UniqueConstraint("calendar_token_hash", name="uq_accounts_calendar_token_hash"),
            sa.UniqueConstraint("email", name="uq_accounts_email"),
        )
        _take_over(
            "accounts",
            [
                "id",
                "actor_id",
                "email",
                "email_confirmed_at",
                "password_hash",
                "state",
                "role",
                "language",
                "sign_up_reason",
                "created_at",
                "last_login_at",
            ],
        )
        return
    op.add_column("accounts", sa.Column("zone", sa.String(length=60)))
    op.add_column("accounts", sa.Column("weekly_hours", sa.JSON, server_default="[]", nullable=False))
    op.add_column("accounts", sa.Column("target_count", sa.Integer, server_default="1", nullable=False))
    op.add_column("accounts", sa.Column("primer_done_at", Moment))
    op.add_column("accounts", sa.Column("calendar_token_hash", sa.String(length=64)))
    op.add_column("accounts", sa.Column("is_paused", sa.Boolean, server_default=sa.false(), nullable=False))
    op.create_unique_constraint("uq_accounts_calendar_token_hash", "accounts", ["calendar_token_hash"])


def _extend_proposals() -> None:
    if _is_sqlite():
        op.create_table(
            "new_proposals",
            sa.Column("id", sa.String(length=36), nullable=False),
            sa.Column("uri", sa.Text, nullable=False),
            sa.Column("author_id", sa.String(length=36), nullable=False),
            sa.Column("is_local", sa.Boolean, nullable=False),
            sa.Column("purpose", sa.String(length=10), nullable=False),
            sa.Column("title", sa.Text, nullable=False),
            sa.Column("body_text", sa.Text, server_default="", nullable=False),
            sa.Column("content_html", sa.Text, nullable=False),
            sa.Column("search_text", sa.Text, nullable=False),
            sa.Column("language", sa.String(length=35)),
            sa.Column("areas", sa.JSON, nullable=False),
            sa.Column("languages", sa.JSON, nullable=False),
            sa.Column("modes", sa.JSON, nullable=False),
            sa.Column("places_count", sa.Integer, nullable=False),
            sa.Column("open_until_on", sa.Date),
            sa.Column("audience", sa.String(length=10), nullable=False),
            sa.Column("status", sa.String(length=10), nullable=False),
            sa.Column("revision", sa.Integer, nullable=False),
            sa.Column("url", sa.Text),
            sa.Column("published_at", Moment, nullable=False),
            sa.Column("edited_at", Moment),
            sa.Column("updated_at", Moment, nullable=False),
            sa.Column("fetched_at", Moment),
            sa.Column("places_free_count", sa.Integer, server_default="1", nullable=False),
            sa.Column("waiting_count", sa.Integer, server_default="0", nullable=False),
            sa.Column("details", sa.JSON, server_default="{}", nullable=False),
            sa.CheckConstraint(
                "audience IN ('public', 'network', 'instance')", name="ck_proposals_audience_known"
            ),
            sa.CheckConstraint("purpose IN ('offer', 'request')", name="ck_proposals_purpose_known"),
            sa.CheckConstraint(
                "status IN ('open', 'full', 'paused', 'closed')", name="ck_proposals_status_known"
            ),
            sa.CheckConstraint("places_count >= 0", name="ck_proposals_places_count_not_negative"),
            sa.ForeignKeyConstraint(
                ["author_id"], ["actors.id"], name="fk_proposals_author_id_actors", ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("id", name="pk_proposals"),
            sa.UniqueConstraint("uri", name="uq_proposals_uri"),
        )
        _take_over(
            "proposals",
            [
                "id",
                "uri",
                "author_id",
                "is_local",
                "purpose",
                "title",
                "body_text",
                "content_html",
                "search_text",
                "language",
                "areas",
                "languages",
                "modes",
                "places_count",
                "open_until_on",
                "audience",
                "status",
                "revision",
                "url",
                "published_at",
                "edited_at",
                "updated_at",
                "fetched_at",
            ],
        )
        op.create_index("ix_proposals_author_id", "proposals", ["author_id"])
        op.create_index("ix_proposals_listed", "proposals", ["purpose", "status", "published_at"])
        return
    op.add_column("proposals", sa.Column("places_free_count", sa.Integer, server_default="1", nullable=False))
    op.add_column("proposals", sa.Column("waiting_count", sa.Integer, server_default="0", nullable=False))
    op.add_column("proposals", sa.Column("details", sa.JSON, server_default="{}", nullable=False))
    op.drop_constraint("ck_proposals_audience_known", "proposals")
    op.create_check_constraint(
        "ck_proposals_audience_known", "proposals", "audience IN ('public', 'network', 'instance')"
    )


def _extend_notifications() -> None:
    if _is_sqlite():
        op.create_table(
            "new_notifications",
            sa.Column("id", sa.String(length=36), nullable=False),
            sa.Column("account_id", sa.String(length=36), nullable=False),
            sa.Column("kind", sa.String(length=30), nullable=False),
            sa.Column("from_actor_id", sa.String(length=36)),
            sa.Column("subject_uri", sa.Text),
            sa.Column("created_at", Moment, nullable=False),
            sa.Column("read_at", Moment),
            sa.Column("event", sa.String(length=30), server_default="", nullable=False),
            sa.CheckConstraint(
                "kind IN ('follow', 'follow-request', 'follow-accepted', 'reply', "
                "'mention', 'message', 'like', 'announce', 'poll-vote', 'sign-up', "
                "'mentorship', 'mentorship-message')",
                name="ck_notifications_kind_known",
            ),
            sa.ForeignKeyConstraint(
                ["account_id"],
                ["accounts.id"],
                name="fk_notifications_account_id_accounts",
                ondelete="CASCADE",
            ),
            sa.ForeignKeyConstraint(
                ["from_actor_id"],
                ["actors.id"],
                name="fk_notifications_from_actor_id_actors",
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("id", name="pk_notifications"),
            sa.UniqueConstraint(
                "account_id", "kind", "event", "from_actor_id", "subject_uri", name="uq_notifications_once"
            ),
        )
        _take_over(
            "notifications",
            ["id", "account_id", "kind", "from_actor_id", "subject_uri", "created_at", "read_at"],
        )
        op.create_index("ix_notifications_of", "notifications", ["account_id", "created_at"])
        return
    op.add_column(
        "notifications", sa.Column("event", sa.String(length=30), server_default="", nullable=False)
    )
    op.drop_constraint("ck_notifications_kind_known", "notifications")
    op.create_check_constraint(
        "ck_notifications_kind_known",
        "notifications",
        "kind IN ('follow', 'follow-request', 'follow-accepted', 'reply', 'mention', 'message', "
        "'like', 'announce', 'poll-vote', 'sign-up', 'mentorship', 'mentorship-message')",
    )
    op.drop_constraint("uq_notifications_account_id_kind_from_actor_id_subject_uri", "notifications")
    op.create_unique_constraint(
        "uq_notifications_once",
        "notifications",
        ["account_id", "kind", "event", "from_actor_id", "subject_uri"],
    )


def _extend_sessions() -> None:
    if _is_sqlite():
        op.create_table(
            "new_sessions",
            sa.Column("token_hash", sa.String(length=64), nullable=False),
            sa.Column("account_id", sa.String(length=36)),
            sa.Column("csrf_token", sa.String(length=64), nullable=False),
            sa.Column("data", sa.JSON, nullable=False),
            sa.Column("created_at", Moment, nullable=False),
            sa.Column("seen_at", Moment, nullable=False),
            sa.Column("expires_at", Moment, nullable=False),
            sa.Column("guest_actor_id", sa.String(length=36)),
            sa.ForeignKeyConstraint(
                ["account_id"], ["accounts.id"], name="fk_sessions_account_id_accounts", ondelete="CASCADE"
            ),
            sa.ForeignKeyConstraint(
                ["guest_actor_id"],
                ["actors.id"],
                name="fk_sessions_guest_actor_id_actors",
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
        )
        _take_over(
            "sessions",
            ["token_hash", "account_id", "csrf_token", "data", "created_at", "seen_at", "expires_at"],
        )
        op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
        op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
        return
    op.add_column("sessions", sa.Column("guest_actor_id", sa.String(length=36)))
    op.create_foreign_key(
        "fk_sessions_guest_actor_id_actors",
        "sessions",
        "actors",
        ["guest_actor_id"],
        ["id"],
        ondelete="CASCADE",
    )
