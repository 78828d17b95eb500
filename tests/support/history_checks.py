"""What must be true after every round of a random history, and at its end."""

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from libline_fed.domain.mentorships import ENDED, REFUSED, RUNNING, Channel, Mentorship
from libline_fed.errors import RefusalReason
from libline_fed.services.mentorship_clock import ASKER_PATIENCE
from libline_fed.services.mentorship_views import shared_of
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import mentorship_events, mentorships
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, inbox_activities
from tests.support.duo import check_places
from tests.support.histories import World
from tests.support.pair import Side

# What may happen again in the same version: it says nothing new about where a mentorship stands.
REPEATED = frozenset({"change-terms", "confirm", "terms", "confirmed", "started", "crossed", "keep", "back"})
WAITING = frozenset({"question", "proposed"})
OVER = REFUSED | ENDED
# Whoever is blocked, suspended or gone is not heard any more. Nothing else may be refused between servers
# that mean well; what came late, twice or out of order is ignored instead.
MAY_BE_REFUSED = frozenset({RefusalReason.ACTOR_SUSPENDED, RefusalReason.KEY_GONE})


async def check(world: World, *, is_end: bool = False) -> Counter[tuple[str, str]]:
    """Check everything; return which different states the two servers name, and how often."""
    for side in world.both:
        await check_places(side)
        await _check_events(side)
        await _check_inbox(side)
        _check_waits(world, await _all(side))
    if not world.is_quiet or await world.queued_count():
        assert not is_end, "something never arrived"
        return Counter()
    return await _check_alike(world, is_end=is_end)


async def _all(side: Side) -> list[Mentorship]:
    """Return every mentorship of a server."""
    return [rows.to(Mentorship, row) for row in await side.read(lambda tx: tx.all(select(mentorships)))]


async def _ids_of(side: Side, uris: set[str]) -> list[str]:
    """Return by which ids a server knows some people."""
    statement = select(actors.c.id).where(actors.c.uri.in_(sorted(uris)))
    return [row.id for row in await side.read(lambda tx: tx.all(statement))]


def _check_waits(world: World, found: list[Mentorship]) -> None:
    """Nothing waits for ever: what waits has an end that is not long past."""
    for one in found:
        if one.state in WAITING:
            assert one.expires_at is not None, one
            assert one.expires_at + ASKER_PATIENCE > world.now - timedelta(days=1), one
        if one.state == "intro":
            assert one.intro_ends_at is not None, one
        if one.state == "paused":
            assert one.paused_until_on is not None, one
            assert one.paused_until_on + timedelta(days=15) > world.now.date(), one
        if one.state in RUNNING and one.channel != Channel.LOCAL and one.holds_seat:
            assert one.seat_proposal_id is not None or one.proposal_id is None, one


async def _check_events(side: Side) -> None:
    """Nothing happened twice."""
    columns = mentorship_events.c

    async def unit(tx: Tx) -> list[Any]:
        same = (columns.mentorship_id, columns.version, columns.event, columns.by, columns.state_after)
        statement = (
            select(*same, func.count().label("count"))
            .where(columns.event.not_in(sorted(REPEATED)))
            .group_by(*same)
            .having(func.count() > 1)
        )
        return [tuple(row) for row in await tx.all(statement)]

    twice = await side.read(unit)
    assert not twice, twice


async def _check_inbox(side: Side) -> None:
    """Nothing that came was spoiled, and nothing refused but from those who are not to be heard."""
    columns = inbox_activities.c

    async def unit(tx: Tx) -> list[Any]:
        statement = select(columns.type, columns.state, columns.reason, columns.detail).where(
            columns.state.in_(("refused", "quarantined"))
        )
        return [tuple(row) for row in await tx.all(statement)]

    bad = [row for row in await side.read(unit) if row[1] != "refused" or row[2] not in MAY_BE_REFUSED]
    assert not bad, bad


async def _check_alike(world: World, *, is_end: bool) -> Counter[tuple[str, str]]:
    """Both servers say the same of every pair, or a difference that can be named."""
    named: Counter[tuple[str, str]] = Counter()
    at_a, at_b = [
        {one.thread_uri: one for one in await _all(side) if one.channel == Channel.LIBLINE}
        for side in world.both
    ]
    gone = {one_id for side in world.both for one_id in await _ids_of(side, world.gone)}
    for uri in at_a.keys() | at_b.keys():
        known = [at[uri] for at in (at_a, at_b) if uri in at]
        is_gone = bool({known[0].mentor_id, known[0].mentee_id} & gone)
        if len(known) == 2:
            named[_difference(known[0], known[1], is_gone=is_gone)] += 1
        else:
            may_stand = {"draft", "question"} | OVER | (WAITING if is_gone else frozenset())
            assert known[0].state in may_stand, ("only one server knows of it", _seen(known[0]))
            named[known[0].state, "nothing"] += 1
    if is_end:
        found = [one for side in world.both for one in await _all(side)]
        stuck = [one for one in found if one.state in WAITING | {"intro"}]
        assert not stuck, stuck
    return named


def _difference(mine: Mentorship, theirs: Mentorship, *, is_gone: bool) -> tuple[str, str]:
    """Return the states on both servers if they are alike or may differ; fail if not.

    Of somebody who is gone, only the end is still told. Who feels unsafe sees another end than the partner.
    """
    pair = (mine.state, theirs.state)
    shown = (_seen(mine), _seen(theirs))
    if "ended-safety" in pair or (is_gone and set(pair) <= OVER):
        assert set(pair) <= OVER, shown
    elif mine.agreement_uri is not None and theirs.agreement_uri is not None:
        assert shared_of(mine) == shared_of(theirs), shown
        assert mine.state == theirs.state, shown
    elif set(pair) == {"question", "expired"}:
        # Each server lets it go quiet by itself, 30 days after the first question that came through.
        assert mine.offer_uri is None or theirs.offer_uri is None, shown
    elif mine.state != theirs.state:
        assert set(pair) <= REFUSED | {"ended-intro"}, shown
    return pair


def _seen(one: Mentorship) -> tuple[Any, ...]:
    return (
        one.state,
        one.version,
        one.epoch,
        one.changed_by,
        one.asker,
        one.offer_uri,
        one.agreement_uri,
        one.is_crossed,
        one.standing,
        one.terms_version,
        one.terms,
        one.reason,
        one.id,
    )
