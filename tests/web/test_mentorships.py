"""Mentorships through the pages: from the first request to the end, and seen by nobody else."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import httpx
import pytest
from sqlalchemy import select

from libline_fed.domain.accounts import Role
from libline_fed.domain.mentorships import State
from libline_fed.ids import new_id
from libline_fed.services import mentorships
from libline_fed.storage import mentorships as rows
from libline_fed.storage.tables import mails
from libline_fed.web import mentorships as mentorship_pages
from libline_fed.web.filters import MENTORSHIP_STATES
from libline_fed.web.request_steps import ACTIONS as REQUEST_ACTIONS
from tests.support.mentoring import Desk, Staged, desk, every_state
from tests.support.pages import DRAFT, Browser, Page, PagesWorld

ACTIONS = (*REQUEST_ACTIONS, *mentorship_pages.ACTIONS)
OWN_PAGES = ("", "/agreement", "/request", *(f"/{action.name}" for action in ACTIONS))
OWN_POSTS = ("/request", "/again", "/tell-me", "/keep", "/unblock", *(f"/{one.name}" for one in ACTIONS))


@pytest.fixture
async def two(world: PagesWorld) -> Desk:
    return await desk(world, replace(DRAFT, places_count=1))


@pytest.fixture
async def staged(world: PagesWorld) -> Staged:
    members = [await world.add_member(handle) for handle in ("ana", "ben", "noor")]
    return await every_state(world, *members)


async def test_a_mentorship_from_request_to_completion(two: Desk) -> None:
    sent = await two.ask()
    assert "It is sent." in sent.text
    assert "has not answered yet. Without an answer it ends on 4 December 2026" in sent.text
    listed = await two.ana.get("/requests-received")
    assert "Asks you for mentoring" in listed.text
    read = await two.ana.get(two.path)
    for part in ("I run a village library alone.", "You know RDA.", "A course, long ago.", "Four months"):
        assert part in read.text
    said_yes = await two.accept()
    assert "You said yes." in said_yes.text
    assert "You two are getting to know each other, until 15 December 2026" in said_yes.text
    begun = await two.agree()
    assert "You have said yes." in begun.text
    assert "It is running, until" in begun.text
    done = await two.ben.fill(f"{two.path}/complete")
    assert "It was completed early, on 24 November 2026" in done.text
    notices = await two.ana.get("/notifications")
    assert "has marked your mentorship as completed." in notices.text
    assert any(link["href"].startswith(two.path) for link in notices.links)
    over = await two.ana.get("/mentorships")
    assert "completed" in over.text


async def test_a_guest_does_every_step_on_the_web(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    offer = await world.publish(ana.actor, DRAFT)
    guest, mentor = await world.guest_browser(), await world.member_browser("ana")
    primer = await guest.submit(await guest.get(f"/proposals/{offer.id}"), f"/ask/{offer.id}", do="request")
    assert primer.headings == ["How mentoring works here"]
    again = await guest.submit(primer, "/primer")
    written = await guest.submit(again, f"/ask/{offer.id}", do="request")
    path = written.forms[-1].action.removesuffix("/request")
    assert "is on another server: m.example" in written.text
    sent = await guest.submit(
        written,
        f"{path}/request",
        do="send",
        message_text="Good day from Cusco.",
        by_when="By May.",
        goal="Catalogue",
    )
    assert "has not answered yet" in sent.text, sent.text
    await mentor.fill(f"{path}/accept")
    await mentor.fill(f"{path}/terms")
    begun = await guest.fill(f"{path}/agreement", f"{path}/confirm")
    assert "It is running" in begun.text
    assert "Mentorships" in (await guest.get("/mentorships")).headings
    done = await guest.fill(f"{path}/end", reason="canary-reason")
    assert "It ended on" in done.text
    assert "canary-reason" not in (await mentor.get(path)).text


async def test_every_state_has_its_page_and_sentence_for_both(staged: Staged) -> None:
    ana, ben = [await staged.world.member_browser(handle) for handle in ("ana", "ben")]
    states = {State(name) for name in staged.ids if name != "crossed"}
    assert states == set(State), "a state is missing on the stage"
    sentences: dict[str, set[str]] = {"ana": set(), "ben": set()}
    for name, mentorship_id in staged.ids.items():
        for handle, browser in (("ana", ana), ("ben", ben)):
            if (name == "draft" and handle == "ana") or (name == "ended-safety" and handle == "ben"):
                assert (await browser.get(f"/mentorships/{mentorship_id}")).response.status_code == 404
                continue
            page = await browser.get(f"/mentorships/{mentorship_id}")
            assert page.response.status_code == 200, (name, handle)
            if name not in {"draft", "crossed"}:
                assert MENTORSHIP_STATES[name] in page.text, (name, handle)
            sentences[handle].add(standing_of(page))
    assert all(len(said) >= len(staged.ids) - 3 for said in sentences.values()), sentences


def standing_of(page: Page) -> str:
    """Return the sentence that says where it stands."""
    text = page.response.text
    at = text.find('<p class="big">')
    return text[at : text.find("</p>", at)].split("<bdi>")[-1] if at >= 0 else ""


def step_pages(staged: Staged) -> Iterator[tuple[str, str, str]]:
    for name, mentorship_id in staged.ids.items():
        for action in ACTIONS:
            yield name, action.name, f"/mentorships/{mentorship_id}/{action.name}"


async def test_every_step_has_a_page_or_a_sentence_that_says_why_not(staged: Staged) -> None:
    browsers = {handle: await staged.world.member_browser(handle) for handle in ("ana", "ben")}
    shown: set[str] = set()
    for name, action, path in step_pages(staged):
        for handle, browser in browsers.items():
            page = await browser.get(path)
            if page.response.status_code == 404:
                assert (name, handle) in {("draft", "ana"), ("ended-safety", "ben")}
                continue
            assert page.response.status_code in {200, 409}, (name, action, handle)
            if page.response.status_code == 200:
                shown.add(action)
                has_form = any(form.action == path for form in page.forms)
                assert has_form or "You have said yes." in page.text, (name, action, handle)
            else:
                assert page.headings == ["This is not possible now"]
                assert "Nothing was changed." in page.text
                assert any(link["href"].startswith(path.rpartition("/")[0]) for link in page.links)
    assert shown == {action.name for action in ACTIONS}


async def test_every_refused_step_changes_nothing_and_keeps_what_was_typed(staged: Staged) -> None:
    ana = await staged.world.member_browser("ana")
    token = dict((await ana.get("/mentorships")).form("/logout").values)["csrf"]
    path = f"/mentorships/{staged.ids['completed']}"
    for action in ACTIONS:
        if action.name in {"complete", "object", "revive", "block"}:
            continue  # what is done already, cannot be done by her, or can be done at any time
        typed = {"csrf": token, "note": "canary words", "reason": "not-now", "message_text": "canary words"}
        typed |= {"text": "canary words", "goal": "canary words", "mode": "M1", "months": "3"}
        if action.name == "end":
            typed["reason"] = "canary words"
        answer = Page(await ana.post(f"{path}/{action.name}", typed))
        assert answer.response.status_code == 409, action.name
        assert answer.headings == ["This is not possible now"]
        assert "It was completed early" in answer.text
        sentence = answer.response.text.partition('role="alert"')[2].partition("</b>")[0]
        assert sentence.endswith("."), action.name
        if action.name in {"decline", "counter", "question", "terms", "end"}:
            kept = [attrs for tag, attrs in answer.elements if tag == "textarea"]
            assert kept, action.name
            assert "canary words" in answer.response.text
    assert "It was completed early" in (await ana.get(path)).text


async def test_nobody_else_can_tell_a_mentorship_from_nothing(two: Desk) -> None:
    await two.run()
    world = two.world
    await world.add_member("eve", Role.ADMIN)
    browsers = {
        "another member, even an admin": await world.member_browser("eve"),
        "a guest": await world.guest_browser(),
    }
    for who, browser in browsers.items():
        token = dict((await browser.get("/mentorships")).form("/logout").values)["csrf"]
        nothing = f"/mentorships/{new_id(world.clock.now())}"
        for page in OWN_PAGES:
            real, absent = [await browser.raw_get(base + page) for base in (two.path, nothing)]
            assert (real.status_code, bare(real)) == (404, bare(absent)), (who, page)
            assert sorted(real.headers) == sorted(absent.headers), (who, page)
        for page in OWN_POSTS:
            values = {"csrf": token, "wanted": "yes", "do": "send"}
            real, absent = [await browser.post(base + page, values) for base in (two.path, nothing)]
            assert (real.status_code, bare(real)) == (404, bare(absent)), (who, page)
    visitor = await world.browser().raw_get(two.path)
    assert visitor.headers["location"].startswith("/login?next=/mentorships/")
    assert (await two.mentorship()).state == State.ACTIVE


def bare(answer: httpx.Response) -> str:
    """Return a page without the disguise of its form token, which is another one each time."""
    return re.sub(r'name="csrf" value="[^"]+"', "", answer.text)


async def test_an_end_for_safety_looks_like_an_ordinary_one_to_the_other(two: Desk) -> None:
    await two.run()
    asked = await two.ben.get(f"{two.path}/block")
    assert "hello@lib.example" in asked.text
    ended = await two.ben.submit(asked, f"{two.path}/block")
    assert "You ended it for your safety." in ended.text
    seen = await two.ana.get(two.path)
    assert "safety" not in seen.text.lower()
    assert "blocked" not in seen.text
    assert "ended early" in seen.text
    assert "ended it." in seen.text
    assert "safety" not in (await two.ana.get("/mentorships")).text
    assert "not available" in (await two.ben.get(f"/proposals/{two.offer.id}")).text
    free = await two.ben.submit(await two.ben.get(two.path), f"{two.path}/unblock")
    assert "This person can reach you again." in free.text
    assert "Ask for mentoring" in (await two.ben.get(f"/proposals/{two.offer.id}")).text


async def test_terms_that_changed_are_not_agreed_to_unseen(two: Desk) -> None:
    await two.ask()
    await two.accept()
    await two.ana.fill(f"{two.path}/terms")
    old = await two.ben.get(f"{two.path}/agreement")
    await two.ana.fill(f"{two.path}/terms", goal="Something else entirely")
    again = await two.ben.submit(old, f"{two.path}/confirm", contact="canary@mail.example")
    assert again.response.status_code == 409
    assert "Something has happened while this page was open." in again.text
    assert "wrote down the agreement." in again.text
    assert "Something else entirely" in again.text
    assert again.described("contact")["value"] == "canary@mail.example"
    begun = await two.ben.submit(again, f"{two.path}/confirm")
    assert "It is running" in begun.text
    assert "canary@mail.example" in (await two.ana.get(f"{two.path}/agreement")).text


async def test_an_address_is_shown_only_once_both_have_said_yes(two: Desk) -> None:
    await two.ask()
    await two.accept()
    await two.ana.fill(f"{two.path}/terms")
    await two.ana.fill(f"{two.path}/terms", goal="A goal")
    unfinished = await two.mentorship()
    now = two.world.clock.now()
    await two.world.store.write(
        lambda tx: rows.change(tx, unfinished.id, now, mentor_contact="canary-address")
    )
    assert "canary-address" not in (await two.ben.get(f"{two.path}/agreement")).text
    await two.ben.fill(f"{two.path}/agreement", f"{two.path}/confirm")
    assert "canary-address" in (await two.ben.get(f"{two.path}/agreement")).text


async def test_what_is_missing_in_an_agreement_is_named_where_it_is_missing(two: Desk) -> None:
    await two.ask(goal="", mode="")
    await two.accept()
    empty = await two.ana.get(f"{two.path}/agreement")
    assert "Nothing is agreed yet." in empty.text
    assert not any(form.action.endswith("/confirm") for form in empty.forms)
    page = await two.ana.get(f"{two.path}/terms")
    refused = await two.ana.submit(page, f"{two.path}/terms", mode="", end_rule="We say so.")
    assert refused.response.status_code == 422
    assert refused.problem_of("goal") == "goal-error"
    assert refused.problem_of("mode") == "mode-error"
    assert dict(refused.form(f"{two.path}/terms").values)["end_rule"] == "We say so."


async def test_pause_resume_extend_and_a_last_day(two: Desk) -> None:
    await two.run()
    wrong = await two.ben.fill(f"{two.path}/pause", until_on="2027-12-24")
    assert wrong.response.status_code == 409
    assert "Choose a day to go on, from tomorrow up to 90 days ahead." in wrong.text
    assert wrong.described("until_on")["value"] == "2027-12-24"
    paused = await two.ben.submit(wrong, f"{two.path}/pause", until_on="2026-12-24")
    assert "It is paused until 24 December 2026" in paused.text
    assert "has paused your mentorship." in (await two.ana.get("/notifications")).text
    await two.ana.fill(f"{two.path}/resume")
    later = await two.ana.fill(f"{two.path}/extend", ends_on="2027-06-30")
    assert "It is running, until 30 June 2027" in later.text
    earlier = await two.ana.fill(f"{two.path}/extend", ends_on="2027-01-30")
    assert "Choose a later last day." in earlier.text
    await two.tick(days=220)
    over = await two.ana.get(two.path)
    assert (await two.mentorship()).ends_on == date(2027, 6, 30)
    assert "ended by itself" in over.text, "220 quiet days"
    assert "Your mentorship has ended" in await mail_subjects(two.world)


async def mail_subjects(world: PagesWorld) -> str:
    return " ".join(await world.store.read(lambda tx: tx.scalars(select(mails.c.subject))))


async def test_a_completion_can_be_objected_to_for_seven_days(two: Desk) -> None:
    await two.run()
    await two.ben.fill(f"{two.path}/complete")
    mine = await two.ben.get(two.path)
    assert not any(link["href"].endswith("/object") for link in mine.links)
    went_on = await two.ana.fill(f"{two.path}/object")
    assert "It goes on." in went_on.text
    await two.ben.fill(f"{two.path}/complete")
    await two.tick(days=8)
    late = await two.ana.get(f"{two.path}/object")
    assert late.response.status_code == 409


async def test_the_same_form_twice_is_one_step_and_an_old_form_is_explained(two: Desk) -> None:
    await two.run()
    page = await two.ben.get(f"{two.path}/end")
    other = await two.ana.get(f"{two.path}/pause")
    first = await two.ben.submit(page, f"{two.path}/end", reason="Moved to another town.")
    second = await two.ben.submit(page, f"{two.path}/end", reason="Moved to another town.")
    assert first.headings == second.headings
    assert second.response.status_code == 200
    late = await two.ana.submit(other, f"{two.path}/pause", until_on="2026-12-24")
    assert late.response.status_code == 409
    assert "ended it." in late.text
    assert (await two.mentorship()).version == 2, "accepted, and ended once"


async def test_the_history_is_told_in_plain_words(two: Desk) -> None:
    await two.run()
    page = await two.ana.get(two.path)
    for line in ("sent the request.", "You said yes.", "You wrote down the agreement.", "confirmed"):
        assert line in page.text
    assert "began to write" not in page.text, "that was Ben's alone"


async def test_a_repeat_of_a_use_case_by_the_other_door_is_seen_on_the_page(two: Desk) -> None:
    await two.run()
    mentorship = await two.mentorship()
    now, site, ben = two.world.clock.now(), two.world.site, two.members["ben"].actor
    await two.world.store.write(
        lambda tx: mentorships.end_early(tx, site, person=ben, mentorship_id=mentorship.id, now=now)
    )
    assert "ended early" in (await two.ana.get(two.path)).text


async def test_browsers_of_the_two_see_their_own_side(two: Desk) -> None:
    await two.run()
    sides: dict[str, Browser] = {"mentor": two.ana, "mentee": two.ben}
    for side, browser in sides.items():
        assert f"You are the {side}" in (await browser.get(two.path)).text


async def test_what_is_unread_is_counted_in_the_list(two: Desk) -> None:
    await two.run()
    await two.ben.fill(f"{two.path}/messages", text="Good morning!")
    assert "One new message" in (await two.ana.get("/mentorships")).text
    assert "One new message" not in (await two.ben.get("/mentorships")).text
