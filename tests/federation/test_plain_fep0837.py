"""With a server that knows FEP-0837 and nothing of ours, both ways: from the Offer to the end."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship
from libline_fed.domain.notifications import Notification
from libline_fed.domain.proposals import Proposal
from libline_fed.services import (
    answers,
    mentorship_clock,
    mentorship_views,
    mentorships,
    notifications,
    requests,
)
from libline_fed.services.requests import Words
from libline_fed.storage import accounts
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import accounts as account_table
from tests.support.fediverse import Fediverse
from tests.support.plain_peer import ONES, PlainPeer, check_final

TERMS = {"goal": "Catalogue the local collection", "months": 4, "mode": "M1", "frequency": "Q3"}
WORDS = Words("Good day, I work in a small library.", {"by_when": "Our collection by May."}, TERMS, "en")


@dataclass
class Two:
    """A member of ours, and somebody on a plain server."""

    world: Fediverse
    ana: Actor
    peer: PlainPeer

    async def hear(self, document: dict[str, Any]) -> tuple[str, str | None]:
        """Take in what the plain server says; return what became of it."""
        row = await self.world.receive(self.peer.person, document)
        return row.state, row.reason

    async def do(self, use_case: Any, **more: Any) -> Any:
        """Let Ana do something with her latest mentorship."""
        mine, now = await self.mine(), self.world.clock.now()
        return await self.world.store.write(
            lambda tx: use_case(
                tx, self.world.site, person=self.ana, mentorship_id=mine.id, now=now, **more
            )
        )

    async def mine(self) -> Mentorship:
        """Return Ana's latest mentorship."""
        found = await self.world.store.read(lambda tx: mentorship_views.list_for(tx, self.ana))
        return found[0].mentorship

    async def state(self) -> str:
        """Return where it stands."""
        return (await self.mine()).state

    async def find(self, proposal: dict[str, Any]) -> Proposal:
        """Return a proposal of the plain server as known here."""
        self.world.served[proposal["id"]] = proposal
        found = await self.world.resolver.find_object(proposal["id"])
        assert isinstance(found, Proposal)
        return found

    async def ask(self, proposal: dict[str, Any], words: Words = WORDS) -> dict[str, Any]:
        """Let Ana answer a proposal of the plain server; return the Offer that was sent."""
        known, now, site = await self.find(proposal), self.world.clock.now(), self.world.site

        async def unit(tx: Tx) -> None:
            account = await accounts.by_actor(tx, self.ana.id)
            draft = await requests.start(
                tx, site, person=self.ana, proposal_id=known.id, viewer=account, now=now
            )
            await requests.send(
                tx, site, person=self.ana, mentorship_id=draft.id, words=words, now=now
            )

        await self.world.store.write(unit)
        return (await self.peer.heard("Offer"))[-1]

    async def agree(self) -> None:
        """Let Ana write the terms and the other one vote yes in the poll about them."""
        await self.do(mentorships.change_terms, values=TERMS)
        await self.vote("Yes, I agree")
        assert await self.state() == "active"

    async def notices(self) -> list[Notification]:
        """Return what Ana was told, oldest first."""

        async def unit(tx: Tx) -> list[Notification]:
            account = await accounts.by_actor(tx, self.ana.id)
            assert account is not None
            page = await notifications.list_for(tx, account.id)
            return [item.notification for item in reversed(page.items)]

        return await self.world.store.read(unit)

    async def vote(self, option: str) -> None:
        """Let the other one vote in the latest poll."""
        person = self.peer.person
        asked = [one["object"] for one in await self.peer.heard("Create")]
        poll = [one for one in asked if one["type"] == "Question"][-1]
        vote = {
            "id": f"{person.uri}/votes/{len(asked)}",
            "type": "Note",
            "attributedTo": person.uri,
            "name": option,
            "inReplyTo": poll["id"],
            "to": self.ana.uri,
        }
        assert (await self.hear(person.says("Create", vote, to=[self.ana.uri])))[0] == "applied"


