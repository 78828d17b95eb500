"""A peer that serves whatever a test puts at a path, and counts who asked."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

ACTIVITY_JSON = "application/activity+json"


@dataclass(frozen=True)
class Page:
    """One answer."""

    body: bytes
    content_type: str = ACTIVITY_JSON
    status: int = 200
    location: str | None = None


class Liar:
    """A server on the loopback address whose pages are set while it runs."""

    def __init__(self) -> None:
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                liar.asked.append(self.path)
                page = liar.page(self.path)
                self.send_response(page.status)
                self.send_header("Content-Type", page.content_type)
                self.send_header("Content-Length", str(len(page.body)))
                if page.location is not None:
                    self.send_header("Location", page.location)
                self.end_headers()
                self.wfile.write(page.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.asked: list[str] = []
        self.pages: dict[str, Page] = {}
        self.otherwise: Callable[[str], Page] = lambda _path: Page(b"{}", status=404)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def page(self, path: str) -> Page:
        """Return what is served at a path."""
        return self.pages.get(path) or self.otherwise(path)

    def put(self, path: str, document: Any, **more: Any) -> str:
        """Serve a document at a path; return its address."""
        self.pages[path] = Page(orjson.dumps(document), **more)
        return self.base_url + path

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def actor(self, name: str = "eve", **changes: Any) -> dict[str, Any]:
        """Build an actor of this server, with some fields changed."""
        uri = f"{self.base_url}/users/{name}"
        return {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": uri,
            "type": "Person",
            "preferredUsername": name,
            "name": name,
            "inbox": f"{uri}/inbox",
            "outbox": f"{uri}/outbox",
            "followers": f"{uri}/followers",
        } | changes

    def note(self, name: str = "eve", number: int = 1, **changes: Any) -> dict[str, Any]:
        """Build a post of one of its actors, with some fields changed."""
        uri = f"{self.base_url}/users/{name}"
        return {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{uri}/notes/{number}",
            "type": "Note",
            "attributedTo": uri,
            "content": "<p>Something.</p>",
            "published": "2026-11-01T09:00:00Z",
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
            "cc": [f"{uri}/followers"],
        } | changes
