"""Working together on the pages: messages, goals, meetings, talks, the calendar, feedback and thanks."""

import re
from datetime import UTC, datetime

import pytest
from icalendar import Calendar
from sqlalchemy import select
from starlette.routing import Route

from libline_fed.ids import new_id
from libline_fed.services import mentorships, messages
from libline_fed.storage import accounts
from libline_fed.storage.mentorship_tables import messages as message_table
from libline_fed.storage.store import Tx
from libline_fed.web.pages import GuardedRoute
from libline_fed.web.site import routes
from tests.support.ended import add_mentorship
from tests.support.mentoring import Desk, desk
from tests.support.pages import Browser, Page, PagesWorld

WHEN = {"day_1": "2026-12-01", "time_1": "15:30", "day_2": "2026-12-02", "time_2": "9:00", "minutes": "45"}


@pytest.fixture
async def two(world: PagesWorld) -> Desk:
    made = await desk(world)
    await made.run()
    return made


def item_of(page: Page, part: str) -> str:
    """Return the id of the first thing on a page that can be changed or chosen."""
    match = re.search(rf"/{part}/([0-9a-f-]{{36}})", page.response.text)
    assert match is not None, page.text
    return match[1]


# --- messages -----------------------------------------------------------------------------------------


async def test_a_thread_is_written_read_changed_and_deleted(two: Desk) -> None:
    path = f"{two.path}/messages"
    sent = await two.ben.fill(path, text="Good morning!\n\nSee example.com <script>")
    assert "Your message is sent." in sent.text
    assert "<script>" not in sent.response.text
    notices = await two.ana.get("/notifications")
    assert "wrote to you." in notices.text
    assert any(link["href"].startswith(f"{path}#") for link in notices.links)
    read = await two.ana.get(path)
    assert "Good morning!" in read.text
    assert "1 new" in read.text
    marked = await two.ana.submit(read, f"{path}/read")
    assert "1 new" not in marked.text
    message_id = item_of(sent, "messages")
    answer = await two.ana.get(f"{path}?reply_to={message_id}")
    assert "Write without answering this" in answer.text
    await two.ana.submit(answer, path, text="Good morning, Ben.")
    seen = await two.ben.get(path)
    assert re.search(r"Ana|ana .* You ?: Good morning! See example.com", seen.text)  # what is answered
    await two.ben.fill(f"{path}/{message_id}/edit", text="Good evening!")
    assert "changed" in (await two.ana.get(path)).text
    deleted = await two.ben.fill(f"{path}/{message_id}/delete")
    assert "Your message is deleted." in deleted.text
    last = await two.ana.get(path)
    assert "Good evening" not in last.response.text
    assert "This message was deleted." in last.text


async def test_a_form_that_is_sent_twice_writes_once(two: Desk) -> None:
    page = await two.ben.get(f"{two.path}/messages")
    for _ in range(2):
        await two.ben.submit(page, f"{two.path}/messages", text="Only once")
    rows = await two.world.store.read(lambda tx: tx.all(select(message_table)))
    assert [row.body_text for row in rows] == ["Only once"]


async def test_what_was_not_sent_is_kept(two: Desk) -> None:
    path = f"{two.path}/messages"
    page = await two.ben.get(path)
    await two.ben.submit(page, path, text="Not finished", save="y")
    again = await two.ben.get(path)
    assert dict(again.form(path).values)["text"] == "Not finished"
    assert "did not send" in again.text
    refused = await two.ben.submit(again, path, text="x" * 5_001)
    assert refused.response.status_code == 422
    assert "5,000 characters at most" in refused.text
    assert dict((await two.ben.get(path)).form(path).values)["text"] == "x" * 5_001
    sent = await two.ben.submit(await two.ben.get(path), path, text="Finished")
    assert dict(sent.form(path).values)["text"] == ""


async def test_a_line_without_words_is_refused_with_a_sentence(two: Desk) -> None:
    refused = await two.ben.fill(f"{two.path}/messages", text="  ")
    assert refused.response.status_code == 422
    assert "Write something." in refused.text
    assert refused.problem_of("text") == "text-error"


