"""Link servers: words to search in, noted changes, saved searches, links, consortia, counts, advice.

Why: the pool of offers is shared, and must be found in quickly. The words of the proposals that are there
already are written by the first process that starts. A later migration that makes `proposals`, `actors`,
`accounts` or `peers` anew on SQLite must make their triggers anew as well.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Extend what is there, then create what is new, those first that others point to."""
    _extend_notifications()
    _create_directory_changes()
    _create_need_counts()
    _create_need_sources()
    _create_advice()
    _create_advice_lists()
    _create_cohorts()
    _create_consortia()
    _create_consortium_members()
    _create_crawl_items()
    _create_crawls()
    _create_link_notes()
    _create_suggestion_wishes()
    _create_trusted_consortia()
    _create_consortium_coordinators()
    _create_consortium_items()
    _create_proposal_search()
    _create_published_advice()
    _create_saved_searches()
    _create_suggestions()
    for statement in _texts():
        op.execute(sa.text(statement.replace(":", r"\:")))


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _texts() -> list[str]:
    if _is_sqlite():
        return [*SQLITE_TEXT_INDEX, *_sqlite_triggers()]
    return [*POSTGRESQL_TEXT_INDEX, *_postgresql_triggers()]


def _take_over(table: str, columns: list[str]) -> None:
    """Put the rows of a table into its successor, and let that take its name (sqlite.org/lang_altertable §7).

    Foreign keys are not enforced while this runs, so that dropping the old table deletes nothing elsewhere.
    """
    listed = ", ".join(columns)
    op.execute(f"INSERT INTO new_{table} ({listed}) SELECT {listed} FROM {table}")  # noqa: S608
    op.drop_table(table)
    op.rename_table(f"new_{table}", table)


