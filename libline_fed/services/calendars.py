"""Meetings as calendar files (RFC 5545): one to download, and a private feed for calendar programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event

from libline_fed.domain.accounts import Account
from libline_fed.domain.actors import Actor
from libline_fed.domain.meetings import Meeting, MeetingState
from libline_fed.domain.mentorships import Mentorship
from libline_fed.errors import NotFound
from libline_fed.ids import hash_token, new_token
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.site import Site
from libline_fed.storage import accounts, actors, meetings, mentorships
from libline_fed.storage.store import Tx

PAST_DAYS = 90  # how far back the feed goes
MAX_TOKEN_CHARACTERS = 100
REFRESH = timedelta(hours=1)
_STATUS = {
    MeetingState.AGREED: "CONFIRMED",
    MeetingState.PROPOSED: "TENTATIVE",
    MeetingState.DECLINED: "CANCELLED",
    MeetingState.CANCELLED: "CANCELLED",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A meeting with a date, and what stands over it."""

    meeting: Meeting
    title: str
    url: str


def file_of(site: Site, view: MentorshipView, meeting: Meeting, *, title: str) -> bytes:
    """Return a meeting as a calendar file.

    Raises: NotFound if no time is agreed.
    """
    if meeting.starts_at is None:
        raise NotFound(f"meeting {meeting.id} has no time")
    return _printed(site, [Entry(meeting, title, _url(site, view.mentorship))])


async def renew_feed(tx: Tx, site: Site, account: Account) -> str:
    """Give a member a new secret address for the feed; return it. The old one no longer works."""
    token = new_token()
    await accounts.change(tx, account.id, calendar_token_hash=hash_token(token))
    return f"{site.uris.base_url}/calendar/{token}.ics"


async def end_feed(tx: Tx, account: Account) -> None:
    """Take the address away."""
    await accounts.change(tx, account.id, calendar_token_hash=None)


async def feed_owner(tx: Tx, token: str) -> tuple[Account, Actor]:
    """Return whose feed an address belongs to.

    Raises: NotFound.
    """
    account = await accounts.by_calendar_token(tx, hash_token(token)) if _is_token(token) else None
    actor = await actors.by_id(tx, account.actor_id) if account is not None else None
    if account is None or actor is None or not account.is_active or not actor.is_usable:
        raise NotFound("no calendar has this address")
    return account, actor


async def feed(tx: Tx, site: Site, actor: Actor, *, title: str, now: datetime) -> bytes:
    """Return a member's agreed meetings of late and to come; `title` has the other's name at `%(name)s`."""
    found = await meetings.with_date_of(
        tx, actor.id, since=now - timedelta(days=PAST_DAYS), states=[MeetingState.AGREED.value]
    )
    known = await mentorships.by_ids(tx, {meeting.mentorship_id for meeting in found})
    partners = await actors.by_ids(tx, {_partner_id(one, actor) for one in known.values()})
    entries = []
    for meeting in found:
        mentorship = known[meeting.mentorship_id]
        name = partners[_partner_id(mentorship, actor)].display_name
        entries.append(Entry(meeting, title.replace("%(name)s", name), _url(site, mentorship)))
    return _printed(site, entries)


def _partner_id(mentorship: Mentorship, actor: Actor) -> str:
    return mentorship.mentee_id if actor.id == mentorship.mentor_id else mentorship.mentor_id


def _url(site: Site, mentorship: Mentorship) -> str:
    return f"{site.uris.mentorship(mentorship.id)}/meetings"


def _is_token(token: str) -> bool:
    return 0 < len(token) <= MAX_TOKEN_CHARACTERS and token.isascii()


def _printed(site: Site, entries: Sequence[Entry]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", f"-//{site.uris.host}//LibLine//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")  # RFC 5546 §3.2.1: for information, answers nobody
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})  # RFC 7986 §5.7
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _event(entry: Entry) -> Event:
    meeting = entry.meeting
    event = Event()
    event.add("uid", meeting.uri)  # the same on both servers, and for good
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", meeting.updated_at)
    event.add("dtstart", meeting.starts_at)
    event.add("dtend", meeting.ends_at)
    event.add("summary", entry.title)
    event.add("status", _STATUS[MeetingState(meeting.state)])
    event.add("class", "PRIVATE")
    event.add("url", entry.url)
    if meeting.place_text:
        event.add("location", meeting.place_text)
    return event
