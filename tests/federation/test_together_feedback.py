"""Feedback and thanks after a mentorship between two servers."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.feedback import FeedbackContent
from libline_fed.errors import Conflict, InvalidInput
from libline_fed.services import feedback, mentorship_views, mentorships, thanks
from libline_fed.services.feedback import FeedbackView
from libline_fed.storage.store import Store, Tx
from tests.support.duo import Duo, Person, duo
from tests.support.pair import LEASE_S, pair

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
GOOD = FeedbackContent({"reached": "yes", "helped": "much", "again": "yes"}, "A great help.")
FAIR = FeedbackContent({"reached": "partly", "helped": "some", "again": "maybe"}, "Often late.")


@pytest.fixture
async def two(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Duo]:
    async with pair(store, other_store, clock) as both:
        made = await duo(both)
        await made.begin()
        await made.ben.do(mentorships.complete, (await made.ben.only()).id)
        await made.settle()
        yield made


async def seen(person: Person) -> FeedbackView:
    mentorship = await person.only()

    async def unit(tx: Tx) -> FeedbackView:
        view = await mentorship_views.get(tx, mentorship.id, person=person.actor)
        return await feedback.view_of(tx, view, now=person.side.clock.now())

    return await person.side.read(unit)


async def give(person: Person, content: FeedbackContent) -> None:
    await person.do(feedback.give, (await person.only()).id, content=content)


async def thanks_seen(person: Person) -> tuple[Any, Any]:
    mentorship = await person.only()

    async def unit(tx: Tx) -> tuple[Any, Any]:
        view = await mentorship_views.get(tx, mentorship.id, person=person.actor)
        return await thanks.of_mentorship(tx, view)

    return await person.side.read(unit)


def bodies(two: Duo) -> str:
    return str([letter.body for letter in two.both.network.letters])


async def fetched(two: Duo, uri: str) -> tuple[int, Any]:
    """Ask Ben's server for a document."""
    assert two.both.b.app is not None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(two.both.b.app)) as http:
        response = await http.get(uri, headers={"accept": "application/activity+json"})
    return response.status_code, response.json()


@pytest.mark.parametrize("trouble", ["none", "duplicate", "reorder", "killed sender", "killed receiver"])
async def test_feedback_is_sealed_until_both_have_answered(two: Duo, trouble: str) -> None:
    both = two.both
    if trouble in ("duplicate", "reorder"):
        getattr(both, trouble)(both.a)
        getattr(both, trouble)(both.b)
    await give(two.ben, FAIR)
    if trouble == "killed sender":
        await both.crash(both.b, "sent")
        await both.restart(both.b)
    if trouble == "killed receiver":
        await both.b.deliver()
        await both.crash(both.a, "leased")
        await both.restart(both.a)
    await both.settle()
    await both.later(seconds=LEASE_S + 1)
    assert "Often late" not in bodies(two)
    view = await seen(two.ana)
    assert (view.theirs, view.has_partner_answered, view.can_answer) == (None, True, True)
    await give(two.ana, GOOD)
    await both.settle()
    await both.later(hours=2)
    for person, mine, theirs in ((two.ana, GOOD, FAIR), (two.ben, FAIR, GOOD)):
        view = await seen(person)
        assert view.mine is not None
        assert view.theirs is not None
        assert (view.mine.content, view.theirs.content) == (mine, theirs)
        assert not view.can_answer


async def test_feedback_that_crosses_opens_on_both_sides(two: Duo) -> None:
    two.both.hold(two.both.a)
    two.both.hold(two.both.b)
    await give(two.ana, GOOD)
    await give(two.ben, FAIR)
    await two.settle()
    assert "Often late" not in bodies(two)
    two.both.release(two.both.a)
    two.both.release(two.both.b)
    await two.settle()
    for person, theirs in ((two.ana, FAIR), (two.ben, GOOD)):
        view = await seen(person)
        assert view.theirs is not None
        assert view.theirs.content == theirs


async def test_what_is_still_sealed_opens_after_28_days(two: Duo) -> None:
    await give(two.ben, FAIR)
    await two.both.later(days=27)
    assert (await seen(two.ana)).theirs is None
    await two.both.later(days=2)
    view = await seen(two.ana)
    assert view.theirs is not None
    assert view.theirs.content == FAIR
    with pytest.raises(Conflict) as refused:
        await give(two.ana, GOOD)
    assert refused.value.safe == "The 28 days for feedback are over."


