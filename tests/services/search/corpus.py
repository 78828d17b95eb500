"""Offers of library workers in eight languages and nine more, in a fresh database of either engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import Viewer
from libline_fed.sanitize import linkify_text
from libline_fed.storage import proposals, rows
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import accounts, actors, proposal_sources

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
AUTHORS_COUNT = 12
HUB_URI = "https://hub.example/groups/all"


@dataclass(frozen=True)
class Text:
    """One line of the corpus; `number` counts from 0, the oldest first."""

    number: int
    name: str
    area: str
    title: str
    body: str

    @property
    def language(self) -> str:
        """The language, in another spelling for some."""
        tag = self.name.partition("-")[2]
        return {0: "en-GB", 1: "en"}.get(self.number % 2, tag) if tag == "en" else tag

    @property
    def id(self) -> str:
        """The id of the proposal that is made of it."""
        return f"01a20cc8-8e80-7000-8000-{self.number:012x}"


def texts() -> list[Text]:
    """Return the corpus."""
    lines = (HERE / "corpus.tsv").read_text(encoding="utf-8").splitlines()
    return [
        Text(number, name, area, title, body)
        for number, (name, area, title, body) in enumerate(line.split("\t") for line in lines)
    ]


def expected() -> list[tuple[str, list[str]]]:
    """Return what is asked for and the names of what must be found, the newest first."""
    names = [text.name for text in texts()][::-1]
    found = []
    for line in (HERE / "expected.tsv").read_text(encoding="utf-8").splitlines():
        asked, _, patterns = line.partition("\t")
        found.append((asked, [name for name in names if any(fnmatch(name, one) for one in patterns.split())]))
    return found


async def fill(store: Store) -> Viewer:
    """Write the corpus and return the member who looks at it."""
    people = [_author(number) for number in range(AUTHORS_COUNT)]
    listed = [_values(text) for text in texts()]

    async def unit(tx: Tx) -> Viewer:
        await tx.execute(insert(actors), people)
        await tx.execute(insert(accounts), [_account(number) for number in range(0, AUTHORS_COUNT, 2)])
        for number, values in enumerate(listed):
            made = await proposals.add_local(tx, values)
            if not made.is_local:
                source = {"proposal_id": made.id, "source": "announce", "seen_at": NOW}
                uri = HUB_URI if number % 3 else "https://other.example/actor"
                await tx.execute(insert(proposal_sources).values(**source, actor_uri=uri))
        row = await tx.first(select(actors).where(actors.c.id == people[0]["id"]))
        assert row is not None
        return Viewer(rows.to(Actor, row), is_member=True)

    return await store.write(unit)


def filtered(asked: str = "") -> Iterator[Search]:
    """Yield searches with every filter, alone and with others, in the orders that SQL knows."""
    choices: list[dict[str, Any]] = [
        {"areas": ("A0301",)}, {"areas": ("A0301", "A0701")}, {"areas": ("x-maps",)},
        {"areas": ("A0203",)},
        {"languages": ("en",)}, {"languages": ("en-GB",)}, {"languages": ("sw", "hi")},
        {"languages": ("pt",)},
        {"modes": ("M1",)}, {"modes": ("M2", "M5")}, {"formats": ("F1",)}, {"formats": ("F2", "F3")},
        {"goals": ("G01",)}, {"goals": ("G02",)}, {"goals": ("x-shelving",)}, {"stages": ("S1",)},
        {"stages": ("S2", "S3")}, {"types": ("T01",)}, {"types": ("T02", "T03")}, {"places": ("FR",)},
        {"places": ("KE", "IN")}, {"hosts": ("b.example",)}, {"hosts": ("lib.example", "c.example")},
        {"via": HUB_URI}, {"via": "https://nowhere.example/actor"}, {"has_places": True},
        {"overlap_hours": 1}, {"overlap_hours": 3}, {"overlap_hours": 40},
        {"areas": ("A0301",), "languages": ("en",), "modes": ("M1",)},
        {"types": ("T01",), "stages": ("S1", "S2", "S3"), "has_places": True},
    ]  # fmt: skip
    for sort in (Sort.NEWEST, Sort.SOONEST):
        for choice in choices:
            yield Search(Purpose.OFFER, text=asked, sort=sort, **choice)


def _author(number: int) -> dict[str, Any]:
    is_local = number % 2 == 0
    host = "lib.example" if is_local else ("b.example", "c.example")[number % 4 // 2]
    details: dict[str, Any] = {
        "stage": f"S{number % 4 + 1}",
        "types_own": [f"T0{number % 3 + 1}", "T09"],
        "facts_shown": ("public", "members")[number % 3 == 0],
        "country": ("FR", "KE", "IN", "")[number % 4],
        "place_shown": ("public", "members", "nobody")[number % 3],
    }
    return {
        "id": f"01a20cc8-8e80-7000-9000-{number:012x}", "uri": f"https://{host}/actors/{number}",
        "is_local": is_local, "type": "Person", "handle": f"author{number}", "host": host,
        "inbox_url": f"https://{host}/inbox", "fields": [], "languages": [], "also_known_as": [],
        "created_at": NOW, "updated_at": NOW, "details": {} if number == 11 else details,
    }  # fmt: skip


def _account(number: int) -> dict[str, Any]:
    hours = [[day, 60 * (9 + number // 2), 60 * (11 + number // 2)] for day in range(number // 2, 5)]
    return {
        "id": f"01a20cc8-8e80-7000-a000-{number:012x}",
        "actor_id": f"01a20cc8-8e80-7000-9000-{number:012x}",
        "email": f"{number}@mail.example", "state": "active", "created_at": NOW,
        "zone": "Europe/Paris" if number != 10 else None, "weekly_hours": hours,
    }  # fmt: skip


def _values(text: Text) -> dict[str, Any]:
    number = text.number
    author = number * 5 % AUTHORS_COUNT
    is_local = author % 2 == 0
    details: dict[str, Any] = {
        "goals": [f"G0{number % 3 + 1}"], "formats": [f"F{number % 4 + 1}"],
        "answer_days": number % 9 or None,
    }  # fmt: skip
    if number % 4 == 0:
        details |= {"stage": "S2", "types_own": ["T03"]}
    if number % 10 == 0:  # terms of this server, below published ones
        named = {"x-shelving": {"broader": "G02"}, "x-maps": {"broader": "A0301", "label": {"en": "Plans"}}}
        details |= {"goals": ["x-shelving"], "named": named}
    areas = [text.area, *(["x-maps"] if number % 10 == 0 and text.area == "A0301" else [])]
    uri = f"https://lib.example/proposals/{text.id}" if is_local else f"https://b.example/p/{number}"
    return {
        "id": text.id, "uri": uri, "author_id": f"01a20cc8-8e80-7000-9000-{author:012x}",
        "is_local": is_local,
        "purpose": "offer", "title": text.title, "content_html": linkify_text(text.body), "search_text": "",
        "language": text.language, "areas": areas,
        "languages": [text.language, *(["sw"] * (number % 5 == 0))],
        "modes": [f"M{number % 5 + 1}"], "places_count": 2, "places_free_count": number % 6 and 1,
        "audience": ("public", "network", "instance")[number % 7 % 3] if is_local else "public",
        "status": "full" if number % 13 == 0 else "open", "revision": 1,
        # Three at a moment: then the ids decide.
        "published_at": NOW - timedelta(days=30) + timedelta(minutes=number // 3), "updated_at": NOW,
        "details": {key: value for key, value in details.items() if value is not None},
    }  # fmt: skip
