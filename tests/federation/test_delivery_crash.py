"""A worker that is killed with `kill -9` in mid-fan-out: nothing is lost, little is sent twice."""

import asyncio
import signal
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest

from libline_fed.storage import deliveries
from libline_fed.storage.store import Tx
from tests.federation.conftest import Sending
from tests.support.inboxes import Answer
from tests.support.outbox import URIS

WORKER = """
import asyncio, sys
from libline_fed.clock import SystemClock
from libline_fed.config import Federation
from libline_fed.domain.peers import Policies
from libline_fed.federation.delivery import DeliverySettings, DeliveryWorker, Hooks
from libline_fed.federation.http_client import HttpClient
from libline_fed.services.keys import Keyring
from libline_fed.storage.store import Store
from tests.support.outbox import SEALER, URIS

async def main():
    store = await Store(sys.argv[1]).open()
    client = HttpClient(allow_private=True, own_host=URIS.host, user_agent="LibLine/test")
    policies = Policies(Federation.OPEN, {})
    worker = DeliveryWorker(
        store, client, Keyring(store, SEALER), SystemClock(), URIS,
        hooks=Hooks(policies=lambda: policies, check_inbox=None, on_gone=None),
        settings=DeliverySettings(concurrency=4, threads=1, lease_s=2),
    )
    await worker.run(asyncio.Event())

asyncio.run(main())
"""


@pytest.mark.crash
async def test_kill_9_in_a_fan_out_loses_nothing(sending: Sending) -> None:
    inboxes = [await sending.inbox() for _ in range(10)]
    for inbox in inboxes:
        inbox.answers(Answer(delay_s=0.03))
    targets = [inbox.target for inbox in inboxes]
    said = [await sending.outbox.post(targets, datetime.now(UTC)) for _ in range(6)]
    url = sending.store.url.render_as_string(hide_password=False)

    lives = 0
    while (waiting_count := await sending.store.read(_queued_count)) > 0:
        lives += 1
        assert lives <= 6
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, url, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(30):
                while await sending.store.read(_queued_count) > max(0, waiting_count - 15):
                    await asyncio.sleep(0.01)
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()

    assert lives >= 2
    wanted = {URIS.activity(each) for each in said}
    for inbox in inboxes:
        assert set(inbox.activity_uris) == wanted
    # Twice only what was sent and not yet recorded when a worker died: 4 at a time, a group each 50 ms.
    repeated = Counter((inbox.host, uri) for inbox in inboxes for uri in inbox.activity_uris)
    assert sum(count - 1 for count in repeated.values()) <= 20 * lives
    assert {row.state for row in await sending.rows()} == {"delivered"}


async def _queued_count(tx: Tx) -> int:
    return (await deliveries.count_by_state(tx))["queued"]
