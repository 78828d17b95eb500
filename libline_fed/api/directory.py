"""Offers and requests as JSON: the lists, and one of what is listed."""

from collections.abc import Mapping, Sequence

from libline_fed.api.answers import Found, json_bytes
from libline_fed.api.context import ApiContext
from libline_fed.api.operations import Asked, Operation
from libline_fed.api.parameters import DEFAULT_LIMIT, LANG, LISTS
from libline_fed.api.shapes import ProposalList, ProposalShape
from libline_fed.api.writing import Writer, label_language
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal, Purpose
from libline_fed.domain.saved_searches import search_from
from libline_fed.domain.viewers import EVERYBODY
from libline_fed.services import listings
from libline_fed.services.listings import Listing
from libline_fed.storage.store import Tx

V1 = "/api/v1"
Item = tuple[Proposal, Actor]
Sources = Mapping[str, Sequence[Actor]]


class DirectoryApi:
    """`/api/v1/mentors`, `/api/v1/requests` and `/api/v1/proposals/{id}`."""

    def __init__(self, context: ApiContext) -> None:
        self._store = context.store
        self._site = context.site

    async def mentors(self, asked: Asked) -> Found:
        """List open offers."""
        return await self._list(asked, Purpose.OFFER)

    async def requests(self, asked: Asked) -> Found:
        """List open requests."""
        return await self._list(asked, Purpose.REQUEST)

    async def proposal(self, asked: Asked) -> Found:
        """Give one of what is listed.

        Raises: NotFound.
        """
        proposal_id = asked.path_params["id"]

        async def unit(tx: Tx) -> tuple[Item, Sources]:
            found = await listings.find(tx, proposal_id, EVERYBODY, now=asked.now)
            return found, await listings.brought_by(tx, [found])

        (proposal, author), sources = await self._store.read(unit)
        return Found(json_bytes(self._writer(asked).proposal(proposal, author, sources.get(proposal.id, ()))))

    async def _list(self, asked: Asked, purpose: Purpose) -> Found:
        search = search_from(purpose, asked.params)
        page, limit = asked.number("page", 1), asked.number("limit", DEFAULT_LIMIT)

        async def unit(tx: Tx) -> tuple[Listing, Sources]:
            found = await listings.page(tx, search, EVERYBODY, page=page, per_page=limit, now=asked.now)
            return found, await listings.brought_by(tx, found.items)

        found, sources = await self._store.read(unit)
        writer = self._writer(asked)
        said = ProposalList(
            items=[
                writer.proposal(proposal, author, sources.get(proposal.id, ()))
                for proposal, author in found.items
            ],
            page=found.page,
            has_more=found.has_more,
            total_count=found.total_count,
        )
        return Found(json_bytes(said), links=page_links(asked, self._site.uris.base_url, found.has_more))

    def _writer(self, asked: Asked) -> Writer:
        return Writer(self._site, label_language(asked.first("lang"), self._site.default_language))


def page_links(asked: Asked, base_url: str, has_more: bool) -> dict[str, str]:
    """Return the addresses of the other pages of a list by relation (RFC 8288)."""
    page = asked.number("page", 1)
    links = {"self": asked.address(base_url), "first": asked.address(base_url, page=None)}
    if page > 1:
        links["prev"] = asked.address(base_url, page=page - 1 if page > 2 else None)
    if has_more:
        links["next"] = asked.address(base_url, page=page + 1)
    return links


def operations(context: ApiContext) -> list[Operation]:
    """List what can be asked of this noun."""
    api = DirectoryApi(context)
    return [
        Operation(f"{V1}/mentors", "mentors", "Open offers of mentoring.", api.mentors, ProposalList, LISTS),
        Operation(
            f"{V1}/requests", "requests", "Open requests for a mentor.", api.requests, ProposalList, LISTS
        ),
        Operation(
            f"{V1}/proposals/{{id}}",
            "proposal",
            "One offer or request that is listed.",
            api.proposal,
            ProposalShape,
            (LANG,),
            {"id": "The id on this server."},
        ),
    ]
