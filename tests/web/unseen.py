"""Proposals in every state in which something can be, and what each reader should see of them.

`expected` says it in plain words of this file, without the condition that the program asks its rows with.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations
from typing import Any

from sqlalchemy import insert

from libline_fed.config import Federation
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Purpose
from libline_fed.services import drafts
from libline_fed.storage import actors, peers, proposals, trust
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors as actor_rows
from libline_fed.storage.tables import blocks
from libline_fed.storage.tables import peers as peer_rows
from tests.support.pages import DRAFT, PagesWorld

# The first value of each is that of something that everybody sees.
STATES: dict[str, tuple[str, ...]] = {
    "audience": ("public", "network", "instance"),
    "author": ("active", "suspended", "gone"),
    "policy": ("default", "allowed", "silenced", "blocked"),
    "server": ("there", "lost"),
    "block": ("none", "by-author", "of-author"),
    "status": ("open", "full", "paused", "closed"),
    "day": ("none", "today", "passed"),
}
READERS = ("everybody", "guest", "member", "blocked", "author")
AT_REMOTE_SERVERS_ONLY = ("policy", "server")


@dataclass(frozen=True)
class Case:
    """A proposal and all that decides who sees it."""

    number: int
    purpose: str
    is_local: bool
    state: dict[str, str]

    @property
    def id(self) -> str:
        """Its id here."""
        return f"01a20cc8-8e80-7000-8000-{self.number:012x}"

    @property
    def token(self) -> str:
        """A word in its title, on which no page breaks a line."""
        return f"canary{self.number:04d}x"

    @property
    def host(self) -> str:
        """Its server."""
        return "lib.example" if self.is_local else f"{self.state['policy']}-{self.state['server']}.example"

    @property
    def author_key(self) -> tuple[object, ...]:
        """What its author has in common with that of others: they are one."""
        return self.is_local, self.host, self.state["author"], self.state["block"]


@dataclass
class Scene:
    """An instance with all cases, and who looks at it."""

    world: PagesWorld
    cases: list[Case]
    people: dict[str, Actor]
    author_ids: dict[tuple[object, ...], str]
    mode: Federation = Federation.OPEN
    handles: dict[str, str] = field(default_factory=dict)

    def author_id(self, case: Case) -> str:
        """Return who wrote it."""
        return self.author_ids[case.author_key]

    def expected(
        self, reader: str, purpose: str | None = None, *, author_id: str | None = None, is_page: bool = False
    ) -> set[str]:
        """Return the tokens of what a reader should see; `is_page`: on the page of its author."""
        return {
            case.token
            for case in self.cases
            if purpose in {None, case.purpose}
            and author_id in {None, self.author_id(case)}
            and self._is_seen(case, reader, is_page=is_page)
        }

    def written_by(self, reader: str) -> set[str]:
        """Return the tokens of a reader's own."""
        person = self.people.get(reader)
        return {case.token for case in self.cases if person and self.author_id(case) == person.id}

    def readable(self) -> set[str]:
        """Return the tokens of what is for everybody by its own words, also when no list has it any more."""
        return {
            case.token
            for case in self.cases
            if (case.state["audience"], case.state["author"]) == ("public", "active")
            and self._is_trusted(case)
        }

    def _is_trusted(self, case: Case) -> bool:
        if case.is_local:
            return True
        if self.mode is Federation.OFF or case.state["policy"] == "blocked":
            return False
        return self.mode is Federation.OPEN or case.state["policy"] == "allowed"

    def _is_seen(self, case: Case, reader: str, *, is_page: bool) -> bool:
        state, is_member = case.state, reader in {"member", "blocked", "author"}
        if state["status"] in {"paused", "closed"} or state["day"] == "passed" or state["author"] != "active":
            return False
        if state["audience"] != "public" and not is_member:
            return False
        if state["block"] != "none" and reader in {"blocked", "guest"}:
            return False
        is_quiet = not case.is_local and (state["policy"] == "silenced" or state["server"] == "lost")
        return self._is_trusted(case) and (is_page or not is_quiet)

    async def change_mode(self, mode: Federation) -> None:
        """Run in another mode of federation."""
        self.mode = mode
        await self.world.store.write(lambda tx: trust.note_mode(tx, mode))


def cases() -> list[Case]:
    """Return the plain cases, those that differ in one way, and those that differ in two."""
    found: list[Case] = []
    for is_local in (True, False):
        for purpose in Purpose:
            ways = 2 if purpose is Purpose.OFFER else 1
            for changed in _changes(is_local=is_local, ways=ways):
                state = {name: values[0] for name, values in STATES.items()} | changed
                found.append(Case(len(found), purpose.value, is_local, state))
    return found


