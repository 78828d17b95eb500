"""The next meeting: proposing up to three times, choosing one, each in one's own time zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from starlette.requests import Request
from starlette.responses import Response
from wtforms import DateField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Optional

from libline_fed import vocabulary
from libline_fed.domain.meetings import (
    MAX_MINUTES,
    Meeting,
    MeetingContent,
    MeetingState,
    is_zone,
    moment_in,
)
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.services import calendars, meetings, messages, topics
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.storage import accounts
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.filters import person_name
from libline_fed.web.languages import N_, Language
from libline_fed.web.pages import Access, GuardedRoute, form_page, get, post
from libline_fed.web.pair_pages import PairForm, PairPages
from libline_fed.web.visits import Visit, visit_of

USUAL_MINUTES = 60
TIMES = (1, 2, 3)
MAX_TIME_CHARACTERS = 8
MAX_ZONE_CHARACTERS = 60
# Some to choose from while typing; every name of the IANA list is taken.
# fmt: off
COMMON_ZONES = (
    "Africa/Accra", "Africa/Addis_Ababa", "Africa/Algiers", "Africa/Cairo", "Africa/Casablanca",
    "Africa/Dakar", "Africa/Johannesburg", "Africa/Kampala", "Africa/Kigali", "Africa/Lagos",
    "Africa/Nairobi", "Africa/Tunis", "America/Argentina/Buenos_Aires", "America/Bogota", "America/Chicago",
    "America/Lima", "America/Los_Angeles", "America/Mexico_City", "America/New_York", "America/Santiago",
    "America/Sao_Paulo", "America/Toronto", "Asia/Amman", "Asia/Beirut", "Asia/Dhaka", "Asia/Dubai",
    "Asia/Jakarta", "Asia/Karachi", "Asia/Kolkata", "Asia/Manila", "Asia/Riyadh", "Asia/Shanghai",
    "Asia/Tokyo", "Australia/Sydney", "Europe/Athens", "Europe/Berlin", "Europe/London", "Europe/Madrid",
    "Europe/Paris", "Pacific/Auckland", "UTC",
)
# fmt: on
SUMMARY = N_("Mentoring: talk with %(name)s")
NO_SUCH_TIME = N_("The clocks are set forward then: this time does not exist on that day.")


class MeetingForm(PairForm):
    """Up to three times in one's own zone, the length, the way and the place."""

    zone = StringField(N_("Your time zone"))
    day_1 = DateField(N_("Day"), [Optional()])
    time_1 = StringField(N_("Time"))
    day_2 = DateField(N_("Day"), [Optional()])
    time_2 = StringField(N_("Time"))
    day_3 = DateField(N_("Day"), [Optional()])
    time_3 = StringField(N_("Time"))
    minutes = IntegerField(N_("Minutes"), [InputRequired(N_("Write how many minutes you need."))])
    mode = SelectField(N_("Way to meet"), validate_choice=False)
    place_text = StringField(N_("Place: a link, a number or a room"))

    def add_problems(self, error: InvalidInput) -> None:
        """Put what is wrong with the times at the first of them."""
        named = {"day_1" if name == "times" else name: sentence for name, sentence in error.fields.items()}
        super().add_problems(InvalidInput(named))

    def content(self) -> MeetingContent:
        """Return what was written.

        Raises: InvalidInput.
        """
        zone, problems, times = (self.zone.data or "").strip() or "UTC", {}, []
        if not is_zone(zone[:MAX_ZONE_CHARACTERS]):
            raise InvalidInput({"zone": "Write the name of a time zone, such as Africa/Nairobi."})
        for number in TIMES:
            day, typed = self[f"day_{number}"].data, (self[f"time_{number}"].data or "").strip()
            at = _time(typed)
            if day is None and not typed:
                continue
            if day is None or at is None:
                problems[f"day_{number}"] = "Write both the day and the time, such as 15:30."
                continue
            moment = moment_in(zone, day, at)
            if moment is None:
                problems[f"day_{number}"] = NO_SUCH_TIME
            else:
                times.append(moment)
        if problems:
            raise InvalidInput(problems)
        minutes = max(0, min(self.minutes.data or 0, MAX_MINUTES + 1))
        return MeetingContent(tuple(times), minutes, self.mode.data or None, self.place_text.data or "")


