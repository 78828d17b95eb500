"""A member at a browser: logs in and sends forms through the pages of a real server."""

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import urlencode, urljoin, urlsplit

from libline_fed.errors import PermanentError
from libline_fed.federation.http_client import HttpClient, Response

MAX_PAGE_BYTES = 2_000_000
MAX_REDIRECTS = 3
_COOKIE = re.compile(r"(?:^|, )([A-Za-z0-9_-]+)=([^;,]*)")
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_REDIRECTS = frozenset({302, 303, 307, 308})


def _hidden_of(page: str, action: str) -> dict[str, object]:
    """Return the hidden fields of the form that is sent to `action`, or of the first one of the page."""
    forms = re.findall(r"<form\b.*?</form>", page, re.DOTALL)
    main = [form for form in forms if f'action="{action}"' in form] or forms or [page]
    return {name: unescape(value) for name, value in _HIDDEN.findall(main[0])}


class PageFailed(PermanentError):
    """A page of the demo's own servers did not do what it should."""


class Visitor:
    """One person with the cookies of one browser."""

    def __init__(self, client: HttpClient, base_url: str) -> None:
        self._client = client
        self._base_url = base_url
        self._cookies: dict[str, str] = {}

    async def log_in(self, email: str, password: str) -> None:
        """Log in.

        Raises: PageFailed.
        """
        await self.submit("/login", {"email": email, "password": password})

    async def open(self, path: str) -> tuple[str, str]:
        """Open a page and return the path it ended at and its HTML.

        Raises: PageFailed.
        """
        return await self._follow(await self._send("GET", path), path)

    async def submit(
        self, page_path: str, values: Mapping[str, object], *, action: str | None = None
    ) -> tuple[str, str]:
        """Open a page, send its form to `action` (default: the page itself), and return where that led.

        Raises: PageFailed.
        """
        path, page = await self.open(page_path)
        hidden = _hidden_of(page, (action or page_path).partition("?")[0])
        if "csrf" not in hidden:
            raise PageFailed(f"{self._base_url}{path} has no form")
        body = urlencode(hidden | dict(values), doseq=True).encode()
        return await self._follow(await self._send("POST", action or page_path, body), action or page_path)

    async def _follow(self, response: Response, path: str) -> tuple[str, str]:
        for _ in range(MAX_REDIRECTS):
            if response.status not in _REDIRECTS:
                break
            parts = urlsplit(urljoin(f"{self._base_url}{path}", response.headers.get("location", "")))
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            response = await self._send("GET", path)
        if response.status != 200:
            raise PageFailed(f"{self._base_url}{path} answers {response.status}")
        return path, response.body.decode()

    async def _send(self, method: str, path: str, body: bytes | None = None) -> Response:
        headers = {"Accept": "text/html", "Origin": self._base_url}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        response = await self._client.request(
            method, f"{self._base_url}{path}", headers=headers, body=body, max_bytes=MAX_PAGE_BYTES
        )
        self._cookies.update(_COOKIE.findall(response.headers.get("set-cookie", "")))
        return response
