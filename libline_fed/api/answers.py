"""Answers to programs: bytes with a validator, open to scripts of any site; refusals as problem details."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response

from libline_fed import errors
from libline_fed.services.limits import TooManyTries

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"  # RFC 9457 §3
METHODS = "GET, HEAD, OPTIONS"
PUBLIC = "public, max-age=60"
PRIVATE = "private, no-store"
PREFLIGHT_S = 86_400
RETRY_AFTER_S = 5  # a busy database is free again within seconds
# Scripts of every site may read this, and none can make a browser send credentials along (Fetch §3.3).
OPEN_TO_SCRIPTS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Link, Retry-After",
    "cross-origin-resource-policy": "cross-origin",
}
STATUS: tuple[tuple[type[errors.LibLineError], int], ...] = (
    (TooManyTries, 429),
    (errors.NotFound, 404),
    (errors.Forbidden, 403),
    (errors.Conflict, 409),
    (errors.InvalidInput, 400),
    (errors.TemporaryError, 503),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What an operation has to say: a body, where the other pages of the list are, and who may keep it."""

    body: bytes
    media_type: str = JSON_TYPE
    links: Mapping[str, str] = field(default_factory=dict)  # relation -> address
    is_public: bool = True


def json_bytes(value: Any) -> bytes:
    """Write dataclasses and plain values as JSON; moments in UTC to the second (RFC 3339)."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)


def answer(found: Found, headers: Headers) -> Response:
    """Return the whole answer, or 304 to a client that has it already (RFC 9110 §13.1.2)."""
    # weak, because the layer that compresses changes the bytes but not what they say (RFC 9110 §8.8.1)
    tag = f'W/"{hashlib.sha256(found.body).hexdigest()[:24]}"'
    sent = {"etag": tag, "cache-control": PUBLIC if found.is_public else PRIVATE}
    if found.is_public:
        sent |= OPEN_TO_SCRIPTS
    if found.links:  # RFC 8288 §3
        sent["link"] = ", ".join(f'<{url}>; rel="{relation}"' for relation, url in found.links.items())
    known = {one.strip() for one in headers.get("if-none-match", "").split(",")}
    if "*" in known or tag in known or tag.removeprefix("W/") in known:
        return Response(status_code=304, headers=sent)
    return Response(found.body, media_type=found.media_type, headers=sent)


def preflight() -> Response:
    """Answer a browser that asks before it lets a script read (Fetch §3.2.2)."""
    headers = OPEN_TO_SCRIPTS | {
        "allow": METHODS,
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": "If-None-Match",
        "access-control-max-age": str(PREFLIGHT_S),
        "cache-control": f"public, max-age={PREFLIGHT_S}",
    }
    return Response(status_code=204, headers=headers)


def problem(
    status: int,
    detail: str,
    *,
    invalid: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a refusal (RFC 9457); `invalid` names the parameters and what is wrong with each."""
    said: dict[str, Any] = {
        "type": "about:blank",  # the status says it all (RFC 9457 §4.2.1)
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if invalid:
        said["errors"] = [dict(one) for one in invalid]
    sent = OPEN_TO_SCRIPTS | {"cache-control": "no-store"} | dict(headers or {})
    return Response(orjson.dumps(said), status, media_type=PROBLEM_TYPE, headers=sent)


def refusal(error: errors.LibLineError) -> Response:
    """Return the refusal for an error; what has no place in the table is raised again."""
    status = next((number for kind, number in STATUS if isinstance(error, kind)), None)
    if status is None:
        raise error
    if isinstance(error, errors.InvalidInput):
        invalid = [{"parameter": name, "detail": sentence} for name, sentence in error.fields.items()]
        return problem(status, "Some parameters cannot be used.", invalid=invalid)
    headers = {}
    if isinstance(error, TooManyTries):
        headers["retry-after"] = str(max(1, round(error.retry_after_s)))
    elif status == 503:
        headers["retry-after"] = str(RETRY_AFTER_S)
    return problem(status, error.safe, headers=headers)


def not_allowed() -> Response:
    """Refuse a method other than those for reading (RFC 9110 §15.5.6)."""
    return problem(405, "This interface is for reading only.", headers={"allow": METHODS})