@pytest.fixture
async def two(world: Fediverse) -> Two:
    ana = await world.member("ana", name="Ana")
    done = update(account_table).where(account_table.c.actor_id == ana.id)
    now = world.clock.now()
    await world.store.write(lambda tx: tx.execute(done.values(primer_done_at=now)))
    person = world.meet("market.example", "bob", "ben")
    return Two(world, ana, PlainPeer(world, person, ana.uri))


# --- they ask ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ONES)
async def test_an_offer_is_a_request_and_gets_a_final_agreement(two: Two, how: str) -> None:
    own = await two.world.own_offer(two.ana)
    offer = two.peer.offer(own.uri, quantity=ONES[how])
    assert await two.hear(offer) == ("applied", None)
    mine = await two.mine()
    assert (mine.state, mine.asker, mine.offer_uri) == ("proposed", "mentee", offer["id"])
    assert mine.thread_uri == two.world.site.uris.thread(mine.id)
    await two.do(answers.accept)
    [accept] = await two.peer.heard("Accept")
    assert check_final(accept, offer) == two.world.site.uris.agreement(mine.id)
    assert accept["result"]["attributedTo"] == two.ana.uri


async def test_an_offer_twice_is_one_request(two: Two) -> None:
    own = await two.world.own_offer(two.ana)
    offer = two.peer.offer(own.uri)
    await two.hear(offer)
    before = await two.world.rows("inbox_activities", "peers")
    await two.hear(offer)
    await two.hear(two.peer._says("Offer", 2, offer["object"]) | {"id": offer["id"]})
    assert await two.world.rows("inbox_activities", "peers") == before


async def test_agreed_by_poll_and_confirmed_as_fulfilled(two: Two) -> None:
    own = await two.world.own_offer(two.ana)
    await two.hear(two.peer.offer(own.uri))
    await two.do(answers.accept)
    await two.agree()
    await two.do(mentorships.complete)
    assert await two.state() == "completed"
    made = [one["object"] for one in await two.peer.heard("Create")]
    receipts = [one for one in made if one["type"] == "Document"]
    assert [one["context"] for one in receipts] == [(await two.mine()).agreement_uri]
    assert receipts[0]["attributedTo"] == two.ana.uri
    told = await two.peer.messages()
    assert "is completed" in told[-1]
    assert len(told) == 5  # reached, yes, terms, begun, completed


async def test_a_no_is_a_reject_with_words(two: Two) -> None:
    own = await two.world.own_offer(two.ana)
    offer = two.peer.offer(own.uri)
    await two.hear(offer)
    await two.do(answers.decline, reason="other", note="I am away.")
    [reject] = await two.peer.heard("Reject")
    assert (reject["object"], reject["content"]) == (offer["id"], "<p>I am away.</p>")
    assert "I am away." in (await two.peer.messages())[-1]


async def test_a_full_offer_and_one_that_is_closed_are_answered_with_a_reject(two: Two) -> None:
    own = await two.world.own_offer(two.ana)
    now = two.world.clock.now()
    for number, status in enumerate(("full", "paused"), start=1):
        await two.world.store.write(partial(proposal_rows.change, proposal_id=own.id, now=now, status=status))
        offer = two.peer.offer(own.uri, number=number)
        assert await two.hear(offer) == ("ignored", "not-for-us")
        assert (await two.peer.heard("Reject"))[-1]["object"] == offer["id"]
    assert await two.world.store.read(lambda tx: mentorship_views.list_for(tx, two.ana)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": {"hasUnit": "one", "hasNumericalValue": "2"}},
        {"quantity": {"hasUnit": "hour", "hasNumericalValue": "1"}},
        {"quantity": {"hasUnit": "one", "hasNumericalValue": "0"}},
    ],
)
async def test_what_is_not_one_mentorship_gets_a_reject(two: Two, changes: dict[str, Any]) -> None:
    own = await two.world.own_offer(two.ana)
    offer = two.peer.offer(own.uri, **changes)
    assert await two.hear(offer) == ("ignored", "not-for-us")
    assert [one["object"] for one in await two.peer.heard("Reject")] == [offer["id"]]


