"""Make the first schema: people, actors, proposals, posts and the queues.

Why: nothing was there before. Old code does not exist yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)
Sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table, those first that others point to."""
    _create_actors()
    _create_fetch_failures()
    _create_inbox_activities()
    _create_instance()
    _create_mails()
    _create_peers()
    _create_rate_windows()
    _create_remote_keys()
    _create_reports()
    _create_spare_keys()
    _create_tombstones()
    _create_accounts()
    _create_activities()
    _create_actor_keys()
    _create_blocks()
    _create_follows()
    _create_posts()
    _create_proposals()
    _create_reactions()
    _create_deliveries()
    _create_notifications()
    _create_post_recipients()
    _create_proposal_areas()
    _create_proposal_languages()
    _create_proposal_sources()
    _create_sessions()
    _create_tokens()


def _create_actors() -> None:
    op.create_table(
        "actors",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("is_local", sa.Boolean, nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("handle", sa.String(128), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("acct_host", sa.String(255)),
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
        sa.CheckConstraint(
            "type IN ('Person', 'Service', 'Application', 'Group', 'Organization')",
            name="ck_actors_type_known",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_actors"),
        sa.UniqueConstraint("uri", name="uq_actors_uri"),
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


def _create_fetch_failures() -> None:
    op.create_table(
        "fetch_failures",
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("until", Moment, nullable=False),
        sa.PrimaryKeyConstraint("uri", name="pk_fetch_failures"),
    )
    op.create_index("ix_fetch_failures_until", "fetch_failures", ["until"])


def _create_inbox_activities() -> None:
    op.create_table(
        "inbox_activities",
        sa.Column("id", Sequence, autoincrement=True, nullable=False),
        sa.Column("activity_hash", sa.LargeBinary, nullable=False),
        sa.Column("activity_uri", sa.Text, nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("actor_uri", sa.Text, nullable=False),
        sa.Column("signer_uri", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("state", sa.String(12), server_default="pending", nullable=False),
        sa.Column("reason", sa.String(30)),
        sa.Column("detail", sa.Text),
        sa.Column("attempts_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("next_attempt_at", Moment, nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("fence", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("finished_at", Moment),
        sa.CheckConstraint(
            "state IN ('pending', 'applied', 'ignored', 'refused', 'quarantined')",
            name="ck_inbox_activities_state_known",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_inbox_activities"),
        sa.UniqueConstraint("activity_hash", name="uq_inbox_activities_activity_hash"),
    )
    op.create_index(
        "ix_inbox_activities_body",
        "inbox_activities",
        ["finished_at"],
        sqlite_where=sa.text("body IS NOT NULL AND finished_at IS NOT NULL"),
        postgresql_where=sa.text("body IS NOT NULL AND finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_inbox_activities_pending",
        "inbox_activities",
        ["lease_until", "next_attempt_at", "id"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_inbox_activities_state",
        "inbox_activities",
        ["state", "id"],
        sqlite_where=sa.text("state <> 'pending'"),
        postgresql_where=sa.text("state <> 'pending'"),
    )


def _create_instance() -> None:
    op.create_table(
        "instance",
        sa.Column("key", sa.String(50), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_instance"),
    )


def _create_mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", Sequence, autoincrement=True, nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text_body", sa.Text, nullable=False),
        sa.Column("html_body", sa.Text),
        sa.Column("state", sa.String(20), server_default="queued", nullable=False),
        sa.Column("attempts_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("next_attempt_at", Moment, nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("fence", sa.Integer, server_default="0", nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("sent_at", Moment),
        sa.CheckConstraint("state IN ('queued', 'sent', 'dead')", name="ck_mails_state_known"),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
    )
    op.create_index(
        "ix_mails_due",
        "mails",
        ["next_attempt_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )


def _create_peers() -> None:
    op.create_table(
        "peers",
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("policy", sa.String(10), server_default="default", nullable=False),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.Column("signature_scheme", sa.String(10)),
        sa.Column("signature_learnt_at", Moment),
        sa.Column("heard_at", Moment),
        sa.Column("reached_at", Moment),
        sa.Column("failures_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("first_failure_at", Moment),
        sa.Column("closed_until", Moment),
        sa.Column("next_due_at", Moment),
        sa.Column("lease_until", Moment),
        sa.Column("fence", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.CheckConstraint(
            "policy IN ('default', 'allowed', 'silenced', 'blocked')", name="ck_peers_policy_known"
        ),
        sa.PrimaryKeyConstraint("host", name="pk_peers"),
    )
    op.create_index("ix_peers_next_due_at", "peers", ["next_due_at"])


def _create_rate_windows() -> None:
    op.create_table(
        "rate_windows",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("hits_count", sa.Integer, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_rate_windows"),
    )
    op.create_index("ix_rate_windows_expires_at", "rate_windows", ["expires_at"])


def _create_remote_keys() -> None:
    op.create_table(
        "remote_keys",
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("owner_uri", sa.Text, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("public_pem", sa.Text),
        sa.Column("failure", sa.String(30)),
        sa.Column("fetched_at", Moment, nullable=False),
        sa.Column("refreshed_at", Moment),
        sa.PrimaryKeyConstraint("key_id", name="pk_remote_keys"),
    )
    op.create_index("ix_remote_keys_host", "remote_keys", ["host"])
    op.create_index("ix_remote_keys_owner_uri", "remote_keys", ["owner_uri"])


def _create_reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("uri", sa.Text),
        sa.Column("from_actor_uri", sa.Text, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("content_text", sa.Text, nullable=False),
        sa.Column("object_uris", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("closed_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("uri", name="uq_reports_uri"),
    )


def _create_spare_keys() -> None:
    op.create_table(
        "spare_keys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("public_pem", sa.Text, nullable=False),
        sa.Column("private_encrypted", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spare_keys"),
    )


def _create_tombstones() -> None:
    op.create_table(
        "tombstones",
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("former_type", sa.String(20)),
        sa.Column("owner_uri", sa.Text),
        sa.Column("deleted_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("uri", name="pk_tombstones"),
    )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_confirmed_at", Moment),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("role", sa.String(20), server_default="member", nullable=False),
        sa.Column("language", sa.String(35)),
        sa.Column("sign_up_reason", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("last_login_at", Moment),
        sa.CheckConstraint(
            "role IN ('member', 'coordinator', 'moderator', 'admin')", name="ck_accounts_role_known"
        ),
        sa.CheckConstraint(
            "state IN ('unconfirmed', 'unapproved', 'active', 'disabled')", name="ck_accounts_state_known"
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name="fk_accounts_actor_id_actors"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("actor_id", name="uq_accounts_actor_id"),
        sa.UniqueConstraint("email", name="uq_accounts_email"),
    )


def _create_activities() -> None:
    op.create_table(
        "activities",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("object_uri", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_activities_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_activities"),
        sa.UniqueConstraint("uri", name="uq_activities_uri"),
    )
    op.create_index("ix_activities_object_uri", "activities", ["object_uri"])
    op.create_index("ix_activities_outbox", "activities", ["actor_id", "is_public", "id"])


def _create_actor_keys() -> None:
    op.create_table(
        "actor_keys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("public_pem", sa.Text, nullable=False),
        sa.Column("private_encrypted", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("retired_at", Moment),
        sa.CheckConstraint("kind IN ('rsa', 'ed25519')", name="ck_actor_keys_kind_known"),
        sa.CheckConstraint("state IN ('next', 'current', 'retired')", name="ck_actor_keys_state_known"),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_actor_keys_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_actor_keys"),
    )
    op.create_index("ix_actor_keys_actor_id", "actor_keys", ["actor_id"])


def _create_blocks() -> None:
    op.create_table(
        "blocks",
        sa.Column("blocker_id", sa.String(36), nullable=False),
        sa.Column("blocked_id", sa.String(36), nullable=False),
        sa.Column("uri", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["blocked_id"], ["actors.id"], name="fk_blocks_blocked_id_actors", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["blocker_id"], ["actors.id"], name="fk_blocks_blocker_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("blocker_id", "blocked_id", name="pk_blocks"),
    )


def _create_follows() -> None:
    op.create_table(
        "follows",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("follower_id", sa.String(36), nullable=False),
        sa.Column("followed_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("accepted_at", Moment),
        sa.CheckConstraint("state IN ('pending', 'accepted', 'rejected')", name="ck_follows_state_known"),
        sa.ForeignKeyConstraint(
            ["followed_id"], ["actors.id"], name="fk_follows_followed_id_actors", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"], ["actors.id"], name="fk_follows_follower_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_follows"),
        sa.UniqueConstraint("follower_id", "followed_id", name="uq_follows_follower_id_followed_id"),
        sa.UniqueConstraint("uri", name="uq_follows_uri"),
    )
    op.create_index("ix_follows_followed_id", "follows", ["followed_id", "state"])


def _create_posts() -> None:
    op.create_table(
        "posts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("author_id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("title", sa.Text, server_default="", nullable=False),
        sa.Column("content_html", sa.Text, nullable=False),
        sa.Column("language", sa.String(35)),
        sa.Column("visibility", sa.String(10), nullable=False),
        sa.Column("in_reply_to_uri", sa.Text),
        sa.Column("context_uri", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("is_sensitive", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("published_at", Moment, nullable=False),
        sa.Column("edited_at", Moment),
        sa.Column("received_at", Moment, nullable=False),
        sa.CheckConstraint(
            "visibility IN ('public', 'unlisted', 'followers', 'direct')", name="ck_posts_visibility_known"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["actors.id"], name="fk_posts_author_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
        sa.UniqueConstraint("uri", name="uq_posts_uri"),
    )
    op.create_index("ix_posts_author_id", "posts", ["author_id", "published_at"])
    op.create_index("ix_posts_in_reply_to_uri", "posts", ["in_reply_to_uri"])


def _create_proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("author_id", sa.String(36), nullable=False),
        sa.Column("is_local", sa.Boolean, nullable=False),
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body_text", sa.Text, server_default="", nullable=False),
        sa.Column("content_html", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("language", sa.String(35)),
        sa.Column("areas", sa.JSON, nullable=False),
        sa.Column("languages", sa.JSON, nullable=False),
        sa.Column("modes", sa.JSON, nullable=False),
        sa.Column("places_count", sa.Integer, nullable=False),
        sa.Column("open_until_on", sa.Date),
        sa.Column("audience", sa.String(10), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("published_at", Moment, nullable=False),
        sa.Column("edited_at", Moment),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("fetched_at", Moment),
        sa.CheckConstraint("audience IN ('public', 'instance')", name="ck_proposals_audience_known"),
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
    op.create_index("ix_proposals_author_id", "proposals", ["author_id"])
    op.create_index("ix_proposals_listed", "proposals", ["purpose", "status", "published_at"])


def _create_reactions() -> None:
    op.create_table(
        "reactions",
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("object_uri", sa.Text, nullable=False),
        sa.Column("content", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.CheckConstraint("kind IN ('like', 'announce', 'vote')", name="ck_reactions_kind_known"),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_reactions_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("uri", name="pk_reactions"),
        sa.UniqueConstraint("kind", "actor_id", "object_uri", name="uq_reactions_kind_actor_id_object_uri"),
    )
    op.create_index("ix_reactions_object_uri", "reactions", ["object_uri"])


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", Sequence, autoincrement=True, nullable=False),
        sa.Column("activity_id", sa.String(36), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.Column("object_uri", sa.Text, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("inbox_url", sa.Text, nullable=False),
        sa.Column("is_delete", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(10), server_default="queued", nullable=False),
        sa.Column("attempts_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("next_attempt_at", Moment, nullable=False),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("finished_at", Moment),
        sa.CheckConstraint(
            "state IN ('queued', 'delivered', 'dead', 'cancelled')", name="ck_deliveries_state_known"
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name="fk_deliveries_activity_id_activities",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("activity_id", "inbox_url", name="uq_deliveries_activity_id_inbox_url"),
    )
    op.create_index("ix_deliveries_object", "deliveries", ["host", "object_uri"])
    op.create_index(
        "ix_deliveries_queued",
        "deliveries",
        ["host", "next_attempt_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_deliveries_state",
        "deliveries",
        ["state", "id"],
        sqlite_where=sa.text("state <> 'queued'"),
        postgresql_where=sa.text("state <> 'queued'"),
    )


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("from_actor_id", sa.String(36)),
        sa.Column("subject_uri", sa.Text),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("read_at", Moment),
        sa.CheckConstraint(
            "kind IN ('follow', 'follow-request', 'follow-accepted', "
            "'reply', 'mention', 'message', 'like', 'announce', 'poll-vote', 'sign-up')",
            name="ck_notifications_kind_known",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_notifications_account_id_accounts", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["from_actor_id"], ["actors.id"], name="fk_notifications_from_actor_id_actors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.UniqueConstraint(
            "account_id",
            "kind",
            "from_actor_id",
            "subject_uri",
            name="uq_notifications_account_id_kind_from_actor_id_subject_uri",
        ),
    )
    op.create_index("ix_notifications_of", "notifications", ["account_id", "created_at"])


def _create_post_recipients() -> None:
    op.create_table(
        "post_recipients",
        sa.Column("post_id", sa.String(36), nullable=False),
        sa.Column("actor_id", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actors.id"], name="fk_post_recipients_actor_id_actors", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name="fk_post_recipients_post_id_posts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "actor_id", name="pk_post_recipients"),
    )
    op.create_index("ix_post_recipients_actor_id", "post_recipients", ["actor_id"])


def _create_proposal_areas() -> None:
    op.create_table(
        "proposal_areas",
        sa.Column("proposal_id", sa.String(36), nullable=False),
        sa.Column("area", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["proposals.id"],
            name="fk_proposal_areas_proposal_id_proposals",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("proposal_id", "area", name="pk_proposal_areas"),
    )
    op.create_index("ix_proposal_areas_area", "proposal_areas", ["area"])


def _create_proposal_languages() -> None:
    op.create_table(
        "proposal_languages",
        sa.Column("proposal_id", sa.String(36), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["proposals.id"],
            name="fk_proposal_languages_proposal_id_proposals",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("proposal_id", "language", name="pk_proposal_languages"),
    )
    op.create_index("ix_proposal_languages_language", "proposal_languages", ["language"])


def _create_proposal_sources() -> None:
    op.create_table(
        "proposal_sources",
        sa.Column("proposal_id", sa.String(36), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("actor_uri", sa.Text, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.CheckConstraint(
            "source IN ('follow', 'announce', 'lookup', 'delivery')", name="ck_proposal_sources_source_known"
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["proposals.id"],
            name="fk_proposal_sources_proposal_id_proposals",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("proposal_id", "source", "actor_uri", name="pk_proposal_sources"),
    )


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("csrf_token", sa.String(64), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_sessions_account_id_accounts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("email", sa.String(320)),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.Column("uses_left", sa.Integer, server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind IN ('confirm', 'reset', 'invite', 'first-admin')", name="ck_tokens_kind_known"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_tokens_account_id_accounts", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_tokens"),
    )
    op.create_index("ix_tokens_account_id", "tokens", ["account_id"])
