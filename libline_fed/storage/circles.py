"""The servers that may have the proposals for the network: those linked with us, and our co-members.

A link is an accepted follow between two instance actors, in either direction. A group is in no circle: it
passes on what is public and nothing else.
"""

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, or_, select

from libline_fed.domain.actors import Actor
from libline_fed.storage import rows
from libline_fed.storage.consortium_tables import consortium_members
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, follows, proposals

INSTANCE_TYPE = "Application"
_members = consortium_members.c


async def linked(tx: Tx, instance_uri: str) -> list[Actor]:
    """Return the instance actors in the circle of this one, in the order of their URIs."""
    found = await tx.all(
        select(actors).where(_is_in_circle(_id_of(instance_uri))).order_by(actors.c.uri)
    )
    return [rows.to(Actor, row) for row in found]


async def is_linked(tx: Tx, instance_uri: str, host: str) -> bool:
    """Tell whether the server at a host is in the circle of this one."""
    query = select(actors.c.id).where(_is_in_circle(_id_of(instance_uri)), actors.c.host == host).limit(1)
    return await tx.first(query) is not None


async def following(tx: Tx, instance_uri: str) -> list[Actor]:
    """Return the instance actors that follow this one: they get to know of every public proposal."""
    followers = _accepted("follower_id").where(follows.c.followed_id == _id_of(instance_uri))
    found = await tx.all(
        select(actors).where(_IS_INSTANCE, actors.c.id.in_(followers)).order_by(actors.c.uri)
    )
    return [rows.to(Actor, row) for row in found]


async def strangers_network_proposals(tx: Tx, instance_uri: str) -> list[str]:
    """Return the ids of proposals for the network of servers that are in our circle no more."""
    hosts = {actor.host for actor in await linked(tx, instance_uri)}
    query = (
        select(proposals.c.id)
        .join(actors, actors.c.id == proposals.c.author_id)
        .where(
            proposals.c.is_local.is_(False),
            proposals.c.audience == "network",
            actors.c.host.not_in(hosts),
        )
    )
    return list(await tx.scalars(query))


_IS_INSTANCE = and_(
    actors.c.type == INSTANCE_TYPE,
    actors.c.is_local.is_(False),
    actors.c.gone_at.is_(None),
    actors.c.suspended_at.is_(None),
)


def _is_in_circle(instance_id: ScalarSelect[str]) -> ColumnElement[bool]:
    ours = consortium_members.alias("ours")
    is_co_member = exists().where(
        _members.instance_id == actors.c.id,
        _members.state == "member",
        ours.c.group_id == _members.group_id,
        ours.c.instance_id == instance_id,
        ours.c.state == "member",
    )
    return and_(
        _IS_INSTANCE,
        or_(
            actors.c.id.in_(_accepted("follower_id").where(follows.c.followed_id == instance_id)),
            actors.c.id.in_(_accepted("followed_id").where(follows.c.follower_id == instance_id)),
            is_co_member,
        ),
    )


def _id_of(instance_uri: str) -> ScalarSelect[str]:
    return select(actors.c.id).where(actors.c.uri == instance_uri).correlate(None).scalar_subquery()


def _accepted(side: str) -> Select[tuple[str]]:
    return select(follows.c[side]).where(follows.c.state == "accepted")
