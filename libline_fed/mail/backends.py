"""Where messages go: to an SMTP server, or to the console while there is none."""

import asyncio
import sys
from dataclasses import dataclass, field
from email.message import EmailMessage
from ipaddress import ip_address
from typing import Protocol, TextIO
from urllib.parse import unquote, urlsplit

import aiosmtplib

from libline_fed.errors import PermanentError, TemporaryError

SEND_S = 60  # for one message in all
STEP_S = 20  # for each answer of the server
PORTS = {"smtp": 587, "smtps": 465}  # RFC 8314 §3.3, RFC 6409 §3.1


class MailUnavailable(TemporaryError):
    """The mail server cannot be used now, or does not take the message yet."""


class MailRefused(PermanentError):
    """The mail server refuses the recipient or the message for good."""


class Backend(Protocol):
    """Takes one message for one recipient."""

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Hand the message over; when this returns, somebody else is responsible for it.

        Raises: MailUnavailable, MailRefused.
        """
        ...


class ConsoleBackend:
    """Prints messages, readable and with links in one piece, for an instance without a mail server."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Print the message."""
        rule = "-" * 70
        lines = [rule, f"From: {sender}", f"To: {recipient}", f"Subject: {message['Subject']}", "",
                 message.get_content().rstrip(), rule, ""]  # fmt: skip
        stream = self._stream or sys.stdout  # looked up now: tests and terminals replace it
        stream.write("\n".join(lines))
        stream.flush()


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server as the setting names it."""

    hostname: str
    port: int
    is_tls: bool  # from the first byte
    needs_starttls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_smtp_url(url: str) -> SmtpServer:
    """Read smtp://user:password@host:587 or smtps://…; user and password may be percent-encoded.

    A password is never sent in the clear, unless to this very machine.
    """
    parts = urlsplit(url)
    hostname = parts.hostname or "localhost"
    username = unquote(parts.username) if parts.username else None
    is_tls = parts.scheme == "smtps"
    return SmtpServer(
        hostname=hostname,
        port=parts.port or PORTS.get(parts.scheme, 587),
        is_tls=is_tls,
        needs_starttls=not is_tls and username is not None and not _is_this_machine(hostname),
        username=username,
        password=unquote(parts.password) if parts.password else None,
    )


class SmtpBackend:
    """Speaks SMTP, one connection for each message: mail is rare and must not hold a connection open."""

    def __init__(self, server: SmtpServer, *, local_hostname: str) -> None:
        self._server = server
        self._local_hostname = local_hostname

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Hand the message to the server, within a minute."""
        server = self._server
        try:
            async with asyncio.timeout(SEND_S):
                await aiosmtplib.send(
                    message, sender=sender, recipients=[recipient], hostname=server.hostname,
                    port=server.port,
                    username=server.username, password=server.password, use_tls=server.is_tls,
                    # None: STARTTLS if the server offers it.
                    start_tls=False if server.is_tls else True if server.needs_starttls else None,
                    timeout=STEP_S, local_hostname=self._local_hostname,
                )  # fmt: skip
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refused_recipient(error) from error
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPSenderRefused) as error:
            # Ours to mend, in the settings: the mail waits for it.
            raise MailUnavailable(
                f"the mail server lets us not send: {error.code} {error.message}"
            ) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _by_code(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailUnavailable(f"the mail server does not answer: {error!r}") from error


def _refused_recipient(error: aiosmtplib.SMTPRecipientsRefused) -> MailRefused | MailUnavailable:
    first = error.recipients[0]
    return _by_code(first.code, first.message)


def _by_code(code: int, text: str) -> MailRefused | MailUnavailable:
    """RFC 5321 §4.2.1: 5yz is for good, 4yz (and whatever else is no success) for now."""
    detail = f"the mail server says {code} {text}"
    return MailRefused(detail) if 500 <= code < 600 else MailUnavailable(detail)


def _is_this_machine(hostname: str) -> bool:
    try:
        return ip_address(hostname).is_loopback
    except ValueError:
        return hostname == "localhost"
