"""The tables of mentorships and what belongs to them, in the same schema as `tables`.

A mentorship has one row on each of the two servers. What both must agree on (state, terms, confirmations) is
merged by `domain/mentorships.py: merge`; everything else in the row is this server's own.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from libline_fed.storage.tables import Moment, id_column, metadata, one_of

MENTORSHIP_STATES = (
    "draft",
    "question",
    "proposed",
    "declined",
    "withdrawn",
    "expired",
    "superseded",
    "intro",
    "active",
    "paused",
    "completed",
    "ended-early",
    "ended-intro",
    "ended-safety",
    "lapsed",
)

mentorships = Table(
    "mentorships",
    metadata,
    id_column(),
    Column("agreement_uri", Text, unique=True),  # given by the server that accepted
    Column("offer_uri", Text, unique=True),  # of the Offer that waits for an answer or was answered
    Column("thread_uri", Text, nullable=False, unique=True),  # the `context` of its messages
    Column("proposal_id", String(36), ForeignKey("proposals.id", ondelete="SET NULL")),
    Column("proposal_uri", Text, nullable=False),
    Column("proposal_title", Text, nullable=False),  # as it was: the proposal may be edited or deleted
    Column("purpose", String(10), nullable=False),  # of the proposal
    Column("mentor_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("mentee_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("asker", String(10), nullable=False),  # whose Offer it is
    Column("state", String(20), nullable=False),
    Column("standing", JSON, nullable=False),  # as it was said last; an intro with two yeses is active
    Column("version", Integer, nullable=False, server_default="1"),
    Column("epoch", Integer, nullable=False, server_default="0"),  # rises when an end is objected to
    Column("changed_by", String(10), nullable=False),
    Column("message_text", Text, nullable=False, server_default=""),  # what a person here typed
    Column("message_html", Text, nullable=False, server_default=""),  # what is shown, sanitised
    Column("answers", JSON, nullable=False),  # to the three questions of a request
    Column("language", String(35)),
    Column("counters_count", Integer, nullable=False, server_default="0"),
    Column("terms", JSON, nullable=False),
    Column("terms_version", Integer, nullable=False, server_default="0"),
    Column("terms_by", String(10)),
    Column("mentor_confirmed_version", Integer),
    Column("mentor_confirmed_at", Moment),
    Column("mentee_confirmed_version", Integer),
    Column("mentee_confirmed_at", Moment),
    Column("reason", String(30)),
    Column("reason_text", Text, nullable=False, server_default=""),
    Column("is_crossed", Boolean, nullable=False, server_default=false()),  # accepted as it was withdrawn
    Column("is_announced", Boolean, nullable=False, server_default=false()),  # wants to hear of free places
    Column("seat_proposal_id", String(36), ForeignKey("proposals.id", ondelete="SET NULL")),
    Column("holds_seat", Boolean, nullable=False, server_default=false()),
    Column("mentor_contact", Text, nullable=False, server_default=""),
    Column("mentee_contact", Text, nullable=False, server_default=""),
    Column("sent_at", Moment),
    Column("expires_at", Moment),
    Column("reminders_count", Integer, nullable=False, server_default="0"),
    Column("decided_at", Moment),
    Column("intro_ends_at", Moment),
    Column("started_at", Moment),
    Column("ends_on", Date),
    Column("paused_at", Moment),
    Column("paused_until_on", Date),
    Column("ended_at", Moment),
    Column("alive_at", Moment),  # last sign of life of either
    Column("nudges_count", Integer, nullable=False, server_default="0"),
    Column("orphaned_at", Moment),
    Column("archived_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    one_of("purpose", "offer", "request"),
    one_of("channel", "local", "libline", "note"),
    one_of("asker", "mentor", "mentee"),
    one_of("changed_by", "mentor", "mentee", "clock"),
    one_of("state", *MENTORSHIP_STATES),
    CheckConstraint("mentor_id <> mentee_id", name="two_people"),
    Index("ix_mentorships_mentor_id", "mentor_id", "state"),
    Index("ix_mentorships_mentee_id", "mentee_id", "state"),
    Index("ix_mentorships_proposal_uri", "proposal_uri", "state"),
    Index("ix_mentorships_seat_proposal_id", "seat_proposal_id"),
    Index("ix_mentorships_state", "state"),
    Index(  # one open request of a mentee to an offer, however often the button is pressed
        "uq_mentorships_open",
        "mentor_id",
        "mentee_id",
        "proposal_uri",
        unique=True,
        sqlite_where=text("state IN ('draft', 'question', 'proposed', 'intro', 'active', 'paused')"),
        postgresql_where=text("state IN ('draft', 'question', 'proposed', 'intro', 'active', 'paused')"),
    ),
)

mentorship_events = Table(  # what happened, in order: shown to the pair, and what repeats are found by
    "mentorship_events",
    metadata,
    id_column(),
    Column(
        "mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="CASCADE"), nullable=False
    ),
    Column("event", String(30), nullable=False),
    Column("by", String(10), nullable=False),
    Column("state_before", String(20), nullable=False),
    Column("state_after", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_mentorship_events_mentorship_id", "mentorship_id", "id"),
)

messages = Table(  # the private thread of a mentorship
    "messages",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),
    Column(
        "mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="CASCADE"), nullable=False
    ),
    Column("author_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("is_local", Boolean, nullable=False),
    Column("in_reply_to_uri", Text),
    Column("body_text", Text, nullable=False, server_default=""),  # what a person here typed
    Column("content_html", Text, nullable=False),
    Column("language", String(35)),
    Column("published_at", Moment, nullable=False),
    Column("edited_at", Moment),
    Column("deleted_at", Moment),
    Column("received_at", Moment, nullable=False),
    Column("read_at", Moment),
    Index("ix_messages_mentorship_id", "mentorship_id", "published_at"),
)

goals = Table(
    "goals",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),
    Column(
        "mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="CASCADE"), nullable=False
    ),
    Column("author_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("body_text", Text, nullable=False, server_default=""),
    Column("goal_type", String(40)),
    Column("milestones", JSON, nullable=False),  # [{"id", "title", "due_on", "done_on"}, …]
    Column("due_on", Date),
    Column("state", String(10), nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("deleted_at", Moment),
    one_of("state", "open", "done", "dropped"),
    Index("ix_goals_mentorship_id", "mentorship_id"),
)

logbook = Table(  # talks that were held
    "logbook",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),
    Column(
        "mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="CASCADE"), nullable=False
    ),
    Column("author_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("held_on", Date, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("notes_text", Text, nullable=False, server_default=""),
    Column("is_shared", Boolean, nullable=False, server_default=false()),  # the notes; date and length always
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("deleted_at", Moment),
    CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes_of_a_day"),
    Index("ix_logbook_mentorship_id", "mentorship_id", "held_on"),
)

meetings = Table(
    "meetings",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),
    Column(
        "mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="CASCADE"), nullable=False
    ),
    Column("author_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("times", JSON, nullable=False),  # up to three moments, UTC, ISO 8601
    Column("minutes", Integer, nullable=False),
    Column("mode", String(40)),
    Column("place_text", Text, nullable=False, server_default=""),  # a link, a number, a room
    Column("is_cancelled", Boolean, nullable=False, server_default=false()),  # by the author
    Column("state", String(10), nullable=False),  # follows from what both say
    Column("starts_at", Moment),  # the one that was chosen
    Column("version", Integer, nullable=False, server_default="1"),
    Column("answer_uri", Text, unique=True),  # the other's item
    Column("answer_version", Integer, nullable=False, server_default="0"),
    Column("answer_to_version", Integer),  # the version that the other saw
    Column("answer_starts_at", Moment),  # NULL with an answer: none of the times
    Column("changed_by", String(10), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    one_of("state", "proposed", "agreed", "declined", "cancelled"),
    Index("ix_meetings_mentorship_id", "mentorship_id", "starts_at"),
)

feedback = Table(  # sealed until both have answered or the window closes
    "feedback",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),
    Column(
        "mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="CASCADE"), nullable=False
    ),
    Column("author_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("answers", JSON, nullable=False),
    Column("body_text", Text, nullable=False, server_default=""),
    Column("is_here", Boolean, nullable=False),  # False: given elsewhere, and still sealed
    Column("created_at", Moment, nullable=False),
    Column("opened_at", Moment),
    UniqueConstraint("mentorship_id", "author_id"),
)

thanks = Table(  # words that one of the pair would like to publish, and published once the other agrees
    "thanks",
    metadata,
    id_column(),
    Column("uri", Text, nullable=False, unique=True),  # of the wish, which is private
    Column("note_uri", Text, nullable=False, unique=True),  # of the public post, once there is one
    Column(
        "mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="CASCADE"), nullable=False
    ),
    Column("author_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("thanked_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("content_html", Text, nullable=False),
    Column("language", String(35)),
    Column("state", String(10), nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("answer_uri", Text, unique=True),  # the other's item
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("published_at", Moment),
    one_of("state", "asked", "agreed", "refused", "published", "withdrawn"),
    UniqueConstraint("mentorship_id", "author_id"),
    Index("ix_thanks_thanked_id", "thanked_id", "state"),
)

records = Table(  # signed records of mentorships, for their owners to show
    "records",
    metadata,
    id_column(),
    Column(
        "mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="CASCADE"), nullable=False
    ),
    Column("actor_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("is_shared", Boolean, nullable=False, server_default=false()),
    Column("share_token_hash", String(64), unique=True),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("mentorship_id", "actor_id"),
)

mentorship_moves = Table(  # one of the pair has moved to another server; the other decides
    "mentorship_moves",
    metadata,
    id_column(),
    Column(
        "mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="CASCADE"), nullable=False
    ),
    Column("old_actor_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("new_actor_id", String(36), ForeignKey("actors.id"), nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("decided_at", Moment),
    one_of("state", "open", "confirmed", "refused"),
    UniqueConstraint("mentorship_id", "new_actor_id"),
)

imported_mentorships = Table(  # what a member brought along from another server: shown, never counted
    "imported_mentorships",
    metadata,
    id_column(),
    Column("actor_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("agreement_uri", Text, nullable=False),
    Column("source_uri", Text, nullable=False),  # whose archive it was
    Column("partner_uri", Text, nullable=False),
    Column("partner_name", Text, nullable=False),
    Column("side", String(10), nullable=False),
    Column("state", String(20), nullable=False),
    Column("title", Text, nullable=False),
    Column("started_on", Date),
    Column("ended_on", Date),
    Column("document", JSON, nullable=False),  # terms, areas, goals, talks
    Column("is_taken", Boolean, nullable=False, server_default=false()),  # False: uploaded, not decided
    Column("mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="SET NULL")),
    Column("created_at", Moment, nullable=False),
    one_of("side", "mentor", "mentee"),
    one_of("state", *MENTORSHIP_STATES),
    UniqueConstraint("actor_id", "agreement_uri"),
)

mentorship_arrivals = Table(  # what is on its way to somebody who has moved here
    "mentorship_arrivals",
    metadata,
    id_column(),
    Column("actor_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("agreement_uri", Text, nullable=False),
    Column("partner_uri", Text, nullable=False),
    Column("origin_uri", Text, nullable=False),  # the old account
    Column("is_vouched", Boolean, nullable=False),  # its server says that there is such a mentorship
    Column("message", JSON(none_as_null=True)),  # the partner's Move(Agreement), if it came first
    Column("created_at", Moment, nullable=False),
    UniqueConstraint(
        "actor_id", "agreement_uri", "partner_uri", "origin_uri", name="uq_mentorship_arrivals_actor_id"
    ),
)

door_questions = Table(  # what somebody without LibLine was asked in a private message
    "door_questions",
    metadata,
    id_column(),
    Column("question_uri", Text, nullable=False, unique=True),
    Column("mentorship_id", String(36), ForeignKey("mentorships.id", ondelete="CASCADE")),
    Column("proposal_id", String(36), ForeignKey("proposals.id", ondelete="CASCADE")),
    Column("actor_id", String(36), ForeignKey("actors.id"), nullable=False),  # who is asked
    Column("member_id", String(36), ForeignKey("actors.id"), nullable=False),  # in whose name
    Column("thread_uri", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("language", String(35)),
    Column("state", String(10), nullable=False),
    Column("answer", String(10)),
    Column("answered_how", String(10)),
    Column("asked_at", Moment, nullable=False),
    Column("reminded_at", Moment),
    Column("expires_at", Moment, nullable=False),
    Column("answered_at", Moment),
    one_of("state", "open", "answered", "expired", "cancelled"),
    Index("ix_door_questions_actor_id", "actor_id", "state"),
    Index(  # one question open per thread
        "uq_door_questions_open",
        "thread_uri",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)
