"""Serves the few files that pages load.

Each below a folder named by its content, so browsers keep it for good.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.errors import NotFound

FOLDER = Path(__file__).parent / "static"
IMMUTABLE = "public, max-age=31536000, immutable"
HASH_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file with its address."""

    path: str
    media_type: str
    plain: bytes
    compressed: bytes


class StaticFiles:
    """All files of `web/static`, in memory."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {path.name: _load(path) for path in sorted(folder.iterdir()) if path.is_file()}
        self._by_path = {file.path: file for file in self._files.values()}

    def url(self, name: str) -> str:
        """Return the path of a file; a new content has a new path."""
        return self._files[name].path

    def size_bytes(self, name: str) -> int:
        """Return how many bytes a file takes on the line."""
        return len(self._files[name].compressed)

    async def serve(self, request: Request) -> Response:
        """Answer with the file.

        Raises: NotFound.
        """
        file = self._by_path.get(request.url.path)
        if file is None:
            raise NotFound(f"no static file {request.url.path!r}")
        return _answer(request, file)

    def answer(self, request: Request, name: str) -> Response:
        """Return the answer with a file, for another address that does not change with the content."""
        return _answer(request, self._files[name])


def _answer(request: Request, file: StaticFile) -> Response:
    headers = {"cache-control": IMMUTABLE, "vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(file.compressed, media_type=file.media_type, headers=headers)
    return Response(file.plain, media_type=file.media_type, headers=headers)


def _load(path: Path) -> StaticFile:
    plain = path.read_bytes()
    digest = hashlib.sha256(plain).hexdigest()[:HASH_CHARACTERS]
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(f"/static/{digest}/{path.name}", media_type, plain, gzip.compress(plain, 9, mtime=0))