async def test_the_first_page_says_what_is_new_when_one_meets_and_what_to_talk_about(two: Desk) -> None:
    await two.ben.fill(f"{two.path}/messages", text="Good morning!")
    meeting_id = item_of(await propose(two), "meetings")
    offered = await two.ana.get(f"{two.path}/meetings")
    await two.ana.submit(offered, f"{two.path}/meetings/{meeting_id}/choose")
    seen = await two.ana.get(two.path)
    assert "One new message" in seen.text
    assert "Your next meeting: Tuesday, 1 December 2026, 14:30" in seen.text  # she reads UTC
    assert "Getting to know each other" in seen.text
    two.world.clock.advance(days=15)
    later = await (await two.world.member_browser("ana")).get(two.path)
    assert "Where you stand, where you want to go" in later.text
    assert "Your next meeting" not in later.text


# --- goals, talks -------------------------------------------------------------------------------------


async def test_goals_are_written_ticked_reached_and_seen_by_both(two: Desk) -> None:
    path = f"{two.path}/goals"
    saved = await two.ben.fill(
        f"{path}/new",
        title="Catalogue 200 maps",
        milestones="Read the rules\n\nDo ten",
        due_on="2027-03-01",
        goal_type="G07",
    )
    goal_id = item_of(saved, "goals")
    seen = await two.ana.get(path)
    for text in ("Catalogue 200 maps", "by 1 March 2027", "Build a skill", "Do ten"):
        assert text in seen.text
    assert f"{path}/{goal_id}/edit" not in seen.response.text  # hers to read, not to change
    ticked = await two.ben.submit(saved, f"{path}/{goal_id}/steps/1")
    assert "✓ Read the rules done on 24 November 2026" in ticked.text
    edited = await two.ben.fill(f"{path}/{goal_id}/edit", milestones="Read the rules\nDo twenty")
    assert "done on 24 November 2026" in edited.text  # a step whose line stays keeps its tick
    done = await two.ben.submit(edited, f"{path}/{goal_id}/done")
    assert "Well done" in done.text
    assert "reached" in (await two.ana.get(path)).text
    refused = await two.ben.fill(f"{path}/new", title=" ")
    assert (refused.response.status_code, refused.problem_of("title")) == (422, "title-error")
    await two.ben.fill(f"{path}/{goal_id}/delete")
    assert "Catalogue 200 maps" not in (await two.ana.get(path)).text


async def test_two_fields_note_a_talk_and_the_hours_add_up(two: Desk) -> None:
    path = f"{two.path}/log"
    noted = await two.ben.fill(path, held_on="2026-11-24", minutes="45", notes_text="She was tired.")
    assert "In all: 45 mins" in noted.text
    assert "notes for you alone" in noted.text
    theirs = await two.ana.get(path)
    assert "45 mins" in theirs.text
    assert "tired" not in theirs.response.text
    await two.ana.fill(path, held_on="2026-11-24", minutes="90")
    hours = await two.ana.get("/hours")
    assert "As mentor 1 hr 30 mins" in hours.text
    assert "As mentee 0 mins" in hours.text
    talk_id = item_of(noted, "log")
    assert (await two.ana.raw_get(f"{path}/{talk_id}/edit")).status_code == 404
    shared = await two.ben.fill(f"{path}/{talk_id}/edit", is_shared="y")
    assert "notes shared" in shared.text
    assert "She was tired." in (await two.ana.get(path)).text
    refused = await two.ben.fill(path, held_on="2026-12-24", minutes="0")
    assert refused.response.status_code == 422
    assert "still to come" in refused.text


# --- meetings and calendar ----------------------------------------------------------------------------


async def propose(two: Desk, **changed: str) -> Page:
    return await two.ben.fill(f"{two.path}/meetings/new", zone="Europe/Madrid", **{**WHEN, **changed})


