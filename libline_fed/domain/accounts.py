"""Accounts: what a member needs to log in, and the rules for it. Each belongs to exactly one local actor."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from email_validator import EmailNotValidError, validate_email

from libline_fed.domain.actors import Actor
from libline_fed.errors import Conflict, Forbidden, InvalidInput

MIN_PASSWORD_CHARACTERS = 10
MAX_PASSWORD_CHARACTERS = 200
MIN_PASSWORD_DIFFERENT = 5  # "aaaaaaaaaa" is ten characters too
MAX_EMAIL_CHARACTERS = 320
MAX_REASON_CHARACTERS = 1_000
_FORBIDDEN_IN_EMAIL = frozenset(
    "%,\"'`\\;:<>()[]|!"
)  # each has meant a second recipient or a route somewhere


class AccountState(StrEnum):
    """Where an account stands; only an active one may log in."""

    UNCONFIRMED = "unconfirmed"  # the address is not proven
    UNAPPROVED = "unapproved"  # proven; a moderator decides
    ACTIVE = "active"
    DISABLED = "disabled"


class Role(StrEnum):
    """What a member may do beyond mentoring, in rising order."""

    MEMBER = "member"
    COORDINATOR = "coordinator"
    MODERATOR = "moderator"
    ADMIN = "admin"


_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Account:
    """One row of `accounts`, field by field as the columns are named."""

    id: str
    actor_id: str
    email: str
    email_confirmed_at: datetime | None
    password_hash: str | None = field(repr=False)
    state: str
    role: str
    language: str | None
    sign_up_reason: str
    created_at: datetime
    last_login_at: datetime | None
    zone: str | None = field(repr=False)  # IANA name; private, as are the hours: only overlaps leave
    weekly_hours: list[list[int]] = field(repr=False)  # see domain/availability.py
    target_count: int  # mentors wanted at a time
    primer_done_at: datetime | None
    calendar_token_hash: str | None = field(repr=False)
    is_paused: bool  # takes no new requests

    @property
    def is_active(self) -> bool:
        """Whether the member may log in and act."""
        return self.state == AccountState.ACTIVE

    def has_role(self, role: Role) -> bool:
        """Tell whether the account has this role or a higher one."""
        return _RANKS[Role(self.role)] >= _RANKS[role]


@dataclass(frozen=True, slots=True)
class Member:
    """An account with its actor."""

    account: Account
    actor: Actor


@dataclass(frozen=True, slots=True)
class SignUpForm:
    """What a person writes to become a member."""

    handle: str
    email: str
    password: str = field(repr=False)
    language: str | None = None
    reason: str = ""
    invitation: str = field(default="", repr=False)  # the token of an invitation link


def normalise_email(text: str) -> str:
    """Return an address in its stored form: lower case, ASCII, exactly one recipient. Asks no DNS.

    Raises: InvalidInput for field `email`.
    """
    typed = text.strip()
    if not typed:
        raise InvalidInput({"email": "Write your e-mail address."})
    problem = InvalidInput({"email": "This is not an e-mail address that mail can be sent to."})
    if len(typed) > MAX_EMAIL_CHARACTERS or not _FORBIDDEN_IN_EMAIL.isdisjoint(typed):
        raise problem
    try:
        valid = validate_email(
            typed, strict=True, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise problem from error
    if valid.ascii_email is None:
        raise problem
    return valid.ascii_email.lower()


def check_password(password: str, *, handle: str = "", email: str = "", field_name: str = "password") -> None:
    """Let a new password pass or refuse it.

    Raises: InvalidInput for `field_name` if it has fewer than 10 or more than 200 characters, fewer than 5
    different ones, or is the handle or the address.
    """
    lowered = password.strip().lower()
    own_names = {handle, email, email.partition("@")[0], f"@{handle}"} - {"", "@"}
    problem = ""
    if len(password) < MIN_PASSWORD_CHARACTERS:
        problem = "The password is too short: 10 characters at least."
    elif len(password) > MAX_PASSWORD_CHARACTERS:
        problem = "The password is too long: 200 characters at most."
    elif "\0" in password or lowered in own_names:
        problem = "The password must not be your handle or your e-mail address."
    elif len(set(lowered)) < MIN_PASSWORD_DIFFERENT:
        problem = "The password is too simple: use at least 5 different characters."
    if problem:
        raise InvalidInput({field_name: problem})


def check_reason(reason: str, *, is_needed: bool) -> str:
    """Return the reason for signing up, trimmed.

    Raises: InvalidInput for field `reason` if it is needed and missing, or longer than 1,000 characters.
    """
    trimmed = reason.replace("\0", "").strip()
    if is_needed and not trimmed:
        raise InvalidInput({"reason": "Write a sentence about yourself: a person reads it and decides."})
    if len(trimmed) > MAX_REASON_CHARACTERS:
        raise InvalidInput({"reason": "The text is too long: 1,000 characters at most."})
    return trimmed


def require_login_allowed(account: Account) -> None:
    """Let an account log in, or say why not. Ask this only after its password was right.

    Raises: Conflict while something is still to happen; Forbidden when the account is disabled.
    """
    if account.state == AccountState.UNCONFIRMED:
        raise Conflict(
            f"account {account.id} is unconfirmed",
            safe="Open the link in the mail we sent you first. To get a new one, ask for a new password.",
        )
    if account.state == AccountState.UNAPPROVED:
        raise Conflict(
            f"account {account.id} is unapproved", safe="A moderator still has to let you in. You get a mail."
        )
    if account.state == AccountState.DISABLED:
        raise Forbidden(
            f"account {account.id} is disabled", safe="This account is closed. Ask the admin of this site."
        )


def require_authority(
    by: Account | None, over: Account | None = None, *, role: Role = Role.MODERATOR
) -> None:
    """Let only somebody pass who has `role`, and at least the rank of the one it is done to.

    `by` is None for the operator at the command line, who may do everything.

    Raises: Forbidden.
    """
    if by is None:
        return
    if not by.is_active or not by.has_role(role):
        raise Forbidden(f"account {by.id} is not an active {role}")
    if over is not None and not by.has_role(Role(over.role)):
        raise Forbidden(f"account {by.id} ranks below account {over.id}")
