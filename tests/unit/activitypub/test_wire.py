"""Bodies: what two readers could understand differently is refused, what is too big too; nothing raises."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libline_fed.activitypub.wire import dump_json, parse_json
from libline_fed.errors import Refusal, RefusalReason

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(-1e18, 1e18) | st.text(),
    lambda children: st.lists(children, max_size=5) | st.dictionaries(st.text(), children, max_size=5),
    max_leaves=20,
)


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", RefusalReason.BAD_JSON),
        (b"[" * 100_000, RefusalReason.TOO_COMPLEX),
        (b'{"a":' * 50_000, RefusalReason.TOO_COMPLEX),
        (b"[]", RefusalReason.BAD_SHAPE),
        (b'"x"', RefusalReason.BAD_SHAPE),
        (b"7", RefusalReason.BAD_SHAPE),
        (b"null", RefusalReason.BAD_SHAPE),
        (b'{"a":1,"a":2}', RefusalReason.BAD_JSON),
        (b'{"a":1,"\\u0061":2}', RefusalReason.BAD_JSON),
        (b'{"x":{"a":"\\"","a":"\\\\"}}', RefusalReason.BAD_JSON),
        (b'{"x":[{"a":1},{"b":1,"b":1}]}', RefusalReason.BAD_JSON),
        (b'{"@context":{"a":1,"a":2}}', RefusalReason.BAD_JSON),
        (b'{"a":NaN}', RefusalReason.BAD_JSON),
        (b'{"a":Infinity}', RefusalReason.BAD_JSON),
        (b'{"a":-Infinity}', RefusalReason.BAD_JSON),
        (b'{"a":1e999}', RefusalReason.BAD_JSON),
        (b'{"a":' + b"9" * 5_000 + b"}", RefusalReason.BAD_JSON),
        (b'{"a":9223372036854775808}', RefusalReason.BAD_JSON),
        (b'{"a":[-9223372036854775809]}', RefusalReason.BAD_JSON),
        (b'{"a":12345678901234567890123}', RefusalReason.BAD_JSON),
        (b'{"a":"\\ud800"}', RefusalReason.BAD_JSON),
        (b'{"a":"\\u0000"}', RefusalReason.BAD_JSON),
        (b'{"a\\u0000":"x"}', RefusalReason.BAD_JSON),
        (b'{"a":"\\\\\\u0000"}', RefusalReason.BAD_JSON),
        (b'{"a":"\x00"}', RefusalReason.BAD_JSON),
        (b'\xef\xbb\xbf{"a":1}', RefusalReason.BAD_JSON),
        ('{"a":1}'.encode("utf-16"), RefusalReason.BAD_JSON),
        (b'{"a":"\xff"}', RefusalReason.BAD_JSON),
        (b'{"a":1} x', RefusalReason.BAD_JSON),
        (b"{'a':1}", RefusalReason.BAD_JSON),
        (b'{"a":1,}', RefusalReason.BAD_JSON),
        (b'{"@graph":[]}', RefusalReason.BAD_SHAPE),
        (b'{"@included":[]}', RefusalReason.BAD_SHAPE),
        (b'{"@reverse":{}}', RefusalReason.BAD_SHAPE),
        (b'{"@id":"https://a.example/"}', RefusalReason.BAD_SHAPE),
        (b'{"object":{"@type":"Note"}}', RefusalReason.BAD_SHAPE),
        (b'{"object":[{"@id":"x"}]}', RefusalReason.BAD_SHAPE),
        (b'{"vcard:x":{"@graph":[]}}', RefusalReason.BAD_SHAPE),
        (b'{"vcard:x":[{"y":{"@reverse":{}}}]}', RefusalReason.BAD_SHAPE),
        (nested(33), RefusalReason.TOO_COMPLEX),
        (b'{"a":[' + b"1," * 1_000 + b"1]}", RefusalReason.TOO_COMPLEX),
        (b"{" + b",".join(b'"k%d":1' % n for n in range(5_001)) + b"}", RefusalReason.TOO_COMPLEX),
        (b'{"a":"' + b"x" * 1_048_576 + b'"}', RefusalReason.TOO_LARGE),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_bad_body_is_refused_with_its_reason(body: bytes, reason: RefusalReason) -> None:
    refusal = parse_json(body)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b' {"a":1}\n',
        b'{"a":"\\\\u0000"}',
        b'{"a":"b:c","b":"\\"d\\":"}',
        b'{"a":"\\\\","b":":"}',
        b'{"a":{"a":{"a":1}}}',
        b'{"hasNumericalValue":{"@type":"xsd:decimal","@value":"2"}}',
        b'{"vcard:hasAddress":{"@type":"vcard:Home","vcard:locality":""}}',
        b'{"@context":["https://www.w3.org/ns/activitystreams",{"x":{"@id":"as:x","@type":"@id"}},{"@language":"und"}]}',
        b'{"object":{"@context":{"y":{"@reverse":"as:z"}}}}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":[' + b"1," * 999 + b"1]}",
        nested(32),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_good_body_is_read_as_it_stands(body: bytes) -> None:
    assert parse_json(body) == json.loads(body)


def test_the_largest_allowed_body_is_read() -> None:
    body = b'{"a":"' + b"x" * (1_048_576 - 8) + b'"}'
    assert len(body) == 1_048_576
    assert not isinstance(parse_json(body), Refusal)


@settings(deadline=None)
@given(st.dictionaries(st.text().filter(lambda key: key[:1] != "@"), JSON, max_size=8))
def test_what_is_dumped_is_parsed_to_the_same_unless_refused(document: dict[str, Any]) -> None:
    parsed = parse_json(dump_json(document))
    if isinstance(parsed, Refusal):
        text = json.dumps(document)
        assert "\\u0000" in text or '"@' in text
    else:
        assert parsed == document


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u0dabn1@', max_size=60).map(str.encode))
def test_no_bytes_make_it_raise(body: bytes) -> None:
    parsed = parse_json(body)
    assert isinstance(parsed, dict | Refusal)
    if isinstance(parsed, dict):
        pairs: list[int] = []
        json.loads(
            body, object_pairs_hook=lambda found: pairs.append(len(found) - len(dict(found))) or dict(found)
        )
        assert sum(pairs) == 0, "a repeated key went unnoticed"
