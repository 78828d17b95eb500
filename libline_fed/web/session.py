"""The session layer: finds out who asks, and lets no change through that did not come from our own form.

Pure ASGI. Every request gets a `Visit` in its scope. Every POST, whatever its route, is read here (64 kB, 200
fields), and answered 403 unless browser and form token both say that it is ours: no handler can forget the
check.
"""

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libline_fed.domain import block_lists
from libline_fed.domain.sessions import SignedIn
from libline_fed.services import guests, imports, notifications, sessions
from libline_fed.storage.store import Tx
from libline_fed.web import csrf, notices
from libline_fed.web.bodies import UPLOAD_TYPE, parse_fields, read_form, read_upload
from libline_fed.web.clients import client_address
from libline_fed.web.context import WebContext
from libline_fed.web.languages import COOKIE as LANGUAGE_COOKIE
from libline_fed.web.languages import NAMES as LANGUAGE_NAMES
from libline_fed.web.languages import choose_language
from libline_fed.web.visits import SCOPE_KEY, Visit

UPLOADS = {  # the pages that take a file, and how large
    "/settings/import": imports.MAX_UPLOAD_BYTES,
    "/admin/peers/import": block_lists.MAX_BYTES + 100_000,  # and what is around it in a form
}
# Here no cookie is looked at and none is set: see web/embed.py.
FRAMED_PATHS = frozenset({"/embed/mentors", "/embed/requests"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LANGUAGE_MAX_AGE_S = 365 * 86_400
MAX_TOKEN_CHARACTERS = 100


class SessionLayer:
    """Pure ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp, context: WebContext) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Load the visit, check a change, pass on, and send the cookies with the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_framed = scope["path"] in FRAMED_PATHS
        visit = await self._visit(scope, headers, {} if is_framed else _cookies(headers))
        scope[SCOPE_KEY] = visit

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start" and not is_framed:
                self._finish(visit, MutableHeaders(scope=message))
            await send(message)

        if scope["method"] not in SAFE_METHODS:
            try:
                await self._read(scope, visit, headers, receive)
            except ClientDisconnect:
                return
            refused = self._check(scope, visit, headers)
            if refused is not None:
                await refused(scope, receive, send_with_cookies)
                return
        await self._app(scope, receive, send_with_cookies)

    async def _read(self, scope: Scope, visit: Visit, headers: Headers, receive: Receive) -> None:
        """Read the form; a file only where there is a page for it, and from members."""
        max_bytes = UPLOADS.get(scope["path"])
        is_upload = headers.get("content-type", "").lower().startswith(UPLOAD_TYPE)
        if max_bytes is not None and is_upload and visit.is_member:
            visit.form, visit.upload = await read_upload(headers, receive, max_bytes)
        else:
            visit.form = await read_form(headers, receive)

    async def _visit(self, scope: Scope, headers: Headers, cookies: dict[str, str]) -> Visit:
        """Find out who asks, by the cookies and the session behind them."""
        context = self._context
        asked = parse_fields(scope.get("query_string", b"")[:4_000]).get(LANGUAGE_COOKIE)
        visit = Visit(
            language=choose_language(
                asked=asked,
                member=None,
                cookie=cookies.get(LANGUAGE_COOKIE),
                accept=headers.get("accept-language", ""),
                default=context.site.default_language,
            ),
            client=client_address(scope, context.proxies),
            path=scope["path"],
            visitor_key=context.csrf_key,
            visitor_value=cookies.get(context.visitor_cookie, "")[:MAX_TOKEN_CHARACTERS],
        )
        if asked in LANGUAGE_NAMES:
            visit.cookies.append(
                self._cookie(LANGUAGE_COOKIE, visit.language.tag, LANGUAGE_MAX_AGE_S, is_http_only=True)
            )
        if cookies.get(notices.COOKIE) in notices.NOTICES and scope["method"] == "GET":
            visit.notice = notices.NOTICES[cookies[notices.COOKIE]]
            visit.cookies.append(self._cookie(notices.COOKIE, "", 0, is_http_only=True))
        token = cookies.get(context.session_cookie, "")
        if token and len(token) <= MAX_TOKEN_CHARACTERS:
            await self._load(visit, token)
            if visit.account is not None and visit.account.language and asked not in LANGUAGE_NAMES:
                visit.language = choose_language(
                    asked=visit.account.language,
                    member=None,
                    cookie=None,
                    accept="",
                    default=context.site.default_language,
                )
        return visit

    async def _load(self, visit: Visit, token: str) -> None:
        now = self._context.clock.now()

        async def unit(tx: Tx) -> SignedIn | None:
            found = await sessions.load(tx, token, now=now)
            if found is not None and found.account is not None:
                visit.unread_count = await notifications.count_unread(tx, found.account.id)
            if found is not None and found.guest is not None:
                if not await guests.may_stay(tx, self._context.site, found.guest):
                    return None
                visit.unread_count = await guests.count_waiting(tx, found.guest)
            return found

        found = await self._context.store.read(unit)
        if found is None or (found.actor is None and found.guest is None):
            visit.has_ended = True
            return
        visit.session, visit.account, visit.actor = found.session, found.account, found.actor
        visit.guest = found.guest
        visit.session_token = token
        if found.session.is_touch_due(now):
            await self._context.store.write(lambda tx: sessions.touch(tx, found.session, now=now))

    def _check(self, scope: Scope, visit: Visit, headers: Headers) -> Response | None:
        """Return the refusal of a change that is not ours, or None."""
        origin = csrf.is_same_origin(headers, self._context.site.uris.base_url)
        if origin is False:
            raise HTTPException(403)
        if (visit.session is not None or visit.visitor_value) and csrf.matches(
            visit.form.get(csrf.FIELD, ""), visit.csrf_secret()
        ):
            return None
        return self._expired_page(scope, visit, can_resend=origin is True)

    def _expired_page(self, scope: Scope, visit: Visit, *, can_resend: bool) -> Response:
        """Return the page that keeps what was written and offers to send it again.

        Only if the browser vouches that the form was on our own page; a foreign page must not reach that
        button.
        """
        kept = [
            (name, value)
            for name, value in visit.form.multi_items()
            if name != csrf.FIELD and "password" not in name and name.isidentifier()
        ]
        has_secret = any("password" in name for name in visit.form)
        return self._context.renderer.page(
            Request(scope),
            "errors/expired.html",
            status=403,
            kept=kept,
            can_resend=can_resend and not has_secret,
            target=scope["path"],
        )

    def _finish(self, visit: Visit, headers: MutableHeaders) -> None:
        if visit.is_new_visitor:
            visit.cookies.append(
                self._cookie(self._context.visitor_cookie, visit.visitor_value, None, is_http_only=True)
            )
        if visit.has_ended:
            visit.cookies.append(self._cookie(self._context.session_cookie, "", 0, is_http_only=True))
        for line in visit.cookies:
            headers.append("set-cookie", line)

    def _cookie(self, name: str, value: str, max_age_s: int | None, *, is_http_only: bool) -> str:
        return cookie_line(
            name, value, max_age_s, is_secure=self._context.site.is_https, is_http_only=is_http_only
        )


def cookie_line(
    name: str, value: str, max_age_s: int | None, *, is_secure: bool, is_http_only: bool = True
) -> str:
    """Write a Set-Cookie line; without an age it lasts until the browser is closed."""
    parts = [f"{name}={value}", "Path=/", "SameSite=Lax"]
    if max_age_s is not None:
        parts.append(f"Max-Age={max_age_s}")
    if is_http_only:
        parts.append("HttpOnly")
    if is_secure:
        parts.append("Secure")
    return "; ".join(parts)


def _cookies(headers: Headers) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}
