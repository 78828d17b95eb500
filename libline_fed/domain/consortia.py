"""Consortia: servers that pool what their members offer and ask for, around a Group that one of them hosts.

Membership is between instance actors. The same table says what an event makes of it on the Group's side and
on the member's: both see the same events, perhaps in another order or twice, and come to the same state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from libline_fed.domain.accounts import Account, Role
from libline_fed.errors import Conflict, InvalidInput

MAX_NAME_CHARACTERS = 100
MAX_SUMMARY_CHARACTERS = 2_000
MAX_CHARTER_CHARACTERS = 20_000
MAX_NOTE_CHARACTERS = 1_000
MAX_REASON_CHARACTERS = 500
MAX_LEFT_OUT = 50  # Groups that one proposal is kept from
MAX_MEMBERS = 1_000  # that a list of members is read to


class MemberState(StrEnum):
    """What a server is to a consortium; without a row it is nothing."""

    ASKED = "asked"  # its Join waits for the coordinators
    INVITED = "invited"  # an Invite waits for its admins
    MEMBER = "member"
    LEFT = "left"
    REMOVED = "removed"
    REJECTED = "rejected"  # a Join or an Invite got a no


class Step(StrEnum):
    """What can happen to a membership."""

    JOIN = "join"
    INVITE = "invite"
    APPROVE = "approve"  # the consortium's yes to a Join
    REJECT = "reject"  # its no
    ACCEPT = "accept"  # the server's yes to an Invite
    DECLINE = "decline"  # its no
    LEAVE = "leave"
    REMOVE = "remove"


class ItemState(StrEnum):
    """What a Group does with a proposal that it was sent."""

    LISTED = "listed"
    WITHHELD = "withheld"  # a coordinator holds it back, also if it is sent again
    GONE = "gone"  # deleted, its author took the consortium out, or its server is no member any more


LEFT_OUT_KEY = "groups_left_out"


def left_out_of(details: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the Groups that a proposal's author keeps it from, out of the proposal's stored details."""
    listed = details.get(LEFT_OUT_KEY)
    return tuple(uri for uri in listed if isinstance(uri, str)) if isinstance(listed, list) else ()


def with_left_out(details: Mapping[str, Any], uris: Iterable[str]) -> dict[str, Any]:
    """Return a proposal's stored details with the Groups that its author keeps it from."""
    listed = list(dict.fromkeys(uris))[:MAX_LEFT_OUT]
    rest = {key: value for key, value in details.items() if key != LEFT_OUT_KEY}
    return {**rest, LEFT_OUT_KEY: listed} if listed else rest


_S = MemberState
_OUTSIDE = (None, _S.LEFT, _S.REMOVED, _S.REJECTED)

# A Join and an Invite that cross are two yeses. What is there already may be said again.
TABLE: dict[Step, dict[MemberState | None, MemberState]] = {
    Step.JOIN: {
        **dict.fromkeys(_OUTSIDE, _S.ASKED),
        _S.ASKED: _S.ASKED,
        _S.INVITED: _S.MEMBER,
        _S.MEMBER: _S.MEMBER,
    },
    Step.INVITE: {
        **dict.fromkeys(_OUTSIDE, _S.INVITED),
        _S.ASKED: _S.MEMBER,
        _S.INVITED: _S.INVITED,
        _S.MEMBER: _S.MEMBER,
    },
    Step.APPROVE: {_S.ASKED: _S.MEMBER, _S.MEMBER: _S.MEMBER},
    Step.REJECT: {_S.ASKED: _S.REJECTED, _S.REJECTED: _S.REJECTED},
    Step.ACCEPT: {_S.INVITED: _S.MEMBER, _S.MEMBER: _S.MEMBER},
    Step.DECLINE: {_S.INVITED: _S.REJECTED, _S.REJECTED: _S.REJECTED},
    Step.LEAVE: {_S.ASKED: _S.LEFT, _S.MEMBER: _S.LEFT, _S.LEFT: _S.LEFT},
    Step.REMOVE: {
        _S.ASKED: _S.REJECTED,
        _S.INVITED: _S.REMOVED,
        _S.MEMBER: _S.REMOVED,
        _S.REMOVED: _S.REMOVED,
    },
}


def after(state: str | None, step: Step) -> MemberState | None:
    """Return what a step makes of a membership; None if it is not possible from there."""
    return TABLE[step].get(MemberState(state) if state is not None else None)


def require_step(state: str | None, step: Step) -> MemberState:
    """Return what a step makes of a membership.

    Raises: Conflict if it is not possible from there.
    """
    found = after(state, step)
    if found is None:
        raise Conflict(f"a membership that is {state} cannot {step}")
    return found


def speaks_for_server(account: Account | None) -> bool:
    """Tell whether somebody may let this server join and leave; None is the operator at the command line."""
    return account is None or (account.is_active and account.has_role(Role.COORDINATOR))


def runs_consortium(account: Account | None, *, is_coordinator: bool) -> bool:
    """Tell whether somebody may run a consortium hosted here: one of its coordinators, or an admin."""
    return account is None or (account.is_active and (is_coordinator or account.has_role(Role.ADMIN)))


@dataclass(frozen=True, slots=True)
class Consortium:
    """One row of `consortia`, field by field as the columns are named."""

    actor_id: str
    charter_text: str
    language: str
    continues_uri: str | None  # the Group on another server that this one continues
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Membership:
    """One row of `consortium_members`, field by field as the columns are named."""

    group_id: str
    instance_id: str
    state: str
    activity_uri: str | None
    note_text: str
    created_at: datetime
    decided_at: datetime | None

    @property
    def is_member(self) -> bool:
        """Whether the server takes part now."""
        return self.state == MemberState.MEMBER


@dataclass(frozen=True, slots=True)
class Item:
    """One row of `consortium_items`, field by field as the columns are named."""

    group_id: str
    proposal_uri: str
    author_uri: str
    host: str
    state: str
    announce_uri: str | None
    reason_text: str
    created_at: datetime
    changed_at: datetime


def check_texts(name: str, summary_text: str, charter_text: str) -> None:
    """Let the texts of a consortium pass.

    Raises: InvalidInput, keyed by field.
    """
    problems: dict[str, str] = {}
    if not name:
        problems["name"] = "Write the name of the consortium."
    elif len(name) > MAX_NAME_CHARACTERS:
        problems["name"] = "The name is too long: 100 characters at most."
    if len(summary_text) > MAX_SUMMARY_CHARACTERS:
        problems["summary_text"] = "The text is too long: 2,000 characters at most."
    if len(charter_text) > MAX_CHARTER_CHARACTERS:
        problems["charter_text"] = "The charter is too long: 20,000 characters at most."
    if problems:
        raise InvalidInput(problems)