async def test_an_offer_with_a_price_gets_a_reject(two: Two) -> None:
    own = await two.world.own_offer(two.ana)
    offer = two.peer.offer(own.uri)
    price = two.peer.commitment(own.uri, {"hasUnit": "one", "hasNumericalValue": "30"})
    offer["object"]["stipulatesReciprocal"] = price
    assert await two.hear(offer) == ("ignored", "not-for-us")
    assert [one["object"] for one in await two.peer.heard("Reject")] == [offer["id"]]


async def test_an_offer_may_have_an_id_and_name_whom_it_is_for(two: Two) -> None:
    own = await two.world.own_offer(two.ana)
    offer = two.peer.offer(own.uri, target=two.ana.uri)
    offer["object"]["id"] = f"{two.peer.base_url}/drafts/1"
    offer["object"]["stipulates"]["satisfies"] = {"type": "Intent", "id": f"{own.uri}#primary"}
    assert await two.hear(offer) == ("applied", None)
    assert await two.state() == "proposed"


async def test_an_offer_in_full_names_as_fedify_writes_it(two: Two) -> None:
    own = await two.world.own_offer(two.ana)
    vf, om2 = "https://w3id.org/valueflows/ont/vf#", "http://www.ontology-of-units-of-measure.org/resource/om-2/"
    one = {f"{om2}hasUnit": "one", f"{om2}hasNumericalValue": {"type": "xsd:decimal", "@value": "1"}}
    commitment = {
        "type": f"{vf}Commitment",
        f"{vf}satisfies": {"id": f"{own.uri}#primary"},
        f"{vf}resourceQuantity": {"type": f"{om2}Measure", **one},
    }
    agreement = {"type": f"{vf}Agreement", f"{vf}stipulates": commitment}
    assert await two.hear(two.peer.offer(own.uri) | {"object": agreement}) == ("applied", None)
    assert await two.state() == "proposed"


async def test_an_offer_is_taken_back_before_a_yes_and_before_it_comes(two: Two) -> None:
    own = await two.world.own_offer(two.ana)
    first, second = two.peer.offer(own.uri), two.peer.offer(own.uri, number=2)
    await two.hear(first)
    assert await two.hear(two.peer.undo(first)) == ("applied", None)
    assert await two.state() == "withdrawn"
    assert await two.hear(two.peer.undo(second) | {"id": f"{two.peer.base_url}/2"}) == ("applied", None)
    assert await two.hear(second) == ("ignored", "tombstoned")


@pytest.mark.parametrize("is_agreed", [False, True])
@pytest.mark.parametrize("is_named", [False, True])
async def test_taking_an_accepted_offer_back_ends_what_runs(
    two: Two, *, is_agreed: bool, is_named: bool
) -> None:
    own = await two.world.own_offer(two.ana)
    offer = two.peer.offer(own.uri)
    await two.hear(offer)
    await two.do(answers.accept)
    if is_agreed:
        await two.agree()
    assert await two.hear(two.peer.undo(offer["id"] if is_named else offer)) == ("applied", None)
    assert await two.state() == ("ended-early" if is_agreed else "ended-intro")
    assert await places_free(two, own) == 1


async def test_an_offer_that_nobody_answers_is_rejected_as_expired(two: Two) -> None:
    own = await two.world.own_offer(two.ana)
    offer = two.peer.offer(own.uri)
    await two.hear(offer)
    two.world.clock.advance(days=11)
    now = two.world.clock.now()
    await two.world.store.write(lambda tx: mentorship_clock.tick(tx, two.world.site, now=now))
    assert await two.state() == "expired"
    assert [one["object"] for one in await two.peer.heard("Reject")] == [offer["id"]]


