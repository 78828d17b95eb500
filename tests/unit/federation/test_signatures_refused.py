"""Signatures that are tampered with, cover too little, or come too late (security tests 1 to 5)."""

import copy
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha1, sha256, sha512

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from libline_fed.errors import RefusalReason
from libline_fed.federation.digests import content_digest_of, digest_of
from libline_fed.federation.signatures import (
    CAVAGE,
    RFC9421,
    SignedRequest,
    VerifiedSender,
)
from libline_fed.federation.signed_requests import imf_date, parse_imf_date
from tests.support.signing import (
    ANA_KEY,
    BODY,
    FULLY_SIGNED,
    NOW,
    SCHEMES,
    assert_refused,
    hand_signed,
    header,
    known_keys,
    message_signed,
    signed,
    verify,
    with_header,
)


async def test_an_unsigned_request_is_refused_as_unsigned() -> None:  # 1
    keys = known_keys()
    request = SignedRequest("POST", "/inbox", [(b"host", b"b.example")], BODY)
    assert_refused(await verify(request, keys=keys), RefusalReason.UNSIGNED)
    assert_refused(await verify(SignedRequest("POST", "/inbox", [], b""), keys=keys), RefusalReason.UNSIGNED)
    assert keys.asked == []


def flipped(data: st.DataObject, value: bytes) -> bytes:
    index = data.draw(st.integers(0, len(value) - 1))
    new = data.draw(st.integers(0, 255).filter(lambda byte: byte != value[index]))
    return value[:index] + bytes([new]) + value[index + 1 :]


PARTS: dict[str, list[str]] = {
    CAVAGE: ["body", "method", "path", "query", "host", "date", "digest", "content-type", "keyid", "created"],
    RFC9421: ["body", "method", "path", "query", "host", "content-digest", "keyid", "created", "alg"],
}


@pytest.mark.parametrize(
    ("scheme", "part"), [(scheme, part) for scheme, parts in PARTS.items() for part in parts]
)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
async def test_flipping_any_byte_of_what_is_signed_is_noticed(  # 2
    scheme: str, part: str, data: st.DataObject
) -> None:
    request = copy.deepcopy(FULLY_SIGNED[scheme])
    method, target, headers, body = request.method, request.target, request.headers, request.body
    path, _, query = target.partition("?")
    match part:
        case "body":
            body = flipped(data, body)
        case "method":
            method = flipped(data, method.encode()).decode("latin-1")
            assume(scheme == RFC9421 or method.lower() != "post")
        case "path":
            target = flipped(data, path.encode()).decode("latin-1") + "?" + query
            assume("?" not in target[: len(path)])
        case "query":
            target = path + "?" + flipped(data, query.encode()).decode("latin-1")
        case "keyid" | "created" | "alg":
            name = "signature" if scheme == CAVAGE else "signature-input"
            value = header(request, name)
            start = (
                value.index({"keyid": b"keyid=", "created": b"created=", "alg": b"alg="}[part])
                if (scheme == RFC9421)
                else value.index({"keyid": b"keyId=", "created": b"created="}[part])
            )
            start = value.index(b"=", start) + 1
            end = min(
                found for found in (value.find(b",", start), value.find(b";", start), len(value)) if found > 0
            )
            new = value[:start] + flipped(data, value[start:end]) + value[end:]
            headers = with_header(request, name, new).headers
        case name:
            value = flipped(data, header(request, name))
            # RFC 9421 leaves our Host unsigned: it is only compared, and names of hosts have no case.
            assume((scheme, name) != (RFC9421, "host") or value.lower() != header(request, name).lower())
            headers = with_header(request, name, value).headers
    changed = SignedRequest(method, target, headers, body)
    # Blanks around a header's value are not part of it (RFC 9110 §5.5).
    assert_refused(await verify(changed))


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_the_requests_whose_bytes_are_flipped_are_good(scheme: str) -> None:
    assert isinstance(await verify(FULLY_SIGNED[scheme]), VerifiedSender)


@pytest.mark.parametrize(
    "covered",
    [
        "(request-target) host date",
        "host date digest",
        "(request-target) date digest",
        "(request-target) host digest",
        "date",
        "(created)",
    ],
)
async def test_an_old_signature_that_covers_too_little_is_refused(covered: str) -> None:  # 3
    keys = known_keys()
    assert_refused(await verify(hand_signed(covered), keys=keys), RefusalReason.BAD_SIGNATURE)
    assert keys.asked == []


