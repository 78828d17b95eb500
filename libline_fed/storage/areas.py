"""How many open offers and requests there are by area."""

from datetime import date

from sqlalchemy import func, select

from libline_fed.domain.viewers import Viewer
from libline_fed.storage import visibility
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import proposal_areas, proposals


async def counts(tx: Tx, viewer: Viewer, today: date) -> dict[tuple[str, str], int]:
    """Count, by (area, purpose), what a viewer may see."""
    conditions = await visibility.shown_to(tx, viewer, today)
    shown = select(proposals.c.id, proposals.c.purpose).where(*conditions).cte("shown")
    # First who is shown, by an index alone, then their areas: joined at once it takes four times as long.
    shown = shown.prefix_with("MATERIALIZED")
    query = (
        select(proposal_areas.c.area, shown.c.purpose, func.count().label("proposals_count"))
        .join_from(shown, proposal_areas, proposal_areas.c.proposal_id == shown.c.id)
        .group_by(proposal_areas.c.area, shown.c.purpose)
    )
    return {(row.area, row.purpose): row.proposals_count for row in await tx.all(query)}
