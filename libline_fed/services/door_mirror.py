"""What people without LibLine are told of each step, as private messages in plain words.

What they did themselves is confirmed by exactly one message, whichever way they did it.
"""

from datetime import date, datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.doors import QuestionKind
from libline_fed.domain.mentorships import Mentorship, State
from libline_fed.services import door_talk, door_texts
from libline_fed.services.door_talk import Door
from libline_fed.services.site import Site
from libline_fed.storage import doors
from libline_fed.storage.store import Tx

# What a step is called by the one who takes it, where that is not the name of a text.
_TEXTS = {
    "accept": "accepted",
    "withdraw": "withdrawn",
    "objected": "resumed",
    "revived": "resumed",
    "full": "completed",
    "partner-gone": "ended",
}
_RUNNING = frozenset({"accepted", "confirmed", "started", "paused", "resumed", "extended"})
_REASONS = frozenset({"not-now", "not-my-area", "try-somebody"})


async def mirror(
    tx: Tx,
    site: Site,
    *,
    mentorship: Mentorship,
    me: Actor,
    partner: Actor,
    event: str,
    now: datetime,
) -> None:
    """Tell the person of a step that `me` took: the member's is news, the person's own is confirmed."""
    member, person = (me, partner) if me.is_local else (partner, me)
    door = door_talk.of_mentorship(site, mentorship, member=member, person=person)
    if me.is_local:
        await _tell(tx, site, door, mentorship, _name_of(event, mentorship), now)
    else:
        await _confirm(tx, site, door, mentorship, _name_of(event, mentorship), now)


def _name_of(event: str, mentorship: Mentorship) -> str:
    """Return the text for an event; what time or a better match took back is not called taken back."""
    if event == "withdraw" and mentorship.state == State.EXPIRED:
        return "expired"
    return _TEXTS.get(event, event)


async def _tell(tx: Tx, site: Site, door: Door, mentorship: Mentorship, event: str, now: datetime) -> None:
    """Tell of a step that the member or time took, and ask where an answer is needed."""
    question = await doors.open_in(tx, door.thread_uri)
    if event == "counter":
        await _ask_about(tx, site, door, mentorship, QuestionKind.COUNTER, "counter", now)
    elif event == "accepted" and _is_complete(mentorship):
        await _ask_about(tx, site, door, mentorship, QuestionKind.AGREE, "accepted-agree", now)
    elif event == "terms" or (event == "confirmed" and question is None):
        await _ask_about(tx, site, door, mentorship, QuestionKind.AGREE, "agree", now)
    else:
        if event != "confirmed":  # that one leaves the question open
            await doors.cancel_in(tx, door.thread_uri)
        name = event if door_texts.has(event) else "changed"
        words = [_text(site, door, mentorship, name), *_reason(site, door, mentorship, event)]
        await door_talk.say(tx, site, door, *words, ending="stop" if name in _RUNNING else None, now=now)


async def _confirm(tx: Tx, site: Site, door: Door, mentorship: Mentorship, event: str, now: datetime) -> None:
    """Confirm a step that the person took, here or on the pages."""
    await doors.cancel_in(tx, door.thread_uri)
    if event in ("send", "counter"):
        is_mentee = door.person.id == mentorship.mentee_id
        words = _text(site, door, mentorship, "requested" if is_mentee else "offered")
        more = f"{door.text(site, 'passed-on')} {door.text(site, 'readable')}"
        await door_talk.say(tx, site, door, words, more, ending="take-back", now=now)
        return
    if event == "terms":
        event = "confirmed"
    name = next(one for one in (f"{event}-own", event, "changed") if door_texts.has(one))
    ending = "stop" if event in _RUNNING else None
    await door_talk.say(tx, site, door, _text(site, door, mentorship, name), ending=ending, now=now)


async def _ask_about(
    tx: Tx, site: Site, door: Door, mentorship: Mentorship, kind: QuestionKind, key: str, now: datetime
) -> None:
    ends_at = mentorship.expires_at if kind is QuestionKind.COUNTER else mentorship.intro_ends_at
    assert ends_at is not None
    words = [_text(site, door, mentorship, key)]
    if kind is QuestionKind.COUNTER and mentorship.message_text.strip():
        words.append(f"«{mentorship.message_text.strip()}»")
    await door_talk.ask(tx, site, door, kind, *words, expires_at=ends_at, now=now)


def _text(site: Site, door: Door, mentorship: Mentorship, key: str) -> str:
    until = _until(mentorship, key)
    return door.text(
        site,
        key,
        terms=door_texts.terms_line(mentorship.terms, door.language),
        until=door_texts.day(until, door.language) if until is not None else "—",
    )


def _until(mentorship: Mentorship, key: str) -> date | None:
    """Return the day that a text names."""
    if key.startswith(("paused",)):
        return mentorship.paused_until_on
    if key.startswith("accepted"):
        return mentorship.intro_ends_at.date() if mentorship.intro_ends_at is not None else None
    if key in ("requested", "offered"):
        return mentorship.expires_at.date() if mentorship.expires_at is not None else None
    return mentorship.ends_on


def _reason(site: Site, door: Door, mentorship: Mentorship, event: str) -> list[str]:
    """Return why the member said no, as far as that is to be told."""
    if event != "declined" or mentorship.reason is None:
        return []
    said = [door.text(site, f"reason-{mentorship.reason}")] if mentorship.reason in _REASONS else []
    if mentorship.reason_text.strip():
        said.append(f"«{mentorship.reason_text.strip()}»")
    return said


def _is_complete(mentorship: Mentorship) -> bool:
    """Tell whether the terms can be agreed on as they are: a goal, a length, a way to meet."""
    return all(mentorship.terms.get(key) not in (None, "") for key in ("goal", "months", "mode"))
