"""A whole mentorship across the two instances of the demo: asked, agreed, talked, completed, signed."""

from collections.abc import Awaitable, Callable

from libline_fed.cli.demo.cast import ANA, CHLOE
from libline_fed.cli.demo.scenes import Scene
from libline_fed.cli.demo.visitor import PageFailed
from libline_fed.clock import SystemClock
from libline_fed.domain.mentorships import Mentorship
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import Viewer
from libline_fed.services import actors, listings, mentorship_views, messages
from libline_fed.storage.store import Tx

GOAL = "Préparer le premier budget d’acquisition de mon équipe"
ASKING = {
    "message_text": "Bonjour, je prends la tête d’une équipe et je découvre les acquisitions.",
    "by_when": "Comprendre les licences et les fournisseurs d’ici mars.",
    "language": "fr",
    "months": "4",
    "do": "send",
}
AGREEMENT = {"goal": GOAL, "months": "4", "frequency": "Q3", "mode": "M1", "is_confidential": "y"}
GREETING = "Merci ! J’ai hâte de commencer."


class Pairing:
    """Chloé asks Ana, whose server is the other one."""

    def __init__(self, asks: Scene, offers: Scene) -> None:
        self._asks = asks
        self._offers = offers

    def acts(self) -> list[tuple[Callable[[], Awaitable[None]], str, Callable[[], Awaitable[bool]]]]:
        """Return each act with what it should bring about, and the question whether that is so."""
        return [
            (self._ask, "chloe’s request has reached ana", lambda: self._stands(self._offers, "proposed")),
            (self._accept, "ana’s yes has reached chloe", lambda: self._stands(self._asks, "intro")),
            (self._write_terms, "what ana wrote down has reached chloe", lambda: self._has_terms(self._asks)),
            (self._confirm, "both have agreed: it is active", lambda: self._stands(self._offers, "active")),
            (self._write, "chloe’s private message has reached ana", self._has_message),
            (
                self._complete,
                "chloe hears that it is completed",
                lambda: self._stands(self._asks, "completed"),
            ),
        ]

    async def _ask(self) -> None:
        visitor = self._asks.visitors[CHLOE.handle]
        await visitor.submit("/primer", {})
        proposal_id = await self._offer_id()
        path, _ = await visitor.submit(f"/ask/{proposal_id}", {"do": "request"})
        await visitor.submit(path, ASKING)

    async def _accept(self) -> None:
        await self._offers.visitors[ANA.handle].submit(f"{await self._path(self._offers)}/accept", {})

    async def _write_terms(self) -> None:
        await self._offers.visitors[ANA.handle].submit(f"{await self._path(self._offers)}/terms", AGREEMENT)

    async def _confirm(self) -> None:
        await self._asks.visitors[CHLOE.handle].submit(f"{await self._path(self._asks)}/confirm", {})

    async def _write(self) -> None:
        visitor = self._asks.visitors[CHLOE.handle]
        # The box says that the admins of both servers could read it.
        values = {"text": GREETING, "is_informed": "y"}
        await visitor.submit(f"{await self._path(self._asks)}/messages", values)

    async def _complete(self) -> None:
        await self._offers.visitors[ANA.handle].submit(f"{await self._path(self._offers)}/complete", {})

    # --- looking --------------------------------------------------------------------------------------

    async def _mentorship(self, scene: Scene) -> Mentorship | None:
        handle = CHLOE.handle if scene is self._asks else ANA.handle

        async def unit(tx: Tx) -> Mentorship | None:
            person = await actors.by_handle(tx, handle)
            found = await mentorship_views.list_for(tx, person)
            return found[0].mentorship if found else None

        return await scene.store.read(unit)

    async def _path(self, scene: Scene) -> str:
        found = await self._mentorship(scene)
        if found is None:
            raise PageFailed(f"no mentorship has come to {scene.stage.host}")
        return f"/mentorships/{found.id}"

    async def _stands(self, scene: Scene, state: str) -> bool:
        found = await self._mentorship(scene)
        return found is not None and found.state == state

    async def _has_terms(self, scene: Scene) -> bool:
        found = await self._mentorship(scene)
        return found is not None and found.terms.get("goal") == GOAL

    async def _has_message(self) -> bool:
        async def unit(tx: Tx) -> bool:
            person = await actors.by_handle(tx, ANA.handle)
            found = await mentorship_views.list_for(tx, person)
            thread = await messages.thread(tx, found[0])
            return any("hâte" in message.content_html for message in thread.items)

        return await self._offers.store.read(unit)

    async def _offer_id(self) -> str:
        now = SystemClock().now()

        async def unit(tx: Tx) -> str:
            viewer = Viewer(is_member=True)
            found = await listings.page(tx, Search(), viewer, per_page=listings.MAX_PER_PAGE, now=now)
            return next(proposal.id for proposal, _ in found.items if proposal.title == ANA.draft.title)

        return await self._asks.store.read(unit)


