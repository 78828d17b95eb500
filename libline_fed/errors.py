"""Every error and every refusal of LibLine.

LibLineError
├── NotFound                what was asked for is not here, or not for you
├── Conflict                the state does not allow it (any more)
├── Forbidden               you may not do this
├── InvalidInput            a person's input, one sentence per field
├── TemporaryError          trying again later may work
│   ├── StoreBusy           the database could not take the change now
│   └── PeerUnavailable     the other server did not answer usefully
└── PermanentError          trying again is of no use
    ├── PeerGone            the other server says it is gone for good
    └── PeerRefused         the other server, or our own guard, refuses

An error has two faces: `detail` is honest and for the log, `safe` is for the person or peer. No HTTP numbers
here: each edge has one table from class to status. Expected refusals of remote input are values, `Refusal`,
not exceptions.
"""

from dataclasses import dataclass
from enum import StrEnum


class LibLineError(Exception):
    """The root of all errors that LibLine raises itself."""

    safe = "Something went wrong."

    def __init__(self, detail: str = "", *, safe: str | None = None) -> None:
        super().__init__(detail or self.safe)
        self.detail = detail or self.safe
        if safe is not None:
            self.safe = safe


class NotFound(LibLineError):
    """What was asked for is absent, or private; an outsider cannot tell which."""

    safe = "Not found."


class Conflict(LibLineError):
    """The present state does not allow the change."""

    safe = "This is no longer possible."


class Forbidden(LibLineError):
    """The person or peer may not do this."""

    safe = "You may not do this."


class InvalidInput(LibLineError):
    """A person's input is not usable; `fields` maps each field's name to one sentence."""

    safe = "Please check the marked fields."

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"invalid fields: {', '.join(sorted(fields))}")
        self.fields = fields


class TemporaryError(LibLineError):
    """Trying again later may work."""

    safe = "Not possible right now. Please try again."


class StoreBusy(TemporaryError):
    """The database could not take the change now (locked, full, or restarting)."""


class PeerUnavailable(TemporaryError):
    """The other server did not answer usefully: name, connection, TLS, time-out, 408, 425, 429, 5xx."""

    safe = "The other server does not answer."

    def __init__(
        self, detail: str = "", *, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after_s = retry_after_s


class PermanentError(LibLineError):
    """Trying again is of no use."""


class PeerGone(PermanentError):
    """The other server says that it is gone: 404 or 410."""

    safe = "This is not there any more."

    def __init__(self, detail: str = "", *, status: int = 410) -> None:
        super().__init__(detail)
        self.status = status


class PeerRefused(PermanentError):
    """The other server refused, or our own guard did not let the request out."""

    safe = "The other server refuses."

    def __init__(self, detail: str = "", *, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status


class RefusalReason(StrEnum):
    """Why remote input was refused. Stored, listed to admins and counted; never renamed."""

    # the body
    TOO_LARGE = "too-large"
    BAD_MEDIA_TYPE = "bad-media-type"
    BAD_JSON = "bad-json"
    BAD_SHAPE = "bad-shape"
    TOO_COMPLEX = "too-complex"
    # the signature
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad-signature"
    BAD_DIGEST = "bad-digest"
    STALE = "stale"
    UNUSABLE_KEY = "unusable-key"
    KEY_UNAVAILABLE = "key-unavailable"
    KEY_GONE = "key-gone"
    # origin and ownership
    FOREIGN_ID = "foreign-id"
    WRONG_ACTOR = "wrong-actor"
    WRONG_OWNER = "wrong-owner"
    WRONG_ID = "wrong-id"
    OWN_HOST = "own-host"
    # policy
    HOST_BLOCKED = "host-blocked"
    HOST_NOT_ALLOWED = "host-not-allowed"
    ACTOR_SUSPENDED = "actor-suspended"
    RATE_LIMITED = "rate-limited"
    FETCH_BUDGET = "fetch-budget"
    # applying
    NOT_FOR_US = "not-for-us"
    NOT_PENDING = "not-pending"
    OUTDATED = "outdated"
    TOMBSTONED = "tombstoned"
    UNKNOWN_OBJECT = "unknown-object"
    UNAVAILABLE = "unavailable"
    POISON = "poison"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An expected no to remote input: a stable reason, and a detail for the log."""

    reason: RefusalReason
    detail: str = ""