async def test_another_proposal_instead_of_a_yes_is_a_no_and_a_poll(two: Two) -> None:
    own = await two.world.own_offer(two.ana)
    offer = two.peer.offer(own.uri)
    await two.hear(offer)
    await two.do(requests.counter, words=Words("Every two months?", terms=TERMS | {"frequency": "Q5"}))
    assert [one["object"] for one in await two.peer.heard("Reject")] == [offer["id"]]
    await two.vote("Yes, I agree")
    assert await two.state() == "intro"


# --- they are asked ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ONES)
async def test_a_yes_without_anything_of_ours_begins_getting_to_know_each_other(two: Two, how: str) -> None:
    offer = await two.ask(two.peer.proposal())
    assert offer["object"]["stipulates"]["satisfies"] == f"{two.peer.base_url}/proposals/1#primary"
    assert await two.hear(two.peer.accept(offer, quantity=ONES[how])) == ("applied", None)
    mine = await two.mine()
    assert (mine.state, mine.channel) == ("intro", "note")
    assert mine.agreement_uri == f"{two.peer.base_url}/agreements/1"
    assert not mine.has_confirmed(mine.decider), "a yes to what they cannot read is none"
    assert "accepted" in [one.event for one in await two.notices()]


async def test_the_mentorship_runs_and_is_fulfilled_when_they_say_so(two: Two) -> None:
    offer = await two.ask(two.peer.proposal())
    await two.hear(two.peer.accept(offer))
    await two.agree()
    agreement_uri = (await two.mine()).agreement_uri
    assert agreement_uri is not None
    assert await two.hear(two.peer.confirm(agreement_uri)) == ("applied", None)
    assert await two.state() == "completed"


async def test_fulfilled_before_anything_was_agreed_here_is_an_end(two: Two) -> None:
    offer = await two.ask(two.peer.proposal())
    await two.hear(two.peer.accept(offer))
    assert await two.hear(two.peer.confirm(f"{two.peer.base_url}/agreements/1")) == ("applied", None)
    assert await two.state() == "ended-intro"


async def test_a_yes_spelled_as_in_the_example_of_the_document(two: Two) -> None:
    accept = two.peer.accept(await two.ask(two.peer.proposal()))
    accept["result"]["stiplulates"] = accept["result"].pop("stipulates")
    assert await two.hear(accept) == ("applied", None)
    assert await two.state() == "intro"


async def test_a_request_is_answered_with_an_offer_and_taken(two: Two) -> None:
    offer = await two.ask(two.peer.proposal(purpose="request"))
    mine = await two.mine()
    assert (mine.asker, mine.mentor_id) == ("mentor", two.ana.id)
    assert await two.hear(two.peer.accept(offer)) == ("applied", None)
    assert await two.state() == "intro"


async def test_a_yes_to_an_embedded_offer(two: Two) -> None:
    offer = await two.ask(two.peer.proposal())
    assert await two.hear(two.peer.accept(offer) | {"object": offer}) == ("applied", None)
    assert await two.state() == "intro"


async def test_a_yes_twice_is_one(two: Two) -> None:
    offer = await two.ask(two.peer.proposal())
    await two.hear(two.peer.accept(offer))
    before = await two.world.rows("inbox_activities", "peers")
    again = two.peer.accept(offer) | {"id": f"{two.peer.base_url}/activities/accept/2"}
    assert await two.hear(again) == ("ignored", "outdated")
    other = two.peer.accept(offer, number=3)
    assert await two.hear(other) == ("ignored", "not-pending")
    assert await two.world.rows("inbox_activities", "peers") == before


@pytest.mark.parametrize("content", [None, "Not available", "<p>Not available</p>"])
async def test_a_no_without_a_reason(two: Two, content: str | None) -> None:
    offer = await two.ask(two.peer.proposal())
    more = {} if content is None else {"content": content}
    assert await two.hear(two.peer.reject(offer, **more)) == ("applied", None)
    mine = await two.mine()
    assert (mine.state, mine.reason) == ("declined", "other")
    assert mine.reason_text == ("Not available" if content else "")


