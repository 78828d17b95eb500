"""All pages as one application: every noun's routes, wrapped in the layers that none of them can forget."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp

from libline_fed.errors import NotFound
from libline_fed.web import (
    accounts,
    actors,
    admin,
    areas,
    availability,
    block_lists,
    calendars,
    cohorts,
    consortia,
    consortium_desk,
    coordination,
    directory,
    embed,
    exports,
    feedback,
    follows,
    goals,
    guests,
    home,
    imports,
    interactions,
    links,
    logbook,
    lookups,
    matching,
    meetings,
    memberships,
    mentorships,
    messages,
    moves,
    notifications,
    outcomes,
    people,
    posts,
    primer,
    proposals,
    records,
    requests,
    saved_searches,
    settings,
    suggestions,
    trust,
    vocabulary,
)
from libline_fed.web.addresses import local_path
from libline_fed.web.context import WebContext
from libline_fed.web.errors import ErrorPages
from libline_fed.web.security_headers import SecurityHeaders
from libline_fed.web.session import SessionLayer

GZIP_LEVEL = 6
GZIP_FROM_BYTES = 600
# fmt: off
CLOSED_TO_ROBOTS = (
    "/admin", "/coordination", "/settings", "/saved-searches", "/search", "/interact", "/login",
    "/guest", "/ask", "/calendar", "/feeds/saved",
)
# fmt: on
ROBOTS = "\n".join(["User-agent: *", *(f"Disallow: {path}" for path in CLOSED_TO_ROBOTS), ""])
# what is asked for most comes first: routes are tried in order
NOUNS = (
    directory,
    areas,
    saved_searches,
    proposals,
    people,
    actors,
    home,
    posts,
    notifications,
    follows,
    matching,
    requests,
    mentorships,
    messages,
    goals,
    meetings,
    logbook,
    feedback,
    calendars,
    primer,
    lookups,
    embed,
    interactions,
    links,
    accounts,
    guests,
    settings,
    availability,
    exports,
    imports,
    moves,
    records,
    vocabulary,
    consortia,
    cohorts,
    coordination,
    outcomes,
    suggestions,
    memberships,
    consortium_desk,
    admin,
    trust,
    block_lists,
)


def routes(context: WebContext) -> list[BaseRoute]:
    """List every page's route, the most wanted first."""
    listed: list[BaseRoute] = [Route("/static/{digest}/{name}", context.static.serve)]
    for noun in NOUNS:
        listed.extend(noun.routes(context))
    return [*listed, Route("/robots.txt", _robots), Route("/{rest:path}", _nothing, methods=["GET"])]


def wrap(app: ASGIApp, context: WebContext) -> ASGIApp:
    """Put the layers of the pages around `app`: headers, compression, error pages, sessions with CSRF."""
    app = SessionLayer(app, context)
    app = ErrorPages(app, context)
    app = GZipMiddleware(app, minimum_size=GZIP_FROM_BYTES, compresslevel=GZIP_LEVEL)
    return SecurityHeaders(app, is_https=context.site.is_https)


def pages(context: WebContext) -> ASGIApp:
    """Return the pages as a complete application."""
    return wrap(Router(routes(context), redirect_slashes=False), context)


async def _robots(_: Request) -> Response:
    return PlainTextResponse(ROBOTS, headers={"cache-control": "public, max-age=86400"})


async def _nothing(request: Request) -> Response:
    """Forgive a slash too many at the end; everything else is not here."""
    path = request.url.path
    if path != "/" and path.endswith("/") and (shorter := local_path(path.rstrip("/"), "")):
        return RedirectResponse(shorter, status_code=308)
    raise NotFound(f"no page {path[:100]!r}")
