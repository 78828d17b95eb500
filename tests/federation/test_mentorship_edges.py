"""What crosses, comes late, comes twice, or goes away: each case ends in a state that both can explain."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.mentorship_steps import StepRefused
from libline_fed.domain.proposals import Status
from libline_fed.errors import Conflict
from libline_fed.ids import new_id
from libline_fed.services import actors, answers, blocks, mentorships, requests
from libline_fed.storage import accounts, follows
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.member_tables import absences
from libline_fed.storage.store import Store, Tx
from tests.support.duo import WORDS, Duo, Person, check_places, duo
from tests.support.listed import listed_titles
from tests.support.pair import DRAFT, pair


@pytest.fixture
async def two(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Duo]:
    async with pair(store, other_store, clock) as both:
        yield await duo(both)


async def newcomer(two: Duo, handle: str) -> Person:
    person = Person(two.both.b, await two.both.b.member(handle))
    await person.change_account(primer_done_at=two.both.clock.now())
    return person


async def offer_status(two: Duo) -> str:
    found = await two.both.a.read(lambda tx: proposal_rows.by_id(tx, two.offer.id))
    assert found is not None
    return found.status


# --- full -------------------------------------------------------------------------------------------


async def test_last_seat_goes_to_one_of_two_acceptances(two: Duo) -> None:
    cleo, dora = await newcomer(two, "cleo"), await newcomer(two, "dora")
    for person in (two.ben, cleo, dora):
        await person.ask(two.offer.uri)
    await two.settle()
    waiting = await two.ana.mentorships()
    # All three at once, each pressed twice: two places, three yeses.
    await asyncio.gather(
        *(two.ana.do(answers.accept, one.id) for one in [*waiting, *waiting]), return_exceptions=True
    )
    await two.settle()
    states = sorted([await person.state() for person in (two.ben, cleo, dora)])
    assert states == ["intro", "intro", "superseded"]
    assert await offer_status(two) == Status.FULL
    await check_places(two.both.a)


async def test_a_request_to_a_full_offer_gets_a_polite_no(two: Duo) -> None:
    cleo, dora = await newcomer(two, "cleo"), await newcomer(two, "dora")
    await two.ben.start(two.offer.uri)  # written while there was a place
    for person in (cleo, dora):
        await person.ask(two.offer.uri)
    await two.settle()
    two.both.hold(two.both.a)  # the news that it is full is still on its way
    for one in await two.ana.mentorships():
        await two.ana.do(answers.accept, one.id)
    await two.ben.do(requests.send, (await two.ben.only()).id, words=WORDS)
    await two.settle()
    two.both.release(two.both.a)
    await two.settle()
    theirs = await two.ben.only()
    assert (theirs.state, theirs.reason) == ("superseded", "full")
    assert "superseded" in await two.ben.notices()


async def test_an_offer_with_free_places_again_opens_by_itself(two: Duo) -> None:
    cleo = await newcomer(two, "cleo")
    for person in (two.ben, cleo):
        await person.ask(two.offer.uri)
    await two.settle()
    for one in await two.ana.mentorships():
        await two.ana.do(answers.accept, one.id)
    assert await offer_status(two) == Status.FULL
    await two.settle()
    await two.ben.do(mentorships.leave, (await two.ben.only()).id)
    await two.settle()
    assert await offer_status(two) == Status.OPEN
    await check_places(two.both.a)


# --- crossing ---------------------------------------------------------------------------------------


async def cross_accept_and_withdraw(two: Duo) -> None:
    await two.ask()
    two.both.hold(two.both.a)
    two.both.hold(two.both.b)
    await two.ana.do(answers.accept, (await two.ana.only()).id)
    await two.ben.do(answers.withdraw, (await two.ben.only()).id)
    await two.settle()
    assert await two.states() == ("intro", "withdrawn")
    two.both.release(two.both.a)
    two.both.release(two.both.b)
    await two.settle()


async def test_accepted_as_it_was_taken_back_can_be_kept(two: Duo) -> None:
    await cross_accept_and_withdraw(two)
    assert await two.states() == ("intro", "intro")
    mine, theirs = await two.ana.only(), await two.ben.only()
    assert (mine.is_crossed, theirs.is_crossed) == (True, True)
    assert "crossed" in await two.ben.notices()
    assert "crossed" in await two.ana.notices()
    await two.ben.do(mentorships.keep, theirs.id)
    await two.agree()
    assert await two.states() == ("active", "active")
    await two.check()


async def test_accepted_as_it_was_taken_back_can_be_left(two: Duo) -> None:
    await cross_accept_and_withdraw(two)
    await two.ben.do(mentorships.leave, (await two.ben.only()).id)
    await two.settle()
    assert await two.states() == ("ended-intro", "ended-intro")
    await two.check()


async def test_taken_back_before_it_arrived_is_never_there(two: Duo) -> None:
    two.both.reorder(two.both.b)
    two.both.hold(two.both.b)
    await two.ben.ask(two.offer.uri)
    await two.ben.do(answers.withdraw, (await two.ben.only()).id)
    await two.settle()
    two.both.release(two.both.b)
    await two.settle()
    assert [one.state for one in await two.ana.mentorships()] in ([], ["withdrawn"])
    assert await two.ben.state() == "withdrawn"
    await check_places(two.both.a)


async def test_a_counter_proposal_crosses_with_taking_back(two: Duo) -> None:
    await two.ask()
    two.both.hold(two.both.a)
    two.both.hold(two.both.b)
    await two.ana.do(requests.counter, (await two.ana.only()).id, words=WORDS)
    await two.ben.do(answers.withdraw, (await two.ben.only()).id)
    await two.settle()
    for side in two.both:
        two.both.release(side)
    await two.settle()
    assert await two.ben.state() == "withdrawn"
    assert await two.ana.state() in ("withdrawn", "declined")
    await check_places(two.both.a)


async def test_both_confirm_at_the_same_time(two: Duo) -> None:
    await two.ask()
    await two.accept()
    values = {"goal": "A goal", "months": 3, "mode": "M1"}
    await two.ana.do(mentorships.change_terms, (await two.ana.only()).id, values=values)
    await two.settle()
    for side in two.both:
        two.both.hold(side)
    # Ana changes her mind about the length as Ben says yes to what he read.
    await two.ana.do(mentorships.change_terms, (await two.ana.only()).id, values={"months": 6})
    theirs = await two.ben.only()
    await two.ben.do(mentorships.confirm, theirs.id, terms_version=theirs.terms_version)
    assert await two.ben.state() == "active"
    for side in two.both:
        two.both.release(side)
    await two.settle()
    assert await two.states() == ("intro", "intro"), "nobody is held to terms they have not read"
    await two.check()
    theirs = await two.ben.only()
    await two.ben.do(mentorships.confirm, theirs.id, terms_version=theirs.terms_version)
    await two.settle()
    assert await two.states() == ("active", "active")


async def test_an_end_and_a_pause_cross(two: Duo) -> None:
    await two.begin()
    for side in two.both:
        two.both.hold(side)
    until_on = (two.both.clock.now() + timedelta(days=10)).date()
    await two.ana.do(mentorships.pause, (await two.ana.only()).id, until_on=until_on)
    await two.ana.do(mentorships.resume, (await two.ana.only()).id)
    await two.ben.do(mentorships.end_early, (await two.ben.only()).id)
    for side in two.both:
        two.both.release(side)
    await two.settle()
    assert await two.states() == ("ended-early", "ended-early")
    await two.check()


async def test_an_objection_finds_the_place_taken(two: Duo) -> None:
    both = two.both
    cleo, dora = await newcomer(two, "cleo"), await newcomer(two, "dora")
    await two.begin()
    await two.ana.do(mentorships.complete, (await two.ana.only()).id)
    await two.settle()
    for person in (cleo, dora):
        await person.ask(two.offer.uri)
    await two.settle()
    for one in await two.ana.mentorships():
        if one.state == "proposed":
            await two.ana.do(answers.accept, one.id)
    await two.settle()
    await two.ben.do(mentorships.object_to_end, (await two.ben.only()).id)
    await two.settle()
    states = sorted(one.state for one in await two.ana.mentorships())
    assert states == ["completed", "intro", "intro"]
    assert await two.ben.state() == "completed"
    await check_places(both.a)


# --- late and twice ---------------------------------------------------------------------------------


async def test_an_answer_a_little_late_on_its_way_counts(two: Duo) -> None:
    await two.ask()
    both = two.both
    both.hold(both.a)
    both.clock.advance(days=9, hours=23)
    await two.ana.do(answers.accept, (await two.ana.only()).id)
    await both.later(days=7, hours=2)  # Ben's server has waited long enough
    assert await two.ben.state() in ("proposed", "expired")
    both.release(both.a)
    await two.settle()
    mine, theirs = await two.states()
    assert mine == theirs
    await two.check()


async def test_an_answer_far_too_late_says_expired_on_both(two: Duo) -> None:
    await two.ask()
    both = two.both
    both.hold(both.a)
    both.hold(both.b)
    both.clock.advance(days=9)
    await two.ana.do(answers.accept, (await two.ana.only()).id)
    await both.later(days=9)
    assert await two.ben.state() == "expired"
    await both.later(days=3)
    both.release(both.a)
    both.release(both.b)
    await two.settle()
    assert await two.states() == ("expired", "expired")
    assert not (await two.ana.only()).holds_seat
    assert "late" in await two.ben.notices()
    await check_places(both.a)


async def test_the_same_press_twice_is_one_effect(two: Duo) -> None:
    draft = await two.ben.start(two.offer.uri)
    assert (await two.ben.start(two.offer.uri)).id == draft.id
    for _ in range(2):
        await two.ben.do(requests.send, draft.id, words=WORDS)
    await two.settle()
    mine = await two.ana.only()
    for _ in range(2):
        await two.ana.do(answers.accept, mine.id)
    await two.settle()
    said = [letter.activity["type"] for letter in two.both.network.letters]
    assert (said.count("Offer"), said.count("Accept")) == (1, 1)


# --- people and servers that go -----------------------------------------------------------------------


async def test_a_mentor_who_deletes_the_account_leaves_everybody_told(two: Duo) -> None:
    await two.begin()
    cleo = await newcomer(two, "cleo")
    await cleo.ask(two.offer.uri)
    await two.settle()
    side, ana = two.both.a, two.ana.actor
    now = two.both.clock.now()
    await side.member("admin")  # somebody must stay

    async def unit(tx: Tx) -> None:
        account = await accounts.by_actor(tx, ana.id)
        assert account is not None
        await actors.delete_account(tx, side.site, account_id=account.id, actor_id=ana.id, now=now)

    await side.write(unit)
    await two.settle()
    assert (await two.ben.state(), await cleo.state()) == ("ended-early", "declined")
    assert (await two.ben.notices())[-1] in ("partner-gone", "ended")
    kept = await two.ben.only()
    assert kept.proposal_title, "the bare fact stays"


async def test_a_block_hides_and_ends_and_tells_nothing(two: Duo) -> None:
    await two.begin()
    site, now, ana = two.both.b.site, two.both.clock.now(), await two.both.b.know(two.ana.actor)
    await two.both.b.write(
        lambda tx: blocks.block(tx, site, person=two.ben.actor, partner=ana, now=now)
    )
    await two.settle()
    assert await two.states() == ("ended-early", "ended-safety")
    said = [letter.activity for letter in two.both.network.letters]
    assert "Block" not in [one["type"] for one in said]
    assert "safety" not in str(said)
    with pytest.raises(StepRefused) as caught:
        await two.ben.ask(two.offer.uri)
    assert "not available" in caught.value.safe
    await check_places(two.both.a)


async def test_a_blocked_person_who_asks_is_told_unavailable(two: Duo) -> None:
    ben = await two.both.a.know(two.ben.actor)
    now = two.both.clock.now()
    await two.both.a.write(
        lambda tx: follows.add_block(
            tx, blocker_id=two.ana.actor.id, blocked_id=ben.id, uri=None, now=now
        )
    )
    await two.ben.ask(two.offer.uri)
    await two.settle()
    theirs = await two.ben.only()
    assert (theirs.state, theirs.reason) == ("declined", "unavailable")
    assert await two.ana.mentorships() == []


async def test_a_server_that_is_gone_leaves_an_orphan_and_is_told_on_its_return(two: Duo) -> None:
    await two.begin()
    both = two.both
    both.cut(both.a)
    until_on = (both.clock.now() + timedelta(days=60)).date()
    await two.ben.do(mentorships.pause, (await two.ben.only()).id, until_on=until_on)
    for _ in range(32):
        await both.later(days=1)
    theirs = await two.ben.only()
    assert theirs.orphaned_at is not None
    notices = await two.ben.notices()
    assert "unreachable" in notices
    assert "orphaned" in notices
    assert await two.ana.state() == "active"
    both.mend(both.a)
    await hear_from(two)
    await both.later(hours=1)
    assert (await two.ben.only()).orphaned_at is None
    assert "back" in await two.ben.notices()
    assert await two.states() == ("paused", "paused"), "what was lost meanwhile was said again"


async def test_what_a_lost_server_offers_is_not_listed_until_it_is_back(two: Duo) -> None:
    both = two.both
    await two.begin()

    async def listed_count() -> int:
        return len(await listed_titles(both.b.store, both.clock.now()))

    assert await listed_count() == 1
    both.cut(both.a)
    for word in range(16):
        if word % 3 == 0:  # so that there is something to fail with
            ends_on = (await two.ben.only()).ends_on
            assert ends_on is not None
            later = ends_on + timedelta(days=1)
            await two.ben.do(mentorships.extend, (await two.ben.only()).id, ends_on=later)
        await both.later(days=1)
    assert await listed_count() == 0
    both.mend(both.a)
    await hear_from(two)
    assert await listed_count() == 1


async def hear_from(two: Duo) -> None:
    """Let Ana's server say something to Ben's."""
    ends_on = (await two.ana.only()).ends_on
    assert ends_on is not None
    await two.ana.do(
        mentorships.extend, (await two.ana.only()).id, ends_on=ends_on + timedelta(days=200)
    )
    await two.settle()


# --- rules before the sending -------------------------------------------------------------------------


async def test_three_open_requests_are_enough(two: Duo) -> None:
    offers = [two.offer]
    for handle in ("cleo", "dora", "emma"):
        mentor = await two.both.a.member(handle)
        offers.append(await two.both.a.offer(mentor))
    for offer in offers[:3]:
        await two.ben.ask(offer.uri)
    with pytest.raises(Conflict) as caught:
        await two.ben.ask(offers[3].uri)
    assert "three open requests" in caught.value.safe


async def test_being_accepted_takes_the_other_requests_back(two: Duo) -> None:
    cleo = Person(two.both.a, await two.both.a.member("cleo"))
    other = await two.both.a.offer(cleo.actor)
    await two.ben.ask(two.offer.uri)
    await two.ben.ask(other.uri)
    await two.settle()
    await two.accept()
    await two.settle()
    assert sorted(one.state for one in await two.ben.mentorships()) == ["intro", "superseded"]
    assert await cleo.state() == "superseded"


async def test_holidays_stop_the_clock_of_a_request(two: Duo) -> None:
    await two.ask()
    first = two.both.clock.now().date() + timedelta(days=2)
    await two.ana.side.write(lambda tx: _be_away(tx, two, first, first + timedelta(days=19)))
    await two.both.later(days=12)
    assert await two.states() == ("proposed", "proposed")
    await two.both.later(days=5)
    assert await two.ana.state() == "proposed"
    await two.both.later(days=14)
    assert await two.states() == ("expired", "expired")


async def _be_away(tx: Tx, two: Duo, first: object, last: object) -> None:
    now = two.both.clock.now()
    await tx.execute(
        tx.insert(absences).values(
            id=new_id(now), actor_id=two.ana.actor.id, from_on=first, until_on=last, created_at=now
        )
    )


async def test_two_silent_expiries_take_the_offer_from_the_lists(two: Duo) -> None:
    cleo = await newcomer(two, "cleo")
    for person in (two.ben, cleo):
        await person.ask(two.offer.uri)
        await two.settle()
    await two.both.later(days=10, hours=1)
    assert await offer_status(two) == Status.PAUSED
    assert "unlisted" in await two.ana.notices()


async def test_a_mentor_answers_a_request_and_holds_a_place(two: Duo) -> None:
    wish = await two.both.b.offer(two.ben.actor, dataclasses.replace(DRAFT, purpose="request"))
    await two.settle()
    asked = await two.ana.ask(wish.uri)
    await two.settle()
    assert asked.holds_seat
    assert asked.seat_proposal_id == two.offer.id
    await check_places(two.both.a)
    assert await two.ben.notices() == ["offered"]
    await two.ben.do(answers.accept, (await two.ben.only()).id)
    await two.settle()
    assert await two.states() == ("intro", "intro")
    await two.check()
