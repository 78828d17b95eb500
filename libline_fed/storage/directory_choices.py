"""Where open proposals come from: the countries and servers of their authors, and who passed them on."""

from datetime import date

from sqlalchemy import Select, select

from libline_fed.domain.actors import Actor
from libline_fed.domain.profiles import Shown
from libline_fed.domain.viewers import EVERYBODY
from libline_fed.storage import rows, visibility
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, proposal_sources, proposals

MAX_CHOICES = 200


async def places(tx: Tx, today: date) -> list[str]:
    """Return the countries that authors show to everybody, as far as everybody may see what they wrote."""
    country = actors.c.details["country"].as_string()
    is_shown = actors.c.details["place_shown"].as_string() == Shown.PUBLIC
    query = await _of_everybody(tx, select(country).where(country.is_not(None), is_shown), today)
    return list(await tx.scalars(query))


async def hosts(tx: Tx, today: date) -> list[str]:
    """Return the servers of the authors."""
    return list(await tx.scalars(await _of_everybody(tx, select(actors.c.host), today)))


async def sources(tx: Tx, today: date) -> list[Actor]:
    """Return the linked servers and consortia that passed something on."""
    brought = select(proposal_sources.c.actor_uri).join_from(
        proposals, proposal_sources, proposal_sources.c.proposal_id == proposals.c.id
    )
    brought = await _of_everybody(tx, brought.where(proposal_sources.c.source == "announce"), today)
    uris = list(await tx.scalars(brought))
    found = await tx.all(select(actors).where(actors.c.uri.in_(uris)).order_by(actors.c.uri))
    return [rows.to(Actor, row) for row in found]


async def _of_everybody(tx: Tx, query: Select[tuple[str]], today: date) -> Select[tuple[str]]:
    """Narrow a query on proposals and their authors to what everybody may see; each answer once."""
    joined = query.join_from(proposals, actors, actors.c.id == proposals.c.author_id)
    return joined.where(*await visibility.shown_to(tx, EVERYBODY, today)).distinct().limit(MAX_CHOICES)
