"""Reads what a form sent: urlencoded only, small, and without characters that no field means."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, ImmutableMultiDict
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from libline_fed.errors import LibLineError
from libline_fed.sanitize import clean_text

MAX_BODY_BYTES = 65_536
MAX_FIELDS = 200
FORM_TYPE = "application/x-www-form-urlencoded"

Fields = ImmutableMultiDict[str, str]


class BodyTooLarge(LibLineError):
    """The form is larger than any of ours can be."""

    safe = "That is more text than this page can take."


class BodyNotForm(LibLineError):
    """The body is not what a form of ours sends."""

    safe = "This page takes only what its own form sends."


async def read_form(headers: Headers, receive: Receive) -> Fields:
    """Read the whole body and take it apart.

    Raises: BodyTooLarge; BodyNotForm; ClientDisconnect.
    """
    media_type = headers.get("content-type", FORM_TYPE).partition(";")[0].strip().lower()
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge("a form of more than 64 kB")
        if not message.get("more_body", False):
            break
    if body and media_type != FORM_TYPE:
        raise BodyNotForm(f"a form sent as {media_type[:80]!r}")
    return parse_fields(bytes(body))


def parse_fields(encoded: bytes) -> Fields:
    """Take urlencoded bytes apart; what is not UTF-8 becomes U+FFFD, control characters vanish.

    Raises: BodyTooLarge.
    """
    try:
        pairs = parse_qsl(
            encoded.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace"
        )
    except ValueError as error:
        raise BodyTooLarge("a form of more than 200 fields") from error
    return Fields(list(_cleaned(pairs)))


def _cleaned(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for name, value in pairs:
        yield clean_text(name), clean_text(value)
