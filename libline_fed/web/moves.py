"""Moving to another server: naming an old account, moving away, and going on with a partner who has moved."""

from starlette.requests import Request
from starlette.responses import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from libline_fed.domain.accounts import MAX_PASSWORD_CHARACTERS
from libline_fed.domain.actors import Actor
from libline_fed.domain.moves import MentorshipMove
from libline_fed.errors import Conflict, InvalidInput, LibLineError
from libline_fed.services import credentials, mentorship_views, moves
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.errors import status_of
from libline_fed.web.forms import MAX_ADDRESS_CHARACTERS, PlainForm
from libline_fed.web.languages import N_
from libline_fed.web.lookups import NOT_AN_ADDRESS, failure_sentence, looks_like_address
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, post
from libline_fed.web.visits import visit_of

PATH = "/settings/move"
LOOKUPS_PER_5_MINUTES = 30


class AliasForm(PlainForm):
    """The account that somebody comes from."""

    alias = StringField(
        N_("Address of your account on the other server"),
        [InputRequired(NOT_AN_ADDRESS), Length(max=MAX_ADDRESS_CHARACTERS, message=NOT_AN_ADDRESS)],
    )


class MoveForm(PlainForm):
    """The account that somebody goes to, and the proof of who asks."""

    address = StringField(
        N_("Address of your new account"),
        [InputRequired(NOT_AN_ADDRESS), Length(max=MAX_ADDRESS_CHARACTERS, message=NOT_AN_ADDRESS)],
    )
    password = PasswordField(
        N_("Your password here"),
        [
            InputRequired(N_("Write your password.")),
            Length(
                max=MAX_PASSWORD_CHARACTERS,
                message=N_("The password is too long: 200 characters at most."),
            ),
        ],
    )


class MovePages(Pages):
    """The pages of moves."""

    async def settings(self, request: Request) -> Response:
        """Show how one comes and goes, or move away."""
        visit = visit_of(request)
        account, _ = visit.member()
        if request.method == "GET":
            return await self._page(request)
        form = MoveForm(visit.form)
        if not form.validate():
            return await self._page(request, move=form)
        now = self.now()
        try:
            member = await credentials.prove(
                self.store,
                self.context.limits,
                account.id,
                form.password.data,
                field_name="password",
                now=now,
            )
            target = await self._find(request, form, "address")
            await self.store.write(
                lambda tx: moves.move_out(tx, self.site, actor=member.actor, target=target, now=now)
            )
        except LibLineError as error:
            return await self._page(request, move=form, status=_noted(form, error))
        return self.redirect(PATH, notice="moved-away")

    async def add_alias(self, request: Request) -> Response:
        """Name an account elsewhere as one's own."""
        visit = visit_of(request)
        _, actor = visit.member()
        form = AliasForm(visit.form)
        if not form.validate():
            return await self._page(request, alias=form)
        now = self.now()
        try:
            alias = await self._find(request, form, "alias")
            await self.store.write(
                lambda tx: moves.add_alias(tx, self.site, actor=actor, alias=alias, now=now)
            )
        except LibLineError as error:
            return await self._page(request, alias=form, status=_noted(form, error))
        return self.redirect(PATH, notice="alias-added")

    async def remove_alias(self, request: Request) -> Response:
        """No longer name an account elsewhere."""
        visit = visit_of(request)
        _, actor = visit.member()
        alias_uri, now = visit.form.get("uri", ""), self.now()
        await self.store.write(
            lambda tx: moves.remove_alias(tx, self.site, actor=actor, alias_uri=alias_uri, now=now)
        )
        return self.redirect(PATH, notice="alias-removed")

    async def decide(self, request: Request) -> Response:
        """Show where the partner has moved to, or take in the answer."""
        visit = visit_of(request)
        person, mentorship_id, now = visit.somebody(), self.path_id(request), self.now()

        async def unit(tx: Tx) -> tuple[MentorshipView, tuple[MentorshipMove, Actor, Actor] | None]:
            view = await mentorship_views.get(tx, mentorship_id, person=person)
            return view, await moves.open_move(tx, person=person, mentorship_id=mentorship_id)

        view, found = await self.store.read(unit)
        if found is None:  # decided already, perhaps by the same button
            return self.redirect(f"/mentorships/{mentorship_id}")
        answer, problem = visit.form.get("answer"), ""
        if answer in {"yes", "no"}:
            is_yes = answer == "yes"
            try:
                await self.store.write(
                    lambda tx: moves.decide(
                        tx, self.site, person=person, mentorship_id=mentorship_id, is_yes=is_yes, now=now
                    )
                )
            except Conflict as error:
                problem = error.safe
            else:
                notice = "move-confirmed" if is_yes else "mentorship-ended"
                return self.redirect(f"/mentorships/{mentorship_id}", notice=notice)
        return self.render(
            request,
            "moves/decide.html",
            status=409 if problem else 200,
            view=view,
            new=found[2],
            problem=problem,
        )

    async def _find(self, request: Request, form: PlainForm, field_name: str) -> Actor:
        """Return who has the address in a field, as their own server says now.

        Raises: InvalidInput; what `lookups` raise.
        """
        text = form[field_name].data.strip()
        if not looks_like_address(text):
            raise InvalidInput({field_name: NOT_AN_ADDRESS})
        await self.limit(visit_of(request), "search", per_s=300, max_count=LOOKUPS_PER_5_MINUTES)
        found = await self.context.lookups.find_actor(text)
        if found.is_local:
            return found
        return await self.context.lookups.find_again(found.handle, found.acct_host or found.host)

    async def _page(
        self,
        request: Request,
        *,
        alias: AliasForm | None = None,
        move: MoveForm | None = None,
        status: int = 0,
    ) -> Response:
        _, actor = visit_of(request).member()
        known, target = await self.store.read(lambda tx: moves.addresses(tx, actor))
        shown = alias or move
        return self.render(
            request,
            "moves/settings.html",
            status=status or (422 if shown is not None else 200),
            alias=alias or AliasForm(),
            move=move or MoveForm(data={"address": actor.moved_to_uri or ""}),
            shown=shown,
            aliases=known,
            target=target,
            actor=actor,
        )


def _noted(form: PlainForm, error: LibLineError) -> int:
    """Say in the form what went wrong; return the status of the page."""
    if isinstance(error, InvalidInput):
        form.add_problems(error)
    elif sentence := error.safe if isinstance(error, Conflict) else failure_sentence(error):
        form.form_errors.append(sentence)
    else:
        raise error
    return status_of(error)


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = MovePages(context)
    return [
        form_page(PATH, pages.settings, Access.MEMBER),
        post(f"{PATH}/aliases", pages.add_alias, Access.MEMBER),
        post(f"{PATH}/aliases/remove", pages.remove_alias, Access.MEMBER),
        form_page("/mentorships/{id}/move", pages.decide, Access.PERSON),
    ]
