"""The bound of the inbox: the least that a durable inbox in Python must do, and nothing else.

A bare starlette app that receives, verifies draft-cavage signatures with a key it already has, and answers
202 after one insert whose commit it shares with all that wait.
Run as `python -m libline_fed.bench.thin PORT PUBLIC_KEY_FILE DATABASE`: a path or a postgresql:// address.
"""

import argparse
import asyncio
import hashlib
import re
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import orjson
import uvicorn
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Row = tuple[bytes, str, bytes]
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_TABLE = "CREATE TABLE thin (hash {bytes} PRIMARY KEY, uri TEXT NOT NULL, body {bytes} NOT NULL)"


class SqliteWriter:
    """Inserts groups of rows, one commit with a full flush per group."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(_TABLE.format(bytes="BLOB"))

    def _insert(self, rows: list[Row]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT OR IGNORE INTO thin VALUES (?, ?, ?)", rows)
        self._connection.execute("COMMIT")

    async def insert(self, rows: list[Row]) -> None:
        """Insert and commit off the loop."""
        await asyncio.to_thread(self._insert, rows)


class PostgresWriter:
    """The same on PostgreSQL."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    @classmethod
    async def open(cls, url: str) -> "PostgresWriter":
        """Connect and make the table."""
        connection = await asyncpg.connect(url)
        await connection.execute(_TABLE.format(bytes="BYTEA"))
        return cls(connection)

    async def insert(self, rows: list[Row]) -> None:
        """Insert and commit."""
        await self._connection.executemany(
            "INSERT INTO thin VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", rows
        )


class ThinInbox:
    """The endpoint and its one writer."""

    def __init__(self, public_key: RSAPublicKey, database: str) -> None:
        self._public_key = public_key
        self._database = database
        self._waiting: asyncio.Queue[tuple[Row, asyncio.Future[None]]] = asyncio.Queue()

    async def post(self, request: Request) -> Response:
        """Take one activity."""
        body = await request.body()
        if not self._is_signed(request, body):
            return Response(status_code=401)
        uri = orjson.loads(body)["id"]
        stored = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(((hashlib.sha256(uri.encode()).digest(), uri, body), stored))
        await stored
        return Response(status_code=202)

    def _is_signed(self, request: Request, body: bytes) -> bool:
        headers = request.headers
        if headers.get("digest") != "SHA-256=" + b64encode(hashlib.sha256(body).digest()).decode():
            return False
        parameters = dict(_PARAMETER.findall(headers.get("signature", "")))
        lines = [
            f"(request-target): post {request.scope['path']}"
            if name == "(request-target)"
            else f"{name}: {headers[name]}"
            for name in parameters["headers"].split(" ")
        ]
        try:
            self._public_key.verify(
                b64decode(parameters["signature"]), "\n".join(lines).encode(), PKCS1v15(), SHA256()
            )
        except InvalidSignature:
            return False
        return True

    async def _write(self) -> None:
        is_postgres = self._database.startswith("postgresql://")
        writer = await PostgresWriter.open(self._database) if is_postgres else SqliteWriter(self._database)
        while True:
            group = [await self._waiting.get()]
            while not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            await writer.insert([row for row, _ in group])
            for _, stored in group:
                if not stored.done():
                    stored.set_result(None)

    def app(self) -> Starlette:
        """Return the ASGI app."""

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            task = asyncio.create_task(self._write())
            yield
            task.cancel()

        async def alive(_request: Request) -> Response:
            return Response("ok")

        routes = [Route("/inbox", self.post, methods=["POST"]), Route("/healthz", alive)]
        return Starlette(routes=routes, lifespan=lifespan)


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("key_file", type=Path)
    parser.add_argument("database")
    flags = parser.parse_args()
    key = load_pem_public_key(flags.key_file.read_bytes())
    assert isinstance(key, RSAPublicKey)
    serve: Callable[..., None] = uvicorn.run
    serve(
        ThinInbox(key, flags.database).app(),
        port=flags.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
