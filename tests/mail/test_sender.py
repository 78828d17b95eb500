"""The mail worker on both databases, against a real SMTP server on loopback."""

import asyncio
import io
import socket
from collections.abc import Iterator
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from structlog.testing import capture_logs

from libline_fed.clock import FrozenClock
from libline_fed.domain.mails import HORIZON, STEPS_S, Mail
from libline_fed.errors import InvalidInput
from libline_fed.mail.backends import (
    ConsoleBackend,
    MailRefused,
    MailUnavailable,
    SmtpBackend,
    parse_smtp_url,
)
from libline_fed.mail.sender import LEASE_S, MailWorker
from libline_fed.services import mails
from libline_fed.storage import mails as stored
from libline_fed.storage.store import Store

SENDER = Address("Library", "libline", "lib.example")
SECRET = "https://lib.example/reset/s3cret"


class Mailbox:
    """An aiosmtpd handler that keeps what comes, or answers as it is told."""

    def __init__(self) -> None:
        self.received: list[Envelope] = []
        self.answer = "250 OK"
        self.answer_to_recipient = ""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self.answer_to_recipient:
            envelope.rcpt_tos.append(address)
        return self.answer_to_recipient or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            self.received.append(envelope)
        return self.answer


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp_port(mailbox: Mailbox) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


