"""Ana on a LibLine server and Carla on a Mastodon-like one, with all that is between them."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx

from libline_fed.clock import FrozenClock
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship
from libline_fed.domain.proposals import Draft, Proposal
from libline_fed.errors import PeerUnavailable
from libline_fed.services import answers, mentorship_views, mentorships, messages, posts
from libline_fed.storage import messages as message_rows
from libline_fed.storage.store import Tx
from tests.mastodon_peer.peer import MastodonPeer
from tests.mastodon_peer.people import Person, Toot
from tests.support.pair import DRAFT, Pair, Side

TERMS = {"goal": "Catalogue the local collection", "months": 4, "mode": "M1", "frequency": "Q3"}
WORDS = {  # yes, no and stop as somebody would write them
    "en": ("Yes, gladly!", "no thanks", "STOP"),
    "es": ("¡Sí, acepto!", "No, gracias", "Baja"),
    "fr": ("D’accord !", "Non merci", "fin"),
    "ar": ("نَعَم، شكرًا", "لا شكرا", "توقف"),
}


@dataclass
class Door:
    """The two people, and how their servers meet."""

    both: Pair
    side: Side
    peer: MastodonPeer
    ana: Actor
    carla: Person
    offer: Proposal

    @property
    def handle(self) -> str:
        return f"@{self.ana.handle}@{self.side.host}"

    async def settle(self) -> None:
        """Deliver and apply until nothing moves."""
        await self.both.settle()

    async def later(self, **passing: float) -> None:
        """Let time pass and the housekeeping run."""
        await self.both.later(**passing)

    # --- Carla ------------------------------------------------------------------------------------

    async def ask(self, text: str = "I would like to learn RDA.", **more: Any) -> Toot:
        """Let Carla answer the offer by a private mention."""
        toot = await self.carla.toot(self.offer.uri)
        sent = await self.carla.reply(toot, text, "direct", **more)
        await self.settle()
        return sent

    async def told(self) -> list[Toot]:
        """Return the private messages that Carla got, oldest first."""
        return await self.carla.messages(self.ana.uri)

    async def last(self) -> Toot:
        """Return the latest private message that Carla got."""
        return (await self.told())[-1]

    async def question(self) -> Toot:
        """Return the latest poll that Carla got."""
        return [toot for toot in await self.told() if toot.options][-1]

    async def say(self, text: str, **more: Any) -> Toot:
        """Let Carla answer the latest private message."""
        sent = await self.carla.reply(await self.last(), text, **more)
        await self.settle()
        return sent

    async def vote(self, option: int) -> None:
        """Let Carla vote in the latest poll."""
        await self.carla.vote(await self.question(), option)
        await self.settle()

    # --- Ana --------------------------------------------------------------------------------------

    async def do(self, use_case: Any, person: Actor | None = None, **more: Any) -> Any:
        """Let Ana (or another person) do something with the latest mentorship."""
        now, mine = self.side.clock.now(), await self.latest()
        done = await self.side.write(
            lambda tx: use_case(
                tx, self.side.site, person=person or self.ana, mentorship_id=mine.id, now=now, **more
            )
        )
        await self.settle()
        return done

    async def mentorships(self) -> list[Mentorship]:
        """List Ana's mentorships, oldest first."""
        found = await self.side.read(lambda tx: mentorship_views.list_for(tx, self.ana))
        return [view.mentorship for view in reversed(found)]

    async def latest(self) -> Mentorship:
        """Return Ana's latest mentorship."""
        return (await self.mentorships())[-1]

    async def states(self) -> list[str]:
        """Return where Ana's mentorships stand, oldest first."""
        return [one.state for one in await self.mentorships()]

    async def thread(self) -> list[str]:
        """Return the texts of the latest mentorship's thread, oldest first."""
        mine = await self.latest()

        async def unit(tx: Tx) -> list[str]:
            found = await message_rows.page(tx, mine.id, before=None, limit=100)
            return [one.content_html for one in reversed(found)]

        return await self.side.read(unit)

    async def comments(self) -> list[str]:
        """Return the public replies below the offer."""
        found = await self.side.read(lambda tx: posts.replies_to(tx, self.offer.uri, None))
        return [view.post.content_html for view in found]

    async def person(self) -> Actor:
        """Return Carla as known on Ana's server."""
        return await self.side.resolver.find_actor(self.carla.uri)

    async def accept(self) -> None:
        """Let Ana say yes, and write down what the two agree on."""
        await self.do(answers.accept)
        await self.do(mentorships.change_terms, values=TERMS)

    async def begin(self) -> None:
        """Bring the two to a mentorship that runs, by polls."""
        await self.ask()
        await self.accept()
        await self.vote(0)
        assert await self.states() == ["active"]

    async def write(self, text: str) -> None:
        """Let Ana write a message."""
        await self.do(messages.write, text=text)


class _Way(httpx.AsyncBaseTransport):
    """The way of the other server, on which a server that is not there refuses the connection."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        except PeerUnavailable as error:
            raise httpx.ConnectError(error.detail, request=request) from error


@contextlib.asynccontextmanager
async def door(
    both: Pair, clock: FrozenClock, *, language: str = "en", draft: Draft = DRAFT, places_count: int = 2
) -> AsyncIterator[Door]:
    """Put a Mastodon-like server beside the first of two instances."""
    host = "m.example"
    async with httpx.AsyncClient(transport=_Way(both.network.transport(host))) as http:
        peer = MastodonPeer(f"https://{host}", http, now=clock.now)
        app = httpx.ASGITransport(app=peer.app)
        both.serve(host, app.handle_async_request)
        ana = await both.a.member("ana", name="Ana Pérez")
        offer = await both.a.offer(ana, replace(draft, places_count=places_count))
        carla = peer.person("carla", language=language)
        yield Door(both, both.a, peer, ana, carla, offer)
