"""Queries on `peers`: what the admin decided about other servers, and how they answer.

Whoever changes rows of `peers` and of `deliveries` in one transaction takes the peers first, in the order of
their names, so that two transactions never wait for each other.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, bindparam, case, func, literal_column, or_, select, update

from libline_fed.config import Federation
from libline_fed.domain.peers import Peer, Policies, Policy, Verdict, covering
from libline_fed.storage import rows, trust
from libline_fed.storage.lists import is_one_of
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import deliveries, peers

# After an inbound contact an unreachable host is probed, but not more often than this while it keeps talking.
HEARD_PAUSE_S = 2
HEARD_STEP_S = 300  # `heard_at` is a hint for admins: not worth a write per activity
CHUNK = 500
LOST_AFTER = timedelta(days=14)  # what a server offers is then not listed any more


@dataclass(frozen=True, slots=True)
class PeerUpdate:
    """What a delivery worker writes back about a host; `is_released` gives the lease up."""

    host: str
    reached_at: datetime | None
    failures_count: int
    first_failure_at: datetime | None
    closed_until: datetime | None
    signature_scheme: str | None
    signature_learnt_at: datetime | None
    next_due_at: datetime | None
    lease_until: datetime | None


async def get(tx: Tx, host: str) -> Peer | None:
    """Return what is known of a host, or None."""
    row = await tx.first(select(peers).where(peers.c.host == host))
    return rows.to(Peer, row) if row else None


async def list_peers(
    tx: Tx, *, policy: str | None = None, after_host: str = "", limit: int = 100
) -> list[Peer]:
    """Return hosts by name, those with a policy only if one is given."""
    asked = select(peers).where(peers.c.host > after_host).order_by(peers.c.host).limit(limit)
    if policy is not None:
        asked = asked.where(peers.c.policy == policy)
    return [rows.to(Peer, row) for row in await tx.all(asked)]


async def named(tx: Tx, hosts: Collection[str]) -> list[Peer]:
    """Return what is known of some hosts."""
    found = await tx.all(select(peers).where(peers.c.host.in_(sorted(set(hosts)))))
    return [rows.to(Peer, row) for row in found]


async def policy_of(tx: Tx, host: str) -> str:
    """Return the policy of exactly this host; `domain.peers.Policies` also knows what covers it."""
    return str(await tx.scalar(select(peers.c.policy).where(peers.c.host == host)) or Policy.DEFAULT)


async def policies_of(tx: Tx, hosts: Collection[str]) -> dict[str, str]:
    """Return what is decided of exactly these hosts; those without a rule are left out."""
    if not hosts:
        return {}
    found = await tx.all(
        select(peers.c.host, peers.c.policy).where(
            is_one_of(tx, peers.c.host, hosts), peers.c.policy != Policy.DEFAULT
        )
    )
    return {row.host: row.policy for row in found}


async def restricted(tx: Tx) -> list[Peer]:
    """Return every host that is silenced or blocked, by name."""
    asked = select(peers).where(peers.c.policy.in_((Policy.SILENCED.value, Policy.BLOCKED.value)))
    return [rows.to(Peer, row) for row in await tx.all(asked.order_by(peers.c.host))]


async def all_policies(tx: Tx) -> dict[str, str]:
    """Return every policy that is not the default, by host: what `Policies` is made from."""
    found = await tx.all(select(peers.c.host, peers.c.policy).where(peers.c.policy != Policy.DEFAULT))
    return {row.host: row.policy for row in found}


async def judged(tx: Tx, hosts: Collection[str], *verdicts: Verdict) -> set[str]:
    """Return those of `hosts` about which the stored policies say one of `verdicts`.

    Who asks for BLOCKED gets what is not allowed as well: neither is talked to nor shown.
    """
    asked = {*verdicts, *([Verdict.NOT_ALLOWED] if Verdict.BLOCKED in verdicts else [])}
    names = sorted({broader for host in hosts for broader in covering(host)})
    entries: dict[str, str] = {}
    for start in range(0, len(names), CHUNK):
        chunk = names[start : start + CHUNK]
        found = await tx.all(
            select(peers.c.host, peers.c.policy).where(
                peers.c.host.in_(chunk), peers.c.policy != Policy.DEFAULT
            )
        )
        entries |= {row.host: row.policy for row in found}
    mode = await trust.mode(tx)
    members = await trust.member_hosts(tx, hosts) if mode is Federation.ALLOWLIST else ()
    policies = Policies(mode, entries, members)
    return {host for host in hosts if policies.verdict(host) in asked}


async def lost(tx: Tx, hosts: Collection[str] | None, today: date) -> set[str]:
    """Return those of `hosts` that have failed us, with no sign of life for two weeks; None: of all."""
    before = datetime.combine(today, time(), UTC) - LOST_AFTER
    last_at = func.coalesce(peers.c.heard_at, peers.c.created_at)
    reached_at = func.coalesce(peers.c.reached_at, peers.c.created_at)
    asked = select(peers.c.host).where(peers.c.failures_count > 0, last_at < before, reached_at < before)
    if hosts is None:
        return set(await tx.scalars(asked))
    names, found = sorted(hosts), set[str]()
    for start in range(0, len(names), CHUNK):
        found |= set(await tx.scalars(asked.where(peers.c.host.in_(names[start : start + CHUNK]))))
    return found


async def verdict(tx: Tx, host: str, mode: Federation) -> Verdict:
    """Say how to treat one host by what is stored now, in a mode of federation."""
    found = await tx.all(select(peers.c.host, peers.c.policy).where(peers.c.host.in_(covering(host))))
    members = await trust.member_hosts(tx, (host,)) if mode is Federation.ALLOWLIST else ()
    return Policies(mode, {row.host: row.policy for row in found}, members).verdict(host)


def is_at_or_below(column: ColumnElement[str], host: str) -> ColumnElement[bool]:
    """Select a host on every port, and its sub-domains: all that its policy can cover; ask `judged` then."""
    return or_(
        column == host,
        column.startswith(f"{host}:", autoescape=True),
        column.endswith(f".{host}", autoescape=True),
        column.contains(f".{host}:", autoescape=True),
    )


async def waiting(tx: Tx, host: str) -> list[str]:
    """Return the hosts at or below `host` that something waits for."""
    return list(
        await tx.scalars(
            select(peers.c.host).where(is_at_or_below(peers.c.host, host), peers.c.next_due_at.is_not(None))
        )
    )


async def set_policy(tx: Tx, host: str, policy: str, note: str, now: datetime) -> None:
    """Set the policy of a host and wake "peers", so that every process reads the policies again."""
    await tx.execute(
        tx.insert(peers)
        .values(host=host, policy=policy, note=note, created_at=now)
        .on_conflict_do_update(index_elements=["host"], set_={"policy": policy, "note": note})
    )
    await tx.wake("peers")


async def ensure(tx: Tx, hosts: Collection[str], now: datetime) -> None:
    """Make sure there is a row for each host."""
    if hosts:
        await tx.execute(
            tx.insert(peers).on_conflict_do_nothing(),
            [{"host": host, "created_at": now} for host in sorted(set(hosts))],
        )


async def expect_work(tx: Tx, hosts: Collection[str], now: datetime) -> None:
    """Note that something waits for each host from `now` on, and wake "deliveries"."""
    insert = tx.insert(peers)
    is_later = or_(peers.c.next_due_at.is_(None), peers.c.next_due_at > insert.excluded.next_due_at)
    statement = insert.on_conflict_do_update(
        index_elements=["host"],
        set_={"next_due_at": case((is_later, insert.excluded.next_due_at), else_=peers.c.next_due_at)},
    )
    named = sorted(set(hosts))
    for start in range(0, len(named), CHUNK):
        chunk = named[start : start + CHUNK]
        await tx.execute(statement, [{"host": host, "created_at": now, "next_due_at": now} for host in chunk])
    if named:
        await tx.wake("deliveries")


async def lock(tx: Tx, hosts: Iterable[str]) -> dict[str, Peer]:
    """Return the hosts' rows, which no other transaction changes before this one ends."""
    found = await tx.all(
        select(peers).where(peers.c.host.in_(sorted(set(hosts)))).order_by(peers.c.host).with_for_update()
    )
    return {row.host: rows.to(Peer, row) for row in found}