async def test_times_are_proposed_in_ones_own_zone_and_chosen_in_the_others(two: Desk) -> None:
    path = f"{two.path}/meetings"
    await two.world.store.write(
        lambda tx: accounts.change(tx, two.members["ana"].account.id, zone="Africa/Nairobi")
    )
    proposed = await propose(two, place_text="https://meet.example/x")
    assert "Tuesday, 1 December 2026, 15:30" in proposed.text
    assert "Europe/Madrid" in proposed.text  # remembered for the next time
    meeting_id = item_of(proposed, "meetings")
    offered = await two.ana.get(path)
    assert "Tuesday, 1 December 2026, 17:30" in offered.text
    assert "Madrid" not in offered.response.text
    choices = [dict(form.values)["starts"] for form in offered.forms if form.action.endswith("/choose")]
    action = f"{path}/{meeting_id}/choose"
    agreed = await two.ana.post(action, {**dict(offered.form(action).values), "starts": choices[1]})
    assert agreed.status_code == 303
    shown = await two.ben.get(path)
    assert "Wednesday, 2 December 2026, 09:00" in shown.text
    assert "agreed" in shown.text
    assert 'href="https://meet.example/x"' in shown.response.text
    off = await two.ana.fill(f"{path}/{meeting_id}/cancel")
    assert "The meeting is called off." in off.text
    assert "no time suits" in (await two.ben.get(path)).text


async def test_a_calendar_file_holds_the_meeting_and_its_changes(two: Desk) -> None:
    path = f"{two.path}/meetings"
    meeting_id = item_of(await propose(two, place_text="Room; 4, left"), "meetings")
    assert (await two.ben.raw_get(f"{path}/{meeting_id}.ics")).status_code == 404  # no time is agreed
    offered = await two.ana.get(path)
    await two.ana.submit(offered, f"{path}/{meeting_id}/choose")
    first = await ics(two.ana, f"{path}/{meeting_id}.ics")
    event = first.events[0]
    assert first["METHOD"] == "PUBLISH"
    assert (event.start, event.end) == (
        datetime(2026, 12, 1, 14, 30, tzinfo=UTC),
        datetime(2026, 12, 1, 15, 15, tzinfo=UTC),
    )
    assert str(event["SUMMARY"]) == "Mentoring: talk with ben"
    assert str(event["LOCATION"]) == "Room; 4, left"
    await two.ben.fill(f"{path}/{meeting_id}/change", place_text="Room 5")
    second = (await ics(two.ana, f"{path}/{meeting_id}.ics")).events[0]
    assert second["UID"] == event["UID"]
    assert int(str(second["SEQUENCE"])) > int(str(event["SEQUENCE"]))
    assert str(second["LOCATION"]) == "Room 5"


async def ics(browser: Browser, path: str) -> Calendar:
    response = await browser.raw_get(path)
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    calendar = Calendar.from_ical(response.content)
    assert isinstance(calendar, Calendar)
    return calendar


async def test_a_private_feed_has_an_address_that_can_be_renewed_and_ended(two: Desk) -> None:
    meeting_id = item_of(await propose(two), "meetings")
    path = f"{two.path}/meetings"
    await two.ana.submit(await two.ana.get(path), f"{path}/{meeting_id}/choose")
    shown = await two.ana.fill("/settings/calendar")
    address = next(given["value"] for tag, given in shown.elements if given.get("readonly") is not None)
    path = address.removeprefix("https://lib.example")
    assert address not in (await two.ana.get("/settings/calendar")).response.text  # shown once
    visitor = two.world.browser()
    assert len((await ics(visitor, path)).events) == 1
    renewed = await two.ana.fill("/settings/calendar")
    assert (await visitor.raw_get(path)).status_code == 404
    address = next(given["value"] for tag, given in renewed.elements if given.get("readonly") is not None)
    path = address.removeprefix("https://lib.example")
    assert (await visitor.raw_get(path)).status_code == 200
    await two.ana.submit(renewed, "/settings/calendar/end")
    assert (await visitor.raw_get(path)).status_code == 404