BAD_YESES: dict[str, dict[str, Any]] = {
    "of two": {"quantity": {"hasUnit": "one", "hasNumericalValue": 2}},
    "of an hour": {"quantity": {"hasUnit": "hour", "hasNumericalValue": 1}},
    "for a price": {"stipulatesReciprocal": {"type": "Commitment", "satisfies": "https://x.example/1"}},
    "without an id": {"id": None},
    "with an id elsewhere": {"id": "https://other.example/agreements/1"},
    "attributed to another": {"attributedTo": "https://market.example/users/eve"},
    "about nothing": {"stipulates": None},
}


@pytest.mark.parametrize("name", BAD_YESES)
async def test_a_yes_to_something_else_is_refused(two: Two, name: str) -> None:
    offer = await two.ask(two.peer.proposal())
    before = await two.world.rows("inbox_activities", "peers")
    state, reason = await two.hear(two.peer.accept(offer, **BAD_YESES[name]))
    assert state == "refused"
    assert reason in {"bad-shape", "wrong-owner"}
    assert await two.world.rows("inbox_activities", "peers") == before


@pytest.mark.parametrize("how", ["embedded", "named", "by its offer"])
@pytest.mark.parametrize("is_agreed", [False, True])
async def test_a_yes_that_is_taken_back_ends_what_runs(two: Two, how: str, *, is_agreed: bool) -> None:
    offer = await two.ask(two.peer.proposal())
    accept = two.peer.accept(offer)
    await two.hear(accept)
    if is_agreed:
        await two.agree()
    bare = {"type": "Accept", "object": offer["id"]}
    said = {"embedded": accept, "named": accept["id"], "by its offer": bare}[how]
    assert await two.hear(two.peer.undo(said)) == ("applied", None)
    assert await two.state() == ("ended-early" if is_agreed else "ended-intro")
    told = await two.peer.messages()
    assert "You have ended" in told[-1]
    again = two.peer.undo(accept) | {"id": f"{two.peer.base_url}/2"}
    assert await two.hear(again) == ("ignored", "not-pending")


async def test_a_yes_that_was_taken_back_before_it_came_is_none(two: Two) -> None:
    offer = await two.ask(two.peer.proposal())
    accept = two.peer.accept(offer)
    assert await two.hear(two.peer.undo(accept)) == ("applied", None)
    assert await two.hear(accept) == ("ignored", "tombstoned")
    assert await two.state() == "proposed"


async def test_what_ends_here_is_told_in_a_message(two: Two) -> None:
    offer = await two.ask(two.peer.proposal())
    await two.hear(two.peer.accept(offer))
    await two.do(mentorships.leave)
    assert "has ended getting to know each other" in (await two.peer.messages())[-1]


async def test_a_yes_that_comes_too_late_is_answered_in_a_message(two: Two) -> None:
    offer = await two.ask(two.peer.proposal())
    two.world.clock.advance(days=20)
    now = two.world.clock.now()
    await two.world.store.write(lambda tx: mentorship_clock.tick(tx, two.world.site, now=now))
    assert await two.state() == "expired"
    two.world.clock.advance(days=2)
    assert await two.hear(two.peer.accept(offer)) == ("ignored", "stale")
    assert await two.state() == "expired"
    assert "in time" in (await two.peer.messages())[-1]


async def test_words_that_fep_0837_does_not_know_are_beside_those_that_it_does(two: Two) -> None:
    """What a plain server reads of our Offer is all that it needs."""
    offer = await two.ask(two.peer.proposal())
    assert (offer["type"], offer["actor"], offer["to"]) == ("Offer", two.ana.uri, [two.peer.person.uri])
    agreement = offer["object"]
    assert agreement["type"] == "Agreement"
    assert "id" not in agreement
    assert agreement["stipulates"]["type"] == "Commitment"
    assert agreement["stipulates"]["resourceQuantity"] == {"hasUnit": "one", "hasNumericalValue": "1"}


async def places_free(two: Two, own: Proposal) -> int:
    """Return how many places an offer of ours has left."""
    found = await two.world.store.read(lambda tx: proposal_rows.by_id(tx, own.id))
    assert found is not None
    return found.places_free_count
