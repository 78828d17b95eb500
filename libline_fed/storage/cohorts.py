"""Queries on `cohorts`: those of consortia hosted here, and those that others publish."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, or_, select, update

from libline_fed.activitypub.groups import CohortDocument
from libline_fed.activitypub.objects import Admitted
from libline_fed.domain.actors import Actor
from libline_fed.domain.cohorts import Cohort
from libline_fed.domain.consortia import MemberState
from libline_fed.ids import new_id
from libline_fed.storage import rows
from libline_fed.storage.consortium_tables import cohorts, consortia, consortium_members
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors

_c = cohorts.c
_groups = actors.alias("groups")
_GROUP_PREFIX = "its_group_"
_GROUP_COLUMNS = [column.label(f"{_GROUP_PREFIX}{column.name}") for column in _groups.c]


async def of_group(tx: Tx, group_id: str) -> list[Cohort]:
    """List a consortium's cohorts, the one that opens last first."""
    found = await tx.all(
        select(cohorts).where(_c.group_id == group_id).order_by(_c.opens_on.desc(), _c.id.desc())
    )
    return [rows.to(Cohort, row) for row in found]


async def put_remote(
    tx: Tx, group_id: str, admitted: Admitted[tuple[CohortDocument, ...]], now: datetime
) -> None:
    """Take over what a consortium of another server publishes; what it does not list any more goes."""
    published = admitted.document
    listed = [cohort.uri for cohort in published]
    await tx.execute(delete(cohorts).where(_c.group_id == group_id, _c.uri.not_in(listed)))
    for cohort in published:
        values = {
            "name": cohort.name,
            "orientation_text": cohort.orientation_text,
            "language": cohort.language,
            "areas": list(cohort.areas),
            "opens_on": cohort.opens_on,
            "closes_on": cohort.closes_on,
            "updated_at": now,
        }
        await tx.execute(
            tx.insert(cohorts)
            .values(id=new_id(now), group_id=group_id, uri=cohort.uri, created_at=now, **values)
            .on_conflict_do_update(index_elements=[_c.uri], set_=values, where=_c.group_id == group_id)
        )


async def by_id(tx: Tx, cohort_id: str) -> Cohort | None:
    """Return a cohort, or None."""
    row = await tx.first(select(cohorts).where(_c.id == cohort_id))
    return rows.to(Cohort, row) if row else None


async def open_here(tx: Tx, instance_uri: str, today: date, *, limit: int) -> list[tuple[Cohort, Actor]]:
    """List the cohorts that are open on a day, with their Groups, the first to close first.

    Of the consortia that a server is a member of, or hosts. One query: it is asked for every list.
    """
    joined = (
        select(consortium_members.c.group_id)
        .join(actors, actors.c.id == consortium_members.c.instance_id)
        .where(actors.c.uri == instance_uri, consortium_members.c.state == MemberState.MEMBER.value)
    )
    hosted = select(consortia.c.actor_id).where(consortia.c.closed_at.is_(None))
    query = (
        select(cohorts, *_GROUP_COLUMNS)
        .join(_groups, _groups.c.id == _c.group_id)
        .where(
            _c.opens_on <= today,
            _c.closes_on >= today,
            or_(_c.group_id.in_(joined), _c.group_id.in_(hosted)),
            _groups.c.gone_at.is_(None),
            _groups.c.suspended_at.is_(None),
        )
        .order_by(_c.closes_on, _c.id)
        .limit(limit)
    )
    return [
        (rows.to(Cohort, row), rows.to(Actor, row, prefix=_GROUP_PREFIX)) for row in await tx.all(query)
    ]


async def add(tx: Tx, cohort: Cohort) -> None:
    """Insert a cohort of a consortium hosted here; what is served of it has changed."""
    await tx.wake("documents")
    values = {name: getattr(cohort, name) for name in Cohort.__slots__}
    await tx.execute(tx.insert(cohorts).values(**values))


async def change(tx: Tx, cohort_id: str, **values: Any) -> None:
    """Set columns of a cohort of a consortium hosted here."""
    await tx.wake("documents")
    await tx.execute(update(cohorts).where(_c.id == cohort_id).values(**values))


async def remove(tx: Tx, cohort_id: str) -> None:
    """Delete a cohort of a consortium hosted here."""
    await tx.wake("documents")
    await tx.execute(delete(cohorts).where(_c.id == cohort_id))
