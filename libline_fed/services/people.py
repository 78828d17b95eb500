"""People who can be found: members who let themselves be, and authors of other servers."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.profiles import ProfileDetails
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.search_words import Asked, asked_words, folded, words_of
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import Viewer
from libline_fed.services.profiles import facts_for
from libline_fed.storage import people
from libline_fed.storage.store import Tx

PER_PAGE = 10
MAX_PAGE = 1_000
CHUNK = 1_000
MAX_LOOKED_AT = 5_000  # names that one search reads; the latest ones
_NO_LETTERS = re.compile(r"[\W_]+")
_PLAIN = re.compile(r"[a-z0-9 .@,]*")  # here words are what stands between blanks and stops
_CAPITAL_WITHIN = re.compile(r"[^\W\d_][A-Z\u00c0-\u00de]")
_BETWEEN = re.compile(r"[ .@,]+")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the list. `facts`: what the reader may see of them. Areas: ids, of the latest first."""

    actor: Actor
    facts: ProfileDetails
    languages: list[str]
    areas: list[str]
    offers_count: int
    requests_count: int


@dataclass(frozen=True, slots=True)
class Page:
    """Ten people at most."""

    items: Sequence[Person]
    page: int
    has_more: bool


async def countries(tx: Tx, viewer: Viewer) -> list[str]:
    """Return the countries that members here show to the viewer, if they can be found (ISO 3166-1)."""
    return await people.countries(tx, viewer)


def search_for_people(search: Search) -> Search:
    """Return what of a search makes sense for people: words of the name, area, language, country, server."""
    return replace(
        Search(),
        text=search.text,
        areas=search.areas,
        languages=search.languages,
        places=search.places,
        hosts=search.hosts,
    )


async def page(tx: Tx, search: Search, viewer: Viewer, *, page: int = 1, now: datetime) -> Page:
    """Return a page of the people that a reader can find. Pages there are not are empty."""
    number, today = max(1, min(page, MAX_PAGE)), now.date()
    offset = (number - 1) * PER_PAGE
    conditions = await people.conditions(tx, search, viewer, today)
    if not search.text.strip():
        found = await people.named(tx, conditions, limit=PER_PAGE + 1, offset=offset)
        ids = [one.id for one in found]
    else:
        asked = asked_words(search.text)
        ids = await _ids_by_name(tx, conditions, asked, offset + PER_PAGE + 1) if asked else []
        ids = ids[offset:]
    items = await _shown(tx, ids[:PER_PAGE], viewer, now)
    return Page(items, number, len(ids) > PER_PAGE and number < MAX_PAGE)


async def _ids_by_name(
    tx: Tx, conditions: Sequence[people.Condition], asked: Sequence[Asked], wanted_count: int
) -> list[str]:
    """Return the first so many whose name or address has all the words; reads names chunk by chunk."""
    found: list[str] = []
    before_id = ""
    for _ in range(MAX_LOOKED_AT // CHUNK):
        chunk = await people.named(tx, conditions, before_id=before_id, limit=CHUNK)
        found += [one.id for one in chunk if has_words(_called(one), asked)]
        if len(found) >= wanted_count or len(chunk) < CHUNK:
            break
        before_id = chunk[-1].id
    return found[:wanted_count]


def _called(one: people.Named) -> str:
    return f"{one.name} {one.handle} {one.acct_host or one.host}"


def has_words(text: str, asked: Sequence[Asked]) -> bool:
    """Tell whether a name has all the words; a cheap look first, since few names have them."""
    plain = folded(text)
    letters = _letters(plain)
    if not all(any(all(_letters(part) in letters for part in way) for way in one.ways) for one in asked):
        return False
    is_plain = _PLAIN.fullmatch(plain) and not _CAPITAL_WITHIN.search(unicodedata.normalize("NFC", text))
    words = tuple(_BETWEEN.split(plain)) if is_plain else words_of(text)
    return all(one.is_found_in(words) for one in asked)


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text)


async def _shown(tx: Tx, ids: Sequence[str], viewer: Viewer, now: datetime) -> list[Person]:
    actors = await people.loaded(tx, ids)
    written = people.by_author(await people.written_by(tx, ids, viewer, now.date()))
    shown = []
    for actor in actors:
        own = written.get(actor.id, [])
        said = actor.languages or [tag for one in own for tag in one.languages]
        purposes = [one.purpose for one in own]
        shown.append(
            Person(
                actor=actor,
                facts=facts_for(actor, is_member=viewer.is_member),
                languages=list(dict.fromkeys(said)),
                areas=list(dict.fromkeys(area for one in own for area in one.areas)),
                offers_count=purposes.count(Purpose.OFFER),
                requests_count=purposes.count(Purpose.REQUEST),
            )
        )
    return shown
