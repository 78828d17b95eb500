"""Turns a queued mail into a message: one recipient, plain text, marked as automatic."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from libline_fed.domain.accounts import normalise_email
from libline_fed.domain.mails import Mail
from libline_fed.errors import InvalidInput, PermanentError

MAX_NAME_CHARACTERS = 60


class UnusableAddress(PermanentError):
    """An address that is not exactly one clean mailbox."""


def build_message(mail: Mail, *, sender: Address) -> EmailMessage:
    """Make the message of a queued mail. The same mail always gives the same Message-ID.

    Raises: UnusableAddress if the recipient is not exactly one mailbox.
    """
    try:
        recipient = normalise_email(mail.recipient)
    except InvalidInput as error:
        raise UnusableAddress(f"mail {mail.id} has no usable recipient") from error
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=recipient)
    # A header value with a line break raises in `email`; the queue has made it one line already.
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{mail.created_at:%Y%m%d%H%M%S}.{mail.id}@{sender.domain.strip('[]')}>"
    # RFC 3834 §5: no vacation program answers, so no loop begins; the other one is for Exchange.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text_body)
    return message


def sender_address(base_url: str, site_name: str, mail_from: str | None = None) -> Address:
    """Return who mail comes from: the setting, or libline@ the host of the base URL.

    Raises: UnusableAddress if the setting is not an address.
    """
    name = "".join(character for character in site_name if character.isprintable())[
        :MAX_NAME_CHARACTERS
    ].strip()
    if mail_from is None:
        return Address(display_name=name, username="libline", domain=_mail_domain(base_url))
    try:
        # "localhost" is fine here: the operator chose it, and a relay may want it.
        valid = validate_email(
            mail_from, check_deliverability=False, allow_smtputf8=False, globally_deliverable=False
        )
    except EmailNotValidError as error:
        raise UnusableAddress(f"the sender of mail is not usable: {error}") from error
    assert valid.ascii_email is not None
    return Address(display_name=name, addr_spec=valid.ascii_email)


def _mail_domain(base_url: str) -> str:
    host = urlsplit(base_url).hostname or "localhost"
    try:
        ip_address(host)
    except ValueError:
        return host
    return "localhost"  # an address literal needs brackets that many programs do not take