async def test_an_old_signature_without_a_headers_list_covers_too_little() -> None:
    request = hand_signed("(created)", algorithm="hs2019", parameters=f"created={int(NOW.timestamp())}")
    value = header(request, "signature").replace(b'headers="(created)",', b"")
    assert_refused(await verify(with_header(request, "signature", value)), RefusalReason.BAD_SIGNATURE)


@pytest.mark.parametrize(
    "covered",
    [
        '"@method" "@target-uri"',
        '"@method" "content-digest"',
        '"@target-uri" "content-digest"',
        "",
        '"content-digest"',
    ],
)
async def test_a_new_signature_that_covers_too_little_is_refused(covered: str) -> None:  # 3
    keys = known_keys()
    assert_refused(await verify(message_signed(covered), keys=keys), RefusalReason.BAD_SIGNATURE)
    assert keys.asked == []


async def test_a_get_must_sign_the_host() -> None:
    good = hand_signed("(request-target) host date", method="GET", body=b"")
    assert isinstance(await verify(good), VerifiedSender)
    assert_refused(
        await verify(hand_signed("(request-target) date", method="GET", body=b"")),
        RefusalReason.BAD_SIGNATURE,
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT"])
async def test_a_body_must_be_signed_whatever_the_method(method: str) -> None:
    request = hand_signed("(request-target) host date", method=method, body=b"")
    with_body = SignedRequest(request.method, request.target, request.headers, BODY)
    assert_refused(await verify(with_body), RefusalReason.BAD_SIGNATURE)


EMPTY = "SHA-256=" + b64encode(sha256(b"").digest()).decode()


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "MD5=" + b64encode(md5(BODY).digest()).decode(),
        "SHA=" + b64encode(sha1(BODY).digest()).decode(),
        "SHA-1=" + b64encode(sha1(BODY).digest()).decode(),
        f"{digest_of(BODY)},{digest_of(b'other')}",
        f"{digest_of(BODY)},{digest_of(BODY)}",
        f"{digest_of(b'other')},{digest_of(BODY)}",
        digest_of(BODY) + ",SHA-512=" + b64encode(sha512(b"other").digest()).decode(),
        digest_of(BODY)[:-1],
        digest_of(BODY).replace("=", "=!", 1),
        digest_of(BODY) + "=",
        "SHA-256=" + sha256(BODY).hexdigest(),
        "SHA-256=",
        "SHA-256",
        ",",
        EMPTY,
        digest_of(BODY) + "," * 2000,
    ],
)
async def test_a_digest_that_is_not_the_bodys_is_refused_though_signed(digest: str) -> None:  # 4
    keys = known_keys()
    request = hand_signed(digest=digest)
    assert_refused(await verify(request, keys=keys), RefusalReason.BAD_DIGEST)
    assert keys.asked == []


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "md5=:" + b64encode(md5(BODY).digest()).decode() + ":",
        "sha=:" + b64encode(sha1(BODY).digest()).decode() + ":",
        f"{content_digest_of(BODY)}, {content_digest_of(b'other')}",
        content_digest_of(b""),
        content_digest_of(BODY).replace(":", ""),
        content_digest_of(BODY) + ";a",
        "sha-256=:" + sha256(BODY).hexdigest() + ":",
    ],
)
async def test_a_content_digest_that_is_not_the_bodys_is_refused_though_signed(digest: str) -> None:  # 4
    request = message_signed(content_digest=digest)
    assert_refused(await verify(request), RefusalReason.BAD_DIGEST)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_post_of_nothing_is_refused(scheme: str) -> None:  # 4
    assert_refused(await verify(signed(scheme=scheme, body=b"")), RefusalReason.BAD_DIGEST)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("shift", "is_good"),
    [
        (timedelta(hours=-13), False),
        (timedelta(hours=-12, minutes=-59), True),
        (timedelta(hours=-11), True),
        (timedelta(minutes=55), True),
        (timedelta(hours=1), True),
        (timedelta(hours=1, seconds=1), False),
        (timedelta(hours=2), False),
        (timedelta(days=-3650), False),
    ],
)
async def test_signatures_are_good_for_thirteen_hours_and_an_hour_ahead(  # 5
    scheme: str, shift: timedelta, is_good: bool
) -> None:
    keys = known_keys()
    outcome = await verify(signed(scheme=scheme, now=NOW + shift), keys=keys)
    if is_good:
        assert isinstance(outcome, VerifiedSender), outcome
    else:
        assert_refused(outcome, RefusalReason.STALE)
        assert keys.asked == []


