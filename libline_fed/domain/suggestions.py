"""Mentors that a coordinator suggests to a member here. The member decides, and nobody is asked before."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from libline_fed.errors import Conflict, InvalidInput

MAX_SUGGESTIONS = 3  # for one request, whoever makes them: more is a list, and there is one already


class Wish(StrEnum):
    """For which of their requests somebody wants suggestions."""

    PUBLIC = "public"  # those that anybody may read; what holds for who has said nothing
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One row of `suggestions`, field by field as the columns are named."""

    id: str
    request_id: str
    offer_id: str
    member_id: str
    coordinator_id: str
    created_at: datetime


def check_chosen(chosen: Collection[str], known: Collection[str]) -> None:
    """Let a choice of offers pass, given those that were suggested before for the same request.

    Raises: InvalidInput if nothing is chosen; Conflict if it is too much.
    """
    if not chosen:
        raise InvalidInput({"offer": "Choose one offer at least."})
    if len({*chosen, *known}) > MAX_SUGGESTIONS:
        raise Conflict("too many suggestions", safe="Three suggestions for one request are enough.")
