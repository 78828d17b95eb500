"""Places of an offer: counted by the mentorships, shown to everybody, and full or open by themselves."""

from dataclasses import replace

import pytest

from libline_fed.domain.accounts import Member
from libline_fed.domain.proposals import Marker, Proposal, marker_of
from libline_fed.errors import Conflict
from libline_fed.ids import new_id
from libline_fed.services import proposals
from libline_fed.storage.mentorship_tables import mentorships
from tests.services.test_proposals import DRAFT, PRIVATE, edit, move, publish, stored
from tests.support.neighbours import follow, meet, queued, said, verbs


@pytest.fixture
async def ana(add) -> Member:
    """A mentor."""
    return await add("ana")


async def count(store, site, proposal: Proposal, free: int, waiting: int, now) -> Proposal | None:
    return await store.write(
        lambda tx: proposals.set_places(
            tx, site, proposal.id, free_count=free, waiting_count=waiting, now=now
        )
    )


async def take_a_place(store, proposal: Proposal, mentee: Member, now) -> None:
    """Let a mentorship hold one of the places."""
    mentorship_id = new_id(now)
    values = {"id": mentorship_id, "thread_uri": f"https://lib.example/threads/{mentorship_id}",
              "proposal_uri": proposal.uri, "proposal_title": proposal.title, "purpose": "offer",
              "mentor_id": proposal.author_id, "mentee_id": mentee.actor.id, "channel": "local",
              "asker": "mentee", "state": "intro", "changed_by": "mentor", "answers": {}, "terms": {},
              "standing": {}, "created_at": now, "updated_at": now,
              "seat_proposal_id": proposal.id, "holds_seat": True}  # fmt: skip
    await store.write(lambda tx: tx.execute(tx.insert(mentorships).values(**values)))


async def test_a_new_offer_has_all_its_places(store, site, ana, now):
    proposal = await publish(store, site, ana, now)
    assert (proposal.places_count, proposal.places_free_count, proposal.waiting_count) == (2, 2, 0)


async def test_the_last_place_fills_an_offer_and_a_free_one_opens_it_again(store, site, ana, now):
    proposal = await publish(store, site, ana, now)
    full = await count(store, site, proposal, 0, 1, now)
    assert (full.status, full.places_free_count, full.waiting_count) == ("full", 0, 1)
    again = await count(store, site, proposal, 1, 0, now)
    assert (again.status, again.places_free_count, marker_of(again.details)) == ("open", 1, None)
    told = sorted(await verbs(store, ana.actor.id))
    assert told == ["Add", "Add", "Create", "Remove", "Update", "Update"]  # pinned, unpinned, pinned again


async def test_what_the_author_filled_paused_or_closed_stays_so(store, site, ana, now):
    for status in ("full", "paused", "closed"):
        proposal = await publish(store, site, ana, now)
        await move(store, site, proposal, status, now)
        await count(store, site, proposal, 0, 0, now)
        assert (await count(store, site, proposal, 2, 0, now)).status == status


async def test_others_get_the_new_numbers_but_no_new_text(store, site, ana, now):
    ben = await meet(store, "ben", "m.example", now)
    await follow(store, follower=ben, followed=ana.actor, now=now)
    proposal = await publish(store, site, ana, now)
    counted = await count(store, site, proposal, 1, 3, now)
    [newest] = [activity for activity in await said(store, ana.actor.id) if activity["type"] == "Update"]
    assert "updated" not in newest["object"]
    assert newest["object"]["revision"] == counted.revision == proposal.revision + 1
    assert [delivery.host for delivery in await queued(store)] == ["m.example"] * 3  # Create, Add, Update


async def test_the_same_numbers_again_say_nothing(store, site, ana, now):
    proposal = await publish(store, site, ana, now)
    assert (await count(store, site, proposal, 2, 0, now)).revision == proposal.revision
    assert len(await said(store, ana.actor.id)) == 2


async def test_numbers_never_go_below_nothing(store, site, ana, now):
    proposal = await publish(store, site, ana, now)
    counted = await count(store, site, proposal, -1, -1, now)
    assert (counted.places_free_count, counted.waiting_count, counted.status) == (0, 0, "full")


async def test_a_private_offer_is_counted_in_silence(store, site, ana, now):
    proposal = await publish(store, site, ana, now, draft=PRIVATE)
    assert (await count(store, site, proposal, 0, 0, now)).status == "full"
    assert await said(store, ana.actor.id) == []


async def test_an_offer_that_is_gone_has_nothing_to_count(store, site, ana, now):
    proposal = await publish(store, site, ana, now)
    await store.write(
        lambda tx: proposals.delete(tx, site, proposal_id=proposal.id, author_id=ana.actor.id, now=now)
    )
    assert await count(store, site, proposal, 1, 0, now) is None


@pytest.mark.parametrize(
    ("free", "waiting", "is_busy"), [(2, 3, False), (2, 4, True), (1, 2, True), (0, 5, False), (1, 0, False)]
)
async def test_an_offer_is_busy_when_twice_as_many_wait(store, site, ana, now, free, waiting, is_busy):
    proposal = await publish(store, site, ana, now)
    assert (await count(store, site, proposal, free, waiting, now)).is_busy is is_busy


async def test_more_places_open_a_full_offer_and_fewer_fill_it(store, site, ana, add, now):
    ben = await add("ben")
    proposal = await publish(store, site, ana, now)
    await take_a_place(store, proposal, ben, now)
    one = await edit(store, site, proposal, now, draft=replace(DRAFT, places_count=1))
    assert (one.places_free_count, one.status, marker_of(one.details)) == (0, "full", Marker.FILLED)
    three = await edit(store, site, proposal, now, draft=replace(DRAFT, places_count=3))
    assert (three.places_free_count, three.status) == (2, "open")


async def test_an_offer_without_a_free_place_is_not_opened_by_hand(store, site, ana, add, now):
    ben = await add("ben")
    proposal = await publish(store, site, ana, now, draft=replace(DRAFT, places_count=1))
    await take_a_place(store, proposal, ben, now)
    await count(store, site, proposal, 0, 0, now)
    with pytest.raises(Conflict):
        await move(store, site, proposal, "open", now)
    await move(store, site, proposal, "paused", now)
    assert (await move(store, site, proposal, "open", now)).status == "full"  # it says what it is


async def test_what_was_filled_by_hand_opens_with_its_true_number(store, site, ana, now):
    proposal = await publish(store, site, ana, now)
    await count(store, site, proposal, 0, 0, now)
    opened = await move(store, site, await stored(store, proposal), "open", now)
    assert (opened.status, opened.places_free_count) == ("open", 2)
