"""How many open offers and requests there are by area."""

from datetime import date

from sqlalchemy import func, select

from libline_fed.domain.viewers import Viewer
from libline_fed.storage import visibility
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import proposal_areas, proposals


async def counts(tx: Tx, viewer: Viewer, today: date) -> dict[tuple[str, str], int]:
    """Count, by (area, purpose), what a viewer may see."""
    query = (
        select(proposal_areas.c.area, proposals.c.purpose, func.count().label("proposals_count"))
        .join_from(proposal_areas, proposals, proposals.c.id == proposal_areas.c.proposal_id)
        .where(*await visibility.shown_to(tx, viewer, today))
        .group_by(proposal_areas.c.area, proposals.c.purpose)
    )
    return {(row.area, row.purpose): row.proposals_count for row in await tx.all(query)}