@pytest.mark.parametrize(
    "date",
    [
        "now",
        "2026-11-24T09:00:00Z",
        "Tue, 24 Nov 2026 09:00:00 +0000",
        "Tue, 24 Nov 26 09:00:00 GMT",
        "Tuesday, 24-Nov-26 09:00:00 GMT",
        "Tue, 31 Feb 2026 09:00:00 GMT",
        "Tue, 24 Xxx 2026 09:00:00 GMT",
        "Tue, 24 Nov 2026 25:00:00 GMT",
        "Tue, 24 Nov 0000 09:00:00 GMT",
        "Tue, ２４ Nov 2026 09:00:00 GMT",
    ],
)
async def test_an_unreadable_date_is_stale(date: str) -> None:  # 5
    assert parse_imf_date(date) is None
    if date.isascii():
        assert_refused(await verify(hand_signed(date=date)), RefusalReason.STALE)


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 (made aware below)
def test_dates_are_read_as_they_are_written(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    assert parse_imf_date(imf_date(moment)) == int(moment.timestamp())


async def test_a_signed_date_and_created_must_both_be_timely() -> None:
    created = int(NOW.timestamp())
    for stale in (created - 14 * 3600, created + 2 * 3600):
        request = hand_signed(
            "(request-target) (created) host date digest", algorithm="hs2019", parameters=f"created={stale}"
        )
        assert_refused(await verify(request), RefusalReason.STALE)
    old_date = hand_signed(
        "(request-target) (created) host date digest",
        algorithm="hs2019",
        parameters=f"created={created}",
        date=imf_date(NOW - timedelta(hours=14)),
    )
    assert_refused(await verify(old_date), RefusalReason.STALE)


@pytest.mark.parametrize(("created", "expires"), [(-10, -1), (-10, 0), (10, 5), (0, -3600)])
async def test_expired_or_impossible_lifetimes_are_refused(created: int, expires: int) -> None:  # 5
    start = int(NOW.timestamp())
    old = hand_signed(
        "(request-target) (created) (expires) host digest",
        algorithm="hs2019",
        parameters=f"created={start + created},expires={start + expires}",
    )
    assert_refused(await verify(old), RefusalReason.STALE)
    parameters = f';created={start + created};expires={start + expires};keyid="{ANA_KEY}"'
    assert_refused(await verify(message_signed(parameters=parameters)), RefusalReason.STALE)


async def test_an_expiry_that_is_not_signed_still_counts() -> None:
    start = int(NOW.timestamp())
    assert isinstance(await verify(hand_signed(parameters=f"expires={start + 10}")), VerifiedSender)
    assert_refused(await verify(hand_signed(parameters=f"expires={start - 10}")), RefusalReason.STALE)


@pytest.mark.parametrize("parameters", ["created=1.5", 'created="soon"', 'expires="never"'])
async def test_times_that_are_no_numbers_are_refused(parameters: str) -> None:
    assert_refused(await verify(hand_signed(parameters=parameters)), RefusalReason.BAD_SIGNATURE)


@pytest.mark.parametrize(
    "parameters",
    [
        f';keyid="{ANA_KEY}"',
        f';created="1";keyid="{ANA_KEY}"',
        f';created=1.5;keyid="{ANA_KEY}"',
        f';created;keyid="{ANA_KEY}"',
        f';created={int(NOW.timestamp())};expires="x";keyid="{ANA_KEY}"',
        f";created={int(NOW.timestamp())}",
        f";created={int(NOW.timestamp())};keyid=token",
    ],
)
async def test_a_new_signature_without_created_or_keyid_is_refused(parameters: str) -> None:
    assert_refused(await verify(message_signed(parameters=parameters)), RefusalReason.BAD_SIGNATURE)