class Scripted:
    """A back end that fails as often as it is told."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[str] = []

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        self.sent.append(recipient)


async def put(store: Store, now: datetime, recipient: str = "ana@mail.example") -> int:
    return await store.write(
        lambda tx: mails.enqueue(
            tx, recipient=recipient, subject="Set a new password", text_body=SECRET, now=now
        )
    )


async def look(store: Store, mail_id: int) -> Mail:
    found = await store.read(lambda tx: stored.by_id(tx, mail_id))
    assert found is not None
    return found


async def test_a_mail_goes_out_over_smtp_and_its_secret_is_erased(
    store: Store, clock: FrozenClock, mailbox: Mailbox, smtp_port: int
) -> None:
    mail_id = await put(store, clock.now())
    backend = SmtpBackend(parse_smtp_url(f"smtp://127.0.0.1:{smtp_port}"), local_hostname="lib.example")
    assert await MailWorker(store, backend, clock, sender=SENDER).run_once() == 1

    (envelope,) = mailbox.received
    assert (envelope.mail_from, envelope.rcpt_tos) == ("libline@lib.example", ["ana@mail.example"])
    assert SECRET.encode() in (envelope.content or b"")
    sent = await look(store, mail_id)
    assert (sent.state, sent.sent_at, sent.text_body) == ("sent", clock.now(), "")


@pytest.mark.parametrize(
    ("answer_to_recipient", "answer", "state"),
    [("550 no such user", "250 OK", "dead"), ("450 greylisted", "250 OK", "queued"), ("", "554 spam", "dead"),
     ("", "451 try later", "queued"), ("", "250 OK", "sent")],
)  # fmt: skip
async def test_what_the_server_says_decides(
    store: Store, clock: FrozenClock, mailbox: Mailbox, smtp_port: int, answer_to_recipient: str, answer: str,
    state: str,
) -> None:  # fmt: skip
    mailbox.answer_to_recipient, mailbox.answer = answer_to_recipient, answer
    mail_id = await put(store, clock.now())
    backend = SmtpBackend(parse_smtp_url(f"smtp://127.0.0.1:{smtp_port}"), local_hostname="lib.example")
    await MailWorker(store, backend, clock, sender=SENDER).run_once()
    assert (await look(store, mail_id)).state == state


async def test_a_server_that_is_away_is_tried_again_by_the_schedule_and_given_up_after_three_days(
    store: Store, clock: FrozenClock
) -> None:
    mail_id = await put(store, clock.now())
    worker = MailWorker(store, Scripted(*[MailUnavailable("away")] * 50), clock, sender=SENDER)
    begin, waits = clock.now(), []
    while (mail := await look(store, mail_id)).state == "queued":
        clock.advance(seconds=(mail.next_attempt_at - clock.now()).total_seconds())
        assert await worker.run_once() == 1
        waits.append((await look(store, mail_id)).next_attempt_at - clock.now())
    assert [wait.total_seconds() for wait in waits[:8]] == list(STEPS_S)
    assert mail.state == "dead"
    assert mail.last_error == "away"
    assert clock.now() - begin >= HORIZON

    await store.write(lambda tx: mails.retry(tx, mail_id, now=clock.now()))
    healed = MailWorker(store, backend := Scripted(), clock, sender=SENDER)
    await healed.run_once()
    assert backend.sent == ["ana@mail.example"]


async def test_a_mail_is_not_tried_before_it_is_due(store: Store, clock: FrozenClock) -> None:
    await put(store, clock.now())
    worker = MailWorker(store, Scripted(MailUnavailable("away")), clock, sender=SENDER)
    assert [await worker.run_once(), await worker.run_once()] == [1, 0]
    clock.advance(seconds=59)
    assert await worker.run_once() == 0
    clock.advance(seconds=1)
    assert await worker.run_once() == 1


async def test_a_fault_in_the_program_neither_loses_the_mail_nor_ends_the_worker(
    store: Store, clock: FrozenClock
) -> None:
    first, second = await put(store, clock.now()), await put(store, clock.now(), "eve@mail.example")
    backend = Scripted(ZeroDivisionError("bug"))
    with capture_logs() as logs:
        assert await MailWorker(store, backend, clock, sender=SENDER).run_once() == 2
    assert (await look(store, first)).state == "queued"
    assert (await look(store, second)).state == "sent"
    assert SECRET not in str(logs)


async def test_a_dead_workers_mail_is_taken_over_and_its_late_word_does_not_count(
    store: Store, clock: FrozenClock
) -> None:
    mail_id = await put(store, clock.now())
    (lost,) = await store.write(lambda tx: stored.lease_batch(tx, limit=9, lease_s=LEASE_S, now=clock.now()))
    backend = Scripted()
    worker = MailWorker(store, backend, clock, sender=SENDER)
    assert await worker.run_once() == 0
    clock.advance(seconds=LEASE_S)
    (taken,) = await store.write(lambda tx: stored.lease_batch(tx, limit=9, lease_s=LEASE_S, now=clock.now()))
    late = await store.write(lambda tx: stored.mark_failed(tx, lost, error="late", retry_at=None))
    assert not late
    assert await store.write(lambda tx: stored.mark_sent(tx, taken, now=clock.now()))
    assert (await look(store, mail_id)).state == "sent"


async def test_two_workers_never_take_the_same_mail(store: Store, clock: FrozenClock) -> None:
    for number in range(12):
        await put(store, clock.now(), f"m{number}@mail.example")
    first, second = Scripted(), Scripted()
    workers = [MailWorker(store, backend, clock, sender=SENDER) for backend in (first, second)]
    while sum(await asyncio.gather(*(worker.run_once() for worker in workers))):
        continue
    assert sorted(first.sent + second.sent) == sorted(f"m{number}@mail.example" for number in range(12))


async def test_a_running_worker_wakes_for_new_mail_and_stops_when_told(
    store: Store, clock: FrozenClock
) -> None:
    backend, stop = Scripted(), asyncio.Event()
    running = asyncio.create_task(MailWorker(store, backend, clock, sender=SENDER).run(stop))
    await asyncio.sleep(0.3)  # it has looked, found nothing, and waits a minute
    await put(store, clock.now())
    async with asyncio.timeout(10):
        while not backend.sent:
            await asyncio.sleep(0.01)
        stop.set()
        await running
    assert backend.sent == ["ana@mail.example"]


async def test_nothing_is_queued_for_an_address_that_is_none(store: Store, clock: FrozenClock) -> None:
    with pytest.raises(InvalidInput):
        await put(store, clock.now(), "ana@mail.example\nBcc: eve@mail.example")
    assert await store.read(mails.counts) == {}


async def test_the_console_shows_links_in_one_piece() -> None:
    stream = io.StringIO()
    message = EmailMessage()
    message["Subject"] = "Hello"
    message.set_content(f"Go to\n{SECRET}{'x' * 200}\n")
    await ConsoleBackend(stream).send(message, sender="libline@lib.example", recipient="ana@mail.example")
    assert f"{SECRET}{'x' * 200}" in stream.getvalue().splitlines()
    assert "To: ana@mail.example" in stream.getvalue()


async def test_a_password_is_never_sent_in_the_clear_to_another_machine(
    mailbox: Mailbox, smtp_port: int
) -> None:
    server = parse_smtp_url("smtp://desk%40lib:p%2Fw@mail.example")
    assert (server.username, server.password, server.port, server.needs_starttls) == (
        "desk@lib",
        "p/w",
        587,
        True,
    )
    assert "p/w" not in repr(server)
    assert parse_smtp_url("smtps://a:b@mail.example").port == 465
    assert not parse_smtp_url("smtp://127.0.0.1:25").needs_starttls

    # The server on loopback offers no TLS: one that needs it is not talked to.
    strict = SmtpBackend(
        type(server)("127.0.0.1", smtp_port, False, True, "desk", "password"), local_hostname="lib.example"
    )
    message = EmailMessage()
    message.set_content("hello")
    with pytest.raises(MailUnavailable):
        await strict.send(message, sender="libline@lib.example", recipient="ana@mail.example")
    assert mailbox.received == []


async def test_a_closed_port_is_a_server_that_is_away() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        backend = SmtpBackend(
            parse_smtp_url(f"smtp://127.0.0.1:{closed.getsockname()[1]}"), local_hostname="lib.example"
        )
        with pytest.raises(MailUnavailable):
            await backend.send(EmailMessage(), sender="libline@lib.example", recipient="ana@mail.example")


async def test_a_refusal_for_good_is_told_from_one_for_now(mailbox: Mailbox, smtp_port: int) -> None:
    backend = SmtpBackend(parse_smtp_url(f"smtp://127.0.0.1:{smtp_port}"), local_hostname="lib.example")
    message = EmailMessage()
    message.set_content("hello")
    for answer, kind in (("550 no", MailRefused), ("421 busy", MailUnavailable)):
        mailbox.answer_to_recipient = answer
        with pytest.raises(kind):
            await backend.send(message, sender="libline@lib.example", recipient="ana@mail.example")
