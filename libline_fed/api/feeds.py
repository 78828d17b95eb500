"""Atom feeds: of each list, of an area, and the private one of a saved search."""

from dataclasses import replace

from libline_fed import __version__, vocabulary
from libline_fed.api import atom
from libline_fed.api.answers import Found
from libline_fed.api.context import ApiContext
from libline_fed.api.operations import Asked, Operation, Params
from libline_fed.api.parameters import MAX_PAGE
from libline_fed.api.writing import MAX_NAME_CHARACTERS, Writer, label_language, text_of
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal, Purpose
from libline_fed.domain.saved_searches import SavedSearch, search_from
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import EVERYBODY, Viewer
from libline_fed.errors import NotFound
from libline_fed.sanitize import clean_line
from libline_fed.services import listings, saved_searches
from libline_fed.services.addresses import list_path
from libline_fed.services.listings import Listing
from libline_fed.services.translations import N_, translator
from libline_fed.storage.store import Tx

PER_PAGE = 20
SUMMARY_CHARACTERS = 500
GENERATOR = f"LibLine {__version__}"
TITLES = {Purpose.OFFER: N_("Mentors"), Purpose.REQUEST: N_("Requests")}
TYPE = f"{atom.ATOM_TYPE}; charset=utf-8"


class Feeds:
    """`/feeds/…`."""

    def __init__(self, context: ApiContext) -> None:
        self._store = context.store
        self._site = context.site

    async def mentors(self, asked: Asked) -> Found:
        """Give open offers, newest first."""
        return await self._of_list(asked, Purpose.OFFER)

    async def requests(self, asked: Asked) -> Found:
        """Give open requests, newest first."""
        return await self._of_list(asked, Purpose.REQUEST)

    async def topic(self, asked: Asked) -> Found:
        """Give offers and requests of an area, newest first.

        Raises: NotFound if there is no such area.
        """
        area = asked.path_params["area"]
        if not vocabulary.is_area(area):
            raise NotFound(f"no area {area[:60]!r}")
        params = [*((name, value) for name, value in asked.params if name != "area"), ("area", area)]
        searches = [_newest(search_from(purpose, params)) for purpose in Purpose]
        page = _page_of(asked)

        async def unit(tx: Tx) -> list[Listing]:
            return [await self._page(tx, search, EVERYBODY, asked) for search in searches]

        found = await self._store.read(unit)
        items = [item for listed in found for item in listed.items]
        items.sort(key=lambda item: (item[0].published_at, item[0].id), reverse=True)
        both = Listing(
            items, page, any(listed.has_more for listed in found), sum(listed.total_count for listed in found)
        )
        kept = [pair for pair in searches[0].params() if pair[0] not in {"area", "sort"}]
        title = vocabulary.area_label(area, self._language(asked))
        return Found(self._written(asked, both, title=title, params=kept, page_path=f"/topics/{area}"), TYPE)

    async def saved(self, asked: Asked) -> Found:
        """Give what a saved search finds now, as its owner sees it, to whoever knows its address.

        Raises: NotFound, for an address that is not there, and for one whose owner may not look any more.
        """

        async def unit(tx: Tx) -> tuple[SavedSearch, Listing]:
            saved = await saved_searches.by_feed_token(tx, asked.path_params["token"])
            viewer = await saved_searches.viewer_of(tx, saved) if saved is not None else None
            if saved is None or viewer is None:
                raise NotFound("no feed has this address")
            return saved, await self._page(tx, _newest(saved.search), viewer, asked)

        saved, found = await self._store.read(unit)
        body = self._written(
            asked,
            found,
            title=saved.name,
            params=[],
            page_path=list_path(saved.search),
            uri=f"urn:uuid:{saved.id}",  # the address is a secret, an identity is not (RFC 4287 §4.2.6)
        )
        return Found(body, TYPE, is_public=False)

    async def _of_list(self, asked: Asked, purpose: Purpose) -> Found:
        search = _newest(search_from(purpose, asked.params))
        found = await self._store.read(lambda tx: self._page(tx, search, EVERYBODY, asked))
        title = translator(self._language(asked))(TITLES[purpose])
        kept = [pair for pair in search.params() if pair[0] != "sort"]
        page_path = list_path(replace(search, sort=Sort.MATCH))
        return Found(self._written(asked, found, title=title, params=kept, page_path=page_path), TYPE)

    async def _page(self, tx: Tx, search: Search, viewer: Viewer, asked: Asked) -> Listing:
        return await listings.page(tx, search, viewer, page=_page_of(asked), per_page=PER_PAGE, now=asked.now)

    def _language(self, asked: Asked) -> str:
        return label_language(asked.first("lang"), self._site.default_language)

    def _written(
        self,
        asked: Asked,
        found: Listing,
        *,
        title: str,
        params: Params,
        page_path: str,
        uri: str = "",
    ) -> bytes:
        """Write a feed; `params` are those that it understood, which its own address keeps."""
        base_url, language, page = self._site.uris.base_url, self._language(asked), _page_of(asked)
        lang = [("lang", language)] if asked.first("lang") == language else []
        here = replace(asked, params=[*params, *lang])
        writer = Writer(self._site, language)
        links = {
            "self": here.address(base_url, page=page if page > 1 else None),
            "alternate": base_url + page_path,
            "first": here.address(base_url),
        }
        if page > 1:
            links["previous"] = here.address(base_url, page=page - 1 if page > 2 else None)
        if found.has_more:
            links["next"] = here.address(base_url, page=page + 1)
        feed = atom.Feed(
            uri=uri or links["first"],
            title=f"{title} · {self._site.name}",
            subtitle=self._site.description,
            language=language,
            links=links,
            entries=[_entry(writer, proposal, author) for proposal, author in found.items],
        )
        return atom.write(feed, generator=GENERATOR)