async def test_each_side_answers_once_and_fully(two: Duo) -> None:
    with pytest.raises(InvalidInput) as refused:
        await give(two.ben, FeedbackContent({"reached": "sometimes"}, "x" * 2_001))
    assert set(refused.value.fields) == {"reached", "helped", "again", "body_text"}
    await give(two.ben, FAIR)
    await give(two.ben, GOOD)
    view = await seen(two.ben)
    assert view.mine is not None
    assert view.mine.content == FAIR


async def test_without_an_end_there_is_no_feedback(
    store: Store, other_store: Store, clock: FrozenClock
) -> None:
    async with pair(store, other_store, clock) as both:
        two = await duo(both)
        await two.begin()
        with pytest.raises(Conflict):
            await give(two.ben, FAIR)
        with pytest.raises(Conflict):
            await two.ben.do(thanks.wish, (await two.ben.only()).id, text="Thank you, Ana.")


# --- thanks -------------------------------------------------------------------------------------------


async def wish(two: Duo) -> None:
    await two.ben.do(thanks.wish, (await two.ben.only()).id, text="Thank you, Ana, for the maps.")
    await two.settle()


def public_notes(two: Duo) -> list[dict[str, Any]]:
    return [
        letter.activity
        for letter in two.both.network.letters
        if letter.activity["type"] == "Create" and PUBLIC in letter.activity["to"]
        and "/thanks/" in letter.activity["object"]["id"]
    ]  # fmt: skip


async def test_thanks_are_public_once_the_one_who_is_thanked_agrees(two: Duo) -> None:
    await wish(two)
    assert public_notes(two) == []
    _, theirs = await thanks_seen(two.ana)
    assert (theirs.state, theirs.text) == ("asked", "Thank you, Ana, for the maps.")
    await two.ana.do(thanks.answer, (await two.ana.only()).id, is_yes=True)
    await two.settle()
    mine, _ = await thanks_seen(two.ben)
    assert mine.state == "published"
    (activity,) = public_notes(two)
    note = activity["object"]
    assert note["attributedTo"] == two.ben.actor.uri
    assert two.ana.actor.uri in note["cc"]
    assert "Thank you, Ana, for the maps." in note["content"]
    assert "thread" not in str(note)
    assert await fetched(two, note["id"]) == (200, note | {"@context": activity["@context"]})


async def test_without_a_yes_nothing_is_published(two: Duo) -> None:
    await wish(two)
    await two.ana.do(thanks.answer, (await two.ana.only()).id, is_yes=False)
    await two.settle()
    await two.both.later(days=40)
    assert public_notes(two) == []
    mine, _ = await thanks_seen(two.ben)
    assert mine.state == "refused"
    with pytest.raises(Conflict):
        await two.ben.do(thanks.wish, (await two.ben.only()).id, text="But I insist.")


@pytest.mark.parametrize("who", ["author", "thanked"])
async def test_either_can_take_public_thanks_down(two: Duo, who: str) -> None:
    await wish(two)
    await two.ana.do(thanks.answer, (await two.ana.only()).id, is_yes=True)
    await two.settle()
    uri = public_notes(two)[0]["object"]["id"]
    if who == "author":
        await two.ben.do(thanks.withdraw, (await two.ben.only()).id)
    else:
        await two.ana.do(thanks.answer, (await two.ana.only()).id, is_yes=False)
    await two.settle()
    deleted = [letter.activity for letter in two.both.network.letters if letter.activity["type"] == "Delete"]
    assert [one["object"]["id"] for one in deleted] == [uri]
    status, document = await fetched(two, uri)
    assert (status, document["type"]) == (410, "Tombstone")


async def test_a_yes_to_other_words_publishes_nothing(two: Duo) -> None:
    await wish(two)
    two.both.hold(two.both.a)
    await two.ana.do(thanks.answer, (await two.ana.only()).id, is_yes=True)
    await two.ben.do(thanks.withdraw, (await two.ben.only()).id)
    await two.ben.do(thanks.wish, (await two.ben.only()).id, text="Thank you, Ana, though you were late.")
    await two.settle()
    two.both.release(two.both.a)
    await two.settle()
    assert public_notes(two) == []
    mine, _ = await thanks_seen(two.ben)
    assert mine.state == "asked"
