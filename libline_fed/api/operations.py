"""What can be asked: one declaration per address, from which the route and its documentation are made."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from libline_fed.api.answers import Found, answer, not_allowed, preflight, refusal
from libline_fed.api.context import ApiContext
from libline_fed.errors import InvalidInput, LibLineError
from libline_fed.sanitize import clean_text
from libline_fed.services.limits import Rule

PER_CLIENT = Rule("api-client", 300, 600)  # for programs and feed readers together
MAX_QUERY_BYTES = 4_000
MAX_PARAMETERS = 60
GZIP_FROM_BYTES = 600
TOO_LONG = "The address is too long."

Params = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query: what it means, how it looks (JSON Schema), which values can be used."""

    name: str
    description: str
    schema: dict[str, Any]
    accepts: Callable[[str], bool]
    problem: str = "This value cannot be used."
    max_count: int = 1  # how often it may be given; several values mean "or"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: the checked parameters without empty ones, the parts of the path, and when it was asked."""

    path: str
    params: Params
    path_params: dict[str, str]
    now: datetime

    def first(self, name: str, default: str = "") -> str:
        """Return the value of a parameter that is given once at most."""
        return next((value for known, value in self.params if known == name), default)

    def number(self, name: str, default: int) -> int:
        """Return a checked number."""
        return int(self.first(name) or default)

    def address(self, base_url: str, **changed: str | int | None) -> str:
        """Return this very address with some parameters changed; None takes one away."""
        kept = [(name, value) for name, value in self.params if name not in changed]
        added = [(name, str(value)) for name, value in changed.items() if value is not None]
        query = urlencode([*kept, *added])
        return f"{base_url}{self.path}" + (f"?{query}" if query else "")


Handler = Callable[[Asked], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked. `returns` is the dataclass that the answer is written from."""

    path: str
    name: str
    summary: str
    handler: Handler
    returns: type | None = None
    parameters: Sequence[Parameter] = ()
    path_parameters: dict[str, str] = field(default_factory=dict)  # name -> description
    is_strict: bool = True  # refuses what it does not know; else it is left out, as on the pages


class Endpoint:
    """An operation as an ASGI application."""

    def __init__(self, operation: Operation, context: ApiContext) -> None:
        self.operation = operation
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        method = scope["method"]
        if method == "OPTIONS":
            response = preflight()
        elif method not in {"GET", "HEAD"}:
            response = not_allowed()
        else:
            response = await self._answer(Request(scope))
        if method == "HEAD":
            response.body = b""  # the headers stay those of GET (RFC 9110 §9.3.2)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        context, now = self._context, self._context.clock.now()
        try:
            await context.limits.demand(PER_CLIENT, context.client_of(request.scope), now=now)
            params = read_params(request.scope.get("query_string", b""))
            if self.operation.is_strict:
                check(params, self.operation.parameters)
            asked = Asked(request.scope["path"], params, dict(request.path_params), now)
            return answer(await self.operation.handler(asked), request.headers)
        except LibLineError as error:
            return refusal(error)


def routes_of(operations: Sequence[Operation], context: ApiContext) -> list[Route]:
    """Return the routes of some operations."""
    return [
        Route(
            operation.path,
            GZipMiddleware(Endpoint(operation, context), minimum_size=GZIP_FROM_BYTES),
            name=operation.name,
        )
        for operation in operations
    ]


def read_params(query: bytes) -> Params:
    """Take a query apart; empty values and control characters are left out.

    Raises: InvalidInput if it is larger than any of ours.
    """
    if len(query) > MAX_QUERY_BYTES:
        raise InvalidInput({"query": TOO_LONG})
    try:
        pairs = parse_qsl(query.decode("latin-1"), max_num_fields=MAX_PARAMETERS, errors="replace")
    except ValueError as error:
        raise InvalidInput({"query": TOO_LONG}) from error
    cleaned = [(clean_text(name), clean_text(value).strip()) for name, value in pairs]
    return [(name, value) for name, value in cleaned if value]


def check(params: Params, known: Sequence[Parameter]) -> None:
    """Refuse what could not be meant: a list that leaves a filter out shows too much without saying so.

    Raises: InvalidInput, keyed by parameter.
    """
    by_name = {parameter.name: parameter for parameter in known}
    problems: dict[str, str] = {}
    for name, value in params:
        parameter = by_name.get(name)
        if parameter is None:
            problems[name[:60]] = "There is no such parameter here."
        elif sum(1 for other, _ in params if other == name) > parameter.max_count:
            problems[name] = f"Give this {parameter.max_count} times at most."
        elif not parameter.accepts(value):
            problems[name] = parameter.problem
    if problems:
        raise InvalidInput(problems)
