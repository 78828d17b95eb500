"""The actors of the sink as senders: what they say, signed, as ready-made HTTP requests."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from libline_fed.bench.sink import ACTOR_PATH, host_address
from libline_fed.federation.signatures import sign

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT = "https://www.w3.org/ns/activitystreams"
_TEXT = "Cataloguing rare maps, and what the new rules changed for small libraries in the mountains. " * 8


class Crowd:
    """The actors on the hosts of a sink; `index` names one of them."""

    def __init__(self, port: int, private_key: RSAPrivateKey) -> None:
        self._port = port
        self._private_key = private_key

    def uri(self, index: int) -> str:
        """Return the id of an actor."""
        return f"http://{host_address(index)}:{self._port}{ACTOR_PATH}"

    def follow(self, index: int, followed_uri: str) -> dict[str, Any]:
        """Build a Follow."""
        uri = self.uri(index)
        return {
            "@context": CONTEXT,
            "id": f"{uri}/follows/1",
            "type": "Follow",
            "actor": uri,
            "object": followed_uri,
        }

    def accept(self, index: int, follow_uri: str, follower_uri: str) -> dict[str, Any]:
        """Build the Accept of a Follow that came to an actor."""
        uri = self.uri(index)
        follow = {"id": follow_uri, "type": "Follow", "actor": follower_uri, "object": uri}
        return {
            "@context": CONTEXT,
            "id": f"{uri}/accepts/1",
            "type": "Accept",
            "actor": uri,
            "object": follow,
        }

    def note(self, index: int, number: int) -> dict[str, Any]:
        """Build the Create of a public post of about 1.5 kB; `number` makes its ids distinct."""
        uri = self.uri(index)
        published = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        note = {
            "id": f"{uri}/notes/{number}",
            "type": "Note",
            "attributedTo": uri,
            "inReplyTo": None,
            "to": [PUBLIC],
            "cc": [f"{uri}/followers"],
            "published": published,
            "url": f"{uri}/notes/{number}",
            "content": f"<p>Number {number}. {_TEXT}</p>",
            "contentMap": {"en": f"<p>Number {number}.</p>"},
            "sensitive": False,
            "tag": [],
            "attachment": [],
        }
        return {
            "@context": CONTEXT,
            "id": f"{uri}/notes/{number}/activity",
            "type": "Create",
            "actor": uri,
            "published": published,
            "to": note["to"],
            "cc": note["cc"],
            "object": note,
        }

    def request(self, index: int, inbox_url: str, document: dict[str, Any]) -> bytes:
        """Build the whole signed POST of one document."""
        return self.raw_request(index, inbox_url, orjson.dumps(document))

    def raw_request(self, index: int, inbox_url: str, body: bytes) -> bytes:
        """Build the whole signed POST of any bytes."""
        headers = sign(
            "POST",
            inbox_url,
            key_id=f"{self.uri(index)}#main-key",
            private_key=self._private_key,
            now=datetime.now(UTC),
            body=body,
        )
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        path = urlsplit(inbox_url).path
        return f"POST {path} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body

    def requests(self, inbox_url: str, said: list[tuple[int, dict[str, Any]]]) -> list[bytes]:
        """Sign many documents, (index, document), on two cores."""
        with ThreadPoolExecutor(2) as threads:
            return list(
                threads.map(lambda item: self.request(item[0], inbox_url, item[1]), said, chunksize=50)
            )
