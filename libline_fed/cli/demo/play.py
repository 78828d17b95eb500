"""What happens in the demo: people follow, publish, edit, delete; every arrival is awaited and timed."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable

from libline_fed.cli.demo.cast import ANA, CHLOE, DANIEL, PASSWORD, SAMIR, Person
from libline_fed.cli.demo.misbehaving import MisbehavingPeer
from libline_fed.cli.demo.pairing import Pairing
from libline_fed.cli.demo.scenes import Arrival, Scene
from libline_fed.cli.demo.visitor import PageFailed, Visitor
from libline_fed.clock import SystemClock, monotonic_s
from libline_fed.domain.deliveries import DeliveryState
from libline_fed.domain.proposals import Draft, Purpose
from libline_fed.federation.http_client import HttpClient
from libline_fed.services import actors, follows, proposals
from libline_fed.storage.store import Tx

POLL_S = 0.05
NEW_TITLE = "First steps with metadata, and with open-source library systems"
FLEETING_TITLE = "Esta oferta se borra enseguida"
FOLLOWS = ((CHLOE, ANA), (DANIEL, SAMIR), (ANA, CHLOE), (SAMIR, DANIEL), (ANA, DANIEL))


class Play:
    """The whole of it. `arrivals` grows as the play goes on."""

    def __init__(
        self, scenes: Iterable[Scene], client: HttpClient, troublemakers: list[MisbehavingPeer]
    ) -> None:
        self._scenes = tuple(scenes)
        self._client = client
        self._home = {person.handle: scene for scene in self._scenes for person in scene.stage.place.people}
        self.troublemakers = troublemakers
        self.arrivals: list[Arrival] = []

    async def run(self, *, until_s: float) -> None:
        """Act, and wait for every arrival until the clock of `monotonic_s` says `until_s`."""
        await self._log_in()
        await self._link()
        await self._follow_across(until_s)
        await self._be_followed_by_troublemakers(until_s)
        await self._publish(until_s)
        await self._change(until_s)
        await self._mentor(until_s)

    async def _log_in(self) -> None:
        for scene in self._scenes:
            for person in scene.stage.place.people:
                visitor = Visitor(self._client, scene.stage.base_url)
                await visitor.log_in(person.email, PASSWORD)
                scene.visitors[person.handle] = visitor

    async def _link(self) -> None:
        first, second = self._scenes
        for scene, other in ((first, second), (second, first)):
            await scene.allow(other.stage.host)

    async def _follow_across(self, until_s: float) -> None:
        arrivals = []
        for follower, followed in FOLLOWS:
            scene, acct = (
                self._home[follower.handle],
                f"{followed.handle}@{self._home[followed.handle].stage.host}",
            )
            visitor = scene.visitors[follower.handle]
            path, page = await visitor.submit("/search", {"q": f"@{acct}"})
            action = re.search(r'action="(/people/[^"/]+/follow)"', page)
            if action is None:
                raise PageFailed(f"{path} has no button to follow")
            await visitor.submit(path, {}, action=action[1])

            async def is_accepted(
                scene: Scene = scene, follower: Person = follower, acct: str = acct
            ) -> bool:
                return await scene.follow_state(follower, acct) == "accepted"

            arrivals.append(Arrival(f"{follower.handle} follows {acct}", is_accepted))
        await self._await(arrivals, until_s)

    async def _be_followed_by_troublemakers(self, until_s: float) -> None:
        scene = self._home[ANA.handle]
        ana = await scene.store.read(lambda tx: actors.by_handle(tx, ANA.handle))
        for peer in self.troublemakers:
            status = await peer.follow(ana.uri, ana.inbox_url, now=SystemClock().now())
            if status != 202:
                raise PageFailed(f"the Follow of {peer.host} was answered with {status}")

        async def are_known() -> bool:
            views = await scene.store.read(lambda tx: follows.followers(tx, ana.id))
            return {peer.actor_uri for peer in self.troublemakers} <= {view.actor.uri for view in views}

        await self._await(
            [Arrival(f"{len(self.troublemakers)} peers that misbehave follow ana", are_known)], until_s
        )

    async def _publish(self, until_s: float) -> None:
        arrivals = []
        for person in (ANA, SAMIR, CHLOE, DANIEL):
            await self._add(person, person.draft)
            arrivals.append(self._listed_elsewhere(person, person.draft.title, person.draft.purpose))
        await self._await(arrivals, until_s)
        arrivals = [
            Arrival(f"ana’s server has tried the peer that {peer.manner.says}", self._has_tried(peer))
            for peer in self.troublemakers
        ]
        await self._await(arrivals, until_s)

    async def _change(self, until_s: float) -> None:
        path = await self._path_of(DANIEL, DANIEL.draft.title)
        values = _values_of(DANIEL.draft) | {"title": NEW_TITLE}
        await self._home[DANIEL.handle].visitors[DANIEL.handle].submit(f"{path}/edit", values)
        edited = self._listed_elsewhere(DANIEL, NEW_TITLE, Purpose.OFFER)
        edited.what = "daniel’s new title is on the other instance"
        await self._await([edited], until_s)
        fleeting = Draft(
            purpose=Purpose.OFFER,
            title=FLEETING_TITLE,
            body_text="Solo para mostrar que lo borrado desaparece.",
            language="es",
            areas=("A0000",),
            languages=("es",),
            modes=("M1",),
        )
        await self._add(ANA, fleeting)
        there = self._listed_elsewhere(ANA, FLEETING_TITLE, Purpose.OFFER)
        there.what = "what ana will delete is listed on the other instance"
        await self._await([there], until_s)
        path = await self._path_of(ANA, FLEETING_TITLE)
        await self._home[ANA.handle].visitors[ANA.handle].submit(f"{path}/delete", {})

        async def is_gone() -> bool:
            return not await there.has_arrived()

        await self._await([Arrival("what ana deleted is gone from the other instance", is_gone)], until_s)

    async def _mentor(self, until_s: float) -> None:
        pairing = Pairing(asks=self._home[CHLOE.handle], offers=self._home[ANA.handle])
        for act, what, is_so in pairing.acts():
            await act()
            await self._await([Arrival(what, is_so)], until_s)

    async def _add(self, person: Person, draft: Draft) -> None:
        visitor = self._home[person.handle].visitors[person.handle]
        await visitor.submit(
            f"/proposals/new?purpose={draft.purpose}", _values_of(draft), action="/proposals/new"
        )

    async def _path_of(self, author: Person, title: str) -> str:
        async def unit(tx: Tx) -> str:
            actor = await actors.by_handle(tx, author.handle)
            own = await proposals.own(tx, actor.id)
            return next(
                f"/proposals/{listed.proposal.id}" for listed in own if listed.proposal.title == title
            )

        return await self._home[author.handle].store.read(unit)

    def _listed_elsewhere(self, author: Person, title: str, purpose: str) -> Arrival:
        others = [scene for scene in self._scenes if scene is not self._home[author.handle]]

        async def is_listed() -> bool:
            return all([await scene.lists(title, purpose) for scene in others])

        kind = "offer" if purpose == Purpose.OFFER else "request"
        return Arrival(
            f"{author.handle}’s {kind} ({author.language}) is listed on the other instance", is_listed
        )

    def _has_tried(self, peer: MisbehavingPeer) -> Callable[[], Awaitable[bool]]:
        async def has_tried() -> bool:
            tried = await self._home[ANA.handle].deliveries_to(peer.host)
            return any(one.attempts_count > 0 or one.state != DeliveryState.QUEUED for one in tried)

        return has_tried

    async def _await(self, arrivals: list[Arrival], until_s: float) -> None:
        self.arrivals.extend(arrivals)
        begin_s = monotonic_s()
        while missing := [arrival for arrival in arrivals if arrival.took_s is None]:
            for arrival in missing:
                if await arrival.has_arrived():
                    arrival.took_s = monotonic_s() - begin_s
            if monotonic_s() > until_s:
                return
            await asyncio.sleep(POLL_S)


def _values_of(draft: Draft) -> dict[str, object]:
    """Return what the form for proposals is filled in with."""
    return {
        "purpose": draft.purpose,
        "title": draft.title,
        "body_text": draft.body_text,
        "areas": list(draft.areas),
        "languages": list(draft.languages),
        "modes": list(draft.modes),
        "places_count": draft.places_count,
        "language": draft.language,
        "audience": draft.audience,
    }