def _create_directory_changes() -> None:
    op.create_table(
        "directory_changes",
        sa.Column(
            "number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("transaction_number", sa.BigInteger()),
        sa.CheckConstraint("kind IN ('proposal', 'author', 'peer')", name="ck_directory_changes_kind_known"),
        sa.PrimaryKeyConstraint("number", name="pk_directory_changes"),
    )
    op.create_index("ix_directory_changes_transaction_number", "directory_changes", ["transaction_number"])


def _create_need_counts() -> None:
    op.create_table(
        "need_counts",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("waiting_count", sa.Integer),
        sa.Column("places_count", sa.Integer),
        sa.Column("counted_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("host", "area", "language", name="pk_need_counts"),
    )


def _create_need_sources() -> None:
    op.create_table(
        "need_sources",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("counted_at", Moment),
        sa.Column("next_due_at", Moment, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.PrimaryKeyConstraint("host", name="pk_need_sources"),
    )


def _create_advice() -> None:
    op.create_table(
        "advice",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("reason_text", sa.Text, server_default="", nullable=False),
        sa.Column("since_on", sa.Date),
        sa.Column("state", sa.String(length=10), server_default="open", nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("decided_at", Moment),
        sa.CheckConstraint("severity IN ('silenced', 'blocked')", name="ck_advice_severity_known"),
        sa.CheckConstraint(
            "state IN ('open', 'confirmed', 'dismissed', 'withdrawn')", name="ck_advice_state_known"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["actors.id"], name="fk_advice_group_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "host", name="pk_advice"),
    )


def _create_advice_lists() -> None:
    op.create_table(
        "advice_lists",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("is_automatic", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("fetched_at", Moment),
        sa.Column("next_due_at", Moment, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.ForeignKeyConstraint(
            ["group_id"], ["actors.id"], name="fk_advice_lists_group_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", name="pk_advice_lists"),
    )


def _create_cohorts() -> None:
    op.create_table(
        "cohorts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("orientation_text", sa.Text, server_default="", nullable=False),
        sa.Column("language", sa.String(length=35), server_default="en", nullable=False),
        sa.Column("areas", sa.JSON, nullable=False),
        sa.Column("opens_on", sa.Date, nullable=False),
        sa.Column("closes_on", sa.Date, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["actors.id"], name="fk_cohorts_group_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_cohorts"),
        sa.UniqueConstraint("uri", name="uq_cohorts_uri"),
    )
    op.create_index("ix_cohorts_group_id", "cohorts", ["group_id", "closes_on"])


def _create_consortia() -> None:
    op.create_table(
        "consortia",
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("charter_text", sa.Text, server_default="", nullable=False),
        sa.Column("language", sa.String(length=35), server_default="en", nullable=False),
        sa.Column("continues_uri", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("closed_at", Moment),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_consortia_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("actor_id", name="pk_consortia"),
    )


def _create_consortium_members() -> None:
    op.create_table(
        "consortium_members",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("instance_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("activity_uri", sa.Text),
        sa.Column("note_text", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("decided_at", Moment),
        sa.CheckConstraint(
            "state IN ('asked', 'invited', 'member', 'left', 'removed', 'rejected')",
            name="ck_consortium_members_state_known",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["actors.id"], name="fk_consortium_members_group_id_actors", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["actors.id"],
            name="fk_consortium_members_instance_id_actors",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "instance_id", name="pk_consortium_members"),
    )
    op.create_index("ix_consortium_members_instance_id", "consortium_members", ["instance_id"])


def _create_crawl_items() -> None:
    op.create_table(
        "crawl_items",
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="listed", nullable=False),
        sa.Column("attempts_count", sa.Integer, server_default="0", nullable=False),
        sa.CheckConstraint(
            "state IN ('listed', 'kept', 'gone', 'refused')", name="ck_crawl_items_state_known"
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_crawl_items_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("actor_id", "uri", name="pk_crawl_items"),
    )
    op.create_index("ix_crawl_items_state", "crawl_items", ["actor_id", "state"])


def _create_crawls() -> None:
    op.create_table(
        "crawls",
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="waiting", nullable=False),
        sa.Column("is_check", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("next_url", sa.Text),
        sa.Column("etag", sa.Text),
        sa.Column("pages_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("listed_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("total_count", sa.Integer),
        sa.Column("kept_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("failures_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sa.Column("next_due_at", Moment, nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("kind IN ('link', 'consortium')", name="ck_crawls_kind_known"),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="ck_crawls_state_known"),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_crawls_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("actor_id", name="pk_crawls"),
    )
    op.create_index("ix_crawls_next_due_at", "crawls", ["next_due_at"])


def _create_link_notes() -> None:
    op.create_table(
        "link_notes",
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("note_text", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_link_notes_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("actor_id", name="pk_link_notes"),
    )


def _create_suggestion_wishes() -> None:
    op.create_table(
        "suggestion_wishes",
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("wish", sa.String(length=10), nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.CheckConstraint("wish IN ('public', 'all', 'none')", name="ck_suggestion_wishes_wish_known"),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_suggestion_wishes_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("actor_id", name="pk_suggestion_wishes"),
    )


def _create_trusted_consortia() -> None:
    op.create_table(
        "trusted_consortia",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["actors.id"], name="fk_trusted_consortia_group_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", name="pk_trusted_consortia"),
    )


def _create_consortium_coordinators() -> None:
    op.create_table(
        "consortium_coordinators",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name="fk_consortium_coordinators_account_id_accounts",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["consortia.actor_id"],
            name="fk_consortium_coordinators_group_id_consortia",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "account_id", name="pk_consortium_coordinators"),
    )


def _create_consortium_items() -> None:
    op.create_table(
        "consortium_items",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("proposal_uri", sa.Text, nullable=False),
        sa.Column("author_uri", sa.Text, nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("announce_uri", sa.Text),
        sa.Column("reason_text", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.CheckConstraint("state IN ('listed', 'withheld', 'gone')", name="ck_consortium_items_state_known"),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["consortia.actor_id"],
            name="fk_consortium_items_group_id_consortia",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "proposal_uri", name="pk_consortium_items"),
    )
    op.create_index("ix_consortium_items_listed", "consortium_items", ["group_id", "state", "created_at"])
    op.create_index("ix_consortium_items_proposal_uri", "consortium_items", ["proposal_uri"])


def _create_proposal_search() -> None:
    op.create_table(
        "proposal_search",
        sa.Column(
            "number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("proposal_id", sa.String(length=36), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["proposals.id"],
            name="fk_proposal_search_proposal_id_proposals",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name="pk_proposal_search"),
        sa.UniqueConstraint("proposal_id", name="uq_proposal_search_proposal_id"),
    )


def _create_published_advice() -> None:
    op.create_table(
        "published_advice",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("reason_text", sa.Text, server_default="", nullable=False),
        sa.Column("since_on", sa.Date, nullable=False),
        sa.CheckConstraint("severity IN ('silenced', 'blocked')", name="ck_published_advice_severity_known"),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["consortia.actor_id"],
            name="fk_published_advice_group_id_consortia",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "host", name="pk_published_advice"),
    )


def _create_saved_searches() -> None:
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.JSON, nullable=False),
        sa.Column("tells_by", sa.String(length=10), server_default="nothing", nullable=False),
        sa.Column("feed_token_hash", sa.String(length=64)),
        sa.Column("told_until_number", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("told_at", Moment),
        sa.Column("created_at", Moment, nullable=False),
        sa.CheckConstraint(
            "tells_by IN ('nothing', 'mail', 'feed')", name="ck_saved_searches_tells_by_known"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_saved_searches_account_id_accounts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_saved_searches"),
        sa.UniqueConstraint("feed_token_hash", name="uq_saved_searches_feed_token_hash"),
    )
    op.create_index("ix_saved_searches_account_id", "saved_searches", ["account_id"])


def _create_suggestions() -> None:
    op.create_table(
        "suggestions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("offer_id", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.String(length=36), nullable=False),
        sa.Column("coordinator_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["coordinator_id"], ["actors.id"], name="fk_suggestions_coordinator_id_actors", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["actors.id"], name="fk_suggestions_member_id_actors", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["proposals.id"], name="fk_suggestions_offer_id_proposals", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["proposals.id"], name="fk_suggestions_request_id_proposals", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_suggestions"),
        sa.UniqueConstraint("request_id", "offer_id", name="uq_suggestions_request_id_offer_id"),
    )
    op.create_index("ix_suggestions_member_id", "suggestions", ["member_id"])


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
                "'mentorship', 'mentorship-message', 'link', 'consortium', "
                "'suggestion')",
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
            ["id", "account_id", "kind", "from_actor_id", "subject_uri", "created_at", "read_at", "event"],
        )
        op.create_index("ix_notifications_of", "notifications", ["account_id", "created_at"])
        return
    op.drop_constraint("ck_notifications_kind_known", "notifications")
    op.create_check_constraint(
        "ck_notifications_kind_known",
        "notifications",
        "kind IN ('follow', 'follow-request', 'follow-accepted', 'reply', 'mention', 'message', 'like', "
        "'announce', 'poll-vote', 'sign-up', "
        "'mentorship', 'mentorship-message', 'link', 'consortium', 'suggestion')",
    )


# As storage/directory_tables.py had it then.
_LIST_INDEXES = (
    # What can be listed, newest first, with all that decides on who sees it: then a page and a count read
    # no row. The few authors who are not to be seen are looked up apart.
    "CREATE INDEX ix_proposals_newest ON proposals (purpose, published_at, id, author_id, is_local, "
    "audience, open_until_on, status) WHERE status IN ('open', 'full')",
    "CREATE INDEX ix_actors_unusable ON actors (id) WHERE gone_at IS NOT NULL OR suspended_at IS NOT NULL",
)
SQLITE_TEXT_INDEX = (
    *_LIST_INDEXES,
    # Words are folded before they come here; every letter, mark and digit belongs to one.
    "CREATE VIRTUAL TABLE proposal_words USING fts5("
    "words, content='proposal_search', content_rowid='number', detail=none, columnsize=0, "
    "tokenize=\"unicode61 remove_diacritics 0 categories 'L* M* N* Co'\")",
    "CREATE TRIGGER proposal_words_added AFTER INSERT ON proposal_search BEGIN "
    "INSERT INTO proposal_words(rowid, words) VALUES (new.number, new.words); END",
    "CREATE TRIGGER proposal_words_removed AFTER DELETE ON proposal_search BEGIN "
    "INSERT INTO proposal_words(proposal_words, rowid, words) VALUES ('delete', old.number, old.words); END",
    "CREATE TRIGGER proposal_words_changed AFTER UPDATE OF words ON proposal_search BEGIN "
    "INSERT INTO proposal_words(proposal_words, rowid, words) VALUES ('delete', old.number, old.words); "
    "INSERT INTO proposal_words(rowid, words) VALUES (new.number, new.words); END",
)
POSTGRESQL_TEXT_INDEX = (
    *_LIST_INDEXES,
    "CREATE INDEX ix_proposal_search_words ON proposal_search "
    "USING gin (array_to_tsvector(string_to_array(words, ' ')))",
)


def _host_of(row: str) -> str:
    # An actor whose row goes takes its memberships along: then there is no host to be found any more.
    return f"coalesce((SELECT host FROM actors WHERE id = {row}.instance_id), '')"  # noqa: S608


# Actors are read again every day, and are mostly as they were. JSON has no equality on PostgreSQL.
_AUTHOR_DIFFERS = (
    "new.host <> old.host OR CAST(new.details AS TEXT) <> CAST(old.details AS TEXT) "
    "OR (new.suspended_at IS NULL) <> (old.suspended_at IS NULL) "
    "OR (new.gone_at IS NULL) <> (old.gone_at IS NULL)"
)
_NOTED = (  # name, event and table, kind, subject, when
    ("proposal_added", "INSERT ON proposals", "proposal", "new.id", ""),
    ("proposal_changed", "UPDATE ON proposals", "proposal", "new.id", ""),
    ("proposal_removed", "DELETE ON proposals", "proposal", "old.id", ""),
    ("words_added", "INSERT ON proposal_search", "proposal", "new.proposal_id", ""),  # now has its number
    ("source_added", "INSERT ON proposal_sources", "proposal", "new.proposal_id", ""),
    ("source_removed", "DELETE ON proposal_sources", "proposal", "old.proposal_id", ""),
    (
        "author_changed",
        "UPDATE OF host, details, suspended_at, gone_at ON actors",
        "author",
        "new.id",
        _AUTHOR_DIFFERS,
    ),
    ("author_hours_changed", "UPDATE OF zone, weekly_hours ON accounts", "author", "new.actor_id", ""),
    ("peer_added", "INSERT ON peers", "peer", "new.host", "new.policy <> 'default'"),
    ("peer_changed", "UPDATE OF policy ON peers", "peer", "new.host", ""),
    # With a list of allowed servers, members of a trusted consortium are on it.
    ("member_added", "INSERT ON consortium_members", "peer", _host_of("new"), ""),
    ("member_changed", "UPDATE OF state ON consortium_members", "peer", _host_of("new"), ""),
    ("member_removed", "DELETE ON consortium_members", "peer", _host_of("old"), ""),
)


def _note(kind: str, subject: str, transaction: str = "NULL") -> str:
    columns = "kind, subject, transaction_number"
    return f"INSERT INTO directory_changes({columns}) VALUES ('{kind}', {subject}, {transaction})"  # noqa: S608


def _sqlite_triggers() -> list[str]:
    return [
        f"CREATE TRIGGER note_{name} AFTER {when} {f'WHEN {condition} ' if condition else ''}BEGIN "
        f"{_note(kind, subject)}; END"
        for name, when, kind, subject, condition in _NOTED
    ]


def _postgresql_triggers() -> list[str]:
    statements = []
    for name, when, kind, subject, condition in _NOTED:
        statements.append(
            f"CREATE FUNCTION note_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{_note(kind, subject, 'txid_current()')}; RETURN NULL; END $$"
        )
        statements.append(
            f"CREATE TRIGGER note_{name} AFTER {when} FOR EACH ROW "
            f"{f'WHEN ({condition}) ' if condition else ''}EXECUTE FUNCTION note_{name}()"
        )
    return statements
