"""Queries about whom this instance talks to beyond single hosts: the mode, and trusted consortia."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update

from libline_fed.config import Federation
from libline_fed.domain.actors import Actor
from libline_fed.storage import instance, rows
from libline_fed.storage.consortium_tables import consortium_members, trusted_consortia
from libline_fed.storage.directory_tables import directory_changes
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, follows, peers

MODE_FACT = "federation"
LISTED_FACT = "listed:"  # and the id of the Group
CHUNK = 500
MEMBER = "member"


async def note_mode(tx: Tx, mode: Federation) -> None:
    """Write down in which mode this instance runs, so that queries know it too; called at every start."""
    if await instance.get(tx, MODE_FACT) != mode:
        await instance.put(tx, MODE_FACT, mode.value)


async def mode(tx: Tx) -> Federation:
    """Return the mode of federation that was written down last."""
    return Federation(await instance.get(tx, MODE_FACT) or Federation.OPEN)


async def trusted(tx: Tx) -> list[Actor]:
    """Return the consortia whose members are allowed with a list of allowed servers."""
    asked = select(actors).join(trusted_consortia, trusted_consortia.c.group_id == actors.c.id)
    return [rows.to(Actor, row) for row in await tx.all(asked.order_by(actors.c.acct_host, actors.c.handle))]


async def followed_groups(tx: Tx) -> list[Actor]:
    """Return the consortia of other servers that this instance or a member here follows."""
    local = select(actors.c.id).where(actors.c.is_local.is_(True))
    followed = select(follows.c.followed_id).where(
        follows.c.state == "accepted", follows.c.follower_id.in_(local)
    )
    asked = select(actors).where(
        actors.c.type == "Group",
        actors.c.is_local.is_(False),
        actors.c.gone_at.is_(None),
        actors.c.suspended_at.is_(None),
        actors.c.id.in_(followed),
    )
    return [rows.to(Actor, row) for row in await tx.all(asked)]


async def member_hosts(tx: Tx, hosts: Collection[str] | None = None) -> set[str]:
    """Return the hosts of trusted consortia and of their members; only those of `hosts`, if given."""
    ids = select(trusted_consortia.c.group_id)
    members = select(consortium_members.c.instance_id).where(
        consortium_members.c.group_id.in_(ids), consortium_members.c.state == MEMBER
    )
    asked = select(actors.c.host).where(
        or_(actors.c.id.in_(ids), actors.c.id.in_(members)),
        actors.c.is_local.is_(False),
        actors.c.gone_at.is_(None),
        actors.c.suspended_at.is_(None),
    )
    listed = await _listed_hosts(tx)
    if hosts is None:
        return set(await tx.scalars(asked)) | listed
    found, named = listed.intersection(hosts), sorted(hosts)
    for start in range(0, len(named), CHUNK):
        found |= set(await tx.scalars(asked.where(actors.c.host.in_(named[start : start + CHUNK]))))
    return found


async def _listed_hosts(tx: Tx) -> set[str]:
    """Return the hosts that trusted consortia list and that are not known yet: else nobody could ask them."""
    found = set[str]()
    for group_id in await tx.scalars(select(trusted_consortia.c.group_id)):
        fact = await instance.get(tx, f"{LISTED_FACT}{group_id}") or {}
        parted = await tx.scalars(
            select(actors.c.host)
            .join(consortium_members, consortium_members.c.instance_id == actors.c.id)
            .where(consortium_members.c.group_id == group_id, consortium_members.c.state != MEMBER)
        )
        found |= set(fact.get("hosts", ())) - set(parted)
    return found


async def listed(tx: Tx, group_id: str) -> tuple[set[str], datetime | None]:
    """Return which hosts a consortium listed as members when its list was read, and when that was."""
    fact = await instance.get(tx, f"{LISTED_FACT}{group_id}") or {}
    read_at = fact.get("read_at")
    return set(fact.get("hosts", ())), datetime.fromisoformat(read_at) if read_at else None


async def note_listed(tx: Tx, group_id: str, hosts: Collection[str], read_at: datetime | None) -> None:
    """Note which hosts a consortium lists as members, and wake "peers"; None: to be read again soon."""
    fact = {"hosts": sorted(hosts), "read_at": read_at.isoformat() if read_at is not None else None}
    await instance.put(tx, f"{LISTED_FACT}{group_id}", fact)
    await tx.wake("peers")


async def add(tx: Tx, group: Actor, now: datetime) -> None:
    """Trust a consortium, and wake "peers"."""
    await tx.execute(
        tx.insert(trusted_consortia).values(group_id=group.id, added_at=now).on_conflict_do_nothing()
    )
    await _note_change(tx, group, now)


async def remove(tx: Tx, group: Actor, now: datetime) -> None:
    """Trust a consortium no more, and wake "peers"."""
    await tx.execute(delete(trusted_consortia).where(trusted_consortia.c.group_id == group.id))
    await _note_change(tx, group, now)


async def _note_change(tx: Tx, group: Actor, now: datetime) -> None:
    """Let the triggers note the hosts whose standing changed: writing the same again is enough for them."""
    await tx.execute(
        update(consortium_members)
        .where(consortium_members.c.group_id == group.id)
        .values(state=consortium_members.c.state)
    )
    if not group.is_local:
        await tx.execute(
            tx.insert(peers).values(host=group.host, created_at=now).on_conflict_do_nothing()
        )
        await tx.execute(update(peers).where(peers.c.host == group.host).values(policy=peers.c.policy))
    await tx.wake("peers")


async def last_change(tx: Tx) -> int:
    """Return a number that grows whenever a policy or a membership changes, and for some other reasons."""
    return int(await tx.scalar(select(func.max(directory_changes.c.number))) or 0)
