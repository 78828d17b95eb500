"""A small HTTP/1.1 transport for talking to many strangers: checked addresses, hard limits, small pools.

Why not the default one: its pool slows down with the square of the number of hosts, it has no hook between
resolving a name and connecting, and its limits are per read, not per exchange. This one never decompresses,
never follows a redirect, reads no environment variable and has no way to a Unix socket or proxy.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import cast

import httptools
import httpx

from libline_fed.errors import LibLineError, PeerRefused, PeerUnavailable
from libline_fed.federation.addresses import HttpUrl, Resolver, addresses_to_try

CONNECT_S = 5.0
TLS_S = 5.0
FIRST_BYTE_S = 10.0
IDLE_S = 10.0
MAX_IDLE_PER_ORIGIN = 2
MAX_HEADER_BYTES = 65_536
DEFAULT_MAX_BODY_BYTES = 1_048_576

_Origin = tuple[str, str, int]


class _ClosedUnasked(PeerUnavailable):
    """A kept connection turned out to be closed before it carried a byte of the answer."""


class _Exchange:
    """The answer to one request, while it arrives."""

    def __init__(self, max_body_bytes: int, done: "asyncio.Future[None]") -> None:
        self.max_body_bytes = max_body_bytes
        self.done = done
        self.failure: LibLineError | None = None
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.header_bytes = 0
        self.wire_bytes = 0
        self.has_length = False
        self.are_headers_complete = False
        self.is_complete = False
        self.may_be_reused = False

    def complete(self) -> None:
        """Let the one who waits have the answer."""
        self.is_complete = True
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, error: LibLineError) -> None:
        """Let the one who waits have the error; the first one counts."""
        if self.failure is None:
            self.failure = error
        if not self.done.done():
            self.done.set_exception(self.failure)

    def fail_too_large(self, host: str) -> None:
        """Refuse the rest of the body."""
        self.fail(PeerRefused(f"{host} sent more than {self.max_body_bytes} bytes", status=self.status))

    def refuse_by_headers(self, host: str) -> None:
        """Fail if the headers announce what LibLine does not read."""
        for name, value in self.headers:
            plain = value.strip().lower()
            if name == b"content-encoding" and plain != b"identity":
                detail = f"{host} compressed its answer, though asked not to"
                self.fail(PeerRefused(detail, status=self.status))
            elif name == b"transfer-encoding":
                self.has_length = True
                if plain != b"chunked":
                    detail = f"{host} uses a transfer coding that was not asked for"
                    self.fail(PeerRefused(detail, status=self.status))
            elif name == b"content-length":
                self.has_length = True
                if not plain.isdigit() or len(plain) > 15 or int(plain) > self.max_body_bytes:
                    self.fail_too_large(host)


class _Connection(asyncio.Protocol):
    """One connection to one origin: one exchange at a time, with limits on what arrives."""

    def __init__(self, origin: _Origin, on_closed: "Callable[[_Connection], None]") -> None:
        self.origin = origin
        self.is_open = False
        self._on_closed = on_closed
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._exchange: _Exchange | None = None
        self._timer: asyncio.TimerHandle | None = None

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        """End the exchange: well if the end of the connection is the end of the body, else badly."""
        exchange = self._live_exchange()
        if exchange is not None:
            if exchange.are_headers_complete and not exchange.has_length and exc is None:
                exchange.complete()  # RFC 9112 §6.3 rule 8
            elif exchange.wire_bytes == 0:
                exchange.fail(_ClosedUnasked(f"{self.origin[1]} closed the connection"))
            else:
                exchange.fail(PeerUnavailable(f"{self.origin[1]} closed the connection in mid-answer"))
        self.close()

    def data_received(self, data: bytes) -> None:
        """Parse what arrived; give up as soon as a limit is passed."""
        exchange, parser = self._live_exchange(), self._parser
        if exchange is None or parser is None:
            self.close()  # nobody asked: an idle connection that speaks is of no use
            return
        if exchange.wire_bytes == 0:
            self._stop_timer()
        exchange.wire_bytes += len(data)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            exchange.may_be_reused = False
            if not exchange.is_complete:
                exchange.fail(PeerUnavailable(f"{self.origin[1]} does not speak HTTP: {error}"))
        self._check_limits(exchange)
        if exchange.failure is not None:
            self.close()
        elif exchange.is_complete:
            exchange.complete()

    # httptools calls these, within data_received

    def on_message_begin(self) -> None:
        """Distrust a connection that brings a second answer to one question."""
        if self._exchange is not None and self._exchange.is_complete:
            self._exchange.may_be_reused = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers count against the same limit."""
        exchange = self._live_exchange()
        if exchange is None:
            return
        exchange.header_bytes += len(name) + len(value) + 4
        if exchange.header_bytes > MAX_HEADER_BYTES:
            exchange.fail(PeerRefused(f"{self.origin[1]} sent more than {MAX_HEADER_BYTES} bytes of headers"))
        elif not exchange.are_headers_complete:
            exchange.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Refuse by the headers alone what is known to be unwanted, before a byte of the body is read."""
        exchange, parser = self._live_exchange(), self._parser
        if exchange is None or parser is None:
            return
        exchange.status = parser.get_status_code()
        if exchange.status >= 200:
            exchange.are_headers_complete = True
            exchange.may_be_reused = parser.should_keep_alive()
            exchange.refuse_by_headers(self.origin[1])

    def on_body(self, data: bytes) -> None:
        """Collect the body."""
        exchange = self._live_exchange()
        if exchange is None:
            return
        if len(exchange.body) + len(data) > exchange.max_body_bytes:
            exchange.fail_too_large(self.origin[1])
        else:
            exchange.body += data

    def on_message_complete(self) -> None:
        """Finish, unless this was one of the informational answers that may come before (RFC 9110 §15.2)."""
        exchange = self._live_exchange()
        if exchange is None:
            return
        if exchange.are_headers_complete:
            exchange.is_complete = True
        elif exchange.status == 101:
            exchange.fail(PeerUnavailable(f"{self.origin[1]} wants another protocol"))
        else:
            exchange.headers.clear()

    # the transport calls these

    async def exchange(self, request: bytes, max_body_bytes: int) -> _Exchange:
        """Send a request and wait for the whole answer.

        Raises: PeerUnavailable, PeerRefused; the connection is closed then, and also when cancelled.
        """
        assert self._transport is not None
        self._stop_timer()
        loop = asyncio.get_running_loop()
        self._exchange = exchange = _Exchange(max_body_bytes, loop.create_future())
        self._parser = httptools.HttpResponseParser(self)
        self._timer = loop.call_later(FIRST_BYTE_S, self._give_up)
        self._transport.write(request)
        try:
            await exchange.done
        except BaseException:
            self.close()
            raise
        finally:
            self._stop_timer()
            self._exchange = self._parser = None
        return exchange

    def wait_idle(self) -> None:
        """Close by itself unless a new exchange begins soon."""
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self.close)

    def close(self) -> None:
        """Drop the connection now, without waiting for what is not sent yet."""
        self._stop_timer()
        self.is_open = False
        self._on_closed(self)
        if self._transport is not None:
            self._transport.abort()

    def _live_exchange(self) -> _Exchange | None:
        exchange = self._exchange
        if exchange is None or exchange.is_complete or exchange.failure is not None:
            return None
        return exchange

    def _check_limits(self, exchange: _Exchange) -> None:
        if not exchange.are_headers_complete and exchange.wire_bytes > MAX_HEADER_BYTES:
            exchange.fail(PeerRefused(f"{self.origin[1]} sent more than {MAX_HEADER_BYTES} bytes of headers"))
        # Chunk sizes and their extensions are neither header nor body, so they need a bound too.
        elif exchange.wire_bytes > 2 * exchange.max_body_bytes + 2 * MAX_HEADER_BYTES:
            exchange.fail_too_large(self.origin[1])

    def _give_up(self) -> None:
        if self._exchange is not None:
            self._exchange.fail(PeerUnavailable(f"{self.origin[1]} sent nothing for {FIRST_BYTE_S:.0f} s"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends requests to public addresses only, unless `allow_private`.

    A request's `extensions` carry `address`, the HttpUrl to send to, so that nothing respells what was
    signed, and may carry `max_body_bytes`.
    """

    def __init__(
        self, *, resolver: Resolver, allow_private: bool, tls: ssl.SSLContext, max_connections: int
    ) -> None:
        self._resolver = resolver
        self._allow_private = allow_private
        self._tls = tls
        self._max_connections = max_connections
        self._slots = asyncio.Semaphore(max_connections)
        self._idle: dict[_Origin, list[_Connection]] = {}
        self._waiting: dict[_Connection, None] = {}  # the same ones, the longest idle first
        self._open: set[_Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its answer, read to the end.

        Raises: PeerUnavailable, PeerRefused. The caller sets the total deadline.
        """
        address = request.extensions["address"]
        max_body_bytes = request.extensions.get("max_body_bytes", DEFAULT_MAX_BODY_BYTES)
        message = _serialise(request, address)
        async with self._slots:
            exchange = await self._exchange(address, message, max_body_bytes)
        return httpx.Response(
            exchange.status,
            headers=exchange.headers,
            stream=httpx.ByteStream(bytes(exchange.body)),
            request=request,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for connection in tuple(self._open):
            connection.close()

    async def _exchange(self, address: HttpUrl, message: bytes, max_body_bytes: int) -> _Exchange:
        origin = (address.scheme, address.host, address.port)
        connection = self._take_idle(origin)
        if connection is not None:
            try:
                return await self._finish(connection, message, max_body_bytes)
            except _ClosedUnasked:
                connection = None  # closed under our hands; activities carry an id, so asking again is safe
        connection = await self._connect(address, origin)
        return await self._finish(connection, message, max_body_bytes)

    async def _finish(self, connection: _Connection, message: bytes, max_body_bytes: int) -> _Exchange:
        exchange = await connection.exchange(message, max_body_bytes)
        if exchange.may_be_reused and connection.is_open:
            self._give_back(connection)
        else:
            connection.close()
        return exchange

    async def _connect(self, address: HttpUrl, origin: _Origin) -> _Connection:
        """Resolve once, check every answer, and connect to one that was checked."""
        candidates = await addresses_to_try(
            address.host, address.port, resolver=self._resolver, allow_private=self._allow_private
        )
        problem = ""
        for candidate in candidates:
            try:
                return await self._open_connection(address, origin, candidate)
            except (OSError, TimeoutError) as error:
                problem = str(error) or type(error).__name__
        raise PeerUnavailable(f"cannot connect to {address.authority}: {problem}")

    async def _open_connection(self, address: HttpUrl, origin: _Origin, candidate: str) -> _Connection:
        loop = asyncio.get_running_loop()
        plug = socket.socket(socket.AF_INET6 if ":" in candidate else socket.AF_INET, socket.SOCK_STREAM)
        connection = _Connection(origin, self._forget)
        try:
            plug.setblocking(False)
            async with asyncio.timeout(CONNECT_S):
                await loop.sock_connect(plug, (candidate, address.port))
            if address.scheme == "https":
                await loop.create_connection(
                    lambda: connection,
                    sock=plug,
                    ssl=self._tls,
                    server_hostname=address.host,  # the name, although the address was chosen by us
                    ssl_handshake_timeout=TLS_S,
                )
            else:
                await loop.create_connection(lambda: connection, sock=plug)
        except BaseException:
            plug.close()
            raise
        self._open.add(connection)
        return connection

    def _take_idle(self, origin: _Origin) -> _Connection | None:
        connections = self._idle.get(origin)
        if not connections:
            return None
        connection = connections.pop()
        if not connections:
            del self._idle[origin]
        del self._waiting[connection]
        return connection

    def _give_back(self, connection: _Connection) -> None:
        connections = self._idle.setdefault(connection.origin, [])
        if len(connections) >= MAX_IDLE_PER_ORIGIN:
            connection.close()
            return
        connections.append(connection)
        self._waiting[connection] = None
        connection.wait_idle()
        if len(self._waiting) > self._max_connections:
            next(iter(self._waiting)).close()

    def _forget(self, connection: _Connection) -> None:
        self._open.discard(connection)
        if connection in self._waiting:
            del self._waiting[connection]
            connections = self._idle[connection.origin]
            connections.remove(connection)
            if not connections:
                del self._idle[connection.origin]


def _serialise(request: httpx.Request, address: HttpUrl) -> bytes:
    """Spell a request for the wire (RFC 9112 §3).

    Raises: PeerRefused if a method, target or header would smuggle in a line of its own.
    """
    headers = request.headers.raw
    lines = [f"{request.method} {address.target} HTTP/1.1".encode("latin-1")]
    lines += [name + b": " + value for name, value in headers]
    head = b"\r\n".join(lines)
    is_clean = head.count(b"\r") == head.count(b"\n") == len(headers) and b"\0" not in head
    if not is_clean or lines[0].count(b" ") != 2:
        raise PeerRefused("a request with a line break in it")
    return head + b"\r\n\r\n" + request.content
