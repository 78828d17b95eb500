"""A member's own settings: profile, language, password, and leaving."""

from starlette.requests import Request
from starlette.responses import Response

from libline_fed import vocabulary
from libline_fed.domain.profiles import ORGANISATION, PERSON, Shown
from libline_fed.errors import Conflict, InvalidInput
from libline_fed.services import accounts, actors, credentials
from libline_fed.services import vocabulary as vocabulary_terms
from libline_fed.services.profiles import countries, facts
from libline_fed.web.choices import LANGUAGE_LEVELS, LANGUAGE_ROWS, choices, padded
from libline_fed.web.context import WebContext
from libline_fed.web.forms import COMMON_LANGUAGES, ChangePasswordForm, DeleteAccountForm, LanguageForm
from libline_fed.web.languages import N_, NAMES
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page
from libline_fed.web.profile_forms import ProfileForm, profile_data
from libline_fed.web.session import cookie_line
from libline_fed.web.visits import visit_of

MAX_LANGUAGES = 10
MEMBER_TYPE_NAMES = ((PERSON, N_("A person")), (ORGANISATION, N_("A library or association")))
SHOWN_NAMES = (
    (Shown.NOBODY, N_("Nobody")),
    (Shown.MEMBERS, N_("Members of this server")),
    (Shown.PUBLIC, N_("Everybody, also on other servers")),
)
BAD_LANGUAGES = N_("Write language codes such as en, es or fr, 10 at most.")


class SettingsPages(Pages):
    """The pages under Settings."""

    async def profile(self, request: Request) -> Response:
        """Show the profile form, or save it and tell other servers."""
        visit = visit_of(request)
        _, actor = visit.member()
        if request.method == "GET":
            return await self._profile_page(request, ProfileForm(data=profile_data(actor, facts(actor))))
        form = ProfileForm(visit.form)
        tags = form.spoken
        is_valid = form.validate()
        if len(tags) > MAX_LANGUAGES or not all(vocabulary.is_language(tag) for tag in tags):
            form.languages.errors = [BAD_LANGUAGES]
            is_valid = False
        if not is_valid:
            return await self._profile_page(request, form)
        await self.limit(visit, "write", per_s=3600, max_count=60)
        now = self.now()
        try:
            await self.store.write(
                lambda tx: actors.edit_profile(
                    tx,
                    self.site,
                    actor_id=actor.id,
                    name=form.name.data or "",
                    summary_text=form.summary_text.data or "",
                    languages=tags,
                    fields=form.fields_given(),
                    is_discoverable=form.is_discoverable.data,
                    manually_approves_followers=form.manually_approves_followers.data,
                    details=form.details(facts(actor)),
                    type_=form.type.data or actor.type,
                    now=now,
                )
            )
        except InvalidInput as error:
            form.add_problems(error)
            return await self._profile_page(request, form)
        return self.redirect("/settings", notice="profile-saved")

    async def language(self, request: Request) -> Response:
        """Show the choice of language, or save it."""
        visit = visit_of(request)
        account, _ = visit.member()
        form = LanguageForm(
            visit.form if request.method == "POST" else None, data={"language": account.language or ""}
        )
        if request.method == "POST" and form.validate():
            chosen = form.language.data or None
            await self.store.write(
                lambda tx: accounts.set_language(tx, account_id=account.id, language=chosen)
            )
            return self.redirect("/settings/language", notice="language-saved")
        choices = [("", visit.language.gettext("As my browser says")), *NAMES.items()]
        return self.render(
            request,
            "settings/language.html",
            status=422 if form.problems else 200,
            form=form,
            choices=choices,
        )

    async def password(self, request: Request) -> Response:
        """Show the password form, or change the password and end every other session."""
        visit = visit_of(request)
        account, _ = visit.member()
        form = ChangePasswordForm(visit.form if request.method == "POST" else None)
        if request.method == "POST" and form.validate():
            try:
                opened = await credentials.change_password(
                    self.store,
                    self.context.limits,
                    self.site,
                    account_id=account.id,
                    old_password=form.old_password.data,
                    new_password=form.new_password.data,
                    translate=visit.language.gettext,
                    now=self.now(),
                )
                response = self.redirect("/settings/password", notice="password-changed")
                cookie = cookie_line(
                    self.context.session_cookie, opened.token, None, is_secure=self.site.is_https
                )
                response.headers.append("set-cookie", cookie)
                return response
            except InvalidInput as error:
                form.add_problems(error)
        return self.render(request, "settings/password.html", status=422 if form.problems else 200, form=form)

    async def delete(self, request: Request) -> Response:
        """Ask for the password, or delete the account here and on the servers that heard of it."""
        visit = visit_of(request)
        account, _ = visit.member()
        form = DeleteAccountForm(visit.form if request.method == "POST" else None)
        if request.method == "POST" and form.validate():
            try:
                await actors.prove_and_delete(
                    self.store,
                    self.context.limits,
                    self.site,
                    account_id=account.id,
                    password=form.password.data,
                    now=self.now(),
                )
                response = self.redirect("/", notice="account-deleted")
                ended = cookie_line(self.context.session_cookie, "", 0, is_secure=self.site.is_https)
                response.headers.append("set-cookie", ended)
                response.headers["clear-site-data"] = '"cache"'
                return response
            except InvalidInput as error:
                form.add_problems(error)
            except Conflict as error:
                form.form_errors.append(error.safe)
        return self.render(request, "settings/delete.html", status=422 if form.problems else 200, form=form)

    async def _profile_page(self, request: Request, form: ProfileForm) -> Response:
        visit = visit_of(request)
        local = await self.store.read(vocabulary_terms.list_terms)
        rows = form.language_rows
        return self.render(
            request,
            "settings/profile.html",
            status=422 if form.problems else 200,
            form=form,
            language_rows=padded(rows, max(LANGUAGE_ROWS, len(rows) + 1)),
            language_choices=COMMON_LANGUAGES,
            language_levels=LANGUAGE_LEVELS,
            choices=choices(visit.language, local, is_organisation=form.type.data == ORGANISATION),
            countries=countries(visit.language.tag),
            types=MEMBER_TYPE_NAMES,
            shown_names=SHOWN_NAMES,
        )


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = SettingsPages(context)
    return [
        form_page("/settings", pages.profile, Access.MEMBER),
        form_page("/settings/language", pages.language, Access.MEMBER),
        form_page("/settings/password", pages.password, Access.MEMBER),
        form_page("/settings/delete", pages.delete, Access.MEMBER),
    ]