def _changes(*, is_local: bool, ways: int) -> Iterator[dict[str, str]]:
    names = [name for name in STATES if not (is_local and name in AT_REMOTE_SERVERS_ONLY)]
    single = [(name, value) for name in names for value in STATES[name][1:]]
    if not is_local:
        single.remove(("audience", "instance"))  # never leaves its server
    for count in range(ways + 1):
        for chosen in combinations(single, count):
            if len({name for name, _ in chosen}) == count:
                yield dict(chosen)


async def build(world: PagesWorld) -> Scene:
    """Put all cases into an instance; a day later some of their days have passed."""
    ana = await world.add_member("ana")
    people = {
        "author": ana.actor,
        "member": (await world.add_member("noor")).actor,
        "blocked": (await world.add_member("vera")).actor,
        "guest": await world.add_remote("carla", "m.example"),
    }
    scene = Scene(world, cases(), people, {})

    async def unit(tx: Tx) -> None:
        await _add_peers(tx, scene)
        await _add_authors(tx, scene)
        for case in scene.cases:
            await proposals.add_local(tx, _values(scene, case))
        values: dict[str, str | list[str]] = {"title": ["canary9999x"], "body_text": ["Not sent yet."]}
        await drafts.save(tx, ana.actor.id, "proposal", "new-offer", values, world.clock.now())

    await world.store.write(unit)
    return scene


async def _add_peers(tx: Tx, scene: Scene) -> None:
    now = scene.world.clock.now()
    for case in {case.host: case for case in scene.cases if not case.is_local}.values():
        is_lost, long_ago = case.state["server"] == "lost", now - timedelta(days=20)
        values: dict[str, Any] = {"policy": case.state["policy"], "created_at": long_ago}
        values |= {"failures_count": 9, "heard_at": long_ago, "reached_at": long_ago} if is_lost else {}
        await tx.execute(insert(peer_rows).values(host=case.host, **values))
    assert len(await peers.lost(tx, None, now.date())) >= 1


async def _add_authors(tx: Tx, scene: Scene) -> None:
    now, blocked = scene.world.clock.now(), (scene.people["blocked"], scene.people["guest"])
    for number, case in enumerate({case.author_key: case for case in scene.cases}.values()):
        if case.is_local and (case.state["author"], case.state["block"]) == ("active", "none"):
            scene.author_ids[case.author_key] = scene.people["author"].id
            continue
        author_id, handle = f"01a20cc8-8e80-7000-9000-{number:012x}", f"writer{number:03d}x"
        values = {
            "id": author_id, "uri": f"https://{case.host}/actors/{author_id}", "is_local": case.is_local,
            "type": "Person", "handle": handle, "host": case.host, "inbox_url": f"https://{case.host}/inbox",
            "fields": [], "languages": [], "also_known_as": [], "is_discoverable": True, "created_at": now,
            "updated_at": now, "suspended_at": now if case.state["author"] == "suspended" else None,
            "gone_at": now if case.state["author"] == "gone" else None,
        }  # fmt: skip
        await tx.execute(insert(actor_rows).values(**values))
        scene.author_ids[case.author_key] = author_id
        for reader in blocked if case.state["block"] != "none" else ():
            pair = (author_id, reader.id) if case.state["block"] == "by-author" else (reader.id, author_id)
            await tx.execute(
                insert(blocks).values(blocker_id=pair[0], blocked_id=pair[1], created_at=now)
            )
    for key, author_id in scene.author_ids.items():
        known = await actors.by_id(tx, author_id)
        assert known is not None, key
        scene.handles[author_id] = known.handle


def _values(scene: Scene, case: Case) -> dict[str, Any]:
    today, state = scene.world.clock.now().date(), case.state
    day = {"none": None, "today": today, "passed": today - timedelta(days=1)}[state["day"]]
    return {
        "id": case.id, "uri": f"https://{case.host}/proposals/{case.id}", "author_id": scene.author_id(case),
        "is_local": case.is_local, "purpose": case.purpose, "title": f"Maps {case.token}",
        "body_text": "Hours.", "content_html": f"<p>{case.token}</p>", "search_text": "", "language": "en",
        "areas": list(DRAFT.areas), "languages": ["en"], "modes": ["M1"], "places_count": 1,
        "places_free_count": 1, "audience": state["audience"], "status": state["status"], "revision": 1,
        "open_until_on": day, "published_at": scene.world.clock.now() - timedelta(seconds=case.number),
        "updated_at": scene.world.clock.now(), "details": {},
    }  # fmt: skip
