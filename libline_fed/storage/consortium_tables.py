"""The tables of what links servers: what is read from others, and consortia with their members.

A pairwise link itself is a row of `follows` between two instance actors; a member's part in a consortium of
another server is a row of `consortium_members` there and here.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from libline_fed.storage.tables import Moment, id_column, metadata, one_of


def _actor(name: str, *, is_key: bool = False) -> Column[str]:
    reference = ForeignKey("actors.id", ondelete="CASCADE")
    return Column(name, String(36), reference, primary_key=is_key, nullable=False)


crawls = Table(  # one row per linked server or consortium whose list of proposals is read
    "crawls",
    metadata,
    _actor("actor_id", is_key=True),
    Column("kind", String(12), nullable=False),
    Column("state", String(10), nullable=False, server_default="waiting"),
    Column("is_check", Boolean, nullable=False, server_default=false()),  # the weekly one: drops what is gone
    Column("next_url", Text),  # where to go on; NULL: from the start
    Column("etag", Text),  # of the first page, when it was last read to the end
    Column("pages_count", Integer, nullable=False, server_default="0"),  # of this run
    Column("listed_count", Integer, nullable=False, server_default="0"),  # of this run
    Column("total_count", Integer),  # as the list itself tells; only to show how far it is
    Column("kept_count", Integer, nullable=False, server_default="0"),
    Column("failures_count", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("next_due_at", Moment, nullable=False, index=True),
    Column("lease_until", Moment),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    one_of("kind", "link", "consortium"),
    one_of("state", "waiting", "running", "done", "failed"),
)

crawl_items = Table(  # ids that a list named and that are still to be read, or were seen in this run
    "crawl_items",
    metadata,
    _actor("actor_id", is_key=True),
    Column("uri", Text, primary_key=True),
    Column("host", String(255), nullable=False),
    Column("state", String(10), nullable=False, server_default="listed"),
    Column("attempts_count", Integer, nullable=False, server_default="0"),
    one_of("state", "listed", "kept", "gone", "refused"),
    Index("ix_crawl_items_state", "actor_id", "state"),
)

link_notes = Table(  # what the admin of another server writes when asking for a link
    "link_notes",
    metadata,
    _actor("actor_id", is_key=True),
    Column("note_text", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
)

consortia = Table(  # those hosted here: one row per local Group
    "consortia",
    metadata,
    _actor("actor_id", is_key=True),
    Column("charter_text", Text, nullable=False, server_default=""),
    Column("language", String(35), nullable=False, server_default="en"),
    Column("continues_uri", Text),  # the Group on another server that this one continues
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment),
)

consortium_coordinators = Table(
    "consortium_coordinators",
    metadata,
    Column("group_id", String(36), ForeignKey("consortia.actor_id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", String(36), ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("added_at", Moment, nullable=False),
)

consortium_members = Table(  # of local and remote Groups; each member is an instance actor, ours among them
    "consortium_members",
    metadata,
    _actor("group_id", is_key=True),
    _actor("instance_id", is_key=True),
    Column("state", String(10), nullable=False),
    Column("activity_uri", Text),  # of the Join or Invite that is open or was accepted
    Column("note_text", Text, nullable=False, server_default=""),  # what the asking server says of itself
    Column("created_at", Moment, nullable=False),
    Column("decided_at", Moment),
    one_of("state", "asked", "invited", "member", "left", "removed", "rejected"),
    Index("ix_consortium_members_instance_id", "instance_id"),
)

consortium_items = Table(  # what a local Group passes on, or holds back
    "consortium_items",
    metadata,
    Column("group_id", String(36), ForeignKey("consortia.actor_id", ondelete="CASCADE"), primary_key=True),
    Column("proposal_uri", Text, primary_key=True),
    Column("author_uri", Text, nullable=False),
    Column("host", String(255), nullable=False),
    Column("state", String(10), nullable=False),
    Column("announce_uri", Text),
    Column("reason_text", Text, nullable=False, server_default=""),  # why a coordinator held it back
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    one_of("state", "listed", "withheld", "gone"),
    Index("ix_consortium_items_listed", "group_id", "state", "created_at"),
    Index("ix_consortium_items_proposal_uri", "proposal_uri"),
)

cohorts = Table(  # of local Groups, and of those that this server is a member of
    "cohorts",
    metadata,
    id_column(),
    _actor("group_id"),
    Column("uri", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("orientation_text", Text, nullable=False, server_default=""),
    Column("language", String(35), nullable=False, server_default="en"),
    Column("areas", JSON, nullable=False),  # its topics
    Column("opens_on", Date, nullable=False),
    Column("closes_on", Date, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_cohorts_group_id", "group_id", "closes_on"),
)

need_counts = Table(  # what this server and those it shares a consortium with say of themselves: no people
    "need_counts",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("area", String(40), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("waiting_count", Integer),  # NULL: too small to be shown
    Column("places_count", Integer),
    Column("counted_at", Moment, nullable=False),
)

need_sources = Table(  # whose counts were read, when, and when to ask again
    "need_sources",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("counted_at", Moment),  # as that server says
    Column("next_due_at", Moment, nullable=False),
    Column("last_error", Text),
)

suggestions = Table(  # offers that a coordinator here suggests to a member for a request
    "suggestions",
    metadata,
    id_column(),
    Column("request_id", String(36), ForeignKey("proposals.id", ondelete="CASCADE"), nullable=False),
    Column("offer_id", String(36), ForeignKey("proposals.id", ondelete="CASCADE"), nullable=False),
    _actor("member_id"),
    _actor("coordinator_id"),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("request_id", "offer_id"),
    Index("ix_suggestions_member_id", "member_id"),
)

suggestion_wishes = Table(  # for which of their requests a member wants suggestions; no row: public ones
    "suggestion_wishes",
    metadata,
    _actor("actor_id", is_key=True),
    Column("wish", String(10), nullable=False),
    Column("changed_at", Moment, nullable=False),
    one_of("wish", "public", "all", "none"),
)

advice_lists = Table(  # lists of servers to be careful with, as consortia publish them
    "advice_lists",
    metadata,
    _actor("group_id", is_key=True),
    Column("url", Text, nullable=False),
    Column("is_automatic", Boolean, nullable=False, server_default=false()),  # the admin let it apply itself
    Column("etag", Text),
    Column("fetched_at", Moment),
    Column("next_due_at", Moment, nullable=False),
    Column("last_error", Text),
)

advice = Table(
    "advice",
    metadata,
    _actor("group_id", is_key=True),
    Column("host", String(255), primary_key=True),
    Column("severity", String(10), nullable=False),
    Column("reason_text", Text, nullable=False, server_default=""),
    Column("since_on", Date),
    Column("state", String(10), nullable=False, server_default="open"),
    Column("seen_at", Moment, nullable=False),
    Column("decided_at", Moment),
    one_of("severity", "silenced", "blocked"),
    one_of("state", "open", "confirmed", "dismissed", "withdrawn"),
)

trusted_consortia = Table(  # with LIBLINE_FEDERATION=allowlist their members are allowed as well
    "trusted_consortia",
    metadata,
    _actor("group_id", is_key=True),
    Column("added_at", Moment, nullable=False),
)

published_advice = Table(  # the list that a consortium hosted here publishes
    "published_advice",
    metadata,
    Column("group_id", String(36), ForeignKey("consortia.actor_id", ondelete="CASCADE"), primary_key=True),
    Column("host", String(255), primary_key=True),
    Column("severity", String(10), nullable=False),
    Column("reason_text", Text, nullable=False, server_default=""),
    Column("since_on", Date, nullable=False),
    one_of("severity", "silenced", "blocked"),
)
