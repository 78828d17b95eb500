"""Searches that members keep: by which name, and how they want to be told of what is new."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from libline_fed import vocabulary
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search, search_of
from libline_fed.errors import InvalidInput
from libline_fed.sanitize import clean_line

MAX_SAVED = 20  # of one member
MAX_NAME_CHARACTERS = 80
MAX_TOLD = 10  # titles in one mail
TOLD_EVERY = timedelta(days=1)  # at most one mail of a member


class TellsBy(StrEnum):
    """How a member hears of what is new in a saved search."""

    NOTHING = "nothing"
    MAIL = "mail"
    FEED = "feed"  # a private address for a feed reader


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """One row of `saved_searches`, field by field as the columns are named."""

    id: str
    account_id: str
    name: str
    query: dict[str, Any]  # {"purpose": …, "params": [[name, value], …]}
    tells_by: str
    feed_token_hash: str | None = field(repr=False)
    told_until_number: int  # of proposal_search: what came until then is known to the member
    told_at: datetime | None  # when the last mail went out
    created_at: datetime

    @property
    def search(self) -> Search:
        """What is looked for."""
        purpose = self.query.get("purpose")
        given = self.query.get("params")
        params = [(str(pair[0]), str(pair[1])) for pair in given or [] if len(pair) == 2]
        return search_from(Purpose(purpose) if purpose in list(Purpose) else Purpose.OFFER, params)


def search_from(purpose: Purpose, params: list[tuple[str, str]]) -> Search:
    """Read a search from the parameters of an address, by the vocabulary of this version."""
    return search_of(
        purpose,
        params,
        is_term=vocabulary.is_term,
        canonical_language=vocabulary.canonical_language,
    )


def stored(search: Search) -> dict[str, Any]:
    """Return a search as `saved_searches.query` keeps it."""
    return {"purpose": search.purpose.value, "params": [list(pair) for pair in search.params()]}


def checked_name(name: str) -> str:
    """Return a name on one line.

    Raises: InvalidInput.
    """
    name = clean_line(name, MAX_NAME_CHARACTERS + 1).strip()
    if not name:
        raise InvalidInput({"name": "Give it a name, so that you know it again."})
    if len(name) > MAX_NAME_CHARACTERS:
        raise InvalidInput({"name": "The name is too long: 80 characters at most."})
    return name


def checked_tells_by(tells_by: str) -> TellsBy:
    """Return how to tell.

    Raises: InvalidInput.
    """
    if tells_by not in list(TellsBy):
        raise InvalidInput({"tells_by": "Choose one from the list."})
    return TellsBy(tells_by)
