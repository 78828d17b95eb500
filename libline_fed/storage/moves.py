"""Queries on `mentorship_moves`, and the rows that follow somebody to a new account."""

from datetime import datetime

from sqlalchemy import select, update

from libline_fed.domain.actors import Actor
from libline_fed.domain.moves import MentorshipMove, MoveState, moved_uri
from libline_fed.ids import new_id
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import (
    feedback,
    goals,
    logbook,
    meetings,
    mentorship_moves,
    messages,
    thanks,
)
from libline_fed.storage.store import Tx

_c = mentorship_moves.c
_GOES_ON = (goals, logbook)
_WRITTEN = (messages, goals, logbook, meetings, feedback, thanks)


async def add(tx: Tx, *, mentorship_id: str, old_id: str, new_id_: str, now: datetime) -> bool:
    """Note that the partner is to decide; False if that is known already."""
    values = {
        "id": new_id(now),
        "mentorship_id": mentorship_id,
        "old_actor_id": old_id,
        "new_actor_id": new_id_,
        "state": MoveState.OPEN.value,
        "created_at": now,
    }
    insert = tx.insert(mentorship_moves).values(**values).on_conflict_do_nothing()
    return bool((await tx.execute(insert)).rowcount)


async def open_one(tx: Tx, mentorship_id: str) -> MentorshipMove | None:
    """Return the latest move on which the partner has not decided, or None."""
    statement = (
        select(mentorship_moves)
        .where(_c.mentorship_id == mentorship_id, _c.state == MoveState.OPEN)
        .order_by(_c.id.desc())
    )
    row = await tx.first(statement)
    return rows.to(MentorshipMove, row) if row else None


async def decide(tx: Tx, mentorship_id: str, state: MoveState, now: datetime) -> None:
    """Note what the partner said, for every open move of a mentorship."""
    condition = (_c.mentorship_id == mentorship_id, _c.state == MoveState.OPEN)
    await tx.execute(update(mentorship_moves).where(*condition).values(state=state.value, decided_at=now))


async def hand_over(tx: Tx, *, mentorship_id: str, old: Actor, new: Actor) -> None:
    """Let what somebody wrote in a mentorship be of the new account; goals and talks get their new URIs."""
    for table in _GOES_ON:
        mine = (table.c.mentorship_id == mentorship_id, table.c.author_id == old.id)
        for row in await tx.all(select(table.c.id, table.c.uri).where(*mine)):
            uri = moved_uri(row.uri, old_actor_uri=old.uri, new_actor_uri=new.uri)
            await tx.execute(update(table).where(table.c.id == row.id).values(uri=uri))
    for table in _WRITTEN:
        mine = (table.c.mentorship_id == mentorship_id, table.c.author_id == old.id)
        await tx.execute(update(table).where(*mine).values(author_id=new.id))
    of_me = (thanks.c.mentorship_id == mentorship_id, thanks.c.thanked_id == old.id)
    await tx.execute(update(thanks).where(*of_me).values(thanked_id=new.id))
