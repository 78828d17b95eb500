"""Tables of what members and guests keep here beside mentorships, in the same schema as `tables`."""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
)

from libline_fed.storage.tables import Moment, id_column, metadata

absences = Table(  # holidays: days on which no clock runs for a member
    "absences",
    metadata,
    id_column(),
    Column("actor_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("from_on <= until_on", name="in_order"),
    Index("ix_absences_actor_id", "actor_id"),
)

form_tokens = Table(  # a form that was sent already leads to what it made, however often it is sent
    "form_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("result_path", Text, nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
)

drafts = Table(  # what a person has written and not sent: kept here, not in a shared computer's browser
    "drafts",
    metadata,
    Column("person_id", String(36), ForeignKey("actors.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(20), primary_key=True),  # the form
    Column("key", String(60), primary_key=True),  # what it is about; "" where there is one only
    Column("data", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False, index=True),
)

vocabulary_terms = Table(  # what this instance adds to the vocabulary
    "vocabulary_terms",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("scheme", String(20), nullable=False),
    Column("broader_id", String(20), nullable=False),
    Column("labels", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)

oauth_clients = Table(  # this instance as known to the servers people sign in with
    "oauth_clients",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("secret_encrypted", LargeBinary, nullable=False),
    Column("scope", String(40), nullable=False),
    Column("endpoints", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)

oauth_attempts = Table(  # sign-ins under way
    "oauth_attempts",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("actor_uri", Text, nullable=False),
    Column("browser_hash", String(64), nullable=False),
    Column("verifier_encrypted", LargeBinary, nullable=False),
    Column("next_path", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

exports = Table(  # archives of a member's own data, for a day
    "exports",
    metadata,
    id_column(),
    Column("account_id", String(36), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("archive", LargeBinary),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Index("ix_exports_account_id", "account_id"),
)
