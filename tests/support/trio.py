"""Three servers: a mentor on one, a mentee on another, and one to move to."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson

from libline_fed.clock import FrozenClock
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship
from libline_fed.services import exports, goals, mentorship_views, messages, moves
from libline_fed.storage import accounts, actors
from libline_fed.storage.store import Store, Tx
from tests.support.duo import Duo, Person, duo
from tests.support.pair import Pair, Side, pair


class Trio(Pair):
    """The two servers, and a third one to move to."""

    c: Side

    def __iter__(self) -> Iterator[Side]:
        return iter((self.a, self.b, self.c))


@contextlib.asynccontextmanager
async def trio(
    store: Store, other_store: Store, third_url: str, clock: FrozenClock, tmp_path: Path
) -> AsyncIterator[Duo]:
    """Start all three: Ana on a offers, Ben on b looks for a mentor, and c is there, too."""
    async with pair(store, other_store, clock) as both:
        made = Trio(both.a, both.b, both.network, clock)
        made.c = Side("c.example", third_url, tmp_path, both.network, clock)
        await made.c.prepare()
        await made.c.start()
        yield await duo(made)
        await made.c.stop()


def third(two: Duo) -> Side:
    """Return the server to move to."""
    assert isinstance(two.both, Trio)
    return two.both.c


async def arrive(person: Person, side: Side) -> Person:
    """Make a new account on another server that names the old one."""
    new = await side.member(f"{person.actor.handle}2")
    old = await side.resolver.find_actor(person.actor.uri)
    now = side.clock.now()
    named = await side.write(lambda tx: moves.add_alias(tx, side.site, actor=new, alias=old, now=now))
    return Person(side, named)


async def depart(person: Person, new: Person) -> None:
    """Move away from the old account."""
    side, now = person.side, person.side.clock.now()
    target = await side.resolver.find_actor(new.actor.uri)
    moved = await side.write(
        lambda tx: moves.move_out(tx, side.site, actor=person.actor, target=target, now=now)
    )
    person.actor = moved


async def move(two: Duo, person: Person, side: Side) -> Person:
    """Move somebody to a server; the partner is asked."""
    new = await arrive(person, side)
    await depart(person, new)
    await two.settle()
    return new


async def answer(person: Person, *, is_yes: bool) -> None:
    """Let the partner decide on the only running mentorship."""
    await person.do(moves.decide, (await running(person)).id, is_yes=is_yes)


async def running(person: Person) -> Mentorship:
    """Return the only running mentorship of somebody."""
    (found,) = [one for one in await person.mentorships() if one.is_running]
    return found


async def people_of(side: Side, mentorship: Mentorship) -> tuple[str, str]:
    """Return whose mentorship a server says it is: the mentor, the mentee."""
    known = await side.read(lambda tx: actors.by_ids(tx, (mentorship.mentor_id, mentorship.mentee_id)))
    return known[mentorship.mentor_id].uri, known[mentorship.mentee_id].uri


async def exported(person: Person) -> dict[str, Any]:
    """Return the data of somebody's archive."""
    side, now = person.side, person.side.clock.now()

    async def unit(tx: Tx) -> dict[str, Any]:
        account = await accounts.by_actor(tx, person.actor.id)
        assert account is not None
        _, data, _ = await exports.collect(tx, side.site, account_id=account.id, now=now)
        return data

    read: dict[str, Any] = orjson.loads(orjson.dumps(await side.read(unit)))
    return read


async def goals_and_messages(tx: Tx, mentorship_id: str, person: Actor) -> tuple[list[str], list[str]]:
    """Return the titles of goals, and the messages, that somebody sees."""
    view = await mentorship_views.get(tx, mentorship_id, person=person)
    listed = await goals.listed(tx, view)
    thread = await messages.thread(tx, view)
    return [goal.title for goal in listed], [message.content_html for message in thread.items]