async def save(tx: Tx, updates: Collection[PeerUpdate]) -> None:
    """Write back what a delivery worker learnt about hosts that it has locked in this transaction."""
    if not updates:
        return
    names = [name for name in PeerUpdate.__dataclass_fields__ if name != "host"]
    statement = (
        update(peers)
        .where(peers.c.host == bindparam("b_host"))
        .values({name: bindparam(f"b_{name}") for name in names})
    )
    await tx.execute(
        statement,
        [{"b_host": each.host} | {f"b_{name}": getattr(each, name) for name in names} for each in updates],
    )


async def heard(tx: Tx, hosts: Collection[str], now: datetime) -> None:
    """Take note that a verified activity came from each host: it is up, so what waits for it is tried now.

    What waits because a host could not be reached becomes due and wakes "deliveries": within two seconds,
    and not more often while the attempts go on to fail, since a host that talks need not listen. A host that
    asked us to wait (Retry-After) or refuses us is not disturbed sooner. Nothing waits: one indexed read.
    """
    named = sorted(set(hosts))
    found = await tx.all(select(peers).where(peers.c.host.in_(named)))
    known = {row.host: rows.to(Peer, row) for row in found}
    await ensure(tx, set(named) - known.keys(), now)
    fresh_after = now - timedelta(seconds=HEARD_STEP_S)
    stale = [
        host
        for host in named
        if host not in known or not (fresh_after < (known[host].heard_at or fresh_after) <= now)
    ]
    waiting = {host for host, peer in known.items() if _waits_unreached(peer, now)}
    locked = await lock(tx, waiting.union(stale)) if waiting or stale else {}
    if stale:
        await tx.execute(update(peers).where(peers.c.host.in_(stale)).values(heard_at=now))
    if waiting:
        await _reopen(tx, [locked[host] for host in sorted(waiting)], now)


