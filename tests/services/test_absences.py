"""Holidays, on both databases, and the button that pauses everything and starts again only what it paused."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from libline_fed.domain.absences import Absence, away_until
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.services import absences, members, proposals
from libline_fed.storage import absences as rows
from tests.services.test_places import count
from tests.services.test_proposals import DRAFT, PRIVATE, edit, move, publish, stored
from tests.support.neighbours import meet, verbs

TODAY = date(2026, 11, 24)


def day(number: int) -> date:
    """Return a day counted from today."""
    return TODAY + timedelta(days=number)


def absence(first: int, last: int) -> Absence:
    return Absence(f"{first}", "ana", day(first), day(last), None)


@pytest.fixture
async def ana(add):
    """A mentor."""
    return await add("ana")


async def leave(store, ana, first: int, last: int, now) -> Absence:
    return await store.write(
        lambda tx: absences.add(tx, actor_id=ana.actor.id, from_on=day(first), until_on=day(last), now=now)
    )


@pytest.mark.parametrize(
    ("listed", "until"),
    [
        ([], None),
        ([(1, 3)], None),
        ([(-3, -1)], None),
        ([(0, 0)], 0),
        ([(-3, 2)], 2),
        ([(-3, 2), (1, 5)], 5),
        ([(3, 5), (-3, 2)], 5),  # one begins as the other ends
        ([(4, 5), (-3, 2)], 2),
        ([(-9, 7), (-3, 2)], 7),
    ],
)
def test_one_is_away_through_absences_that_join(listed: list[tuple[int, int]], until: int | None) -> None:
    found = away_until([absence(*pair) for pair in listed], TODAY)
    assert found == (None if until is None else day(until))


async def test_a_holiday_is_noted_once_listed_and_taken_back(store, ana, now):
    later = await leave(store, ana, 10, 20, now)
    soon = await leave(store, ana, -1, 3, now)
    assert await leave(store, ana, -1, 3, now) == soon
    assert await store.read(lambda tx: absences.list_coming(tx, ana.actor.id, now=now)) == [soon, later]
    assert await store.read(lambda tx: absences.away(tx, [ana.actor], now=now)) == {ana.actor.id: day(3)}
    await store.write(lambda tx: absences.remove(tx, actor_id=ana.actor.id, absence_id=soon.id))
    assert await store.read(lambda tx: absences.away(tx, [ana.actor], now=now)) == {}


async def test_what_is_over_is_listed_no_longer(store, ana, now):
    await leave(store, ana, 0, 3, now)
    after = now + timedelta(days=4)
    assert await store.read(lambda tx: absences.list_coming(tx, ana.actor.id, now=after)) == []


async def test_nobody_takes_back_the_holiday_of_another(store, ana, add, now):
    ben = await add("ben")
    noted = await leave(store, ana, 1, 2, now)
    for actor_id, absence_id in ((ben.actor.id, noted.id), (ana.actor.id, "no-such-id")):
        with pytest.raises(NotFound):
            await store.write(
                lambda tx, a=actor_id, b=absence_id: absences.remove(tx, actor_id=a, absence_id=b)
            )


@pytest.mark.parametrize(
    ("first", "last", "fields"),
    [
        (None, None, {"from_on", "until_on"}),
        (day(1), None, {"until_on"}),
        (day(2), day(1), {"until_on"}),
        (day(-3), day(-1), {"until_on"}),
        (day(0), day(190), {"until_on"}),
        (day(700), day(731), {"until_on"}),
    ],
)
async def test_days_that_make_no_holiday_are_refused(store, ana, now, first, last, fields):
    with pytest.raises(InvalidInput) as refused:
        await store.write(
            lambda tx: absences.add(tx, actor_id=ana.actor.id, from_on=first, until_on=last, now=now)
        )
    assert set(refused.value.fields) == fields


async def test_the_list_of_holidays_ends_somewhere(store, ana, now):
    for number in range(20):
        await leave(store, ana, number, number, now)
    with pytest.raises(InvalidInput):
        await leave(store, ana, 30, 30, now)


async def test_of_people_elsewhere_no_holiday_is_known(store, now):
    ben = await meet(store, "ben", "m.example", now)
    assert await store.read(lambda tx: absences.away(tx, [ben], now=now)) == {}


# --- pausing everything -----------------------------------------------------------------------------


async def pause(store, site, ana, now) -> None:
    await store.write(lambda tx: absences.pause_all(tx, site, account_id=ana.account.id, now=now))


async def resume(store, site, ana, now) -> None:
    await store.write(lambda tx: absences.resume_all(tx, site, account_id=ana.account.id, now=now))


async def is_paused(store, ana) -> bool:
    member = await store.read(lambda tx: members.by_handle(tx, ana.actor.handle))
    return member.account.is_paused


async def test_all_is_paused_and_what_was_open_opens_again(store, site, ana, now):
    opened = await publish(store, site, ana, now)
    secret = await publish(store, site, ana, now, draft=PRIVATE)
    own = {}
    for status in ("full", "paused", "closed"):
        own[status] = await publish(store, site, ana, now)
        await move(store, site, own[status], status, now)
    await pause(store, site, ana, now)
    assert await is_paused(store, ana)
    assert [(await stored(store, one)).status for one in (opened, secret)] == ["paused", "paused"]
    assert [(await stored(store, one)).status for one in own.values()] == list(own)
    await resume(store, site, ana, now)
    assert not await is_paused(store, ana)
    assert [(await stored(store, one)).status for one in (opened, secret)] == ["open", "open"]
    assert [(await stored(store, one)).status for one in own.values()] == list(own)


async def test_others_are_told_once_however_often_the_button_is_pressed(store, site, ana, now):
    await publish(store, site, ana, now)
    for _ in range(2):
        await pause(store, site, ana, now)
    assert sorted(await verbs(store, ana.actor.id)) == ["Add", "Create", "Remove", "Update"]
    for _ in range(2):
        await resume(store, site, ana, now)
    told = sorted(await verbs(store, ana.actor.id))
    assert told == ["Add", "Add", "Create", "Remove", "Update", "Update"]


async def test_a_full_offer_does_not_open_itself_during_the_pause(store, site, ana, now):
    proposal = await publish(store, site, ana, now)
    await count(store, site, proposal, 0, 0, now)
    await pause(store, site, ana, now)
    assert (await count(store, site, proposal, 2, 0, now)).status == "paused"
    await resume(store, site, ana, now)
    assert (await stored(store, proposal)).status == "open"


async def test_during_the_pause_nothing_is_opened_by_hand_and_new_things_wait(store, site, ana, now):
    before = await publish(store, site, ana, now)
    await move(store, site, before, "paused", now)
    await pause(store, site, ana, now)
    with pytest.raises(Conflict):
        await move(store, site, before, "open", now)
    new = await publish(store, site, ana, now)
    assert new.status == "paused"
    changed = await edit(store, site, new, now, draft=replace(DRAFT, title="Another"))
    assert changed.status == "paused"
    await resume(store, site, ana, now)
    assert [(await stored(store, one)).status for one in (before, new)] == ["paused", "open"]


async def test_what_ran_out_during_the_pause_is_closed(store, site, ana, now):
    proposal = await publish(store, site, ana, now, draft=replace(DRAFT, open_until_on=day(3)))
    await pause(store, site, ana, now)
    await resume(store, site, ana, now + timedelta(days=4))
    assert (await stored(store, proposal)).status == "closed"


async def test_what_was_closed_during_the_pause_stays_closed(store, site, ana, now):
    proposal = await publish(store, site, ana, now)
    await pause(store, site, ana, now)
    await move(store, site, proposal, "closed", now)
    await resume(store, site, ana, now)
    assert (await stored(store, proposal)).status == "closed"


async def test_an_account_that_is_not_there_cannot_be_paused(store, site, now):
    for change in (absences.pause_all, absences.resume_all):
        with pytest.raises(NotFound):
            await store.write(lambda tx, c=change: c(tx, site, account_id="none", now=now))


async def test_holidays_go_with_the_person(store, ana, now):
    await leave(store, ana, 1, 2, now)
    await store.write(lambda tx: rows.remove_of(tx, ana.actor.id))
    assert await store.read(lambda tx: rows.of_actor(tx, ana.actor.id)) == []


async def test_a_proposal_is_found_by_its_author_while_paused(store, site, ana, now):
    await publish(store, site, ana, now)
    await pause(store, site, ana, now)
    assert [one.proposal.status for one in await store.read(lambda tx: proposals.own(tx, ana.actor.id))] == [
        "paused"
    ]
