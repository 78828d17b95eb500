"""The schema: one set of tables for SQLite and PostgreSQL. `migrations/` produce exactly this (it is tested).

Columns are named like the fields of the values they hold; `*_at` are aware UTC moments, `*_uri` identities on
the wire, `*_url` addresses to fetch. States are CHECKed here so that no code can write an unknown one.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment; a naive one is refused before it reaches the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments; SQLite stores text without a zone, always UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment must have a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


# INTEGER PRIMARY KEY is SQLite's rowid; PostgreSQL needs 64 bits named.
Sequence = BigInteger().with_variant(Integer, "sqlite")


def one_of(column: str, *values: str) -> CheckConstraint:
    """Return the CHECK that a column holds one of some values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def id_column() -> Column[str]:
    """Return the primary key of most tables."""
    return Column("id", String(36), primary_key=True)


# --- people ---------------------------------------------------------------------------------------

accounts = Table(
    "accounts",
    metadata,
    id_column(),
    Column("actor_id", String(36), ForeignKey("actors.id"), nullable=False, unique=True),
    Column("email", String(320), nullable=False, unique=True),  # lower-cased
    Column("email_confirmed_at", Moment),
    Column("password_hash", String(255)),  # NULL until the first-run link is used
    Column("state", String(20), nullable=False),
    Column("role", String(20), nullable=False, server_default="member"),
    Column("language", String(35)),  # BCP 47; NULL: the browser's
    Column("sign_up_reason", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("last_login_at", Moment),
    Column("zone", String(60)),  # IANA name; private: only overlaps leave
    Column("weekly_hours", JSON, nullable=False, server_default="[]"),  # [[weekday, from, until], …] minutes
    Column("target_count", Integer, nullable=False, server_default="1"),  # mentors wanted at a time
    Column("primer_done_at", Moment),
    Column("calendar_token_hash", String(64), unique=True),
    Column("is_paused", Boolean, nullable=False, server_default=false()),  # takes no new requests
    one_of("state", "unconfirmed", "unapproved", "active", "disabled"),
    one_of("role", "member", "coordinator", "moderator", "admin"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account_id", String(36), ForeignKey("accounts.id", ondelete="CASCADE")),  # NULL before login
    Column("csrf_token", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("guest_actor_id", String(36), ForeignKey("actors.id", ondelete="CASCADE")),  # signed in elsewhere
    Index("ix_sessions_account_id", "account_id"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("account_id", String(36), ForeignKey("accounts.id", ondelete="CASCADE")),
    Column("email", String(320)),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("uses_left", Integer, nullable=False, server_default="1"),
    one_of("kind", "confirm", "reset", "invite", "first-admin"),
    Index("ix_tokens_account_id", "account_id"),
)

rate_windows = Table(
    "rate_windows",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("hits_count", Integer, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

mails = Table(
    "mails",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("recipient", String(320), nullable=False),
    Column("subject", Text, nullable=False),
    Column("text_body", Text, nullable=False),
    Column("html_body", Text),
    Column("state", String(20), nullable=False, server_default="queued"),
    Column("attempts_count", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    one_of("state", "queued", "sent", "dead"),
    Index(
        "ix_mails_due",
        "next_attempt_at",
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
)

notifications = Table(
    "notifications",
    metadata,
    id_column(),
    Column("account_id", String(36), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("from_actor_id", String(36), ForeignKey("actors.id", ondelete="CASCADE")),
    Column("subject_uri", Text),  # what it is about: a proposal, a post, a follow
    Column("created_at", Moment, nullable=False),
    Column("read_at", Moment),
    Column("event", String(30), nullable=False, server_default=""),  # of a mentorship, link or consortium
    one_of(
        "kind",
        "follow",
        "follow-request",
        "follow-accepted",
        "reply",
        "mention",
        "message",
        "like",
        "announce",
        "poll-vote",
        "sign-up",
        "mentorship",
        "mentorship-message",
        "link",
        "consortium",
        "suggestion",
    ),
    UniqueConstraint(
        "account_id", "kind", "event", "from_actor_id", "subject_uri", name="uq_notifications_once"
    ),
    Index("ix_notifications_of", "account_id", "created_at"),
)

# --- actors, local and remote ---------------------------------------------------------------------

actors = Table(
    "actors",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),
    Column("is_local", Boolean, nullable=False),
    Column("type", String(20), nullable=False),
    Column("handle", String(128), nullable=False),
    Column("host", String(255), nullable=False),  # authority; our own for local actors
    Column("acct_host", String(255)),  # the domain after the @ when it is not `host` (split domains)
    Column("name", Text, nullable=False, server_default=""),
    Column("summary_html", Text, nullable=False, server_default=""),
    Column("summary_text", Text, nullable=False, server_default=""),  # what a local member typed
    Column("url", Text),
    Column("inbox_url", Text, nullable=False),
    Column("shared_inbox_url", Text),
    Column("outbox_url", Text),
    Column("followers_uri", Text),
    Column("featured_url", Text),
    Column("proposals_url", Text),
    Column("icon_url", Text),
    Column("fields", JSON, nullable=False),  # [[name, html], …]
    Column("languages", JSON, nullable=False),  # BCP 47 tags a local member speaks
    Column("also_known_as", JSON, nullable=False),
    Column("moved_to_uri", Text),
    Column("manually_approves_followers", Boolean, nullable=False, server_default=false()),
    Column("is_discoverable", Boolean, nullable=False, server_default=false()),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("published_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("fetched_at", Moment),
    Column("suspended_at", Moment),
    Column("gone_at", Moment),  # deleted: the URI answers 410 for ever
    Column("details", JSON, nullable=False, server_default="{}"),  # see domain/profiles.py
    one_of("type", "Person", "Service", "Application", "Group", "Organization"),
    Index("ix_actors_handle_host", "handle", "host"),
    Index("ix_actors_host", "host"),
    Index(
        "uq_actors_local_handle",
        text("lower(handle)"),
        unique=True,
        sqlite_where=text("is_local = 1 AND type <> 'Application'"),
        postgresql_where=text("is_local AND type <> 'Application'"),
    ),
)

actor_keys = Table(
    "actor_keys",
    metadata,
    id_column(),
    Column("actor_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("public_pem", Text, nullable=False),
    Column("private_encrypted", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("retired_at", Moment),
    one_of("kind", "rsa", "ed25519"),
    one_of("state", "next", "current", "retired"),
    Index("ix_actor_keys_actor_id", "actor_id"),
)

spare_keys = Table(  # RSA takes 75 ms to make: a small pool is filled off the request path
    "spare_keys",
    metadata,
    id_column(),
    Column("public_pem", Text, nullable=False),
    Column("private_encrypted", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)

remote_keys = Table(
    "remote_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("owner_uri", Text, nullable=False, index=True),
    Column("host", String(255), nullable=False),
    Column("public_pem", Text),  # NULL: a remembered failure
    Column("failure", String(30)),
    Column("fetched_at", Moment, nullable=False),
    Column("refreshed_at", Moment),  # last refetch after a bad signature
    Index("ix_remote_keys_host", "host"),
)

follows = Table(
    "follows",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),  # of the Follow activity
    Column("follower_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("followed_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("accepted_at", Moment),
    UniqueConstraint("follower_id", "followed_id"),
    Index("ix_follows_followed_id", "followed_id", "state"),
    one_of("state", "pending", "accepted", "rejected"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("blocker_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("blocked_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("uri", Text),
    Column("created_at", Moment, nullable=False),
)

peers = Table(  # one row per host that is allowed, silenced, blocked, spoken to or heard from
    "peers",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("policy", String(10), nullable=False, server_default="default"),
    Column("note", Text, nullable=False, server_default=""),
    Column("signature_scheme", String(10)),  # what worked last
    Column("signature_learnt_at", Moment),
    Column("heard_at", Moment),  # last verified activity from there
    Column("reached_at", Moment),  # last delivery that worked
    Column("failures_count", Integer, nullable=False, server_default="0"),  # within the breaker's window
    Column("first_failure_at", Moment),
    Column("closed_until", Moment),  # breaker open, or Retry-After
    Column("next_due_at", Moment),  # earliest delivery that may be tried; NULL: none waits
    Column("lease_until", Moment),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    one_of("policy", "default", "allowed", "silenced", "blocked"),
    Index("ix_peers_next_due_at", "next_due_at"),
)

# --- proposals and posts --------------------------------------------------------------------------

proposals = Table(
    "proposals",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),
    Column("author_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("is_local", Boolean, nullable=False),
    Column("purpose", String(10), nullable=False),
    Column("title", Text, nullable=False),
    Column("body_text", Text, nullable=False, server_default=""),  # what a local member typed
    Column("content_html", Text, nullable=False),  # sanitised
    Column("search_text", Text, nullable=False),  # empty, but in old rows: see `proposal_search`
    Column("language", String(35)),
    Column("areas", JSON, nullable=False),
    Column("languages", JSON, nullable=False),
    Column("modes", JSON, nullable=False),
    Column("places_count", Integer, nullable=False),  # in all; elsewhere, as far as we were told
    Column("open_until_on", Date),
    Column("audience", String(10), nullable=False),
    Column("status", String(10), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("url", Text),
    Column("published_at", Moment, nullable=False),
    Column("edited_at", Moment),  # human text changed
    Column("updated_at", Moment, nullable=False),  # anything changed
    Column("fetched_at", Moment),
    Column("places_free_count", Integer, nullable=False, server_default="1"),
    Column("waiting_count", Integer, nullable=False, server_default="0"),  # requests without an answer
    Column("details", JSON, nullable=False, server_default="{}"),  # see domain/proposals.py: Details
    one_of("purpose", "offer", "request"),
    one_of("audience", "public", "network", "instance"),
    one_of("status", "open", "full", "paused", "closed"),
    CheckConstraint("places_count >= 0", name="places_count_not_negative"),
    Index("ix_proposals_author_id", "author_id"),
    Index("ix_proposals_listed", "purpose", "status", "published_at"),
)

proposal_areas = Table(
    "proposal_areas",
    metadata,
    Column("proposal_id", String(36), ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True),
    Column("area", String(40), primary_key=True),
    Index("ix_proposal_areas_area", "area"),
)

proposal_languages = Table(
    "proposal_languages",
    metadata,
    Column("proposal_id", String(36), ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Index("ix_proposal_languages_language", "language"),
)

proposal_sources = Table(  # why a remote proposal is listed here: provenance
    "proposal_sources",
    metadata,
    Column("proposal_id", String(36), ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True),
    Column("source", String(20), primary_key=True),
    Column("actor_uri", Text, primary_key=True),  # whose follower, announcer or asker brought it
    Column("seen_at", Moment, nullable=False),
    one_of("source", "follow", "announce", "lookup", "delivery"),
)

posts = Table(  # plain posts of other servers: replies, mentions, messages, posts of the followed
    "posts",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),
    Column("author_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("type", String(20), nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    Column("content_html", Text, nullable=False),
    Column("language", String(35)),
    Column("visibility", String(10), nullable=False),
    Column("in_reply_to_uri", Text),
    Column("context_uri", Text),
    Column("url", Text),
    Column("is_sensitive", Boolean, nullable=False, server_default=false()),
    Column("published_at", Moment, nullable=False),
    Column("edited_at", Moment),
    Column("received_at", Moment, nullable=False),
    one_of("visibility", "public", "unlisted", "followers", "direct"),
    Index("ix_posts_in_reply_to_uri", "in_reply_to_uri"),
    Index("ix_posts_author_id", "author_id", "published_at"),
)

post_recipients = Table(  # local members a post was addressed to
    "post_recipients",
    metadata,
    Column("post_id", String(36), ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("actor_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_post_recipients_actor_id", "actor_id"),
)

reactions = Table(
    "reactions",
    metadata,
    Column("uri", Text, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("actor_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("object_uri", Text, nullable=False),
    Column("content", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    one_of("kind", "like", "announce", "vote"),
    UniqueConstraint("kind", "actor_id", "object_uri"),
    Index("ix_reactions_object_uri", "object_uri"),
)

reports = Table(
    "reports",
    metadata,
    id_column(),
    Column("uri", Text, unique=True),
    Column("from_actor_uri", Text, nullable=False),
    Column("host", String(255), nullable=False),
    Column("content_text", Text, nullable=False),
    Column("object_uris", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment),
)

tombstones = Table(  # what was deleted stays deleted
    "tombstones",
    metadata,
    Column("uri", Text, primary_key=True),
    Column("former_type", String(20)),
    Column("owner_uri", Text),
    Column("deleted_at", Moment, nullable=False),
)

# --- the wire -------------------------------------------------------------------------------------

activities = Table(  # what local actors said: the outbox, and the body of each delivery
    "activities",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),
    Column("actor_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("type", String(20), nullable=False),
    Column("object_uri", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the very bytes that are sent
    Column("is_public", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_activities_outbox", "actor_id", "is_public", "id"),
    Index("ix_activities_object_uri", "object_uri"),
)

deliveries = Table(  # one row per inbox; the hot table holds only what is not done
    "deliveries",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),  # also the order within a host
    Column("activity_id", String(36), ForeignKey("activities.id", ondelete="CASCADE"), nullable=False),
    Column("actor_id", String(36), nullable=False),  # who signs
    Column("object_uri", Text, nullable=False),
    Column("host", String(255), nullable=False),
    Column("inbox_url", Text, nullable=False),
    Column("is_delete", Boolean, nullable=False, server_default=false()),  # is tried for 30 days, not 7
    Column("state", String(10), nullable=False, server_default="queued"),
    Column("attempts_count", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Moment, nullable=False),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    one_of("state", "queued", "delivered", "dead", "cancelled"),
    UniqueConstraint("activity_id", "inbox_url"),
    Index(
        "ix_deliveries_queued",
        "host",
        "next_attempt_at",
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
    Index("ix_deliveries_object", "host", "object_uri"),
    # Not over queued rows: SQLite would take it for them, and then looks at every row that waits.
    Index(
        "ix_deliveries_state",
        "state",
        "id",
        sqlite_where=text("state <> 'queued'"),
        postgresql_where=text("state <> 'queued'"),
    ),
)

inbox_activities = Table(  # what was accepted with 202, with its raw body
    "inbox_activities",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column(
        "activity_hash", LargeBinary, nullable=False, unique=True
    ),  # SHA-256 of the activity's id: unique for ever
    Column("activity_uri", Text, nullable=False),
    Column("type", String(40), nullable=False),
    Column("actor_uri", Text, nullable=False),
    Column("signer_uri", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("host", String(255), nullable=False),
    Column("body", LargeBinary),  # dropped 30 days after it was applied
    Column("state", String(12), nullable=False, server_default="pending"),
    Column("reason", String(30)),
    Column("detail", Text),
    Column("attempts_count", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("received_at", Moment, nullable=False),
    Column("finished_at", Moment),
    one_of("state", "pending", "applied", "ignored", "refused", "quarantined"),
    # Two ranges: those nobody has leased by when they are due, and the few leased ones.
    Index(
        "ix_inbox_activities_pending",
        "lease_until",
        "next_attempt_at",
        "id",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    # Not over pending rows: SQLite would take it for them, and then looks at every row that waits.
    Index(
        "ix_inbox_activities_state",
        "state",
        "id",
        sqlite_where=text("state <> 'pending'"),
        postgresql_where=text("state <> 'pending'"),
    ),
    Index(
        "ix_inbox_activities_body",
        "finished_at",
        sqlite_where=text("body IS NOT NULL AND finished_at IS NOT NULL"),
        postgresql_where=text("body IS NOT NULL AND finished_at IS NOT NULL"),
    ),
)

fetch_failures = Table(  # what could not be fetched is not asked for again at once
    "fetch_failures",
    metadata,
    Column("uri", Text, primary_key=True),
    Column("status", Integer),
    Column("error", Text, nullable=False),
    Column("until", Moment, nullable=False, index=True),
)

instance = Table(  # facts about this instance that are not settings
    "instance",
    metadata,
    Column("key", String(50), primary_key=True),
    Column("value", JSON, nullable=False),
)
