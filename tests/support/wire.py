"""A network in memory between the servers of a test: loses, doubles, delays and reorders what it is told to.

Only POSTs are tampered with; reading goes through unless the way is cut. What waits is signed anew when it is
let go, as a sender's next try would be.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import orjson

from libline_fed.errors import PeerUnavailable

Serve = Callable[[httpx.Request], Awaitable[httpx.Response]]
Resign = Callable[["Letter"], Awaitable[dict[str, str]]]
ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class Letter:
    """One POST on its way."""

    sender: str  # host
    url: str
    headers: httpx.Headers
    body: bytes

    @property
    def activity(self) -> dict[str, Any]:
        """What it says."""
        read: dict[str, Any] = orjson.loads(self.body)
        return read


@dataclass
class Way:
    """What happens to the letters of one server."""

    is_cut: bool = False
    is_held: bool = False
    is_doubled: bool = False
    is_reordered: bool = False
    lost_count: int = 0  # so many of the next ones are lost, though the sender is told that they came
    unanswered_count: int = 0  # so many of the next ones come, though the sender is not told so
    waiting: list[Letter] = field(default_factory=list)


@dataclass
class Network:
    """All servers of a test, by host."""

    servers: dict[str, Serve] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    resigns: dict[str, Resign] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)  # all that came, in their order
    refusals: frozenset[int] = frozenset()  # statuses with which a letter may be refused that waited

    def way(self, sender: str) -> Way:
        """Return what happens to the letters of a host."""
        return self.ways.setdefault(sender, Way())

    def transport(self, sender: str) -> httpx.AsyncBaseTransport:
        """Return the network as one server sees it."""
        return _Transport(self, sender)

    async def carry(self, sender: str, request: httpx.Request) -> httpx.Response:
        """Carry one request to whom it is for.

        Raises: PeerUnavailable if it does not get there, or the answer does not get back.
        """
        way = self.way(sender)
        if way.is_cut or self.way(request.url.netloc.decode()).is_cut:
            raise PeerUnavailable("the way is cut")
        if request.method != "POST":
            return await self._hand_over(request)
        letter = Letter(sender, str(request.url), request.headers, request.content)
        if way.lost_count:
            way.lost_count -= 1
            return httpx.Response(ACCEPTED)
        if way.is_held or way.is_reordered:
            way.waiting.append(letter)
            return httpx.Response(ACCEPTED)
        answer = await self.deliver(letter)
        if way.is_doubled:
            await self.deliver(letter)
            way.waiting.append(letter)  # and once more when others have come
        if way.unanswered_count:
            way.unanswered_count -= 1
            raise PeerUnavailable("the answer was lost")
        return answer

    async def deliver(self, letter: Letter) -> httpx.Response:
        """Hand a letter over."""
        answer = await self._hand_over(
            httpx.Request("POST", letter.url, headers=letter.headers, content=letter.body)
        )
        if answer.is_success:
            self.letters.append(letter)
        return answer

    async def flush(self, sender: str) -> int:
        """Let go what waits and is not held back, if wanted the last first; return how many."""
        way = self.way(sender)
        if way.is_held or way.is_cut:
            return 0
        letters = [one for one in way.waiting if not self.way(httpx.URL(one.url).host).is_cut]
        way.waiting = [one for one in way.waiting if one not in letters]
        for letter in reversed(letters) if way.is_reordered else letters:
            headers = await self.resigns[sender](letter)
            answer = await self.deliver(replace(letter, headers=httpx.Headers(headers)))
            is_expected = answer.is_success or answer.status_code in self.refusals
            assert is_expected, (answer.status_code, answer.text, letter.activity)
        return len(letters)

    async def _hand_over(self, request: httpx.Request) -> httpx.Response:
        serve = self.servers.get(request.url.netloc.decode())
        if serve is None:
            raise PeerUnavailable(f"there is no server {request.url.netloc.decode()}")
        answer = await serve(request)
        await answer.aread()
        return answer


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, network: Network, sender: str) -> None:
        self._network = network
        self._sender = sender

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._network.carry(self._sender, request)