@dataclass(frozen=True, slots=True)
class Row:
    """A meeting as its page shows it: the moments written in the reader's zone."""

    meeting: Meeting
    times: Sequence[tuple[str, str, bool]]  # ISO moment, as written, whether it is still to come
    starts: str
    is_waiting: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """What the first page of a mentorship says of working together."""

    unread_count: int
    next_meeting: str  # as written in the reader's zone; "" for none
    topic: topics.Suggestion | None


async def glance(tx: Tx, view: MentorshipView, language: Language, *, now: datetime) -> Glance:
    """Look at what is new, when the two meet next, and what they could talk about."""
    unread = await messages.unread_counts(tx, view.person)
    upcoming = await meetings.upcoming(tx, view, now=now)
    zone = await _zone_of(tx, view)
    when = written(language, upcoming.starts_at, zone) if upcoming and upcoming.starts_at else ""
    topic = topics.suggest(view.mentorship, language.tag, now=now)
    return Glance(unread.get(view.mentorship.id, 0), when, topic)


class MeetingPages(PairPages):
    """The list of meetings and their forms."""

    async def show_all(self, request: Request) -> Response:
        """Show what is proposed, what is agreed, and what was."""
        found = await self.ask(request, self._listed)
        visit, now = visit_of(request), self.now()
        listed, zone = found[2]
        rows = [_row(meeting, visit.language, zone, now) for meeting in listed]
        topic = topics.suggest(found[0].mentorship, visit.language.tag, now=now)
        return self.show(
            request, "meetings/list.html", found, "meetings", rows=rows, zone=zone, topic=topic
        )

    async def propose(self, request: Request) -> Response:
        """Show an empty form, or take a proposal."""
        visit = visit_of(request)
        found = await self.ask(request, self._listed)
        view, zone = found[0], found[2][1]
        if request.method == "GET":
            mode = view.mentorship.terms.get("mode")
            form = MeetingForm(data={"zone": zone, "minutes": USUAL_MINUTES, "mode": mode})
            return self._edit_page(request, found, form, None)
        form = MeetingForm(visit.form)

        async def add(tx: Tx, now: datetime) -> None:
            content = form.content()
            await meetings.propose(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                content=content,
                zone=(form.zone.data or "").strip() or None,
                now=now,
            )
            await self._remember_zone(tx, visit, (form.zone.data or "").strip())

        saved = await self.save(request, form, add, path=_path(view), notice="meeting-proposed")
        return saved or self._edit_page(request, found, form, None)

    async def change(self, request: Request) -> Response:
        """Show one's own proposal in a form, or take its changes."""
        found, meeting = await self._one(request)
        view, zone = found[0], found[2][1]
        if meeting.author_id != view.person.id or meeting.is_cancelled:
            raise NotFound("somebody else's meeting, or one that is called off")
        if request.method == "GET":
            return self._edit_page(request, found, MeetingForm(data=_data(meeting, zone)), meeting)
        form = MeetingForm(visit_of(request).form)

        async def change(tx: Tx, now: datetime) -> None:
            await meetings.change(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                meeting_id=meeting.id,
                content=form.content(),
                zone=(form.zone.data or "").strip() or None,
                now=now,
            )

        saved = await self.save(request, form, change, path=_path(view), notice="meeting-changed")
        return saved or self._edit_page(request, found, form, meeting)

    async def choose(self, request: Request) -> Response:
        """Take the choice of a time, or that none suits."""
        found, meeting = await self._one(request)
        view, chosen = found[0], visit_of(request).form.get("starts", "")
        if chosen not in ("none", *meeting.times):
            raise InvalidInput({"starts": "Choose one of the times."})
        starts = None if chosen == "none" else datetime.fromisoformat(chosen)

        async def choose(tx: Tx, now: datetime) -> None:
            await meetings.choose(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                meeting_id=meeting.id,
                starts=starts,
                now=now,
            )

        notice = "meeting-agreed" if starts is not None else "meeting-declined"
        return await self.press(request, choose, path=_path(view), notice=notice)

    async def cancel(self, request: Request) -> Response:
        """Ask once more, or call a meeting off."""
        found, meeting = await self._one(request)
        view = found[0]
        if request.method == "GET":
            row = _row(meeting, visit_of(request).language, found[2][1], self.now())
            return self.show(request, "meetings/cancel.html", found, "meetings", row=row)

        async def cancel(tx: Tx, now: datetime) -> None:
            await meetings.cancel(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                meeting_id=meeting.id,
                now=now,
            )

        return await self.press(request, cancel, path=_path(view), notice="meeting-cancelled")

    async def file(self, request: Request) -> Response:
        """Return an agreed meeting as a calendar file."""
        found, meeting = await self._one(request)
        title = visit_of(request).language.gettext(SUMMARY) % {"name": person_name(found[0].partner)}
        printed = calendars.file_of(self.site, found[0], meeting, title=title)
        return calendar_response(printed, "meeting.ics")

    async def _listed(self, tx: Tx, view: MentorshipView) -> tuple[list[Meeting], str]:
        return await meetings.listed(tx, view), await _zone_of(tx, view)

    async def _one(
        self, request: Request
    ) -> tuple[tuple[MentorshipView, int, tuple[list[Meeting], str]], Meeting]:
        meeting_id = self.item_id(request)

        async def ask(tx: Tx, view: MentorshipView) -> tuple[list[Meeting], str]:
            return [await meetings.get(tx, view, meeting_id)], await _zone_of(tx, view)

        found = await self.ask(request, ask)
        return found, found[2][0][0]

    async def _remember_zone(self, tx: Tx, visit: Visit, zone: str) -> None:
        """Keep a member's zone that is not known yet."""
        if visit.account is not None and visit.account.zone is None and is_zone(zone):
            await accounts.change(tx, visit.account.id, zone=zone)

    def _edit_page(
        self,
        request: Request,
        found: tuple[MentorshipView, int, Any],
        form: MeetingForm,
        meeting: Meeting | None,
    ) -> Response:
        language, today = visit_of(request).language, self.now().date()
        modes = [("", language.gettext("not said")), *vocabulary.modes(language.tag)]
        return self.show(
            request,
            "meetings/edit.html",
            found,
            "meetings",
            form=form,
            meeting=meeting,
            modes=modes,
            zones=COMMON_ZONES,
            today=today,
            numbers=TIMES,
        )


