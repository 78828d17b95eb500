"""The one table from error to page, and the layer that shows it."""

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libline_fed import errors
from libline_fed.services.limits import TooManyTries
from libline_fed.web.bodies import BodyNotForm, BodyTooLarge
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_, choose_language
from libline_fed.web.visits import SCOPE_KEY, Visit

log = structlog.get_logger()


STATUS: tuple[tuple[type[errors.LibLineError], int], ...] = (
    (BodyTooLarge, 413),
    (BodyNotForm, 415),
    (TooManyTries, 429),
    (errors.NotFound, 404),
    (errors.Forbidden, 403),
    (errors.Conflict, 409),
    (errors.InvalidInput, 422),
    (errors.PeerUnavailable, 424),
    (errors.PeerGone, 424),
    (errors.PeerRefused, 424),
    (errors.StoreBusy, 503),
    (errors.TemporaryError, 503),
    (errors.PermanentError, 500),
)
RETRY_AFTER_S = 5  # a busy database is free again within seconds

TITLES = {
    400: N_("This did not work"),
    403: N_("This is not yours to do"),
    404: N_("There is nothing here"),
    405: N_("This did not work"),
    409: N_("This is no longer possible"),
    413: N_("That is too much text"),
    415: N_("This did not work"),
    422: N_("Something is not right yet"),
    424: N_("The other server did not help"),
    429: N_("Please wait a little"),
    500: N_("Something broke on our side"),
    503: N_("We are busy right now"),
}
EXPLANATIONS = {
    400: N_("The request could not be read. Go back and try once more."),
    403: N_(
        "Nothing was changed. If you came here by a link on another site, open "
        "this site yourself and try again."
    ),
    404: N_(
        "Either it never was here, it was deleted, or it is not open to you. "
        "Check the address, or search for it."
    ),
    405: N_("This address cannot be used in this way. Nothing was changed."),
    409: N_(
        "Somebody or something was faster, so nothing was changed. Look at the "
        "present state and decide again."
    ),
    413: N_("Nothing was saved. Go back, make the text shorter and send it again."),
    415: N_("Nothing was saved. Go back and use the form on the page."),
    422: N_("Nothing was saved. Go back and check what you wrote."),
    424: N_(
        "Nothing was changed here. The other server may be down, or the "
        "address may be wrong. Try again later."
    ),
    429: N_("Nothing was changed. This limit protects everybody's accounts."),
    500: N_(
        "Nothing was lost that you saw as saved. The admin of this server can find the cause in the log."
    ),
    503: N_("Nothing was saved. Wait a few seconds, then send it again."),
}


class ErrorPages:
    """Pure ASGI middleware that turns errors into pages; nothing passes it as an exception."""

    def __init__(self, app: ASGIApp, context: WebContext) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer with a page if it fails before its response began."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault(
            "app", self
        )  # makes the router raise its 404 and 405 instead of answering in plain text
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:  # the one place where every error becomes a page
            response = self._answer(scope, error)
            if has_begun:
                raise
            await response(scope, receive, send)

    def _answer(self, scope: Scope, error: Exception) -> Response:
        status = status_of(error)
        if status >= 500 and status != 503:
            log.error("page failed", path=scope["path"], method=scope["method"], exc_info=error)
        elif isinstance(error, errors.LibLineError):
            log.info("page refused", path=scope["path"], status=status, detail=error.detail)
        if SCOPE_KEY not in scope:
            scope[SCOPE_KEY] = self._nobody(scope)
        response = error_page(self._context, Request(scope), error)
        if isinstance(error, HTTPException):
            for name, value in (error.headers or {}).items():
                response.headers[name] = value
        return response

    def _nobody(self, scope: Scope) -> Visit:
        accept = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
        language = choose_language(
            asked=None, member=None, cookie=None, accept=accept, default=self._context.site.default_language
        )
        return Visit(language=language, client="", path=scope["path"])


def status_of(error: Exception) -> int:
    """Return the HTTP status for an error."""
    if isinstance(error, HTTPException):
        return error.status_code
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def error_page(context: WebContext, request: Request, error: Exception) -> Response:
    """Render the page for an error: what happened, what was kept, what to do."""
    status = status_of(error)
    shown = status if status in TITLES else (400 if status < 500 else 500)
    safe = error.safe if isinstance(error, errors.LibLineError) and status not in {404, 500} else ""
    is_news = safe not in TITLES.values() and safe != errors.Forbidden.safe
    response = context.renderer.page(
        request,
        "errors/error.html",
        status=status,
        title=TITLES[shown],
        explanation=EXPLANATIONS[shown],
        reason=safe if is_news else "",
        error_status=status,
    )
    response.headers["cache-control"] = "no-store"
    if isinstance(error, TooManyTries):
        response.headers["retry-after"] = str(max(1, round(error.retry_after_s)))
    elif status == 503:
        response.headers["retry-after"] = str(RETRY_AFTER_S)
    return response