async def test_a_time_that_the_clocks_leave_out_is_refused(two: Desk) -> None:
    refused = await propose(two, day_1="2027-03-28", time_1="02:30")
    assert refused.response.status_code == 422
    assert "this time does not exist on that day" in refused.text
    taken = await propose(two, day_1="2027-03-28", time_1="03:30")
    assert "Sunday, 28 March 2027, 03:30" in taken.text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"zone": "Mars/Phobos"}, "Write the name of a time zone"),
        ({"time_1": ""}, "Write both the day and the time"),
        ({"time_1": "25:61"}, "Write both the day and the time"),
        ({"day_1": "2026-11-01"}, "has passed already"),
        ({"day_1": "", "time_1": "", "day_2": "", "time_2": ""}, "Propose at least one time."),
        ({"minutes": "1"}, "from 5 to 480"),
    ],
)
async def test_a_proposal_says_what_is_missing(two: Desk, changed: dict[str, str], sentence: str) -> None:
    page = await two.ben.get(f"{two.path}/meetings/new")
    values = {"zone": "Europe/Madrid", **WHEN, **changed}
    refused = await two.ben.submit(page, f"{two.path}/meetings/new", **values)
    assert refused.response.status_code == 422
    assert sentence in refused.text


# --- afterwards ---------------------------------------------------------------------------------------


async def end(two: Desk) -> None:
    await two.ana.fill(f"{two.path}/complete")


async def test_feedback_is_read_once_both_have_given_it(two: Desk) -> None:
    path = f"{two.path}/feedback"
    assert "Feedback is for after the mentorship." in (await two.ben.get(path)).text
    await end(two)
    page = await two.ben.get(path)
    refused = await two.ben.submit(page, path, body_text="Often late.")
    assert refused.response.status_code == 422
    assert "Choose an answer." in refused.text
    answers = {"reached": "partly", "helped": "some", "again": "maybe"}
    given = await two.ben.submit(refused, path, body_text="Often late.", **answers)
    assert "It is sealed until" in given.text
    asked = await two.ana.get(path)
    assert "has answered already" in asked.text
    assert "Often late" not in asked.response.text
    opened = await two.ana.submit(asked, path, reached="yes", helped="much", again="yes", body_text="A joy.")
    assert "Often late." in opened.text
    assert "A joy." in (await two.ben.get(path)).text


async def test_thanks_are_public_only_after_a_yes(two: Desk) -> None:
    path = f"{two.path}/feedback"
    await end(two)
    page = await two.ben.get(path)
    assert "Now mentor someone?" in page.text
    asked = await two.ben.submit(page, f"{path}/thanks", text="Thank you, Ana, for the maps.")
    assert "Nothing is public yet." in asked.text
    shown = await two.ana.get(path)
    assert "Thank you, Ana, for the maps." in shown.text
    visitor = two.world.browser()
    assert "for the maps" not in (await visitor.get("/@ana")).text
    yes = next(form for form in shown.forms if dict(form.values).get("answer") == "yes")
    response = await two.ana.post(yes.action, dict(yes.values))
    assert response.status_code == 303
    address = next(link["href"] for link in (await two.ben.get(path)).links if "/thanks/" in link["href"])
    public = await visitor.get(address)
    assert "Thank you, Ana, for the maps." in public.text
    assert "Thank you, Ana, for the maps." in (await visitor.get("/@ana")).text
    await two.ben.submit(await two.ben.get(path), f"{path}/thanks/withdraw")
    assert "for the maps" not in (await visitor.get("/@ana")).text
    assert (await visitor.raw_get(address)).status_code == 404


# --- others -------------------------------------------------------------------------------------------


