"""What other servers serve, and odd HTTP: not believed, not followed without end, never a 5xx."""

import socket
import time
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.acceptance.hostility import ALICE, World, mention
from tests.support.browsing import logged_in
from tests.support.liar import Liar, Page
from tests.support.processes import LiveInstance, wait_for
from tests.support.sink import post_raw

pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("crash"), pytest.mark.usefixtures("never_a_5xx")]


# --- what is fetched ------------------------------------------------------------------------------


def look_up(world: World, address: str) -> httpx.Response:
    """Let the member look an address up."""
    return world.browser.submit("/search", q=address)


@pytest.mark.parametrize(
    "content_type", ["image/png", "text/html", "application/json", "application/octet-stream", ""]
)
def test_media_served_as_a_document_is_not_believed(world: World, content_type: str) -> None:
    address = world.liar.put(
        "/media/picture.png",
        world.liar.note(id=f"{world.liar.base_url}/media/picture.png"),
        content_type=content_type,
    )
    before = world.settled()
    assert 400 <= look_up(world, address).status_code < 500
    assert _stored(world) == {name: before[name] for name in _STORED}


_STORED = ("actors", "posts", "proposals")


def _stored(world: World) -> dict[str, int]:
    counts = world.settled()
    return {name: counts[name] for name in _STORED}


def test_a_document_with_another_id_is_not_believed(world: World) -> None:
    before = _stored(world)
    address = world.liar.put("/users/eve", world.liar.actor(id=world.sink.crowd.uri(2)))
    assert 400 <= look_up(world, address).status_code < 500
    address = world.liar.put("/notes/1", world.liar.note(id=f"{world.instance.base_url}/proposals/1"))
    assert 400 <= look_up(world, address).status_code < 500
    assert _stored(world) == before


def test_an_endless_collection_is_read_no_further_than_a_few_pages(world: World) -> None:
    liar = world.liar
    page = f"{liar.base_url}/endless"

    def endless(path: str) -> Any:
        number = int(path.partition("?page=")[2] or 0)
        items = [f"{liar.base_url}/users/zoe/notes/{number * 100 + n}" for n in range(100)]
        return {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": page,
            "type": "OrderedCollectionPage",
            "partOf": page,
            "totalItems": 10**9,
            "orderedItems": items,
            "first": f"{page}?page=1",
            "next": f"{page}?page={number + 1}",
        }

    liar.otherwise = lambda path: (
        Page(orjson.dumps(endless(path))) if path.startswith("/endless") else Page(b"{}", status=404)
    )
    collections = dict.fromkeys(("featured", "proposals", "outbox", "followers"), page)
    uri = f"{liar.base_url}/users/zoe"
    key = {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": world.sink.public_pem}
    address = liar.put("/users/zoe", liar.actor("zoe", publicKey=key, **collections))
    liar.asked.clear()
    person = look_up(world, address)
    assert person.status_code == 200
    world.browser.submit(f"{person.url.path}/follow")
    wait_for(lambda: _is_quiet(liar), "an end of the fetches")
    assert len(liar.asked) <= 40, liar.asked
    assert len({path for path in liar.asked if path.startswith("/endless")}) <= 3


def _is_quiet(liar: Liar) -> bool:
    count = len(liar.asked)
    time.sleep(1.0)
    return len(liar.asked) == count


def test_a_redirect_to_itself_ends(world: World) -> None:
    world.liar.put("/loop", {}, status=302, location=f"{world.liar.base_url}/loop")
    world.liar.asked.clear()
    assert 400 <= look_up(world, f"{world.liar.base_url}/loop").status_code < 500
    assert len(world.liar.asked) <= 8


def test_private_addresses_are_not_connected_to(tmp_path: Path, world: World) -> None:
    """An instance without allow_private_peers gets a key, an object and an inbox on the loopback network."""
    instance = LiveInstance(tmp_path, allow_private_peers="false")
    try:
        instance.start()
        instance.add_member("ben")
        world.sink.clear()
        world.liar.asked.clear()
        inbox_url = f"{instance.base_url}/inbox"
        request = world.sink.crowd.request(ALICE, inbox_url, mention(world, 5))
        assert post_raw(request, inbox_url).status_code in {400, 401}
        assert instance.number("SELECT count(*) FROM inbox_activities") == 0
        with logged_in(instance, "ben") as browser:
            for address in (
                world.liar.base_url + "/users/eve",
                "http://10.0.0.1/x",
                "http://2130706433/x",
                "http://[::1]/x",
                "https://169.254.169.254/latest/meta-data",
                "https://localhost/x",
                "https://user:pass@x.example/",
            ):
                assert 400 <= browser.submit("/search", q=address).status_code < 500, address
        assert world.sink.totals()["connections_count"] == 0
        assert world.liar.asked == []
        assert "Traceback" not in instance.log()
    finally:
        instance.stop()


# --- bare HTTP ------------------------------------------------------------------------------------

HOST = "Host: 127.0.0.1"
REQUESTS: dict[str, str] = {
    "two hosts": f"GET / HTTP/1.1\r\n{HOST}\r\nHost: evil.example\r\n\r\n",
    "a host with a path": "GET / HTTP/1.1\r\nHost: evil/..\r\n\r\n",
    "no host": "GET / HTTP/1.1\r\n\r\n",
    "an absolute target": f"GET http://evil.example/ HTTP/1.1\r\n{HOST}\r\n\r\n",
    "a header line of 1 MB": f"GET / HTTP/1.1\r\n{HOST}\r\nX: {'x' * 1_000_000}\r\n\r\n",
    "10,000 headers": f"GET / HTTP/1.1\r\n{HOST}\r\n"
    + "".join(f"X{n}: 1\r\n" for n in range(10_000))
    + "\r\n",
    "a negative length": f"POST /inbox HTTP/1.1\r\n{HOST}\r\nContent-Length: -1\r\n\r\n",
    "two lengths": f"POST /inbox HTTP/1.1\r\n{HOST}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "an odd method": f"BREW /inbox HTTP/1.1\r\n{HOST}\r\n\r\n",
    "a NUL in the path": f"GET /@a%00na HTTP/1.1\r\n{HOST}\r\n\r\n",
    "bytes that are no UTF-8 in the path": f"GET /@%ff%fe HTTP/1.1\r\n{HOST}\r\n\r\n",
    "a WebFinger of nonsense": f"GET /.well-known/webfinger?resource=%ff%00acct: HTTP/1.1\r\n{HOST}\r\n\r\n",
    "an odd page number": f"GET /mentors?page=99999999999999999999 HTTP/1.1\r\n{HOST}\r\n\r\n",
    "a search for a NUL": f"GET /mentors?text=%00&area=%00&language=%ff HTTP/1.1\r\n{HOST}\r\n\r\n",
}


@pytest.mark.parametrize("what", REQUESTS)
def test_odd_requests_get_no_5xx(world: World, what: str) -> None:
    with socket.create_connection(("127.0.0.1", world.instance.port), timeout=10) as connection:
        try:
            connection.sendall(REQUESTS[what].encode())
            status_line = connection.recv(100).split(b"\r\n")[0]
        except ConnectionResetError:
            return  # hung up on: also an answer
    assert not status_line.startswith(b"HTTP/1.1 5"), status_line
    assert status_line.startswith(b"HTTP/1.1 ") or not status_line
