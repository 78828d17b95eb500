"""Asking and answering through the pages: what is shown before, during and after, and what is kept."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from libline_fed.domain.mentorships import State
from libline_fed.domain.proposals import Proposal, Status
from libline_fed.ids import new_id
from libline_fed.services import blocks, proposals
from libline_fed.storage import accounts, mentorships
from libline_fed.storage.member_tables import absences
from libline_fed.storage.mentorship_tables import mentorships as table
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import mails
from tests.support.mentoring import TYPED, Desk, desk
from tests.support.neighbours import list_offer
from tests.support.pages import DRAFT, PagesWorld


@pytest.fixture
async def two(world: PagesWorld) -> Desk:
    return await desk(world, replace(DRAFT, places_count=1))


async def count(world: PagesWorld) -> int:
    return len(await world.store.read(lambda tx: tx.all(select(table.c.id))))


# --- before -------------------------------------------------------------------------------------------


async def test_an_offer_tells_who_waits_and_when_an_answer_may_come(two: Desk) -> None:
    page = await two.ben.get(f"/proposals/{two.offer.id}")
    assert "One place is free. Nobody else waits." in page.text
    assert "Without an answer it ends by itself after 10 days." in page.text
    assert "Ask a short question first" in page.text
    await two.ask()
    await two.world.add_member("cleo")
    other = await two.world.member_browser("cleo")
    assert "One person waits for an answer." in (await other.get(f"/proposals/{two.offer.id}")).text
    visitor = await two.world.browser().get(f"/proposals/{two.offer.id}")
    assert f"/ask/{two.offer.id}" in [link["href"] for link in visitor.links]


async def test_ones_own_offer_cannot_be_asked_for(two: Desk) -> None:
    assert "This is your own." in (await two.ana.get(f"/ask/{two.offer.id}")).text


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (Status.FULL, "All places are taken at the moment."),
        (Status.PAUSED, "This person takes no new requests at the moment."),
        (Status.CLOSED, "This is not open for requests any more."),
    ],
)
async def test_what_is_not_open_says_so_and_names_others(two: Desk, status: Status, sentence: str) -> None:
    world = two.world
    cleo = await world.add_member("cleo")
    await world.publish(cleo.actor, replace(DRAFT, title="RDA with Cleo", modes=("M1",)))
    now, author = world.clock.now(), two.members["ana"].actor
    await world.store.write(
        lambda tx: proposals.set_status(
            tx, world.site, proposal_id=two.offer.id, author_id=author.id, status=status, now=now
        )
    )
    page = await two.ben.get(f"/ask/{two.offer.id}")
    assert sentence in page.text
    assert "RDA with Cleo" in page.text
    assert not any(form.action.startswith("/ask/") for form in page.forms)
    token = dict(page.form("/logout").values)["csrf"]
    refused = await two.ben.post(f"/ask/{two.offer.id}", {"csrf": token, "do": "request"})
    assert (refused.status_code, await count(world)) == (409, 0)


async def test_a_blocked_person_only_hears_unavailable(two: Desk) -> None:
    ana, ben = two.members["ana"].actor, two.members["ben"].actor
    now = two.world.clock.now()
    await two.world.store.write(
        lambda tx: blocks.block(tx, two.world.site, person=ana, partner=ben, now=now)
    )
    page = await two.ben.get(f"/proposals/{two.offer.id}")
    assert "This person is not available." in page.text
    assert "block" not in page.text.lower()


async def test_an_absence_is_told_and_does_not_count(two: Desk) -> None:
    today = two.world.clock.now().date()
    values = {
        "id": new_id(two.world.clock.now()),
        "actor_id": two.members["ana"].actor.id,
        "from_on": today - timedelta(days=1),
        "until_on": today + timedelta(days=6),
        "created_at": two.world.clock.now(),
    }
    await two.world.store.write(lambda tx: tx.execute(tx.insert(absences).values(**values)))
    assert "Away until 30 November 2026" in (await two.ben.get(f"/proposals/{two.offer.id}")).text
    assert "it ends on 11 December 2026" in (await two.ask()).text


async def test_a_fourth_request_waits_for_an_answer_to_one_of_three(two: Desk) -> None:
    await two.ask()
    for number in range(2):
        offer = await two.world.publish(two.members["ana"].actor, replace(DRAFT, title=f"Offer {number}"))
        await Desk(two.world, two.ana, two.ben, offer, two.members).ask()
    last = await two.world.publish(two.members["ana"].actor, replace(DRAFT, title="One more"))
    page = await two.ben.get(f"/proposals/{last.id}")
    assert "You have three open requests." in page.text
    assert "/requests-sent" in [link["href"] for link in page.links]


# --- writing ------------------------------------------------------------------------------------------


async def test_a_draft_is_kept_on_the_server_and_seen_by_its_writer_only(two: Desk) -> None:
    form = await two.begin()
    saved = await two.ben.submit(form, f"{two.path}/request", do="save", message_text="Half a sen", goal="x")
    assert "Your draft is kept here." in saved.text
    assert dict(saved.form(f"{two.path}/request").values)["message_text"] == "Half a sen"
    assert two.path in " ".join(link["href"] for link in (await two.ben.get("/requests-sent")).links)
    assert (await two.ana.get(two.path)).response.status_code == 404
    assert "Nobody waits for you" in (await two.ana.get("/requests-received")).text
    cleared = await two.ben.submit(saved, f"{two.path}/request", do="save", goal="")
    assert dict(cleared.form(f"{two.path}/request").values)["goal"] == ""
    gone = await two.ben.fill(f"{two.path}/withdraw")
    assert gone.headings == ["What I ask for"]
    assert await count(two.world) == 0


async def test_problems_are_named_and_everything_typed_is_kept_twice(two: Desk) -> None:
    form = await two.begin()
    page = await two.ben.submit(
        form, f"{two.path}/request", do="send", message_text="Hi", why="w" * 2_001, by_when="", tried="A lot"
    )
    assert page.response.status_code == 422
    for name in ("message_text", "why", "by_when"):
        assert page.problem_of(name) == f"{name}-error", name
    assert dict(page.form(f"{two.path}/request").values)["tried"] == "A lot"
    opened_again = await two.ben.get(f"{two.path}/request")
    assert dict(opened_again.form(f"{two.path}/request").values)["tried"] == "A lot"
    assert (await two.mentorship()).state == State.DRAFT


async def test_power_over_each_others_work_is_asked_about_and_gently_refused(two: Desk) -> None:
    form = await two.begin()
    assert "has_conflict" not in dict(form.form(f"{two.path}/request").values), "not ticked by default"
    page = await two.ben.submit(form, f"{two.path}/request", do="send", has_conflict="y", **TYPED)
    assert page.response.status_code == 422
    assert "please choose somebody else" in page.text
    assert dict(page.form(f"{two.path}/request").values)["tried"] == TYPED["tried"]
    assert (await two.mentorship()).state == State.DRAFT
    sent = await two.ben.submit(await two.ben.get(f"{two.path}/request"), f"{two.path}/request", do="send")
    assert "It is sent." in sent.text


async def test_a_request_that_is_sent_twice_is_one(two: Desk) -> None:
    form = await two.begin()
    values = {**TYPED, "do": "send"}
    pages = [await two.ben.submit(form, f"{two.path}/request", **values) for _ in range(2)]
    assert [page.headings for page in pages] == [[two.offer.title]] * 2
    assert await count(two.world) == 1
    mails_sent = await two.world.store.read(lambda tx: tx.all(select(mails)))
    assert len(mails_sent) == 1


async def test_the_button_on_the_offer_pressed_twice_makes_one_draft(two: Desk) -> None:
    shown = await two.ben.get(f"/proposals/{two.offer.id}")
    pages = [await two.ben.submit(shown, f"/ask/{two.offer.id}", do="request") for _ in range(2)]
    assert pages[0].forms[-1].action == pages[1].forms[-1].action
    assert await count(two.world) == 1
    assert "Go on writing" in (await two.ben.get(f"/proposals/{two.offer.id}")).text


async def test_an_offer_that_closed_meanwhile_keeps_the_words(two: Desk) -> None:
    form = await two.begin()
    now, author, site = two.world.clock.now(), two.members["ana"].actor, two.world.site
    await two.world.store.write(
        lambda tx: proposals.set_status(
            tx, site, proposal_id=two.offer.id, author_id=author.id, status=Status.CLOSED, now=now
        )
    )
    page = await two.ben.submit(form, f"{two.path}/request", do="send", **TYPED)
    assert page.response.status_code == 409
    assert "This is not open for requests any more." in page.text
    assert dict(page.form(f"{two.path}/request").values)["why"] == TYPED["why"]
    assert (await two.mentorship()).message_text == TYPED["message_text"]


async def test_what_goes_to_another_server_is_said_before(two: Desk) -> None:
    world = two.world
    kofi = await world.add_remote("kofi", "m.example")
    offer = await list_offer(world.store, kofi, "1", world.clock.now())
    assert isinstance(offer, Proposal)
    form = await Desk(world, two.ana, two.ben, offer, two.members).begin()
    assert "Kofi is on another server: m.example. What you write is kept there and here." in form.text
    assert "The people who run the two servers could read it." in form.text
    guest = await world.guest_browser(host="other.example")
    asked = await guest.get(f"/ask/{offer.id}")
    assert "As a guest you can only ask people of this server." in asked.text


async def test_a_question_comes_first_and_counts_as_no_request(two: Desk) -> None:
    shown = await two.ben.get(f"/proposals/{two.offer.id}")
    page = await two.ben.submit(shown, f"/ask/{two.offer.id}", do="question")
    assert page.headings == ["Ask a short question first"]
    two.path = page.forms[-1].action.removesuffix("/question")
    empty = await two.ben.submit(page, f"{two.path}/question", text=" ")
    assert empty.problem_of("text") == "text-error"
    asked = [
        await two.ben.submit(page, f"{two.path}/question", text="Is a school library fine?") for _ in range(2)
    ]
    assert "You have asked ana a question." in asked[1].text
    assert "A question first" in (await two.ana.get("/requests-received")).text
    sent = await two.ben.fill(f"{two.path}/request", do="send", **TYPED)
    assert "has not answered yet" in sent.text


# --- answering ----------------------------------------------------------------------------------------


async def test_a_yes_can_make_the_mentor_unavailable_with_the_same_button(two: Desk) -> None:
    offer = await two.world.publish(two.members["ana"].actor, replace(DRAFT, places_count=4))
    case = Desk(two.world, two.ana, two.ben, offer, two.members)
    await case.ask()
    await case.ana.fill(f"{case.path}/accept", is_last="y")
    found = await two.world.store.read(lambda tx: proposals.find(tx, offer.id))
    assert found.status == Status.PAUSED


async def test_a_no_is_told_with_its_reason_words_and_others_who_may_fit(two: Desk) -> None:
    world = two.world
    cleo = await world.add_member("cleo")
    await world.publish(cleo.actor, replace(DRAFT, title="RDA with Cleo"))
    await two.ask()
    page = await two.ana.get(f"{two.path}/decline")
    assert len([1 for tag, attrs in page.elements if attrs.get("name") == "reason"]) == 4
    answered = await two.ana.submit(page, f"{two.path}/decline", reason="not-my-area", note="Ask Cleo.")
    assert "Your no is sent." in answered.text
    told = await two.ben.get(two.path)
    for seen in ("cannot say yes this time.", "not an area", "Ask Cleo.", "RDA with Cleo"):
        assert seen in told.text
    wrong = await two.ana.get(f"{two.path}/decline")
    assert wrong.response.status_code == 409


async def test_a_counter_proposal_turns_the_decision_around_once_each_way(two: Desk) -> None:
    await two.ask()
    page = await two.ana.get(f"{two.path}/counter")
    values = {"message_text": "Six months would be better.", "months": "6"}
    sent = [await two.ana.submit(page, f"{two.path}/counter", **values) for _ in range(2)]
    assert "has not answered yet" in sent[1].text
    asked = await two.ben.get("/requests-received")
    assert "proposes something else." in (await two.ben.get("/notifications")).text
    assert "Offers to mentor you" in asked.text
    read = await two.ben.get(two.path)
    assert "Six months would be better." in read.text
    assert "Six months" in read.text.partition("What is wished")[2]
    await two.ben.fill(f"{two.path}/counter", message_text="Five then, please?", months="4")
    again = await two.ana.fill(f"{two.path}/counter", message_text="Once more, please.")
    assert "You have made one other proposal already." in again.text
    assert "Once more, please." in again.response.text
    accepted = await two.ana.fill(f"{two.path}/accept")
    assert "You said yes." in accepted.text


async def test_what_was_taken_back_meanwhile_is_explained_to_who_decides(two: Desk) -> None:
    await two.ask()
    page = await two.ana.get(f"{two.path}/decline")
    await two.ben.fill(f"{two.path}/withdraw")
    late = await two.ana.submit(page, f"{two.path}/decline", reason="other", note="Sorry, I am ill.")
    assert late.response.status_code == 409
    assert "took the request back." in late.text
    assert "Sorry, I am ill." in late.response.text
    assert (await two.mentorship()).state == State.WITHDRAWN


async def test_what_waits_is_listed_with_how_well_the_two_fit(two: Desk) -> None:
    await two.world.publish(
        two.members["ben"].actor, replace(DRAFT, purpose="request", title="Who helps me with RDA?")
    )
    await two.ask()
    listed = await two.ana.get("/requests-received")
    assert "covers Cataloguing (RDA, MARC)" in listed.text
    assert "covers Cataloguing (RDA, MARC)" in (await two.ana.get(two.path)).text
    assert "You have one free place." in (await two.ana.get(two.path)).text


async def test_who_offers_help_writes_no_prompts_and_the_mentee_decides(world: PagesWorld) -> None:
    members = {handle: await world.add_member(handle) for handle in ("ana", "ben")}
    request = await world.publish(members["ben"].actor, replace(DRAFT, purpose="request", places_count=1))
    ana, ben = [await world.member_browser(handle) for handle in ("ana", "ben")]
    case = Desk(world, ben, ana, request, members)  # ana begins
    form = await case.begin()
    assert form.headings == ["Offer to help"]
    assert not any(attrs.get("name") == "why" for _, attrs in form.elements)
    assert "I lead this person" in form.text
    await ana.submit(form, f"{case.path}/request", do="send", message_text="I can help you with this.")
    assert "offers to mentor you." in (await ben.get("/notifications")).text
    yes = await ben.get(f"{case.path}/accept")
    assert "Take no more requests" not in yes.text, "that is a mentor's box"
    await ben.submit(yes, f"{case.path}/accept")
    assert "You are the mentee" in (await ben.get(case.path)).text


# --- when it comes to nothing -------------------------------------------------------------------------


async def test_who_found_no_place_can_hear_when_there_is_one(two: Desk) -> None:
    world = two.world
    await two.ask()
    await world.add_member("cleo")
    other = Desk(world, two.ana, await world.member_browser("cleo"), two.offer, two.members)
    await other.ask()
    await other.accept()
    full = await two.ben.get(two.path)
    assert "The last place is taken, so this request has ended." in full.text
    told = await two.ben.submit(full, f"{two.path}/tell-me")
    assert "You will hear when there is a place again." in told.text
    await other.ana.fill(f"{other.path}/leave")
    await two.tick(seconds=600)
    notices = await two.ben.get("/notifications")
    assert "has a free place again." in notices.text
    await two.tick(seconds=600)
    again = (await two.ben.get("/notifications")).text
    assert again.count("has a free place again.") == 1
    subjects = await world.store.read(lambda tx: tx.scalars(select(mails.c.subject)))
    assert sum("There is a place again" in subject for subject in subjects) == 1
    retry = await two.ben.submit(await two.ben.get(two.path), f"{two.path}/again")
    assert dict(retry.forms[-1].values)["message_text"] == TYPED["message_text"]


async def test_an_expired_request_can_be_asked_again_with_the_same_words(two: Desk) -> None:
    await two.ask()
    await two.tick(days=11)
    page = await two.ben.get(two.path)
    assert "did not answer in time" in page.text
    again = [await two.ben.submit(page, f"{two.path}/again") for _ in range(2)]
    form = again[1].forms[-1]
    assert form.action != f"{two.path}/request"
    assert form.action == again[0].forms[-1].action
    for name in ("message_text", "why", "by_when", "tried", "goal"):
        assert dict(form.values)[name] == TYPED[name]
    sent = await two.ben.submit(again[1], form.action, do="send")
    assert "It is sent." in sent.text


async def test_an_offer_that_is_gone_cannot_be_asked_again(two: Desk) -> None:
    await two.ask()
    await two.ben.fill(f"{two.path}/withdraw")
    now, author, site = two.world.clock.now(), two.members["ana"].actor, two.world.site
    await two.world.store.write(
        lambda tx: proposals.delete(tx, site, proposal_id=two.offer.id, author_id=author.id, now=now)
    )
    refused = await two.ben.submit(await two.ben.get(two.path), f"{two.path}/again")
    assert refused.response.status_code == 409
    assert "This is not there any more." in refused.text


async def test_accepted_as_it_was_taken_back_is_kept_or_left(two: Desk) -> None:
    await two.ask()
    await two.accept()
    mentorship, now = await two.mentorship(), two.world.clock.now()
    await two.world.store.write(lambda tx: mentorships.change(tx, mentorship.id, now, is_crossed=True))
    page = await two.ben.get(two.path)
    assert "Accepted as you took it back." in page.text
    assert f"{two.path}/leave" in [link["href"] for link in page.links]
    assert "Accepted as you took it back." not in (await two.ana.get(two.path)).text
    kept = await two.ben.submit(page, f"{two.path}/keep")
    assert "Good: you keep it." in kept.text
    assert "Accepted as you took it back." not in kept.text


async def test_a_mentor_who_pauses_everything_is_not_asked(two: Desk) -> None:
    account = two.members["ana"].account

    async def pause(tx: Tx) -> None:
        await accounts.change(tx, account.id, is_paused=True)

    await two.world.store.write(pause)
    page = await two.ben.get(f"/ask/{two.offer.id}")
    assert "takes no new requests at the moment" in page.text




async def test_a_no_to_a_question_keeps_the_request_that_was_being_written(two: Desk) -> None:
    shown = await two.ben.get(f"/proposals/{two.offer.id}")
    page = await two.ben.submit(shown, f"/ask/{two.offer.id}", do="question")
    two.path = page.forms[-1].action.removesuffix("/question")
    await two.ben.submit(page, f"{two.path}/question", text="Is a school library fine?")
    form = await two.ben.get(f"{two.path}/request")
    await two.ana.fill(f"{two.path}/decline", reason="not-now")
    late = await two.ben.submit(form, f"{two.path}/request", do="send", **TYPED)
    assert late.response.status_code == 409
    assert "said no." in late.text
    for text in (TYPED["message_text"], TYPED["tried"], TYPED["goal"]):
        assert text.split("\n", maxsplit=1)[0] in late.response.text
    assert (await two.mentorship()).state == State.DECLINED
