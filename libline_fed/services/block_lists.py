"""Taking a list of blocked servers in, once somebody saw what would change, and giving ours out."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from libline_fed.domain.advice import strengthens
from libline_fed.domain.block_lists import Entry, Reading, Skipped, write_csv
from libline_fed.domain.peers import Policy
from libline_fed.errors import Conflict
from libline_fed.services import advice, peers
from libline_fed.services.site import Site
from libline_fed.storage import instance
from libline_fed.storage import peers as peer_rows
from libline_fed.storage.store import Store, Tx

AT_ONCE = 100  # servers in one transaction
SHOWN_SKIPPED = 50
WAITING_FACT = "peer-import"


@dataclass(frozen=True, slots=True)
class Change:
    """What a list would change about one server."""

    host: str
    before: str
    policy: str
    reason: str
    needs_hand: bool  # linked with us, a member beside us, or allowed by hand: only if somebody says so


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list would change; `mark` names exactly this plan."""

    changes: tuple[Change, ...]
    kept_count: int  # servers with a rule that is as strict already
    skipped: tuple[Skipped, ...]  # of what is kept, the first ones
    skipped_count: int
    mark: str


async def plan(tx: Tx, site: Site, reading: Reading) -> Plan:
    """Say what a list would change. It makes rules stricter, never milder."""
    policies = await peer_rows.policies_of(tx, [entry.host for entry in reading.entries])
    close = await advice.close_hosts(tx, site)
    changes = []
    for entry in reading.entries:
        before = policies.get(entry.host, Policy.DEFAULT)
        if strengthens(entry.policy, before):
            needs_hand = before == Policy.ALLOWED or advice.reaches(entry.host, close)
            changes.append(Change(entry.host, before, entry.policy, entry.reason, needs_hand))
    said = repr([(one.host, one.before, one.policy, one.reason) for one in changes])
    return Plan(
        tuple(changes),
        len(reading.entries) - len(changes),
        reading.skipped,
        len(reading.skipped),
        sha256(said.encode()).hexdigest()[:32],
    )


async def keep(tx: Tx, reading: Reading) -> None:
    """Keep a list that somebody looks at, until it is taken or another one comes."""
    kept = [[entry.host, entry.policy, entry.reason] for entry in reading.entries]
    skipped = [[one.text, one.why] for one in reading.skipped[:SHOWN_SKIPPED]]
    fact = {"entries": kept, "skipped": skipped, "skipped_count": len(reading.skipped)}
    await instance.put(tx, WAITING_FACT, fact)


async def kept(tx: Tx, site: Site) -> Plan | None:
    """Return what the list that is kept would change now, or None."""
    fact = await instance.get(tx, WAITING_FACT)
    if not fact:
        return None
    entries = tuple(Entry(*one) for one in fact["entries"])
    skipped = tuple(Skipped(*one) for one in fact["skipped"])
    found = await plan(tx, site, Reading(entries, skipped))
    return replace(found, skipped_count=fact["skipped_count"])


async def forget(tx: Tx) -> None:
    """Throw the list away that is kept."""
    await instance.put(tx, WAITING_FACT, None)


async def take_kept(store: Store, site: Site, *, mark: str, also: Collection[str], now: datetime) -> int:
    """Do what was shown, with those of `also` that need somebody's word; return how many rules are new.

    Raises: Conflict if that has become something else meanwhile.
    """
    shown = await store.read(lambda tx: kept(tx, site))
    if shown is None or shown.mark != mark:
        raise Conflict("not what was shown", safe="This has changed. Look at the list again.")
    taken_count = await take(store, shown, also=also, now=now)
    await store.write(forget)
    return taken_count


async def take(store: Store, shown: Plan, *, also: Collection[str] = (), now: datetime) -> int:
    """Do what a plan says, some servers at a time; return how many rules are new."""
    chosen = [one for one in shown.changes if not one.needs_hand or one.host in also]
    for start in range(0, len(chosen), AT_ONCE):
        part = chosen[start : start + AT_ONCE]

        async def unit(tx: Tx, part: list[Change] = part) -> None:
            for one in part:
                await peers.set_policy(tx, one.host, one.policy, one.reason, now=now)

        await store.write(unit)
    return len(chosen)


async def export(tx: Tx, *, with_notes: bool) -> str:
    """Return the rules of this server as Mastodon reads them; notes are for admins, so only if wanted."""
    rules = await peer_rows.restricted(tx)
    return write_csv(
        Entry(peer.host, peer.policy, peer.note if with_notes else "") for peer in rules
    )
