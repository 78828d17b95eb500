"""The peer in a process of its own: `python -m tests.mastodon_peer PORT CONTROL_PORT`.

The control port takes `{"do": …}` as JSON and answers `{"value": …}` or `{"error": …}`.
"""

import asyncio
import sys
from dataclasses import asdict
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.mastodon_peer.actions import NotAllowed
from tests.mastodon_peer.outbound import Unreachable
from tests.mastodon_peer.peer import MastodonPeer


class Control:
    """What a test can ask of the process."""

    def __init__(self, peer: MastodonPeer) -> None:
        self._peer = peer

    async def answer(self, request: Request) -> Response:
        """Do one thing."""
        asked = await request.json()
        try:
            return JSONResponse({"value": await self._do(asked.pop("do"), asked)})
        except (NotAllowed, Unreachable) as error:
            return JSONResponse({"error": str(error)})

    async def _do(self, what: str, values: dict[str, Any]) -> Any:
        peer = self._peer
        match what:
            case "person":
                return peer.person(values["username"], language=values["language"]).uri
            case "act":
                return await peer.actions.call(values["username"], values["verb"], **values["values"])
            case "faults":
                peer.faults.__dict__.update(values)
                return asdict(peer.faults)
            case "behaviour":
                peer.behaviour.__dict__.update(values)
                return asdict(peer.behaviour)
            case "retry":
                return await peer.outbound.retry()
            case "release":
                return await peer.outbound.release(values.get("order"))
            case "sign-in":
                peer.oauth.signed_in = values["username"]
                return None
            case _:
                return peer.summary()

    def app(self) -> Starlette:
        """Return the app of the control port."""
        return Starlette(routes=[Route("/", self.answer, methods=["POST"])])


async def main(port: int, control_port: int) -> None:
    """Serve until the process is ended."""
    async with httpx.AsyncClient(trust_env=False) as http:
        peer = MastodonPeer(f"http://127.0.0.1:{port}", http)
        servers = [
            uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=number, log_level="warning"))
            for app, number in ((peer.app, port), (Control(peer).app(), control_port))
        ]
        await asyncio.gather(*(server.serve() for server in servers))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