def _waits_unreached(peer: Peer, now: datetime) -> bool:
    closed_until = peer.closed_until or now
    if peer.next_due_at is None or max(peer.next_due_at, closed_until) <= now:
        return False
    if closed_until > now and peer.failures_count == 0:
        return False  # Retry-After
    return not now < closed_until <= now + timedelta(seconds=HEARD_PAUSE_S)


async def _reopen(tx: Tx, waiting: Collection[Peer], now: datetime) -> None:
    # Rows that were refused or asked to wait keep their time: hearing from the host says nothing about those.
    is_unreached = or_(deliveries.c.last_status.is_(None), deliveries.c.last_status >= 500)
    freed = set(
        await tx.scalars(
            update(deliveries)
            .where(
                deliveries.c.host.in_([peer.host for peer in waiting]),
                deliveries.c.state == literal_column("'queued'"),
                deliveries.c.next_attempt_at > now, is_unreached,
            )
            .values(next_attempt_at=now)
            .returning(deliveries.c.host)
        )
    )
    soon = now + timedelta(seconds=HEARD_PAUSE_S)
    changed = []
    for peer in waiting:
        until = peer.closed_until if peer.closed_until is None else min(peer.closed_until, soon)
        due_at = now if peer.host in freed or peer.next_due_at is None else peer.next_due_at
        changed.append({"b_host": peer.host, "b_until": until, "b_due_at": max(due_at, until or now)})
    await tx.execute(
        update(peers)
        .where(peers.c.host == bindparam("b_host"))
        .values(closed_until=bindparam("b_until"), next_due_at=bindparam("b_due_at")),
        changed,
    )
    await tx.wake("deliveries")