async def test_the_notice_stands_before_the_first_message_to_somebody_elsewhere(two: Desk) -> None:
    """A guest's account is on another server: what is written here can be read by the admins of both."""
    carla = await two.world.add_remote("carla", "m.example")
    now = two.world.clock.now()
    ana = two.members["ana"].actor
    made = await two.world.store.write(
        lambda tx: add_mentorship(
            tx, mentor=ana, mentee=carla, now=now, state="active", channel="note", days=3
        )
    )
    path = f"/mentorships/{made.id}/messages"
    page = await two.ana.get(path)
    assert "is on another server: m.example" in page.text
    assert "not encrypted from end to end" in page.text
    refused = await two.ana.submit(page, path, text="Hello Carla")
    assert refused.response.status_code == 422
    assert "tick the box" in refused.text
    sent = await two.ana.submit(refused, path, is_informed="y")
    assert "Your message is sent." in sent.text
    assert not any(given.get("name") == "is_informed" for _, given in sent.elements)


def pair_routes(world: PagesWorld) -> list[Route]:
    listed = [route for route in routes(world.context) if isinstance(route, GuardedRoute)]
    return [route for route in listed if route.path.startswith("/mentorships/{id}")]


async def test_for_everybody_else_there_is_nothing_at_any_address(two: Desk) -> None:
    """The answer to somebody else is the same for what is there and for an id that never was."""
    await two.world.add_member("cleo")
    cleo = await two.world.member_browser("cleo")
    item_id = item_of(await two.ben.fill(f"{two.path}/messages", text="Between us"), "messages")
    token = dict((await cleo.get("/")).form("/logout").values)["csrf"]
    tried = 0
    for route in pair_routes(two.world):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            answers = set()
            for mentorship_id, other_id in (
                (two.path.rpartition("/")[2], item_id),
                (new_id(two.world.clock.now()), new_id(two.world.clock.now())),
            ):
                path = route.path.replace("{id}", mentorship_id).replace("{item}", other_id)
                path = re.sub(r"\{\w+(:\w+)?\}", "1", path)
                response = (
                    await cleo.raw_get(path)
                    if method == "GET"
                    else await cleo.post(path, {"csrf": token, "text": "Let me in", "starts": "none"})
                )
                headers = {name: value for name, value in response.headers.items() if name != "date"}
                body = re.sub(r'name="csrf" value="[^"]*"', "", response.text)
                headers.pop("content-length")  # the form token of the page is masked anew each time
                answers.add((response.status_code, body, str(sorted(headers.items()))))
                tried += 1
            assert len(answers) == 1, route.path
            assert next(iter(answers))[0] == 404, route.path
    assert tried > 60


async def test_an_ended_mentorship_can_be_read_and_not_written(two: Desk) -> None:
    await two.ben.fill(f"{two.path}/goals/new", title="Catalogue 200 maps")
    await two.ben.fill(f"{two.path}/messages", text="Good morning!")
    now = two.world.clock.now()
    await two.world.store.write(
        lambda tx: mentorships.end_early(
            tx,
            two.world.site,
            person=two.members["ana"].actor,
            mentorship_id=two.path.rpartition("/")[2],
            now=now,
        )
    )
    assert "Catalogue 200 maps" in (await two.ben.get(f"{two.path}/goals")).text
    refused = await two.ben.fill(f"{two.path}/goals/new", title="One more")
    assert refused.response.status_code == 422
    assert "while a mentorship is running" in refused.text
    await two.tick(days=29)
    closed = await two.ben.get(f"{two.path}/messages")
    assert "Good morning!" in closed.text
    assert "ended more than 28 days ago" in closed.text


async def test_pages_stay_light(two: Desk) -> None:
    async def write(tx: Tx) -> None:
        for number in range(25):
            await messages.write(
                tx,
                two.world.site,
                person=two.members["ben"].actor,
                mentorship_id=two.path.rpartition("/")[2],
                text=f"Message {number}. " * 40,
                now=two.world.clock.now(),
            )

    await two.world.store.write(write)
    for part in ("messages", "goals", "goals/new", "meetings", "meetings/new", "log", "feedback"):
        response = await two.ben.raw_get(f"{two.path}/{part}", accept_encoding="gzip")
        assert int(response.headers["content-length"]) <= 14_000, part
