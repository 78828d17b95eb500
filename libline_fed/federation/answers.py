"""Answers to GET as finished bytes, and where they are kept.

An answer is kept in memory by its address. All kept answers are dropped when a transaction wakes the channel
"documents", which every one does that publishes something or changes a key: at once in this process, within
milliseconds in others that share a PostgreSQL. What changes without a wake (counts, replies, a `libline`
command on SQLite, which has no NOTIFY) shows after two seconds. Absence is never kept, so that nothing new is
hidden.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Message, Receive, Scope, Send

from libline_fed.activitypub.build import build_tombstone
from libline_fed.activitypub.wire import dump_json
from libline_fed.clock import monotonic_s
from libline_fed.domain.actors import Actor
from libline_fed.errors import NotFound
from libline_fed.federation.negotiation import wants_activity
from libline_fed.storage.store import Store, Tx

DOCUMENTS = "documents"  # the channel that is woken when something public changes
ACTIVITY_TYPE = "application/activity+json; charset=utf-8"
VARY = "Accept, Signature"
PUBLIC_S = 60  # how long others may keep an answer
GONE_S = 300
KEPT_S = 2.0
KEPT_BYTES = 16 * 1024 * 1024
MAX_QUERY_BYTES = 512

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `kept_s` of zero means it is made anew each time."""

    status: int
    body: bytes
    etag: bytes
    headers: RawHeaders
    short_headers: RawHeaders  # for 304 (RFC 9110 §15.4.5)
    kept_s: float


