"""Deliveries to real inboxes on loopback: outcomes, order, and what is remembered of hosts."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from sqlalchemy import delete

from libline_fed.errors import NotFound, PeerUnavailable, StoreBusy
from libline_fed.federation.delivery_attempts import InboxCheck, InboxState
from libline_fed.federation.signatures import VerifiedSender
from libline_fed.services import deliveries as queue
from libline_fed.storage import peers
from libline_fed.storage.tables import actor_keys
from tests.federation.conftest import Sending
from tests.support.inboxes import Answer
from tests.support.outbox import URIS

NOTE = URIS.proposal("note")


async def test_an_activity_arrives_signed_byte_for_byte(sending: Sending) -> None:
    inbox = await sending.inbox()
    activity_id = await sending.outbox.post([inbox.target], sending.clock.now())
    assert await sending.worker().run_once() == 1
    (received,) = inbox.received
    assert isinstance(received.sender, VerifiedSender)
    assert received.sender.actor_uri == sending.outbox.actor_uri
    assert received.activity["id"] == URIS.activity(activity_id)
    assert received.headers["content-type"] == "application/activity+json"
    row = await sending.row()
    assert (row.state, row.last_status, row.attempts_count) == ("delivered", 202, 1)
    peer = await sending.peer(inbox.host)
    assert (peer.lease_until, peer.next_due_at, peer.reached_at) == (None, None, sending.clock.now())
    assert peer.signature_scheme == "cavage"


async def test_nothing_is_sent_twice_when_nothing_failed(sending: Sending) -> None:
    inbox = await sending.inbox()
    await sending.outbox.post([inbox.target], sending.clock.now())
    worker = sending.worker()
    assert await worker.run_once() == 1
    sending.clock.advance(days=3)
    assert await worker.run_once() == 0
    assert len(inbox.received) == 1


@pytest.mark.parametrize(
    ("status", "headers", "state", "wait_s"),
    [
        (202, {}, "delivered", None),
        (202, {"Content-Type": "text/html"}, "delivered", None),
        (200, {"Content-Type": "application/json"}, "delivered", None),
        (204, {}, "delivered", None),
        (200, {"Content-Type": "text/html; charset=utf-8"}, "queued", 60),
        (201, {"Content-Type": "text/html"}, "queued", 60),
        (302, {"Location": "https://login.example/"}, "queued", 60),
        (301, {"Location": "https://other.example/"}, "queued", 60),
        (308, {}, "queued", 60),
        (400, {}, "dead", None),
        (401, {}, "queued", 3_600),
        (403, {}, "queued", 3_600),
        (404, {}, "queued", 60),
        (410, {}, "queued", 60),
        (405, {}, "dead", None),
        (413, {}, "dead", None),
        (422, {}, "dead", None),
        (501, {}, "dead", None),
        (408, {}, "queued", 60),
        (425, {}, "queued", 60),
        (429, {}, "queued", 60),
        (429, {"Retry-After": "7"}, "queued", 7),
        (503, {"Retry-After": "7200"}, "queued", 7_200),
        (503, {"Retry-After": "315360000"}, "queued", 86_400),
        (503, {"Retry-After": "-3"}, "queued", 1),
        (503, {"Retry-After": "later"}, "queued", 60),
        (503, {"Retry-After": "Tue, 24 Nov 2026 10:00:00 GMT"}, "queued", 3_600),
        (500, {}, "queued", 60),
        (502, {}, "queued", 60),
    ],
)
async def test_each_answer_has_its_outcome(
    sending: Sending, status: int, headers: dict[str, str], state: str, wait_s: float | None
) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(status, headers))
    await sending.outbox.post([inbox.target], sending.clock.now())
    await sending.worker().run_once()
    row = await sending.row()
    assert (row.state, row.last_status) == (state, status)
    if wait_s is not None:
        assert row.next_attempt_at == sending.clock.now() + timedelta(seconds=wait_s)
    if state != "delivered":
        assert row.last_error


async def test_a_refused_signature_is_made_again_in_the_other_scheme_and_that_is_remembered(
    sending: Sending,
) -> None:
    inbox = await sending.inbox()
    inbox.answer = lambda received: Answer(202 if received.scheme == "rfc9421" else 401)
    worker = sending.worker()
    await sending.outbox.post([inbox.target], sending.clock.now())
    await worker.run_once()
    assert [each.scheme for each in inbox.received] == ["cavage", "rfc9421"]
    assert all(isinstance(each.sender, VerifiedSender) for each in inbox.received)
    assert (await sending.row()).attempts_count == 1

    await sending.outbox.post([inbox.target], sending.clock.now())
    await worker.run_once()
    assert [each.scheme for each in inbox.received[2:]] == ["rfc9421"]

    sending.clock.advance(days=8)  # forgotten after seven
    await sending.outbox.post([inbox.target], sending.clock.now())
    await worker.run_once()
    assert [each.scheme for each in inbox.received[3:]] == ["cavage", "rfc9421"]


async def test_every_attempt_is_signed_with_the_date_of_that_attempt(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(500), Answer(202))
    begun_at = sending.clock.now()
    await sending.outbox.post([inbox.target], begun_at)
    worker = sending.worker()
    await worker.run_once()
    again_at = sending.clock.advance(hours=13)  # no receiver would accept the first signature now
    await worker.run_once()
    dates = [parsedate_to_datetime(each.headers["date"]) for each in inbox.received]
    assert dates == [begun_at, again_at]
    assert all(isinstance(each.sender, VerifiedSender) for each in inbox.received)
    assert (await sending.row()).state == "delivered"


@pytest.mark.parametrize("status", [301, 404, 410])
async def test_an_inbox_that_moved_is_followed_by_asking_the_actor(
    sending: Sending, status: int
) -> None:
    old, new = await sending.inbox(), await sending.inbox()
    old.answers(Answer(status, {"Location": "http://evil.example/inbox"}))
    sending.checks[old.url] = InboxCheck(InboxState.MOVED, new.url)
    await sending.outbox.post([old.target], sending.clock.now())
    await sending.worker().run_once()
    assert sending.asked == [old.url]
    assert len(new.received) == 1
    row = await sending.row()
    assert (row.state, row.host) == ("delivered", new.host)


async def test_an_inbox_that_moves_on_and_on_is_not_chased(sending: Sending) -> None:
    old, new = await sending.inbox(), await sending.inbox()
    for inbox, other in ((old, new), (new, old)):
        inbox.answers(Answer(301))
        sending.checks[inbox.url] = InboxCheck(InboxState.MOVED, other.url)
    await sending.outbox.post([old.target], sending.clock.now())
    assert await sending.worker().run_once() == 2
    assert (await sending.row()).next_attempt_at > sending.clock.now()


async def test_a_recipient_who_is_gone_is_dropped_with_what_waits_for_it(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(410))
    sending.checks[inbox.url] = InboxCheck(InboxState.GONE)
    for _ in range(3):
        await sending.outbox.post([inbox.target], sending.clock.now())
    assert await sending.worker().run_once() == 1
    assert sending.gone == [inbox.url]
    rows = await sending.rows()
    assert {(row.state, row.last_error) for row in rows} == {("dead", "the recipient is gone")}


async def test_a_web_page_is_not_taken_for_an_inbox(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(200, {"Content-Type": "text/html"}))
    sending.checks[inbox.url] = InboxCheck(InboxState.SAME)
    await sending.outbox.post([inbox.target], sending.clock.now())
    await sending.worker().run_once()
    assert sending.asked == [inbox.url]
    assert (await sending.row()).state == "queued"


@pytest.mark.parametrize("error", [StoreBusy("locked"), NotFound("no key")])
async def test_a_hook_that_fails_costs_a_retry_only(sending: Sending, error: Exception) -> None:
    async def fail(_: str) -> InboxCheck:
        raise error

    sending._check = fail  # type: ignore[method-assign]
    inbox = await sending.inbox()
    inbox.answers(Answer(404))
    await sending.outbox.post([inbox.target], sending.clock.now())
    await sending.worker().run_once()
    row = await sending.row()
    assert (row.state, row.attempts_count) == ("queued", 1)


async def test_nobody_listening_is_retried_and_pauses_the_host(sending: Sending) -> None:
    for _ in range(3):
        await sending.outbox.post([("127.0.0.1:1", "http://127.0.0.1:1/inbox")], sending.clock.now())
    assert await sending.worker().run_once() == 1
    rows = await sending.rows()
    assert [row.attempts_count for row in rows] == [1, 0, 0]
    assert (rows[0].state, rows[0].last_status) == ("queued", None)
    assert "does not answer" in (rows[0].last_error or "")
    peer = await sending.peer("127.0.0.1:1")
    assert peer.closed_until == sending.clock.now() + timedelta(seconds=60)


async def test_an_address_that_must_not_be_contacted_is_dead_at_once(sending: Sending) -> None:
    await sending.outbox.post([(URIS.host, f"{URIS.base_url}/inbox")], sending.clock.now())
    await sending.worker().run_once()
    row = await sending.row()
    assert (row.state, row.last_status) == ("dead", None)


async def test_a_name_that_does_not_exist_is_retried_more_slowly(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    async def unknown(*_: object, **__: object) -> None:
        raise PeerUnavailable("no address") from socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(sending.client, "request", unknown)
    await sending.outbox.post([("no.example", "https://no.example/inbox")], sending.clock.now())
    await sending.worker().run_once()
    assert (await sending.row()).next_attempt_at == sending.clock.now() + timedelta(hours=1)


async def test_an_actor_without_a_key_leaves_a_dead_letter_with_the_reason(
    sending: Sending,
) -> None:
    await sending.store.write(lambda tx: tx.execute(delete(actor_keys)))
    inbox = await sending.inbox()
    await sending.outbox.post([inbox.target], sending.clock.now())
    await sending.worker().run_once()
    row = await sending.row()
    assert row.state == "dead"
    assert "has no current rsa key" in (row.last_error or "")
    assert inbox.received == []


async def test_a_defect_is_recorded_with_its_row_and_stops_nothing(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = await sending.inbox(), await sending.inbox()
    request = sending.client.request

    async def broken(method: str, url: str, **rest: object) -> object:
        if url == bad.url:
            raise RuntimeError("a defect")
        return await request(method, url, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(sending.client, "request", broken)
    await sending.outbox.post([good.target, bad.target], sending.clock.now())
    await sending.worker().run_once()
    states = {row.host: row for row in await sending.rows()}
    assert states[good.host].state == "delivered"
    assert states[bad.host].state == "queued"
    assert "a defect" in (states[bad.host].last_error or "")


async def test_a_defect_in_signing_is_recorded_with_its_row(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(sending.keyring, "signing_key", broken)
    inbox = await sending.inbox()
    await sending.outbox.post([inbox.target], sending.clock.now())
    await sending.worker().run_once()
    row = await sending.row()
    assert (row.state, row.attempts_count) == ("queued", 1)
    assert "a defect" in (row.last_error or "")


async def test_an_answer_of_a_form_that_is_not_read_counts_by_its_status(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(202, {"Content-Encoding": "gzip"}))
    await sending.outbox.post([inbox.target], sending.clock.now())
    await sending.worker().run_once()
    assert (await sending.row()).state == "delivered"


async def test_a_blocked_server_gets_nothing_and_its_rows_are_cancelled(sending: Sending) -> None:
    inbox = await sending.inbox()
    sending.entries[inbox.host] = "blocked"
    await sending.outbox.post([inbox.target], sending.clock.now())
    assert await sending.worker().run_once() == 0
    row = await sending.row()
    assert (row.state, row.last_error) == ("cancelled", "the server is blocked")
    assert inbox.received == []
    assert (await sending.peer(inbox.host)).next_due_at is None


async def test_a_block_counts_from_the_next_letter_on(sending: Sending) -> None:
    inbox = await sending.inbox()
    for _ in range(3):
        await sending.outbox.post([inbox.target], sending.clock.now())

    def block(_: object) -> Answer:
        sending.entries[inbox.host] = "blocked"
        return Answer()

    inbox.answer = block
    await sending.worker().run_once()
    assert len(inbox.received) == 1
    assert [row.state for row in await sending.rows()] == ["delivered", "cancelled", "cancelled"]


async def test_create_update_delete_arrive_in_order_across_retries(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(503), Answer(503), Answer(202), Answer(500), Answer(202))
    now = sending.clock.now()
    wanted = [
        await sending.outbox.post([inbox.target], now, type_=type_, object_uri=NOTE)
        for type_ in ("Create", "Update")
    ]
    worker = sending.worker()
    for turn in range(8):
        await worker.run_once()
        if turn == 1:
            now = sending.clock.now()
            wanted.append(
                await sending.outbox.post([inbox.target], now, type_="Delete", object_uri=NOTE)
            )
        sending.clock.advance(seconds=1_000)
    create, update, delete = (URIS.activity(each) for each in wanted)
    assert inbox.activity_uris == [create, create, create, update, update, delete]
    assert {row.state for row in await sending.rows()} == {"delivered"}


async def test_the_breaker_opens_probes_and_closes(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(500))
    for _ in range(12):
        await sending.outbox.post([inbox.target], sending.clock.now())
    worker = sending.worker()
    for _ in range(5):
        assert await worker.run_once() == 1  # each failure ends the turn
        sending.clock.advance(seconds=61)
    assert await worker.run_once() == 0
    peer = await sending.peer(inbox.host)
    assert peer.failures_count == 5

    sending.clock.advance(seconds=1_800)
    assert await worker.run_once() == 1  # the probe fails: open again
    sending.clock.advance(seconds=1_700)
    assert await worker.run_once() == 0

    inbox.answers(Answer(202))
    sending.clock.advance(seconds=101)
    assert await worker.run_once() == 12
    assert {row.state for row in await sending.rows()} == {"delivered"}
    assert (await sending.peer(inbox.host)).failures_count == 0


async def test_hearing_from_a_host_brings_its_queue_forward(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(500))
    await sending.outbox.post([inbox.target], sending.clock.now())
    worker = sending.worker()
    for _ in range(5):
        sending.clock.advance(hours=4)
        assert await worker.run_once() == 1
    inbox.answers(Answer(202))
    sending.clock.advance(hours=1)  # the schedule says three
    assert await worker.run_once() == 0
    now = sending.clock.now()
    await sending.store.write(lambda tx: peers.heard(tx, [inbox.host], now))
    sending.clock.advance(seconds=2)
    assert await worker.run_once() == 1
    assert (await sending.row()).state == "delivered"


async def test_retry_after_holds_back_the_whole_host(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(429, {"Retry-After": "120"}), Answer(202))
    for _ in range(3):
        await sending.outbox.post([inbox.target], sending.clock.now())
    worker = sending.worker()
    assert await worker.run_once() == 1
    sending.clock.advance(seconds=119)
    assert await worker.run_once() == 0
    sending.clock.advance(seconds=1)
    assert await worker.run_once() == 3
    assert {row.state for row in await sending.rows()} == {"delivered"}


async def test_after_seven_days_a_row_is_a_dead_letter_that_can_be_replayed(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(500))
    await sending.outbox.post([inbox.target], sending.clock.now())
    worker = sending.worker()
    for _ in range(24):
        await worker.run_once()
        sending.clock.advance(hours=12)
    (dead,) = await sending.store.read(queue.list_dead)
    assert (dead.state, dead.last_status) == ("dead", 500)
    assert "given up" in (dead.last_error or "")

    inbox.answers(Answer(202))
    now = sending.clock.advance(hours=1)
    assert await sending.store.write(lambda tx: queue.retry(tx, ids=[dead.id], now=now)) == 1
    assert await worker.run_once() == 1
    assert (await sending.row()).state == "delivered"


async def test_a_delete_is_tried_for_thirty_days(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(500))
    await sending.outbox.post([inbox.target], sending.clock.now(), type_="Delete", object_uri=NOTE)
    worker = sending.worker()
    for _ in range(29):
        await worker.run_once()
        sending.clock.advance(days=1)
    assert (await sending.row()).state == "queued"
    for _ in range(3):
        await worker.run_once()
        sending.clock.advance(days=1)
    assert (await sending.row()).state == "dead"


@pytest.mark.parametrize("days", [1, -1])
async def test_a_clock_that_jumps_a_day_loses_repeats_and_delays_nothing(sending: Sending, days: int) -> None:
    good, bad = await sending.inbox(), await sending.inbox()
    bad.answers(Answer(500), Answer(202))
    await sending.outbox.post([good.target, bad.target], sending.clock.now())
    worker = sending.worker()
    await worker.run_once()
    sending.clock.advance(days=days)
    await worker.run_once()
    assert len(good.received) == 1
    assert len(bad.received) == 2
    assert {row.state for row in await sending.rows()} == {"delivered"}


async def test_a_worker_that_starts_with_a_clock_in_the_past_does_not_wait_for_it(sending: Sending) -> None:
    inbox = await sending.inbox()
    await sending.outbox.post([inbox.target], sending.clock.now())
    sending.clock.advance(days=-1)
    assert await sending.worker().run_once() == 1
