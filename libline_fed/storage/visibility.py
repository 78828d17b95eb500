"""Who sees which proposal in a list: the one condition of every list, count, feed, embed and search.

What it does not let through is nowhere: nobody can tell it from what does not exist. Pages of one person or
one proposal, which somebody asks for by its address, also show what comes from silenced and lost servers.
"""

from datetime import date

from sqlalchemy import ColumnElement, bindparam, not_, or_, select

from libline_fed.config import Federation
from libline_fed.domain.peers import Policies, Verdict
from libline_fed.domain.proposals import Audience, Status
from libline_fed.domain.viewers import Viewer
from libline_fed.storage import peers, trust
from libline_fed.storage.lists import is_one_of
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, blocks, proposals

# A full one is shown with its waiting list. Written out, not bound: both engines then see that the index
# over what can be listed is enough.
LISTED = (Status.OPEN.value, Status.FULL.value)
IS_LISTED = proposals.c.status.in_(bindparam("listed", LISTED, expanding=True, literal_execute=True))
_c = proposals.c


async def shown_to(
    tx: Tx, viewer: Viewer, today: date, *, is_asked_for: bool = False
) -> list[ColumnElement[bool]]:
    """Return the conditions, over `proposals`, of what a viewer sees.

    `is_asked_for`: the viewer has opened the author's page, so silenced and lost servers are no reason.
    """
    conditions = [
        IS_LISTED,
        or_(_c.open_until_on.is_(None), _c.open_until_on >= today),
        _c.author_id.not_in(select(actors.c.id).where(_is_unusable())),
    ]
    if not viewer.is_member:
        conditions.append(_c.audience == Audience.PUBLIC.value)
    if viewer.person is not None:
        avoided = await avoided_ids(tx, viewer.person.id)
        if avoided:
            conditions.append(not_(is_one_of(tx, _c.author_id, avoided)))
    hidden = await hidden_hosts(tx, today, is_asked_for=is_asked_for)
    if hidden:
        theirs = select(actors.c.id).where(
            is_one_of(tx, actors.c.host, sorted(hidden)), actors.c.is_local.is_(False)
        )
        conditions.append(_c.author_id.not_in(theirs))
    return conditions


def _is_unusable() -> ColumnElement[bool]:
    return or_(actors.c.gone_at.is_not(None), actors.c.suspended_at.is_not(None))


async def avoided_ids(tx: Tx, person_id: str) -> list[str]:
    """Return the ids of those whom somebody blocks, or who block them."""
    blocked = select(blocks.c.blocked_id).where(blocks.c.blocker_id == person_id)
    blockers = select(blocks.c.blocker_id).where(blocks.c.blocked_id == person_id)
    return sorted({*await tx.scalars(blocked), *await tx.scalars(blockers)})


async def hidden_hosts(tx: Tx, today: date, *, is_asked_for: bool = False) -> set[str]:
    """Return the servers whose people nobody here sees: blocked, not allowed, and silenced or lost ones.

    The last two are shown where they are asked for.
    """
    entries, mode = await peers.all_policies(tx), await trust.mode(tx)
    hidden = set() if is_asked_for else await peers.lost(tx, None, today)
    if not entries and mode is Federation.OPEN:
        return hidden
    members = await trust.member_hosts(tx) if mode is Federation.ALLOWLIST else ()
    policies = Policies(mode, entries, members)
    kept = {Verdict.ALLOWED, Verdict.SILENCED} if is_asked_for else {Verdict.ALLOWED}
    return hidden | {host for host in await _hosts(tx) if policies.verdict(host) not in kept}


async def _hosts(tx: Tx) -> list[str]:
    """Return every host that somebody is known of: one step in the index for each, not for each person."""
    first = select(actors.c.host).order_by(actors.c.host).limit(1).scalar_subquery()
    found = select(first.label("host")).cte("hosts", recursive=True)
    following = (
        select(actors.c.host)
        .where(actors.c.host > found.c.host)
        .order_by(actors.c.host)
        .limit(1)
        .scalar_subquery()
    )
    found = found.union_all(select(following).where(found.c.host.is_not(None)))
    return [host for host in await tx.scalars(select(found.c.host)) if host is not None]

