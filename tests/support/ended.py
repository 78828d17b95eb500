"""Mentorships as rows, in whatever state a test wants to begin with."""

from datetime import date, datetime, timedelta
from typing import Any

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship
from libline_fed.domain.proposals import Proposal
from libline_fed.ids import new_id
from libline_fed.storage import mentorships
from libline_fed.storage.mentorship_tables import logbook
from libline_fed.storage.store import Tx


async def add_mentorship(
    tx: Tx,
    *,
    mentor: Actor,
    mentee: Actor,
    now: datetime,
    state: str = "completed",
    proposal: Proposal | None = None,
    terms: dict[str, Any] | None = None,
    days: int = 100,
    **columns: Any,
) -> Mentorship:
    """Insert a mentorship that began `days` ago and is in `state` now; `columns` win over everything."""
    mentorship_id = new_id(now)
    base = "https://lib.example"
    started_at = now - timedelta(days=days)
    is_running = state in {"active", "paused"}
    values: dict[str, Any] = {
        "id": mentorship_id,
        "agreement_uri": f"{base}/agreements/{mentorship_id}",
        "offer_uri": f"{base}/activities/{mentorship_id}",
        "thread_uri": f"{base}/threads/{mentorship_id}",
        "proposal_id": proposal.id if proposal else None,
        "proposal_uri": proposal.uri if proposal else f"{base}/proposals/{mentorship_id}",
        "proposal_title": "Cataloguing",
        "purpose": "offer",
        "mentor_id": mentor.id,
        "mentee_id": mentee.id,
        "channel": "local" if mentor.is_local and mentee.is_local else "libline",
        "asker": "mentee",
        "state": state,
        "standing": {
            "epoch": 0,
            "version": 3,
            "state": state,
            "by": "mentor",
            "at": (started_at if is_running else now).isoformat(),
        },
        "version": 3,
        "changed_by": "mentor",
        "answers": {},
        "terms": {"goal": "Learn RDA", "months": 3, **(terms or {})},
        "terms_version": 1,
        "terms_by": "mentor",
        "mentor_confirmed_version": 1,
        "mentor_confirmed_at": started_at,
        "mentee_confirmed_version": 1,
        "mentee_confirmed_at": started_at,
        "started_at": started_at,
        "ends_on": date(now.year, now.month, now.day),
        "ended_at": None if is_running else now,
        "alive_at": now,
        "created_at": started_at,
        "updated_at": now,
    }
    made = await mentorships.add(tx, values | columns)
    assert made is not None
    return made


async def add_talk(tx: Tx, mentorship: Mentorship, author: Actor, minutes: int, now: datetime) -> str:
    """Write a talk into the logbook."""
    entry_id = new_id(now)
    values = {
        "id": entry_id,
        "uri": f"{author.uri}/talks/{entry_id}",
        "mentorship_id": mentorship.id,
        "author_id": author.id,
        "held_on": now.date(),
        "minutes": minutes,
        "created_at": now,
        "updated_at": now,
    }
    await tx.execute(tx.insert(logbook).values(**values))
    return entry_id
