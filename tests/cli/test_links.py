"""`libline link`."""

import asyncio

from libline_fed.activitypub.objects import Admitted
from libline_fed.activitypub.uris import Uris
from libline_fed.domain.follows import Follow, FollowState
from libline_fed.ids import new_id
from libline_fed.storage import actors, follows
from libline_fed.storage.store import Store, Tx
from tests.cli.conftest import Libline
from tests.support.pages import remote_person

HOST = "a.example"


def let_it_ask(database_url: str) -> None:
    """Put a server in that asks for a link."""

    async def work() -> None:
        store = await Store(database_url).open()

        async def unit(tx: Tx) -> None:
            ours = await actors.by_uri(tx, Uris("http://127.0.0.1:8765").instance_actor)
            assert ours is not None
            now = ours.created_at
            document = remote_person(
                "x", HOST, type="Application", proposals_url=f"https://{HOST}/actor/proposals"
            )
            peer = await actors.put_remote(tx, Admitted(document, HOST, "fetched"), acct_host=None, now=now)
            id_ = new_id(now)
            uri = f"https://{HOST}/follows/1"
            await follows.put(tx, Follow(id_, uri, peer.id, ours.id, FollowState.PENDING, now, None))

        await store.write(unit)
        await store.close()

    asyncio.run(work())


def test_a_server_that_asks_is_listed_approved_and_removed(libline: Libline, database_url: str) -> None:
    assert libline("link", "list").out == "There is no link.\n"
    assert libline("link", "approve", HOST).status == 3
    let_it_ask(database_url)
    [listed] = libline("link", "list", "--json").json
    assert (listed["host"], listed["ours"], listed["theirs"]) == (HOST, None, "pending")
    assert libline("link", "approve", HOST.upper()).out == f"{HOST} gets the offers and requests from here.\n"
    assert libline("link", "list", "--json").json[0]["theirs"] == "accepted"
    assert HOST in libline("link", "list").out
    assert libline("link", "remove", HOST).out == f"There is no link with {HOST} any more.\n"
    assert libline("link", "list", "--json").json == []
    assert libline("link", "reject", HOST).status == 3


def test_a_server_that_cannot_be_asked_is_no_link(libline: Libline) -> None:
    assert libline("link", "add", "127.0.0.1:9").status == 5  # nobody answers there
    assert libline("link", "add", "127.0.0.1:8765").status == 3  # that is this server itself
    assert libline("link", "add", "not a name").status == 3
    assert libline("link", "list", "--json").json == []
