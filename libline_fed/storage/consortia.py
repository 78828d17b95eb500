"""Queries on `consortia`, their coordinators and members."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from libline_fed.domain.accounts import Account, Member
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MAX_MEMBERS, Consortium, Membership, MemberState
from libline_fed.storage import rows
from libline_fed.storage.consortium_tables import consortia, consortium_coordinators, consortium_members
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import accounts, actors

_m = consortium_members.c
_ACTOR_PREFIX = "its_actor_"
_ACTOR_COLUMNS = [column.label(f"{_ACTOR_PREFIX}{column.name}") for column in actors.c]
Known = tuple[Membership, Actor]  # with the Group, or with the member, whichever was not asked by


# --- hosted here --------------------------------------------------------------------------------------


async def add(tx: Tx, consortium: Consortium) -> None:
    """Insert a consortium; its actor is there already."""
    values = {name: getattr(consortium, name) for name in consortia.columns.keys()}  # noqa: SIM118  not a dict
    await tx.execute(tx.insert(consortia).values(**values))


async def get(tx: Tx, actor_id: str, *, is_locked: bool = False) -> Consortium | None:
    """Return a consortium hosted here, or None; locked where it is about to change."""
    statement = select(consortia).where(consortia.c.actor_id == actor_id)
    row = await tx.first(statement.with_for_update() if is_locked else statement)
    return rows.to(Consortium, row) if row else None


async def hosted(tx: Tx) -> list[tuple[Consortium, Actor]]:
    """List the consortia hosted here that are not closed, by name."""
    found = await tx.all(
        select(consortia, *_ACTOR_COLUMNS)
        .join(actors, actors.c.id == consortia.c.actor_id)
        .where(consortia.c.closed_at.is_(None), actors.c.gone_at.is_(None))
        .order_by(actors.c.name, actors.c.id)
    )
    return [(rows.to(Consortium, row), rows.to(Actor, row, prefix=_ACTOR_PREFIX)) for row in found]


async def change(tx: Tx, actor_id: str, **values: Any) -> None:
    """Set columns of a consortium; what is served of it has changed."""
    await tx.wake("documents")
    await tx.execute(update(consortia).where(consortia.c.actor_id == actor_id).values(**values))


async def add_coordinator(tx: Tx, group_id: str, account_id: str, now: datetime) -> None:
    """Make an account one of a consortium's coordinators; once is enough."""
    values = {"group_id": group_id, "account_id": account_id, "added_at": now}
    await tx.wake("documents")
    await tx.execute(tx.insert(consortium_coordinators).values(**values).on_conflict_do_nothing())


async def remove_coordinator(tx: Tx, group_id: str, account_id: str) -> bool:
    """Take an account off a consortium's coordinators; tell whether it was one."""
    await tx.wake("documents")
    c = consortium_coordinators.c
    gone = delete(consortium_coordinators).where(c.group_id == group_id, c.account_id == account_id)
    return bool((await tx.execute(gone)).rowcount)


async def coordinators(tx: Tx, group_id: str) -> list[Member]:
    """List the active coordinators of a consortium, the first one first."""
    found = await tx.all(
        select(accounts, *_ACTOR_COLUMNS)
        .join(consortium_coordinators, consortium_coordinators.c.account_id == accounts.c.id)
        .join(actors, actors.c.id == accounts.c.actor_id)
        .where(consortium_coordinators.c.group_id == group_id, accounts.c.state == "active")
        .order_by(consortium_coordinators.c.added_at, accounts.c.id)
    )
    return [Member(rows.to(Account, row), rows.to(Actor, row, prefix=_ACTOR_PREFIX)) for row in found]


# --- memberships, in Groups here and elsewhere ---------------------------------------------------------


async def membership(
    tx: Tx, group_id: str, instance_id: str, *, is_locked: bool = False
) -> Membership | None:
    """Return what a server is to a consortium, or None; locked where it is about to change."""
    statement = select(consortium_members).where(_m.group_id == group_id, _m.instance_id == instance_id)
    row = await tx.first(statement.with_for_update() if is_locked else statement)
    return rows.to(Membership, row) if row else None


