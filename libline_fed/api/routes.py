"""All routes of the interfaces for programs."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from libline_fed.api import directory, feeds, instance, openapi, people
from libline_fed.api.answers import problem
from libline_fed.api.context import ApiContext
from libline_fed.api.operations import Operation, routes_of
from libline_fed.errors import NotFound


def documented(context: ApiContext) -> list[Operation]:
    """List the operations that give JSON."""
    return [*directory.operations(context), *people.operations(context), *instance.operations(context)]


def api_routes(context: ApiContext) -> list[BaseRoute]:
    """Return the routes of JSON, its documentation and the feeds."""
    given = documented(context)
    every = [*given, openapi.operation(context, given), *feeds.operations(context)]
    return [
        *routes_of(every, context),
        Route("/api/{rest:path}", _nothing),
        Route("/feeds/{rest:path}", _nothing),
    ]


async def _nothing(_: Request) -> Response:
    return problem(404, NotFound.safe)  # as for what is not for everybody: nobody can tell
