"""Bytes to JSON and back. Refuses bodies that two readers could understand differently, or oversized ones."""

from typing import Any

import orjson

from libline_fed.errors import Refusal, RefusalReason

MAX_BODY_BYTES = 1_048_576
MAX_DEPTH = 32
MAX_KEYS = 5_000
MAX_LIST_KEYS = 20_000
MAX_ITEMS = 1_000
_MAX_NUMBER = 2**63 - 1  # what a column of either database can hold
# The keywords of a JSON-LD value object (JSON-LD 1.1 §4.2.1). All other keywords outside a context are
# refused: we read plain JSON, so a document using them says something else to others than to us.
_VALUE_KEYWORDS = frozenset({"@value", "@type", "@language", "@direction"})
# Below a prefixed term such as `vcard:hasAddress`, which Friendica sends, nothing is ever read: only the
# keywords that reach out of it are refused there.
_FAR_REACHING = frozenset({"@graph", "@included", "@reverse"})


def dump_json(document: dict[str, Any]) -> bytes:
    """Return the bytes to send: compact UTF-8."""
    return orjson.dumps(document)


def parse_json(body: bytes, *, max_keys: int = MAX_KEYS) -> dict[str, Any] | Refusal:
    """Parse a body into a JSON object, or say why not. Never raises.

    Only a list of whole documents may have more keys than a document.
    """
    if len(body) > MAX_BODY_BYTES:
        return Refusal(RefusalReason.TOO_LARGE, f"{len(body)} bytes")
    try:
        # Refuses by itself: a byte order mark, other encodings, NaN, infinities, lone surrogates, depth over
        # 1,024.
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        reason = RefusalReason.TOO_COMPLEX if "depth limit" in str(error) else RefusalReason.BAD_JSON
        return Refusal(reason, str(error)[:200])
    if not isinstance(document, dict):
        return Refusal(RefusalReason.BAD_SHAPE, "not a JSON object")
    counter = _Counter(max_keys)
    refusal = counter.visit(document, 1, _READ)
    if refusal is not None:
        return refusal
    return _check_text(body, counter.key_count) or document


def _check_text(body: bytes, key_count: int) -> Refusal | None:
    """Find in the text what the parsed tree no longer shows: repeated keys and U+0000.

    Parsed keys are counted and compared with the colons outside strings; every repeated key adds a colon
    only.
    """
    if b"\\" in body:
        body = body.replace(b"\\\\", b"")  # first, so that what follows a pair is not taken for an escape
        if b"\\u0000" in body:
            return Refusal(RefusalReason.BAD_JSON, "U+0000")
        body = body.replace(b'\\"', b"")
    colons = b"".join(body.split(b'"')[::2]).count(b":")
    if colons != key_count:
        return Refusal(RefusalReason.BAD_JSON, "a key is repeated")
    return None


_READ, _PREFIXED, _CONTEXT = range(3)  # where in a document a value stands


class _Counter:
    """Walks a parsed document once, counting and checking."""

    def __init__(self, max_keys: int) -> None:
        self.key_count = 0
        self._max_keys = max_keys

    def visit(self, value: dict[str, Any] | list[Any], depth: int, place: int) -> Refusal | None:
        """Check one object or list and all below it."""
        if depth > MAX_DEPTH:
            return Refusal(RefusalReason.TOO_COMPLEX, f"deeper than {MAX_DEPTH}")
        if type(value) is dict:
            self.key_count += len(value)
            if self.key_count > self._max_keys:
                return Refusal(RefusalReason.TOO_COMPLEX, f"more than {self._max_keys} keys")
            if place != _CONTEXT:
                return self._visit_object(value, depth, place)
            children: Any = value.values()
        else:
            if len(value) > MAX_ITEMS:
                return Refusal(RefusalReason.TOO_COMPLEX, f"a list of more than {MAX_ITEMS}")
            children = value
        for child in children:
            kind = type(child)
            if kind is dict or kind is list:
                refusal = self.visit(child, depth + 1, place)
                if refusal is not None:
                    return refusal
            elif (kind is int or kind is float) and not -_MAX_NUMBER <= child <= _MAX_NUMBER:
                return Refusal(RefusalReason.BAD_JSON, "a number out of range")
        return None

    def _visit_object(self, value: dict[str, Any], depth: int, place: int) -> Refusal | None:
        for key, child in value.items():
            kind = type(child)
            if key[:1] == "@" and not _is_harmless_keyword(key, value, place):
                return Refusal(RefusalReason.BAD_SHAPE, f"the keyword {key[:40]}")
            if kind is dict or kind is list:
                below = _CONTEXT if key == "@context" else _PREFIXED if ":" in key else place
                refusal = self.visit(child, depth + 1, below)
                if refusal is not None:
                    return refusal
            elif (kind is int or kind is float) and not -_MAX_NUMBER <= child <= _MAX_NUMBER:
                return Refusal(RefusalReason.BAD_JSON, "a number out of range")
        return None


def _is_harmless_keyword(key: str, value: dict[str, Any], place: int) -> bool:
    if key == "@context" or (key in _VALUE_KEYWORDS and "@value" in value):
        return True
    return place == _PREFIXED and key not in _FAR_REACHING