class Gone(NotFound):
    """What was asked for was here and was deleted; `document` is its Tombstone, if there is one to show."""

    def __init__(self, detail: str, document: dict[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.document = document


def gone_actor(actor: Actor) -> Gone:
    """Return the refusal for a deleted actor: a Tombstone at its own address."""
    tombstone = build_tombstone(actor.uri, former_type=actor.type, deleted_at=actor.gone_at)
    return Gone(f"{actor.uri} was deleted", tombstone)


class Printer:
    """Makes answers. `extra` headers are on every one."""

    def __init__(self, extra: Mapping[str, str] | None = None) -> None:
        self._extra = _raw((extra or {}).items())
        self.not_found = self.make(
            {"error": "Not found."}, status=404, media_type="application/json", max_age_s=0, kept_s=0
        )

    def make(
        self,
        document: dict[str, Any] | bytes,
        *,
        status: int = 200,
        media_type: str = ACTIVITY_TYPE,
        max_age_s: int = PUBLIC_S,
        kept_s: float = KEPT_S,
        is_open: bool = False,
    ) -> Answer:
        """Make an answer; `is_open` lets scripts of any site read it."""
        body = document if isinstance(document, bytes) else dump_json(document)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'  # strong: of these very bytes
        cache = f"public, max-age={max_age_s}" if max_age_s else "no-store"
        validators = {"etag": etag, "cache-control": cache, "vary": VARY}
        if is_open:
            validators["access-control-allow-origin"] = "*"
        short = [*_raw(validators.items()), *self._extra]
        whole = {"content-type": media_type, "content-length": str(len(body))}
        return Answer(status, body, etag.encode(), [*_raw(whole.items()), *short], short, kept_s)

    def gone(self, error: Gone, *, is_open: bool) -> Answer:
        """Make the answer for what was deleted."""
        if error.document is None:
            return self.make(
                {"error": "Gone."},
                status=410, media_type="application/json", max_age_s=GONE_S, is_open=is_open,
            )  # fmt: skip
        return self.make(error.document, status=410, max_age_s=GONE_S, is_open=is_open)


@dataclass(slots=True)
class _Kept:
    answer: Answer
    is_negotiated: bool
    until_s: float


class AnswerCache:
    """Keeps answers by address, the least recently used ones shortest."""

    def __init__(self, store: Store, *, max_bytes: int = KEPT_BYTES) -> None:
        self._kept: OrderedDict[tuple[str, bytes], _Kept] = OrderedDict()
        self._max_bytes = max_bytes
        self._bytes_count = 0
        self._version = 0
        self._close = ExitStack()
        self._changed = self._close.enter_context(store.subscription(DOCUMENTS))

    def close(self) -> None:
        """Stop listening for changes."""
        self._close.close()

    @property
    def version(self) -> int:
        """A number that is another one after each change; then nothing is kept any more."""
        self._drop_if_changed()
        return self._version

    def find(self, scope: Scope) -> Answer | None:
        """Return the kept answer to a request, if there is one that still holds."""
        key = (scope["path"], scope["query_string"])
        self._drop_if_changed()
        kept = self._kept.get(key)
        if kept is None or (kept.is_negotiated and not wants_activity(accept_of(scope))):
            return None
        if monotonic_s() >= kept.until_s:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return kept.answer

    def keep(self, scope: Scope, answer: Answer, *, is_negotiated: bool, version: int) -> None:
        """Keep an answer, unless something has changed since `version`: it may have been read before that."""
        if version != self.version or answer.kept_s <= 0 or len(scope["query_string"]) > MAX_QUERY_BYTES:
            return
        key = (scope["path"], scope["query_string"])
        self._drop(key)
        self._kept[key] = _Kept(answer, is_negotiated, monotonic_s() + answer.kept_s)
        self._bytes_count += len(answer.body)
        while self._bytes_count > self._max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop_if_changed(self) -> None:
        if self._changed.is_set():
            self._changed.clear()
            self._kept.clear()
            self._bytes_count = 0
            self._version += 1

    def _drop(self, key: tuple[str, bytes]) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes_count -= len(kept.answer.body)


Asked = Mapping[str, str]  # the parameters of path and query
Load = Callable[[Tx, Asked], Awaitable[Answer]]


class Resource:
    """An address that answers to GET and HEAD: an ASGI application around a function that makes the answer.

    Whoever asks, and however it is signed, gets the same: nothing private is served here.
    """

    def __init__(
        self,
        store: Store,
        cache: AnswerCache,
        printer: Printer,
        load: Load,
        *,
        parameters: Iterable[str] = (),
        is_negotiated: bool = False,
        is_open: bool = False,
    ) -> None:
        self._store = store
        self._cache = cache
        self._printer = printer
        self._load = load
        self._parameters = tuple(parameters)
        self._is_negotiated = is_negotiated
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, else from the database."""
        answer = self._cache.find(scope)
        if answer is None:
            answer = await self._read(scope)
        await send_answer(answer, scope, send)

    async def _read(self, scope: Scope) -> Answer:
        asked: dict[str, str] = dict(scope["path_params"])
        if self._parameters and scope["query_string"]:
            asked.update(_query(scope["query_string"], self._parameters))
        version = self._cache.version
        try:
            answer = await self._store.read(lambda tx: self._load(tx, asked))
        except Gone as error:
            answer = self._printer.gone(error, is_open=self._is_open)
        except NotFound:
            return self._printer.not_found  # the same for what is private, and for what never was
        if self._parameters or not scope["query_string"]:
            self._cache.keep(scope, answer, is_negotiated=self._is_negotiated, version=version)
        return answer


async def send_answer(answer: Answer, scope: Scope, send: Send) -> None:
    """Send an answer; shortly if the asker has it already, without its body to HEAD."""
    asked_etags = header_of(scope, b"if-none-match")
    if asked_etags and answer.status == 200 and _is_known(answer.etag, asked_etags):
        await _send(send, 304, answer.short_headers, b"")
        return
    body = b"" if scope["method"] == "HEAD" else answer.body
    await _send(send, answer.status, answer.headers, body)


def header_of(scope: Scope, name: bytes) -> bytes:
    """Return a request header, or nothing."""
    for known, value in scope["headers"]:
        if known == name:
            assert isinstance(value, bytes)
            return value
    return b""


def accept_of(scope: Scope) -> str:
    """Return the `Accept` header; several lines are one list (RFC 9110 §5.3)."""
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")


def _is_known(etag: bytes, asked_etags: bytes) -> bool:
    """Compare as RFC 9110 §13.1.2 asks for GET: weakly."""
    if asked_etags == etag:
        return True
    listed = (part.strip().removeprefix(b"W/") for part in asked_etags.split(b","))
    return any(part in {etag, b"*"} for part in listed)


def _query(raw: bytes, names: tuple[str, ...]) -> dict[str, str]:
    """Return the first value of each wanted parameter; what cannot be read is not there."""
    try:
        parsed = parse_qs(raw.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        return {}
    return {name: parsed[name][0] for name in names if name in parsed}


def _raw(headers: Iterable[tuple[str, str]]) -> RawHeaders:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


async def _send(send: Send, status: int, headers: RawHeaders, body: bytes) -> None:
    # A list of its own: servers and middlewares may add to it.
    start: Message = {"type": "http.response.start", "status": status, "headers": list(headers)}
    await send(start)
    await send({"type": "http.response.body", "body": body})
