"""What time does to mentorships: reminders, expiry, lapse, and noticing that a server is gone.

Each function looks for what is due and may run as often as it likes: a step that was taken is not due again.
Both servers keep these clocks; what both do at the same time merges to the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_

from libline_fed.domain import agreements
from libline_fed.domain.mentorships import (
    CLOCK,
    FEEDBACK_DAYS,
    INTRO_DAYS,
    LAPSE_DAYS,
    NUDGE_DAYS,
    ORPHAN_DAYS,
    PAUSE_GRACE_DAYS,
    REMINDER_DAYS,
    Channel,
    DeclineReason,
    Event,
    Side,
    State,
)
from libline_fed.domain.proposals import Status
from libline_fed.services import (
    answers,
    deadlines,
    door_answers,
    feedback,
    mentorship_messages,
    proposals,
    requests,
    seats,
    waiting_lists,
)
from libline_fed.services.mentorship_steps import free_seat, put, say_update, step, tell_people
from libline_fed.services.mentorship_views import shared_of
from libline_fed.services.mentorships import whole_seconds
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import mentorships, peers
from libline_fed.storage.mentorship_tables import mentorships as table
from libline_fed.storage.store import Tx

ASKER_PATIENCE = timedelta(
    days=7
)  # the decider's server keeps the clock; without it the asker's ends the wait
UNREACHABLE_DAYS = 3
UNANSWERED_COUNT = 2  # so many expired in a row, and the offer is taken from the lists
_c = table.c


async def tick(tx: Tx, site: Site, *, now: datetime) -> int:
    """Do everything that is due; returns how many mentorships were touched."""
    count = 0
    for condition, act in _WORK:
        for due in await mentorships.due(tx, condition(now)):
            pair = await locked(tx, due.id)
            count += await act(tx, site, pair, now)
    count += await door_answers.tick(tx, site, now=now)
    count += await waiting_lists.tell(tx, site, now=now)
    return count + await feedback.open_due(tx, site, now=now)


# --- before an answer -------------------------------------------------------------------------------


async def _wait_is_due(tx: Tx, site: Site, pair: Pair, now: datetime) -> bool:
    """Remind whoever has to answer, or end the wait."""
    mentorship = pair.mentorship
    decider = pair.actor(mentorship.decider)
    assert mentorship.sent_at is not None
    assert mentorship.expires_at is not None
    is_here = decider.is_local or mentorship.channel == Channel.NOTE or mentorship.state == State.QUESTION
    if mentorship.expires_at <= now:
        if not is_here:
            return await _end_own_wait(tx, site, pair, now)
        later = await _frozen_deadline(tx, pair)
        if later is None or later <= now:
            await _expire(tx, site, pair, now)
            return True
        pair.mentorship = await mentorships.change(tx, mentorship.id, now, expires_at=later)
        asker = pair.actor(Side(mentorship.asker))
        await mentorship_messages.send_wait(tx, site, pair.mentorship, me=decider, partner=asker, now=now)
    if not decider.is_local or mentorship.state != State.PROPOSED:
        return False
    waited_days = await deadlines.elapsed_days(tx, decider, since=mentorship.sent_at, now=now)
    reached = sum(1 for day in REMINDER_DAYS if waited_days >= day)
    if reached <= mentorship.reminders_count:
        return False
    pair.mentorship = await mentorships.change(tx, mentorship.id, now, reminders_count=reached)
    event = f"reminder-{REMINDER_DAYS[reached - 1]}"
    await tell_people(tx, site, pair, event, by=mentorship.asker, now=now)
    return True


async def _frozen_deadline(tx: Tx, pair: Pair) -> datetime | None:
    """Return the deadline anew: a holiday that was entered after the request came freezes it too."""
    mentorship = pair.mentorship
    if mentorship.state != State.PROPOSED or mentorship.sent_at is None:
        return mentorship.expires_at
    return await requests.deadline(tx, pair, mentorship.sent_at)


async def _expire(tx: Tx, site: Site, pair: Pair, now: datetime) -> None:
    is_question = pair.mentorship.state == State.QUESTION
    values = {"reason": DeclineReason.EXPIRED, "decided_at": now, "holds_seat": False}
    await step(tx, pair, Event.EXPIRE, by=CLOCK, now=now, values=values)
    decider = pair.actor(pair.mentorship.decider)
    if is_question:
        return  # a question that nobody followed up is just quiet
    if decider.is_local:
        await answers.end_offer(tx, site, pair, me=decider, event="expired", now=now, is_told=False)
    else:
        asker = pair.actor(Side(pair.mentorship.asker))
        await answers.take_back(tx, site, pair, me=asker, reason="expired", now=now)
    await tell_people(tx, site, pair, "expired", by=CLOCK, now=now, is_both=True)
    await _unlist_if_silent(tx, site, pair, now)


async def _end_own_wait(tx: Tx, site: Site, pair: Pair, now: datetime) -> bool:
    """End a wait for another server that did not even say that the time is over."""
    mentorship = pair.mentorship
    assert mentorship.expires_at is not None
    if mentorship.expires_at + ASKER_PATIENCE > now:
        return False
    values = {"reason": DeclineReason.EXPIRED, "decided_at": now, "holds_seat": False}
    await step(tx, pair, Event.EXPIRE, by=CLOCK, now=now, values=values)
    if mentorship.state == State.PROPOSED:
        asker = pair.actor(Side(mentorship.asker))
        await answers.take_back(tx, site, pair, me=asker, reason="expired", now=now)
        await tell_people(tx, site, pair, "expired", by=CLOCK, now=now, is_both=True)
    return True


async def _unlist_if_silent(tx: Tx, site: Site, pair: Pair, now: datetime) -> None:
    """Pause an offer whose last two requests got no answer: nobody should wait for it in vain."""
    offer = await seats.offer(tx, pair.mentorship.proposal_id)
    mentor = pair.actor(Side.MENTOR)
    if pair.mentorship.decider is not Side.MENTOR or not mentor.is_local:
        return  # it was not the mentor who did not answer
    if offer is None or offer.author_id != mentor.id or offer.status != Status.OPEN:
        return
    latest = await mentorships.answered_of(tx, offer.uri, limit=UNANSWERED_COUNT)
    if len(latest) == UNANSWERED_COUNT and all(one.state == State.EXPIRED for one in latest):
        await proposals.set_status(
            tx, site, proposal_id=offer.id, author_id=mentor.id, status=Status.PAUSED, now=now
        )
        await tell_people(tx, site, pair, "unlisted", by=Side.MENTEE, now=now)


# --- while it runs ----------------------------------------------------------------------------------


async def _intro_is_over(tx: Tx, site: Site, pair: Pair, now: datetime) -> bool:
    """End getting to know each other after 21 days, without those on which one of the two was away."""
    mentorship = pair.mentorship
    since = mentorship.decided_at or mentorship.created_at
    ends_at = await deadlines.after(tx, *pair.people.values(), since=since, days=INTRO_DAYS)
    if mentorship.state != State.INTRO or ends_at > now:
        return False
    await _end(tx, site, pair, Event.END_INTRO, State.ENDED_INTRO, "intro-over", now)
    return True


async def _pause_is_over(tx: Tx, site: Site, pair: Pair, now: datetime) -> bool:
    """Remind both on the day of return, and let a pause that nobody ends lapse two weeks later."""
    mentorship = pair.mentorship
    if mentorship.state != State.PAUSED or mentorship.paused_until_on is None:
        return False
    over_days = (now.date() - mentorship.paused_until_on).days
    if over_days >= PAUSE_GRACE_DAYS:
        await _end(tx, site, pair, Event.LAPSE, State.LAPSED, "lapsed", now)
        return True
    return over_days >= 0 and await _nudge(tx, site, pair, 1, "pause-over", now)


async def _is_silent(tx: Tx, site: Site, pair: Pair, now: datetime) -> bool:
    """Nudge a pair that has gone silent after 60 and 75 days; after 90 it lapses, with credit for both."""
    mentorship = pair.mentorship
    since = mentorship.alive_at or mentorship.started_at
    if mentorship.state != State.ACTIVE or since is None or mentorship.orphaned_at is not None:
        return False
    silent_days = await deadlines.elapsed_days(tx, *pair.people.values(), since=since, now=now)
    if silent_days >= LAPSE_DAYS:
        await _end(tx, site, pair, Event.LAPSE, State.LAPSED, "lapsed", now)
        return True
    reached = sum(1 for day in NUDGE_DAYS if silent_days >= day)
    event = f"nudge-{NUDGE_DAYS[reached - 1]}" if reached else ""
    return reached > 0 and await _nudge(tx, site, pair, reached, event, now)


async def _last_day_is_near(tx: Tx, site: Site, pair: Pair, now: datetime) -> bool:
    """Ask both, once, on the last day whether the goal is reached."""
    if pair.mentorship.state != State.ACTIVE or pair.mentorship.reminders_count:
        return False
    pair.mentorship = await mentorships.change(tx, pair.mentorship.id, now, reminders_count=1)
    await tell_people(tx, site, pair, "last-day", by=CLOCK, now=now, is_both=True)
    return True


async def _nudge(tx: Tx, site: Site, pair: Pair, reached: int, event: str, now: datetime) -> bool:
    if reached <= pair.mentorship.nudges_count:
        return False
    pair.mentorship = await mentorships.change(tx, pair.mentorship.id, now, nudges_count=reached)
    await tell_people(tx, site, pair, event, by=CLOCK, now=now, is_both=True)
    return True


async def _end(tx: Tx, site: Site, pair: Pair, event: Event, state: State, told: str, now: datetime) -> None:
    shared = agreements.step(shared_of(pair.mentorship), state, by=CLOCK, at=whole_seconds(now))
    await step(tx, pair, event, by=CLOCK, now=now, shared=shared)
    await free_seat(tx, site, pair, now=now)
    await say_update(tx, site, pair, told, by=CLOCK, now=now)
    await tell_people(tx, site, pair, told, by=CLOCK, now=now, is_both=True)


# --- the other server -------------------------------------------------------------------------------


async def _look_after_partner(tx: Tx, site: Site, pair: Pair, now: datetime) -> bool:
    """Warn when the partner's server has not answered for three days; after 30 both keep what they have.

    Once it is heard of again, it is told how things stand: what was sent meanwhile may be lost.
    """
    mentorship = pair.mentorship
    partner = pair.actor(pair.local_side.other)
    known = await peers.get(tx, partner.host)
    contacts = [known.heard_at, known.reached_at] if known is not None else []
    last_at = max((moment for moment in contacts if moment is not None), default=mentorship.created_at)
    if mentorship.orphaned_at is not None:
        if last_at <= mentorship.orphaned_at:
            return False
        await put(tx, pair, {"orphaned_at": None, "alive_at": now}, event="back", by=CLOCK, now=now)
        await say_update(tx, site, pair, "back", by=CLOCK, now=now)
        await tell_people(tx, site, pair, "back", by=CLOCK, now=now, is_both=True)
        return True
    silent_days = (now - last_at).days
    if known is None or known.failures_count == 0 or silent_days < UNREACHABLE_DAYS:
        return False
    if silent_days >= ORPHAN_DAYS:
        await put(tx, pair, {"orphaned_at": now}, event="orphan", by=CLOCK, now=now)
    event = "orphaned" if silent_days >= ORPHAN_DAYS else "unreachable"
    await tell_people(tx, site, pair, event, by=CLOCK, now=now, is_both=True)
    return silent_days >= ORPHAN_DAYS


async def _archive(tx: Tx, site: Site, pair: Pair, now: datetime) -> bool:
    """Put away what has been over for four weeks: no more feedback, and off the page of what is new."""
    del site
    await put(tx, pair, {"archived_at": now}, event="archive", by=CLOCK, now=now)
    return True


Condition = Callable[[datetime], ColumnElement[bool]]
Act = Callable[[Tx, Site, Pair, datetime], Awaitable[bool]]


def _days_ago(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _waits(now: datetime) -> ColumnElement[bool]:
    reminders = [
        and_(_c.reminders_count == number, _c.sent_at <= _days_ago(now, day))
        for number, day in enumerate(REMINDER_DAYS)
    ]
    return and_(_c.state.in_(("proposed", "question")), or_(_c.expires_at <= now, *reminders))


_WORK: Sequence[tuple[Condition, Act]] = (
    (_waits, _wait_is_due),
    (lambda now: and_(_c.state == State.INTRO, _c.intro_ends_at <= now), _intro_is_over),
    (lambda now: and_(_c.state == State.PAUSED, _c.paused_until_on <= now.date()), _pause_is_over),
    (lambda now: and_(_c.state == State.ACTIVE, _c.alive_at <= _days_ago(now, NUDGE_DAYS[0])), _is_silent),
    (
        lambda now: and_(_c.state == State.ACTIVE, _c.ends_on <= now.date(), _c.reminders_count == 0),
        _last_day_is_near,
    ),
    (
        lambda _: and_(
            _c.channel == Channel.LIBLINE,
            _c.state.in_(("intro", "active", "paused")),
            mentorships.has_troubled_server(),
        ),
        _look_after_partner,
    ),
    (
        lambda now: and_(_c.ended_at <= _days_ago(now, FEEDBACK_DAYS), _c.archived_at.is_(None)),
        _archive,
    ),
)