def calendar_response(printed: bytes, name: str) -> Response:
    """Return a calendar file; nobody keeps a copy on the way."""
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(printed, media_type="text/calendar; charset=utf-8", headers=headers)


def written(language: Language, moment: datetime, zone: str) -> str:
    """Write a moment in a time zone, with the day of the week."""
    there = moment.astimezone(ZoneInfo(zone))
    return language.joined([format_date(there, format="full", locale=language.locale), f"{there:%H:%M}"])


async def _zone_of(tx: Tx, view: MentorshipView) -> str:
    """Return the zone in which a person reads times."""
    account = await accounts.by_actor(tx, view.person.id)
    zone = account.zone if account is not None else None
    return zone if zone and is_zone(zone) else "UTC"


def _row(meeting: Meeting, language: Language, zone: str, now: datetime) -> Row:
    times = [
        (moment.isoformat(), written(language, moment, zone), moment > now)
        for moment in meeting.content.times
    ]
    return Row(
        meeting,
        times,
        written(language, meeting.starts_at, zone) if meeting.starts_at else "",
        is_waiting=meeting.is_waiting(now),
        is_over=_is_over(meeting, now),
    )


def _is_over(meeting: Meeting, now: datetime) -> bool:
    if meeting.state == MeetingState.AGREED:
        return meeting.ends_at is not None and meeting.ends_at <= now
    return not meeting.is_waiting(now)


def _data(meeting: Meeting, zone: str) -> dict[str, Any]:
    content = meeting.content
    data: dict[str, Any] = {
        "zone": zone,
        "minutes": content.minutes,
        "mode": content.mode or "",
        "place_text": content.place_text,
    }
    for number, moment in zip(TIMES, content.times, strict=False):
        there = moment.astimezone(ZoneInfo(zone))
        data |= {f"day_{number}": there.date(), f"time_{number}": f"{there:%H:%M}"}
    return data


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text[:MAX_TIME_CHARACTERS].zfill(5)) if text else None
    except ValueError:
        return None


def _path(view: MentorshipView) -> str:
    return f"/mentorships/{view.mentorship.id}/meetings"


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = MeetingPages(context)
    base = "/mentorships/{id}/meetings"
    return [
        get(base, pages.show_all, Access.PERSON),
        form_page(f"{base}/new", pages.propose, Access.PERSON),
        get(f"{base}/{{item}}.ics", pages.file, Access.PERSON),
        form_page(f"{base}/{{item}}/change", pages.change, Access.PERSON),
        form_page(f"{base}/{{item}}/cancel", pages.cancel, Access.PERSON),
        post(f"{base}/{{item}}/choose", pages.choose, Access.PERSON),
    ]
