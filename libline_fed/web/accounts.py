"""Becoming a member and getting in: sign-up, confirming the address, log in and out, a new password."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libline_fed.config import Registration
from libline_fed.domain.accounts import SignUpForm as SignUp
from libline_fed.domain.sessions import Opened
from libline_fed.errors import Conflict, Forbidden, InvalidInput, NotFound
from libline_fed.services import accounts, addresses, credentials, first_run, invitations, sessions
from libline_fed.web.addresses import with_query
from libline_fed.web.context import WebContext
from libline_fed.web.forms import FirstAdminForm, LoginForm, NewPasswordForm, PlainForm, ResetForm, SignUpForm
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get
from libline_fed.web.session import cookie_line
from libline_fed.web.visits import visit_of

MAX_TOKEN_CHARACTERS = 100


class AccountPages(Pages):
    """Pages for people who are not logged in."""

    # --- becoming a member -------------------------------------------------------------------------

    async def sign_up(self, request: Request) -> Response:
        """Show the form, or make an account and send a mail to confirm the address."""
        visit = visit_of(request)
        if visit.is_member:
            return self.redirect("/")
        form = SignUpForm(visit.form if request.method == "POST" else self.query(request))
        if request.method == "GET" or not form.validate():
            return self._sign_up_page(request, form, is_tried=request.method == "POST")
        wish = SignUp(
            handle=form.handle.data,
            email=form.email.data,
            password=form.password.data,
            language=visit.language.tag,
            reason=form.reason.data or "",
            invitation=form.invitation.data or "",
        )
        try:
            step = await accounts.sign_up(
                self.store,
                self.context.limits,
                self.site,
                wish,
                client=visit.client,
                translate=visit.language.gettext,
                now=self.now(),
            )
        except InvalidInput as error:
            form.add_problems(error)
            return self._sign_up_page(request, form, is_tried=True)
        except Forbidden as error:
            form.form_errors.append(error.safe)
            return self._sign_up_page(request, form, is_tried=True)
        if step is accounts.NextStep.LOG_IN:
            return self.redirect("/login", notice="confirmed")
        return self.redirect("/sign-up/sent")

    def _sign_up_page(self, request: Request, form: SignUpForm, *, is_tried: bool) -> Response:
        registration = self.site.registration
        if not is_tried:
            form.process(None, data={"invitation": form.invitation.data or ""})
        return self.render(
            request,
            "accounts/sign_up.html",
            status=422 if form.problems else 200,
            form=form,
            is_closed=registration == Registration.CLOSED,
            needs_invitation=registration == Registration.INVITE and not form.invitation.data,
            asks_reason=registration == Registration.APPROVAL and not form.invitation.data,
        )

    async def sign_up_sent(self, request: Request) -> Response:
        """Tell to look into the mail."""
        return self._mail_sent(request, "confirm")

    async def invitation(self, request: Request) -> Response:
        """Lead an invited person to the sign-up form; the invitation is used when that is sent."""
        token = self._token(request)
        now = self.now()
        if await self.store.read(lambda tx: invitations.find(tx, token, now=now)) is None:
            return self.render(request, "accounts/bad_invitation.html", status=404)
        return RedirectResponse(with_query("/sign-up", invitation=token), status_code=303)

    async def confirm(self, request: Request) -> Response:
        """Show the button, or confirm the address. A mail program that opens the link changes nothing."""
        visit = visit_of(request)
        token = self._token(request)
        now = self.now()
        if request.method == "GET":
            owner = await self.store.read(lambda tx: accounts.peek_confirm(tx, token, now=now))
            return self.render(request, "accounts/confirm.html", status=200 if owner else 404, owner=owner)
        await self.limit(visit, "confirm", per_s=1800, max_count=60)
        try:
            member = await self.store.write(
                lambda tx: accounts.confirm_email(
                    tx, self.site, token=token, translate=self.site_language().gettext, now=now
                )
            )
        except NotFound:
            return self.render(request, "accounts/confirm.html", status=404, owner=None)
        notice = "confirmed" if member.account.is_active else "confirmed-waiting"
        return self.redirect("/" if visit.is_member else "/login", notice=notice)

    async def first_admin(self, request: Request) -> Response:
        """Let whoever has the link from the console make the first admin's account."""
        visit = visit_of(request)
        token = self._token(request)
        now = self.now()
        if not await self.store.read(lambda tx: first_run.peek(tx, token, now=now)):
            return self.render(request, "accounts/first_admin.html", status=404, is_bad=True)
        form = FirstAdminForm(visit.form if request.method == "POST" else None)
        if request.method == "POST" and form.validate():
            try:
                wish = SignUp(
                    handle=form.handle.data,
                    email=form.email.data,
                    password=form.password.data,
                    language=visit.language.tag,
                )
                opened = await first_run.make_first_admin(
                    self.store,
                    self.context.limits,
                    self.site,
                    token=token,
                    form=wish,
                    client=visit.client,
                    now=now,
                )
                return self._logged_in(self.redirect("/admin", notice="welcome"), opened)
            except InvalidInput as error:
                form.add_problems(error)
        return self.render(
            request,
            "accounts/first_admin.html",
            status=422 if form.problems else 200,
            is_bad=False,
            form=form,
        )

    # --- in and out --------------------------------------------------------------------------------

    async def log_in(self, request: Request) -> Response:
        """Show the form, or log in under a new session."""
        visit = visit_of(request)
        following = self.next_path(request)
        if visit.is_member:
            return self.redirect(following)
        form = LoginForm(visit.form if request.method == "POST" else None)
        if request.method == "POST" and form.validate():
            try:
                opened = await accounts.log_in(
                    self.store,
                    self.context.limits,
                    email=form.email.data,
                    password=form.password.data,
                    client=visit.client,
                    old_token=visit.session_token or None,
                    now=self.now(),
                )
                return self._logged_in(self.redirect(following, notice="welcome"), opened)
            except InvalidInput as error:
                form.add_problems(error)
            except (Conflict, Forbidden) as error:
                form.form_errors.append(error.safe)
        return self.render(
            request,
            "accounts/login.html",
            status=422 if form.problems else 200,
            form=form,
            next=following,
        )

    async def log_out(self, request: Request) -> Response:
        """Show the button, or end the session."""
        visit = visit_of(request)
        if request.method == "GET":
            return self.render(request, "accounts/logout.html")
        if visit.session_token:
            await self.store.write(lambda tx: sessions.close(tx, visit.session_token))
        response = self.redirect("/", notice="bye")
        response.headers.append("set-cookie", self._cookie(self.context.session_cookie, "", 0))
        response.headers["clear-site-data"] = '"cache"'  # a shared computer keeps no page of this member
        return response

    def _logged_in(self, response: Response, opened: Opened) -> Response:
        response.headers.append("set-cookie", self._cookie(self.context.session_cookie, opened.token, None))
        response.headers.append("set-cookie", self._cookie(self.context.visitor_cookie, "", 0))
        return response

    def _cookie(self, name: str, value: str, max_age_s: int | None) -> str:
        return cookie_line(name, value, max_age_s, is_secure=self.site.is_https)

    # --- a new password ----------------------------------------------------------------------------

    async def ask_reset(self, request: Request) -> Response:
        """Show the form, or mail a link, or act as if."""
        visit = visit_of(request)
        form = ResetForm(visit.form if request.method == "POST" else None)
        if request.method == "POST" and form.validate():
            try:
                await credentials.request_reset(
                    self.store,
                    self.context.limits,
                    self.site,
                    email=form.email.data,
                    client=visit.client,
                    translate=visit.language.gettext,
                    now=self.now(),
                )
                return self.redirect("/reset/sent")
            except InvalidInput as error:
                form.add_problems(error)
        return self.render(request, "accounts/reset.html", status=422 if form.problems else 200, form=form)

    async def reset_sent(self, request: Request) -> Response:
        """Tell to look into the mail."""
        return self._mail_sent(request, "reset")

    async def reset(self, request: Request) -> Response:
        """Show the form behind a reset link, or set the password."""
        visit = visit_of(request)
        token = self._token(request)
        now = self.now()
        form: PlainForm = NewPasswordForm(visit.form if request.method == "POST" else None)
        owner = await self.store.read(lambda tx: credentials.peek_reset(tx, token, now=now))
        if owner is not None and request.method == "POST" and form.validate():
            try:
                await credentials.reset_password(
                    self.store,
                    self.context.limits,
                    self.site,
                    token=token,
                    password=form["password"].data,
                    client=visit.client,
                    translate=visit.language.gettext,
                    now=now,
                )
                return self.redirect("/login", notice="password-reset")
            except InvalidInput as error:
                form.add_problems(error)
            except NotFound:
                owner = None
        status = 404 if owner is None else 422 if form.problems else 200
        return self.render(request, "accounts/new_password.html", status=status, form=form, owner=owner)

    # --- shared ------------------------------------------------------------------------------------

    def _mail_sent(self, request: Request, what: str) -> Response:
        return self.render(
            request, "accounts/mail_sent.html", what=what, mail_is_printed=self.context.mail_is_printed
        )

    def _token(self, request: Request) -> str:
        """Return the secret in the path; one that cannot be one is none."""
        token: str = request.path_params["token"]
        return token if token.isascii() and len(token) <= MAX_TOKEN_CHARACTERS and token.isprintable() else ""


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = AccountPages(context)
    return [
        form_page("/login", pages.log_in, Access.EVERYONE),
        form_page("/logout", pages.log_out, Access.EVERYONE),
        form_page("/sign-up", pages.sign_up, Access.EVERYONE),
        get("/sign-up/sent", pages.sign_up_sent, Access.EVERYONE),
        get(f"{addresses.INVITATION_PATH}/{{token}}", pages.invitation, Access.EVERYONE),
        form_page(f"{addresses.CONFIRM_PATH}/{{token}}", pages.confirm, Access.EVERYONE),
        form_page(addresses.RESET_PATH, pages.ask_reset, Access.EVERYONE),
        get(f"{addresses.RESET_PATH}/sent", pages.reset_sent, Access.EVERYONE),
        form_page(f"{addresses.RESET_PATH}/{{token}}", pages.reset, Access.EVERYONE),
        form_page(f"{addresses.FIRST_ADMIN_PATH}/{{token}}", pages.first_admin, Access.EVERYONE),
    ]
