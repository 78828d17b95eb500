"""What a queued mail looks like on the wire."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.policy import SMTP

import pytest

from libline_fed.domain.mails import Mail
from libline_fed.mail.messages import UnusableAddress, build_message, sender_address

SENDER = Address("Bücherei", "libline", "lib.example")
MAIL = Mail(
    id=7, recipient="ana@mail.example", subject="Confirm your e-mail address",
    text_body="Hello\n\nhttps://lib.example/x\n",
    html_body=None, state="queued", attempts_count=1, next_attempt_at=datetime(2026, 11, 24, tzinfo=UTC),
    lease_until=None,
    fence=1, last_error=None, created_at=datetime(2026, 11, 24, 9, tzinfo=UTC), sent_at=None,
)  # fmt: skip


def test_a_message_is_plain_text_for_one_and_says_that_it_is_automatic() -> None:
    sent = message_from_bytes(build_message(MAIL, sender=SENDER).as_bytes(), policy=SMTP)
    assert sent["To"] == "ana@mail.example"
    assert sent["From"].addresses[0].display_name == "Bücherei"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["Message-ID"] == "<20261124090000.7@lib.example>"
    assert sent.get_content_type() == "text/plain"
    assert sent.get_content().splitlines() == ["Hello", "", "https://lib.example/x"]


def test_the_same_mail_is_the_same_message_at_every_attempt() -> None:
    first = build_message(MAIL, sender=SENDER)
    again = build_message(replace(MAIL, attempts_count=4, fence=4), sender=SENDER)
    assert first.as_bytes() == again.as_bytes()


@pytest.mark.parametrize(
    "subject",
    ["Hi\r\nBcc: victim@mail.example", "Hi\nBcc: victim@mail.example", "Hi\r\n\r\nbody",
     "Hi\u2028Bcc: v@mail.example",
     "Hi\x0b\x0cBcc: v@mail.example", "Hi\rBcc: v@mail.example"],
)  # fmt: skip
def test_no_subject_adds_a_header(subject: str) -> None:
    raw = build_message(replace(MAIL, subject=subject), sender=SENDER).as_bytes()
    sent = message_from_bytes(raw, policy=SMTP)
    assert sent["Bcc"] is None
    assert b"\r\nBcc" not in raw
    assert sent.get_content() == "Hello\r\n\r\nhttps://lib.example/x\r\n"


@pytest.mark.parametrize(
    "recipient",
    ["ana@mail.example,eve@mail.example", "ana@mail.example\r\nBcc: eve@mail.example",
     "ana@mail.example eve@mail.example",
     "Ana <ana@mail.example>", "@relay.example:ana@mail.example", "ana%mail.example@relay.example",
     '"a b"@mail.example',
     "ana@mail.example;eve@mail.example", f"{'a' * 65}@mail.example", f"a@{'b' * 320}.example",
     "", "ana", "ana@",
     "ana@[127.0.0.1]", "ana@localhost", "ana@mail.example\0"],
)  # fmt: skip
def test_a_recipient_that_is_not_one_mailbox_is_refused(recipient: str) -> None:
    with pytest.raises(UnusableAddress):
        build_message(replace(MAIL, recipient=recipient), sender=SENDER)


def test_an_international_domain_becomes_ascii() -> None:
    sent = build_message(replace(MAIL, recipient="Ana@Bücher.Example"), sender=SENDER)
    assert sent["To"] == "ana@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [("https://lib.example", "libline@lib.example"), ("https://lib.example:8443", "libline@lib.example"),
     ("http://127.0.0.1:8000", "libline@localhost"), ("http://[::1]:8000", "libline@localhost")],
)  # fmt: skip
def test_the_sender_follows_from_the_base_url(base_url: str, expected: str) -> None:
    assert sender_address(base_url, "Library").addr_spec == expected


def test_the_sender_may_be_set_and_a_bad_one_is_refused_at_the_start() -> None:
    assert sender_address("https://lib.example", "L", "desk@mail.example").addr_spec == "desk@mail.example"
    with pytest.raises(UnusableAddress):
        sender_address("https://lib.example", "L", "desk@mail.example\r\nBcc: x@mail.example")


def test_a_long_link_arrives_in_one_piece() -> None:
    link = "https://lib.example/confirm/" + "x" * 300
    sent = build_message(replace(MAIL, text_body=f"Öffnen:\n{link}\n"), sender=SENDER)
    received = message_from_bytes(sent.as_bytes(), policy=SMTP)
    assert link in received.get_content().splitlines()
    assert max(len(line) for line in sent.as_bytes().split(b"\r\n")) <= 998
