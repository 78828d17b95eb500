"""Taking a step: one way for pages, guests, private messages, other servers and the clock.

Lock the two people, read the row again, ask the table, write row and event, count the places anew, tell the
other server, and tell the people here. All in the caller's transaction.
"""

from datetime import datetime
from typing import Any

from libline_fed.domain.agreements import Shared
from libline_fed.domain.mentorship_guards import Facts
from libline_fed.domain.mentorship_steps import take_step
from libline_fed.domain.mentorships import (
    CLOCK,
    ENDED,
    REFUSED,
    RUNNING,
    Channel,
    Event,
    Mentorship,
    Side,
    State,
)
from libline_fed.services import mentorship_mails, mentorship_messages, seats
from libline_fed.services.mentorship_views import columns_of
from libline_fed.services.notifications import notify
from libline_fed.services.pairs import Pair
from libline_fed.services.site import Site
from libline_fed.storage import mentorships
from libline_fed.storage.store import Tx


async def step(  # noqa: PLR0913  a step has these parts
    tx: Tx,
    pair: Pair,
    event: Event,
    *,
    by: str,
    now: datetime,
    facts: Facts | None = None,
    values: dict[str, Any] | None = None,
    shared: Shared | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Take a step of the table, or refuse it; the pair then holds the new row.

    Raises: Conflict, with a sentence for the person.
    """
    before = pair.mentorship
    taken = take_step(
        event,
        state=before.state,
        by=by,
        asker=before.asker,
        changed_by=before.changed_by,
        facts=facts,
    )
    columns: dict[str, Any] = {"state": taken.state_after.value, "changed_by": by}
    if shared is not None:
        columns = columns_of(shared)
    await put(tx, pair, columns | (values or {}), event=event, by=by, now=now, detail=detail)


async def put(
    tx: Tx,
    pair: Pair,
    columns: dict[str, Any],
    *,
    event: str,
    by: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write the row and what happened."""
    before = pair.mentorship
    moments = _moments(before, columns.get("state", before.state), now)
    pair.mentorship = await mentorships.change(tx, before.id, now, **(moments | columns))
    await mentorships.add_event(
        tx, pair.mentorship, event=event, by=by, state_before=before.state, now=now, detail=detail
    )


def _moments(before: Mentorship, state: str, now: datetime) -> dict[str, Any]:
    """Return the columns that follow from a change of state."""
    if state == before.state:
        return {}
    moments: dict[str, Any] = {"reminders_count": 0, "nudges_count": 0}
    if state in RUNNING:
        moments |= {"ended_at": None, "archived_at": None}
    if state == State.ACTIVE:
        moments |= {"alive_at": now, "paused_at": None}
    if state == State.PAUSED:
        moments["paused_at"] = now
    if state in ENDED:
        moments |= {"ended_at": now, "holds_seat": False}
    if state in REFUSED:
        moments["holds_seat"] = False
    return moments


async def tell_people(
    tx: Tx, site: Site, pair: Pair, event: str, *, by: str, now: datetime, is_both: bool = False
) -> None:
    """Tell the members here, but nobody what they did themselves; `is_both` when time did it."""
    for side, actor in pair.people.items():
        if not actor.is_local or (side == by and not is_both):
            continue
        partner = pair.people[side.other]
        is_news = await notify(
            tx,
            account_actor_id=actor.id,
            kind="mentorship",
            event=event,
            from_actor_id=partner.id,
            subject_uri=f"{site.uris.mentorship(pair.mentorship.id)}#{_mark(pair.mentorship, event, now)}",
            now=now,
        )
        if is_news:
            await mentorship_mails.mails_for(
                tx,
                site,
                actor=actor,
                event=event,
                mentorship_id=pair.mentorship.id,
                partner_name=mentorship_mails.name_in_mail(partner),
                now=now,
            )


def _mark(mentorship: Mentorship, event: str, now: datetime) -> str:
    """Return what tells a notice from an earlier one of the same kind: terms have versions of their own."""
    if event in {"terms", "confirmed"}:
        return f"{mentorship.version}.{mentorship.terms_version}"
    return f"{mentorship.version}.{now:%Y%m%d}" if event == "place-free" else str(mentorship.version)


async def say_update(tx: Tx, site: Site, pair: Pair, event: str, *, by: str, now: datetime) -> None:
    """Tell the other server how things stand. What time brings about, the side of this server says.

    Somebody without LibLine is told of the own step too: that is its confirmation.
    """
    channel = pair.mentorship.channel
    if channel == Channel.LOCAL:
        return
    is_said = by != CLOCK and (channel == Channel.NOTE or pair.people[Side(by)].is_local)
    side = Side(by) if is_said else pair.local_side
    await mentorship_messages.send_update(
        tx,
        site,
        pair.mentorship,
        me=pair.people[side],
        partner=pair.people[side.other],
        event=event,
        now=now,
    )


async def free_seat(tx: Tx, site: Site, pair: Pair, *, now: datetime) -> None:
    """Count the places anew of what this mentorship took or asks for."""
    mentorship = pair.mentorship
    await seats.refresh(tx, site, mentorship.seat_proposal_id, mentorship.proposal_id, now=now)
