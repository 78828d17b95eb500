"""Being here with an account of another server: signing in, coming back from there, and a guest's desk."""

from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.guests import Answer, Problem
from libline_fed.services import guests
from libline_fed.services.guests import RETURN_PATH, SignInFailed
from libline_fed.web.context import WebContext
from libline_fed.web.forms import InteractForm
from libline_fed.web.languages import N_
from libline_fed.web.lookups import looks_like_address
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get
from libline_fed.web.session import cookie_line
from libline_fed.web.visits import visit_of

SIGN_IN_PATH = "/guest/sign-in"
DESK_PATH = "/guest"
RETURNS_PER_5_MINUTES = 30
MAX_CODE_CHARACTERS = 2_000
MAX_STATE_CHARACTERS = 100
MAX_ISSUER_CHARACTERS = 300
NOT_AN_ADDRESS = N_("Write your address, such as @name@server.example.")

# What to tell a person, and the status of the page that tells it.
FAILURES: dict[Problem, tuple[int, str]] = {
    Problem.BAD_ADDRESS: (422, NOT_AN_ADDRESS),
    Problem.OWN_ADDRESS: (
        422,
        N_("This is an address of this server. Log in with your e-mail address and your password."),
    ),
    Problem.NOT_WELCOME: (
        403,
        N_("This server takes no guests from there. The people who run it decided so; you can ask them why."),
    ),
    Problem.NOBODY: (
        422,
        N_("Nobody was found at this address. Check the spelling: it is the one by which others find you."),
    ),
    Problem.NOT_OFFERED: (
        424,
        N_("Your server does not let you sign in elsewhere with your account; Misskey, for one, does not."),
    ),
    Problem.NO_ANSWER: (424, N_("Your server does not answer. Try again in a few minutes.")),
    Problem.OVER: (
        400,
        N_("This sign-in is over. It lasts ten minutes, counts once, and only in the browser that began it."),
    ),
    Problem.DENIED: (403, N_("On your server you did not allow it. So nothing was opened here.")),
    Problem.MIX_UP: (
        400,
        N_(
            "The answer came from another server than the one you chose. If this happens again, tell the "
            "people who run this server."
        ),
    ),
    Problem.NOT_CONFIRMED: (424, N_("Your server did not confirm who you are.")),
    Problem.MISMATCH: (
        403,
        N_(
            "On your server you are logged in with another account than the one you wrote here. Write that "
            "address, or change the account there first."
        ),
    ),
    Problem.UNPROVEN: (
        424,
        N_("What your server says about your account does not fit together. So nothing was opened here."),
    ),
}

log = structlog.get_logger(__name__)


class GuestPages(Pages):
    """Signing in with an account of another server."""

    async def sign_in(self, request: Request) -> Response:
        """Ask for the address of the account, then name the server and lead there by a link.

        The last step is a link that the visitor reads and follows, never a redirect.
        """
        visit = visit_of(request)
        following = self.next_path(request, DESK_PATH)
        if visit.person is not None:
            return self.redirect(following if visit.is_guest or following != DESK_PATH else "/")
        is_sent = request.method == "POST"
        form = InteractForm(visit.form if is_sent else None)

        def ask(status: int = 200, problem: Problem | None = None) -> Response:
            return self.render(
                request,
                "guests/sign_in.html",
                status=status,
                form=form,
                next=following,
                failure=FAILURES[problem][1] if problem else "",
                is_not_offered=problem is Problem.NOT_OFFERED,
            )

        if not is_sent:
            return ask()
        handle = (form.handle.data or "").strip()
        if not form.validate() or "://" in handle or not looks_like_address(handle):
            form.handle.errors = form.handle.errors or [NOT_AN_ADDRESS]
            return ask(422)
        try:
            departure = await self.context.sign_in.begin(
                handle=handle,
                browser=visit.visitor_value,
                client=visit.client,
                next_path=following,
                now=self.now(),
            )
        except SignInFailed as error:
            log.info("sign-in-refused", problem=error.problem, detail=error.detail)
            return ask(FAILURES[error.problem][0], error.problem)
        return self.render(request, "guests/leave.html", departure=departure, next=following)

    async def come_back(self, request: Request) -> Response:
        """Show a button to somebody who comes from their server, or sign them in.

        Opening the address changes nothing: not what a link, a preview or another site does to it.
        """
        visit = visit_of(request)
        if visit.person is not None:
            return self.redirect(DESK_PATH if visit.is_guest else "/")
        answer = self._answer(request)
        try:
            if request.method == "GET":
                actor = await self.context.sign_in.peek(answer, browser=visit.visitor_value, now=self.now())
                return self.render(
                    request,
                    "guests/return.html",
                    answer=answer,
                    actor=actor,
                    action=f"{RETURN_PATH}/{quote(answer.host, safe=':')}",
                )
            await self.limit(visit, "guest-return", per_s=300, max_count=RETURNS_PER_5_MINUTES)
            opened, following = await self.context.sign_in.finish(
                answer, browser=visit.visitor_value, old_token=visit.session_token or None, now=self.now()
            )
        except SignInFailed as error:
            log.info("sign-in-refused", problem=error.problem, detail=error.detail)
            status, sentence = FAILURES[error.problem]
            return self.render(request, "guests/failed.html", status=status, failure=sentence)
        response = self.redirect(following, notice="guest-welcome")
        response.headers.append("set-cookie", self._cookie(self.context.session_cookie, opened.token, None))
        response.headers.append("set-cookie", self._cookie(self.context.visitor_cookie, "", 0))
        return response

    def _answer(self, request: Request) -> Answer:
        """Read what the other server sent along; what is longer than it can be counts as absent."""
        fields = visit_of(request).form if request.method == "POST" else self.query(request)

        def field(name: str, max_characters: int) -> str:
            value = fields.get(name, "")
            return value if len(value) <= max_characters else ""

        return Answer(
            host=request.path_params["host"],
            state=field("state", MAX_STATE_CHARACTERS),
            code=field("code", MAX_CODE_CHARACTERS),
            issuer=fields.get("iss", "")[:MAX_ISSUER_CHARACTERS],  # too long a one must not count as none
            error=field("error", MAX_STATE_CHARACTERS),
        )

    def _cookie(self, name: str, value: str, max_age_s: int | None) -> str:
        return cookie_line(name, value, max_age_s, is_secure=self.site.is_https)

    async def desk(self, request: Request) -> Response:
        """Tell a guest what waits for them, who they are here, what they can do, and until when."""
        visit = visit_of(request)
        guest, session = visit.guest, visit.session
        if guest is None or session is None:
            return self.redirect("/")
        waiting = await self.store.read(lambda tx: guests.waiting_for(tx, guest))
        return self.render(
            request, "guests/desk.html", guest=guest, waiting=waiting, ends_at=session.expires_at
        )


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = GuestPages(context)
    return [
        get(DESK_PATH, pages.desk, Access.PERSON),
        form_page(SIGN_IN_PATH, pages.sign_in, Access.EVERYONE),
        form_page(f"{RETURN_PATH}/{{host}}", pages.come_back, Access.EVERYONE),
    ]
