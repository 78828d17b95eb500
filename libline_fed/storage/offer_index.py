"""What the index in memory reads: listed offers, and the changes since it looked last.

Triggers note every change that can move an offer in a list, in the transaction that makes it. SQLite gives
the numbers in the order of the commits. PostgreSQL does not: there a reader asks for the changes of all
transactions that were not finished when it looked last, and knows which of them it has seen.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, cast, delete, func, literal_column, select

from libline_fed.storage import instance, rows
from libline_fed.storage.directory_tables import directory_changes, proposal_search
from libline_fed.storage.lists import is_one_of
from libline_fed.storage.matching import INPUTS, LISTED, ProposalInput, is_offer_by_id
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, proposal_sources, proposals
from libline_fed.storage.tables import instance as facts

CHUNK = 500
PRUNED_FACT = "directory-changes-pruned"  # what is before this is gone
KEPT_COUNT = 50_000  # newest changes that are kept
PRUNED_COUNT = 20_000  # most that one step takes away
_p = proposals.c
_d = directory_changes.c


@dataclass(frozen=True, slots=True)
class ListedInput(ProposalInput):
    """An offer that is open or full, with what lists know of it besides; `number` is that of its words."""

    audience: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Position:
    """How far a reader has come.

    `since`: on SQLite the number of the last change that it has seen, on PostgreSQL the first transaction
    that may not be finished; then `seen` has the numbers of changes from there on that it has seen already.
    """

    since: int
    seen: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new since a position, and the position after it.

    `is_behind`: some of it is gone, so that everything has to be read. Changes of other servers are not
    among it: who asks the index names the servers that are hidden.
    """

    position: Position
    proposal_ids: frozenset[str] = frozenset()
    author_ids: frozenset[str] = frozenset()
    is_behind: bool = False

    @property
    def count(self) -> int:
        """How many proposals and authors there are to read again, at least."""
        return len(self.proposal_ids) + len(self.author_ids)


async def changes(tx: Tx, known: Position | None) -> Changes:
    """Return what this transaction sees and a reader at `known` has not; None: only where it stands now."""
    if tx.dialect == "sqlite":
        return await _by_number(tx, known)
    return await _by_transaction(tx, known)


async def listed(tx: Tx, *, after_id: str = "") -> list[ListedInput]:
    """Return some open and full offers of people who may be shown, in the order of their ids."""
    query = _listed().where(_p.id > after_id).order_by(_p.id).limit(CHUNK)
    return [rows.to(ListedInput, row) for row in await tx.all(query)]


async def listed_ones(
    tx: Tx, proposal_ids: Collection[str], author_ids: Collection[str] = ()
) -> list[ListedInput]:
    """Return those of some proposals, and of some authors', that are listed."""
    found: dict[str, ListedInput] = {}
    for column, ids in ((_p.id, sorted(proposal_ids)), (_p.author_id, sorted(author_ids))):
        for start in range(0, len(ids), CHUNK):
            query = _listed().where(is_one_of(tx, column, ids[start : start + CHUNK]))
            found |= {row.id: rows.to(ListedInput, row) for row in await tx.all(query)}
    return list(found.values())


async def brought_by(tx: Tx, listed_inputs: Sequence[ListedInput]) -> dict[str, list[str]]:
    """Return by proposal the URIs of who brought it, other than its author."""
    authors = {one.id: one.author_uri for one in listed_inputs}
    if not authors:
        return {}
    source = proposal_sources.c
    found: dict[str, list[str]] = {}
    is_asked = is_one_of(tx, source.proposal_id, list(authors))
    for row in await tx.all(select(source.proposal_id, source.actor_uri).where(is_asked).distinct()):
        if row.actor_uri != authors[row.proposal_id]:
            found.setdefault(row.proposal_id, []).append(row.actor_uri)
    return found


async def prune(tx: Tx, *, kept_count: int = KEPT_COUNT, pruned_count: int = PRUNED_COUNT) -> int:
    """Forget old changes; a reader that had not seen them builds anew. Returns how many."""
    ends = await tx.first(select(func.min(_d.number).label("first"), func.max(_d.number).label("last")))
    if ends is None or ends.first is None or ends.last - ends.first < kept_count:
        return 0
    first, last = ends.first, ends.last
    until = min(last - kept_count, first + pruned_count)
    if tx.dialect == "sqlite":
        await instance.put(tx, PRUNED_FACT, str(until))  # SQLite would make a number of a number
        return (await tx.execute(delete(directory_changes).where(_d.number <= until))).rowcount
    oldest = await tx.scalar(select(func.min(_d.transaction_number)).where(_d.number > until))
    before = min(int(oldest), int(await tx.scalar(select(_unfinished()))))
    await instance.put(tx, PRUNED_FACT, str(before))
    return (await tx.execute(delete(directory_changes).where(_d.transaction_number < before))).rowcount


# --- inside -----------------------------------------------------------------------------------------


def _listed() -> Select[Any]:
    return (
        INPUTS.add_columns(_p.audience, proposal_search.c.number)
        .outerjoin(proposal_search, proposal_search.c.proposal_id == _p.id)
        .where(
            is_offer_by_id(),
            _p.status.in_(LISTED),
            actors.c.gone_at.is_(None),
            actors.c.suspended_at.is_(None),
        )
    )


def _unfinished() -> ColumnElement[int]:
    # Transactions below are finished, and what they wrote is seen by this one (PostgreSQL manual, 9.28).
    return cast(literal_column("txid_snapshot_xmin(txid_current_snapshot())"), BigInteger)


async def _by_number(tx: Tx, known: Position | None) -> Changes:
    last = int(await tx.scalar(select(func.coalesce(func.max(_d.number), 0))))
    if known is None or last <= known.since:
        return Changes(Position(last) if known is None else known)
    if int(await instance.get(tx, PRUNED_FACT) or 0) > known.since:
        return Changes(known, is_behind=True)
    found = await tx.all(select(_d.kind, _d.subject).where(_d.number > known.since))
    return Changes(
        Position(last),
        frozenset(row.subject for row in found if row.kind == "proposal"),
        frozenset(row.subject for row in found if row.kind == "author"),
    )


async def _by_transaction(tx: Tx, known: Position | None) -> Changes:
    now = select(_unfinished().label("unfinished")).subquery()
    since = known.since if known is not None else now.c.unfinished
    pruned = select(facts.c.value).where(facts.c.key == PRUNED_FACT).scalar_subquery().label("pruned")
    query = (
        select(now.c.unfinished, pruned, _d.number, _d.kind, _d.subject, _d.transaction_number)
        .select_from(now)
        .outerjoin(directory_changes, _d.transaction_number >= since)
    )
    found = await tx.all(query)
    unfinished = int(found[0].unfinished)
    listed_changes = [row for row in found if row.number is not None]
    position = Position(
        unfinished, frozenset(row.number for row in listed_changes if row.transaction_number >= unfinished)
    )
    if known is None:
        return Changes(position)
    if int(found[0].pruned or 0) > known.since:
        return Changes(known, is_behind=True)
    fresh = [row for row in listed_changes if row.number not in known.seen]
    return Changes(
        position,
        frozenset(row.subject for row in fresh if row.kind == "proposal"),
        frozenset(row.subject for row in fresh if row.kind == "author"),
    )
