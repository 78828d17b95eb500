"""What every page class shares: who may come in, forms, redirects and limits."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from libline_fed.domain.accounts import Role
from libline_fed.errors import Forbidden, NotFound
from libline_fed.ids import is_id
from libline_fed.services.limits import TooManyTries
from libline_fed.web import notices
from libline_fed.web.addresses import local_path, with_query
from libline_fed.web.bodies import Fields, parse_fields
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_, Language, choose_language
from libline_fed.web.session import cookie_line
from libline_fed.web.visits import Visit, visit_of

Handler = Callable[[Request], Awaitable[Response]]
FOR_MEMBERS_ONLY = N_("This page is for members of this server. You are here as a guest.")


class Access(StrEnum):
    """Who may use a route; each route names it, there is no default."""

    EVERYONE = "everyone"
    PERSON = "person"  # a member, or a guest with an account of another server
    MEMBER = "member"
    COORDINATOR = "coordinator"
    MODERATOR = "moderator"
    ADMIN = "admin"


class GuardedRoute(Route):
    """A route that knows who may use it and asks before the handler runs."""

    def __init__(
        self, path: str, handler: Handler, *, access: Access, methods: tuple[str, ...] = ("GET",)
    ) -> None:
        self.access = access

        async def guarded(request: Request) -> Response:
            refused = _refuse(visit_of(request), access, request)
            return refused if refused is not None else await handler(request)

        super().__init__(path, guarded, methods=list(methods), name=f"{handler.__qualname__}")


def get(path: str, handler: Handler, access: Access) -> GuardedRoute:
    """Make a route that shows something."""
    return GuardedRoute(path, handler, access=access)


def post(path: str, handler: Handler, access: Access) -> GuardedRoute:
    """Make a route that changes something."""
    return GuardedRoute(path, handler, access=access, methods=("POST",))


def form_page(path: str, handler: Handler, access: Access) -> GuardedRoute:
    """Make a route that shows a form and takes it."""
    return GuardedRoute(path, handler, access=access, methods=("GET", "POST"))


def _refuse(visit: Visit, access: Access, request: Request) -> Response | None:
    if access is Access.EVERYONE or (access is Access.PERSON and visit.person is not None):
        return None
    if visit.is_guest:
        if access is Access.MEMBER:
            raise Forbidden(f"a guest asked for {request.url.path}", safe=FOR_MEMBERS_ONLY)
        raise NotFound(f"a page for the role {access} asked for by a guest")
    if not visit.is_member:
        wanted = request.url.path
        if request.method in {"GET", "HEAD"} and request.url.query:
            wanted += f"?{request.url.query}"
        if request.method == "POST":
            wanted = "/"
        return RedirectResponse(f"/login?next={quote(local_path(wanted), safe='/')}", status_code=303)
    account, _ = visit.member()
    if access is not Access.MEMBER and not account.has_role(Role(access.value)):
        raise NotFound(
            f"a page for the role {access} asked for by a {account.role}"
        )  # not even that it exists
    return None


class Pages:
    """The base of the page classes, one per noun."""

    def __init__(self, context: WebContext) -> None:
        self.context = context
        self.store = context.store
        self.site = context.site

    def now(self) -> datetime:
        """Return the present moment."""
        return self.context.clock.now()

    def site_language(self, wanted: str | None = None) -> Language:
        """Return the language for somebody who is not here: their own if known, else the instance's."""
        return choose_language(
            asked=wanted, member=None, cookie=None, accept="", default=self.site.default_language
        )

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """Render a page."""
        return self.context.renderer.page(request, template, status=status, now=self.now(), **values)

    def redirect(self, path: str, *, notice: str | None = None) -> Response:
        """Send the browser to a path of this site by GET, with a line to show there."""
        response = RedirectResponse(local_path(path), status_code=303)
        if notice is not None:
            assert notice in notices.NOTICES
            line = cookie_line(notices.COOKIE, notice, notices.MAX_AGE_S, is_secure=self.site.is_https)
            response.headers.append("set-cookie", line)
        return response

    def query(self, request: Request) -> Fields:
        """Return the query, cleaned like a form."""
        return parse_fields(request.scope.get("query_string", b""))

    def page_number(self, request: Request) -> int:
        """Return the page asked for; nonsense is the first one."""
        text = self.query(request).get("page", "1")
        return (
            min(int(text), 10_000)
            if text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text)
            else 1
        )

    def path_id(self, request: Request) -> str:
        """Return the id in the path.

        Raises: NotFound if it cannot be one.
        """
        text: str = request.path_params["id"]
        if not is_id(text):
            raise NotFound(f"{text[:60]!r} is not an id")
        return text

    def next_path(self, request: Request, default: str = "/") -> str:
        """Return where the form or link wants to go on to, if that is a path of this site."""
        source = visit_of(request).form if request.method == "POST" else self.query(request)
        return local_path(source.get("next", ""), default)

    def must_be_self(self, visit: Visit, actor_id: str) -> None:
        """Let only the owner pass.

        Raises: Forbidden.
        """
        if visit.actor is None or visit.actor.id != actor_id:
            raise Forbidden("somebody else's")

    async def limit(self, visit: Visit, what: str, *, per_s: int, max_count: int) -> None:
        """Count one try of `what` by this member, guest or address.

        Raises: TooManyTries.
        """
        who = visit.person.id if visit.person is not None else visit.client
        wait_s = await self.context.limits.hit(
            f"web:{what}:{who}", per_s=per_s, max_count=max_count, now=self.now()
        )
        if wait_s is not None:
            raise TooManyTries(wait_s)


def page_links(path: str, *, page: int, has_more: bool, **query: str | None) -> dict[str, str | None]:
    """Return the addresses of the previous and the next page."""
    return {
        "previous": with_query(path, **query, page=page - 1 if page > 2 else None) if page > 1 else None,
        "next": with_query(path, **query, page=page + 1) if has_more else None,
    }
