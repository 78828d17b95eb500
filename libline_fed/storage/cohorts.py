"""Queries on `cohorts`: those of consortia hosted here, and those that others publish."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from libline_fed.activitypub.groups import CohortDocument
from libline_fed.domain.cohorts import Cohort
from libline_fed.ids import new_id
from libline_fed.storage import rows
from libline_fed.storage.consortium_tables import cohorts
from libline_fed.storage.store import Tx

_c = cohorts.c


async def of_group(tx: Tx, group_id: str) -> list[Cohort]:
    """List a consortium's cohorts, the one that opens last first."""
    found = await tx.all(
        select(cohorts).where(_c.group_id == group_id).order_by(_c.opens_on.desc(), _c.id.desc())
    )
    return [rows.to(Cohort, row) for row in found]


async def put_remote(tx: Tx, group_id: str, published: Sequence[CohortDocument], now: datetime) -> None:
    """Take over what a consortium of another server publishes; what it does not list any more goes."""
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