async def may_bring(tx: Tx, group: Actor, audience: Sequence[str], host: str) -> bool:
    """Tell whether a proposal of a host is of a consortium.

    Its own server must say so, in its `audience`, and must not be known to have left or to be removed.
    """
    if group.uri not in audience:
        return False
    states = await states_at(tx, group.id, host)
    return not states or MemberState.MEMBER in states


async def by_activity(tx: Tx, instance_id: str, activity_uri: str | None) -> Membership | None:
    """Return the membership of a server that a Join or Invite is about, or None."""
    if activity_uri is None:
        return None
    query = select(consortium_members).where(_m.instance_id == instance_id, _m.activity_uri == activity_uri)
    row = await tx.first(query)
    return rows.to(Membership, row) if row else None


async def put_membership(
    tx: Tx,
    *,
    group_id: str,
    instance_id: str,
    state: MemberState,
    now: datetime,
    activity_uri: str | None = None,
    note_text: str | None = None,
) -> None:
    """Note what a server is to a consortium from now on; what is None stays as it is."""
    await tx.wake("documents")
    await tx.wake("peers")  # members of a trusted consortium are on the list of allowed servers
    is_decided = state not in (MemberState.ASKED, MemberState.INVITED)
    values: dict[str, Any] = {"state": state.value, "decided_at": now if is_decided else None}
    if activity_uri is not None:
        values["activity_uri"] = activity_uri
    if note_text is not None:
        values["note_text"] = note_text
    key = {"group_id": group_id, "instance_id": instance_id}
    await tx.execute(
        tx.insert(consortium_members)
        .values(**key, created_at=now, **values)
        .on_conflict_do_update(index_elements=[_m.group_id, _m.instance_id], set_=values)
    )


async def members(
    tx: Tx, group_id: str, states: Sequence[MemberState] = (MemberState.MEMBER,)
) -> list[Known]:
    """List a consortium's members (or servers in other states), the oldest first."""
    found = await tx.all(
        select(consortium_members, *_ACTOR_COLUMNS)
        .join(actors, actors.c.id == _m.instance_id)
        .where(_m.group_id == group_id, _m.state.in_(states), actors.c.gone_at.is_(None))
        .order_by(_m.created_at, _m.instance_id)
        .limit(MAX_MEMBERS)
    )
    return [(rows.to(Membership, row), rows.to(Actor, row, prefix=_ACTOR_PREFIX)) for row in found]


async def memberships(tx: Tx, instance_id: str, states: Sequence[MemberState] | None = None) -> list[Known]:
    """List the consortia that a server has to do with, each with its Group, the oldest first."""
    query = (
        select(consortium_members, *_ACTOR_COLUMNS)
        .join(actors, actors.c.id == _m.group_id)
        .where(_m.instance_id == instance_id, actors.c.gone_at.is_(None))
        .order_by(_m.created_at, _m.group_id)
    )
    if states is not None:
        query = query.where(_m.state.in_(states))
    found = await tx.all(query)
    return [(rows.to(Membership, row), rows.to(Actor, row, prefix=_ACTOR_PREFIX)) for row in found]


async def groups_of(tx: Tx, instance_uri: str) -> list[Actor]:
    """List the usable Groups that a server is a member of, by URI."""
    found = await tx.all(
        select(*_ACTOR_COLUMNS)
        .join(consortium_members, _m.group_id == actors.c.id)
        .where(
            _m.instance_id == select(actors.c.id).where(actors.c.uri == instance_uri).scalar_subquery(),
            _m.state == MemberState.MEMBER,
            actors.c.gone_at.is_(None),
            actors.c.suspended_at.is_(None),
        )
        .order_by(actors.c.uri)
    )
    return [rows.to(Actor, row, prefix=_ACTOR_PREFIX) for row in found]


async def states_at(tx: Tx, group_id: str, host: str) -> set[str]:
    """Return what the servers of a host are to a consortium."""
    found = await tx.scalars(
        select(_m.state)
        .join(actors, actors.c.id == _m.instance_id)
        .where(_m.group_id == group_id, actors.c.host == host)
    )
    return set(found)