def _newest(search: Search) -> Search:
    return replace(search, sort=Sort.NEWEST)


def _page_of(asked: Asked) -> int:
    text = asked.first("page", "1")
    return (
        min(int(text), MAX_PAGE)
        if text.isascii() and text.isdecimal() and 0 < len(text) < 6 and int(text)
        else 1
    )


def _entry(writer: Writer, proposal: Proposal, author: Actor) -> atom.Entry:
    text = " ".join(text_of(proposal).split())
    if len(text) > SUMMARY_CHARACTERS:
        text = text[: SUMMARY_CHARACTERS - 1].rstrip() + "…"
    return atom.Entry(
        uri=proposal.uri,
        url=writer.page_of(proposal),
        title=proposal.title,
        summary=text,
        published_at=proposal.published_at,
        updated_at=proposal.edited_at or proposal.published_at,
        author_name=clean_line(author.display_name, MAX_NAME_CHARACTERS) or author.handle,
        author_url=writer.page_of_person(author),
        language=proposal.language,
        categories=[
            atom.Category(
                area,
                vocabulary.AREA_BASE_URI,
                proposal.facts.label(vocabulary.Scheme.AREA, area, writer.language),
            )
            for area in proposal.areas
        ],
    )


def operations(context: ApiContext) -> list[Operation]:
    """List the feeds. Like pages, they leave out what they do not know: readers keep addresses for years."""
    feeds = Feeds(context)
    listed = [
        ("/feeds/mentors.atom", "mentors-feed", "Open offers, newest first.", feeds.mentors),
        ("/feeds/requests.atom", "requests-feed", "Open requests, newest first.", feeds.requests),
        ("/feeds/topics/{area}.atom", "topic-feed", "What is open in an area.", feeds.topic),
        ("/feeds/saved/{token}.atom", "saved-feed", "What a saved search finds.", feeds.saved),
    ]
    return [
        Operation(path, name, summary, handler, is_strict=False) for path, name, summary, handler in listed
    ]
