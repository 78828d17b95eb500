"""What a program at the other end is told when something fails: a status and one line, no stack trace."""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libline_fed import errors
from libline_fed.activitypub.wire import dump_json

STATUS: tuple[tuple[type[errors.LibLineError], int], ...] = (
    (errors.NotFound, 404),
    (errors.Forbidden, 403),
    (errors.Conflict, 409),
    (errors.InvalidInput, 400),
    (errors.TemporaryError, 503),
)
RETRY_AFTER_S = 5  # a busy database is free again within seconds

log = structlog.get_logger(__name__)


class FailureAnswers:
    """Pure ASGI middleware: every exception below becomes a short answer and a line in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer for it if it fails before its own answer began."""
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:  # the one place where a failure becomes an answer to a program
            status = status_of(error)
            if status == 500:
                log.error("request-failed", path=scope["path"], method=scope["method"], exc_info=error)
            else:
                log.warning("request-not-served", path=scope["path"], status=status, error=str(error))
            if has_begun:
                raise
            await _answer(send, status, error)


def status_of(error: Exception) -> int:
    """Return the HTTP status for an error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


async def _answer(send: Send, status: int, error: Exception) -> None:
    text = error.safe if isinstance(error, errors.LibLineError) else errors.LibLineError.safe
    body = dump_json({"error": text})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
