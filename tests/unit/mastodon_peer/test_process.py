"""The peer in processes of its own, over real sockets."""

from pathlib import Path

import pytest

from tests.mastodon_peer.actions import NotAllowed
from tests.mastodon_peer.remote import ProcessPeer


async def test_two_processes_exchange_messages_and_break_on_demand(tmp_path: Path) -> None:
    m, n = ProcessPeer(tmp_path / "m.log"), ProcessPeer(tmp_path / "n.log")
    try:
        carla, dan = await m.person("carla"), await n.person("dan")
        await m.ask("faults", drop_inbound=1)
        sent = await carla.private_mention(f"@dan@{n.host} over the wire")
        await dan.reply(sent, "got it")  # the connection breaks under the answer
        assert (await n.ask("state"))["waiting"] == 1
        assert [toot.text for toot in await carla.messages()] == []
        assert await n.ask("retry") == 0
        assert [toot.text for toot in await carla.messages()] == ["@carla got it"]
        with pytest.raises(NotAllowed):
            await carla.read("https://nowhere.example/1")
    finally:
        m.stop()
        n.stop()
