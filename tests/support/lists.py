"""A server of another kind that lists proposals, and lies as a test wants it to."""

import json
from copy import deepcopy
from typing import Any

import httpx

from libline_fed.domain.actors import Actor
from libline_fed.domain.crawls import CrawlKind
from libline_fed.domain.follows import FollowState
from libline_fed.domain.proposals import Draft
from libline_fed.services import crawls, documents, links
from libline_fed.storage import follows
from libline_fed.storage.store import Tx
from tests.support.pair import DRAFT, Pair, Side

ACTIVITY_JSON = "application/activity+json"
HOST = "c.example"
LIST = f"https://{HOST}/actor/proposals"


class ListServer:
    """`c.example`: what it answers at each address, and what it was asked."""

    def __init__(self, both: Pair) -> None:
        self._both = both
        self.answers: dict[str, Any] = {}  # by path and query: a document, a status, or a whole response
        self.asked: list[str] = []
        self.headers: list[httpx.Headers] = []
        both.serve(HOST, self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        self.asked.append(path)
        self.headers.append(request.headers)
        answer = self.answers.get(path, 404)
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, httpx.Response):
            return answer
        if isinstance(answer, int):
            return httpx.Response(answer)
        is_plain = path.startswith("/.well-known")
        media_type = "application/json" if is_plain else ACTIVITY_JSON
        return httpx.Response(200, content=json.dumps(answer), headers={"content-type": media_type})

    async def copy(self, document: dict[str, Any], host: str) -> dict[str, Any]:
        """Return a document as if it were of this server."""
        text = json.dumps({key: value for key, value in document.items() if key != "proof"})
        moved: dict[str, Any] = json.loads(text.replace(f"https://{host}/", f"https://{HOST}/"))
        return moved

    async def make(self, side: Side, author: Actor, draft: Draft = DRAFT) -> dict[str, Any]:
        """Make a proposal of this server, after one that is really published on `side`."""
        proposal = await side.offer(author, draft)
        document = await side.read(
            lambda tx: documents.proposal_document(tx, side.site, proposal, author)
        )
        return await self.copy(document, side.host)

    async def introduce(self, side: Side, *people: Actor) -> list[dict[str, Any]]:
        """Let people of `side` have the same names here; return their documents."""
        found = []
        for person in people:
            document = await side.read(
                lambda tx, p=person: documents.actor_document(tx, side.site, p)  # type: ignore[misc]
            )
            found.append(await self.copy(document, side.host))
            self.answers[found[-1]["id"].removeprefix(f"https://{HOST}")] = found[-1]
        return found

    async def be_linked(self, side: Side, teller: Side) -> Actor:
        """Let `side` be linked with this server, whose actor looks like that of `teller`."""
        instance = await teller.read(lambda tx: links.instance(tx, teller.site))
        [document] = await self.introduce(teller, instance)
        self.answers["/.well-known/nodeinfo"] = {
            "links": [{"rel": "https://www.w3.org/ns/activitystreams#Application", "href": document["id"]}]
        }
        peer = await side.resolver.find_instance(HOST)
        now = side.clock.now()

        async def unit(tx: Tx) -> None:
            await links.ask(tx, side.site, peer=peer, now=now)
            mine = await follows.between(tx, (await links.instance(tx, side.site)).id, peer.id)
            assert mine is not None
            await follows.set_state(tx, mine.id, FollowState.ACCEPTED, now)
            await crawls.start(tx, peer.id, CrawlKind.LINK, now)

        await side.write(unit)
        self.asked.clear()
        return peer

    def list(self, *pages: list[Any], total_count: int | None = None, **extra: Any) -> None:
        """List items on pages: `?page=1`, `?page=2` and so on; `extra` is on every page."""
        head = {"id": LIST, "type": "OrderedCollection", "first": f"{LIST}?page=1"}
        self.answers["/actor/proposals"] = head
        for number, items in enumerate(pages, 1):
            page = {
                "id": f"{LIST}?page={number}",
                "type": "OrderedCollectionPage",
                "orderedItems": deepcopy(items),
                **extra,
            }
            if number < len(pages):
                page.setdefault("next", f"{LIST}?page={number + 1}")
            if total_count is not None:
                page["totalItems"] = total_count
            self.answers[f"/actor/proposals?page={number}"] = page
