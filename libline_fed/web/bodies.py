"""Reads what a form sent: urlencoded, small, without characters that no field means; one file where asked."""

from collections.abc import AsyncGenerator, Iterable
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, ImmutableMultiDict, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from libline_fed.errors import LibLineError
from libline_fed.sanitize import clean_text

MAX_BODY_BYTES = 65_536
MAX_FIELDS = 200
MAX_UPLOAD_FIELDS = 10
FORM_TYPE = "application/x-www-form-urlencoded"
UPLOAD_TYPE = "multipart/form-data"

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


async def read_upload(headers: Headers, receive: Receive, max_bytes: int) -> tuple[Fields, bytes]:
    """Read a form with one file; return its fields and the file, b"" if none was chosen.

    The file is kept in memory, or on disk while it is read. RFC 7578.
    Raises: BodyTooLarge; BodyNotForm; ClientDisconnect.
    """
    parser = MultiPartParser(
        headers,
        _counted(receive, max_bytes),
        max_files=1,
        max_fields=MAX_UPLOAD_FIELDS,
        max_part_size=MAX_BODY_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise BodyNotForm(f"a form that cannot be taken apart: {error.message}") from error
    except (KeyError, UnicodeError, LookupError) as error:
        raise BodyNotForm(f"a form without a boundary or charset: {error!r}") from error
    try:
        pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        content = await files[0].read() if files else b""
    finally:
        await form.close()
    return Fields(list(_cleaned(pairs))), content


async def _counted(receive: Receive, max_bytes: int) -> AsyncGenerator[bytes, None]:
    """Yield a body piece by piece, up to a size."""
    count, has_more = 0, True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        count += len(piece)
        if count > max_bytes:
            raise BodyTooLarge(f"an upload of more than {max_bytes} bytes")
        has_more = message.get("more_body", False)
        yield piece


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
