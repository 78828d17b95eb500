"""Offers and requests: read, write, edit, pause, open again, close, delete."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libline_fed import vocabulary
from libline_fed.domain.proposals import MODES, Audience, Purpose, Status
from libline_fed.errors import Forbidden, InvalidInput, NotFound
from libline_fed.services import asking, matching, posts, proposals
from libline_fed.storage.store import Tx
from libline_fed.web.actors import name_json_form
from libline_fed.web.context import WebContext
from libline_fed.web.forms import COMMON_LANGUAGES, ProposalForm
from libline_fed.web.languages import N_
from libline_fed.web.matching import sentence
from libline_fed.web.mentorship_forms import StepForm
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get
from libline_fed.web.primer import primer_path
from libline_fed.web.visits import visit_of

WRITES_PER_HOUR = 60
AUDIENCES = (
    (Audience.PUBLIC, N_("Everybody, here and on other servers")),
    (Audience.INSTANCE, N_("Only members of this server")),
)
ACTIONS = {
    "pause": (Status.PAUSED, "proposal-paused"),
    "reopen": (Status.OPEN, "proposal-reopened"),
    "close": (Status.CLOSED, "proposal-closed"),
}


class ProposalPages(Pages):
    """All pages of one proposal."""

    async def show(self, request: Request) -> Response:
        """Show a proposal to whoever may read it."""
        visit = visit_of(request)
        proposal_id = self.path_id(request)
        now = self.now()

        async def unit(
            tx: Tx,
        ) -> tuple[
            proposals.Listed, list[posts.PostView], dict[str, matching.Explained], asking.Prospect | None
        ]:
            listed = await proposals.get(tx, proposal_id, viewer=visit.account)
            replies = await posts.replies_to(tx, listed.proposal.uri, visit.account)
            if visit.person is None:
                return listed, replies, {}, None
            explained = await matching.explain_for(tx, visit.person, [listed.proposal], now=now)
            prospect = await asking.prospect(
                tx, person=visit.person, proposal_id=proposal_id, viewer=visit.account, now=now
            )
            return listed, replies, explained, prospect

        listed, replies, explained, prospect = await self.store.read(unit)
        response = self.render(
            request,
            "proposals/show.html",
            proposal=listed.proposal,
            author=listed.author,
            replies=replies,
            prospect=prospect,
            ask_form=StepForm(),
            match_sentence=sentence(visit, explained.get(proposal_id)),
            is_own=visit.actor is not None and visit.actor.id == listed.author.id,
        )
        is_on_the_wire = listed.proposal.is_local and listed.proposal.audience == Audience.PUBLIC
        return name_json_form(response, listed.proposal.uri if is_on_the_wire else None)

    async def conversation(self, request: Request) -> Response:
        """Lead the conversation around a proposal to the page that shows it."""
        return RedirectResponse(f"/proposals/{self.path_id(request)}", status_code=302)

    async def own(self, request: Request) -> Response:
        """List the member's own proposals in every state."""
        _, actor = visit_of(request).member()
        own = await self.store.read(lambda tx: proposals.own(tx, actor.id))
        return self.render(request, "proposals/own.html", own=own)

    async def add(self, request: Request) -> Response:
        """Show the empty form, or publish what was written."""
        visit = visit_of(request)
        _, actor = visit.member()
        asked = (visit.form if request.method == "POST" else self.query(request)).get("purpose", "")
        purpose = asked if asked in list(Purpose) else ""
        if not purpose:
            return self.render(request, "proposals/choose.html")
        if request.method == "GET":
            needed = primer_path(visit, f"/proposals/new?purpose={purpose}")
            if needed is not None:
                return self.redirect(needed)
            form = ProposalForm(
                data={
                    "languages": actor.languages or [visit.language.tag],
                    "language": visit.language.tag,
                    "places_count": 1,
                    "audience": Audience.PUBLIC,
                    "modes": ["M1"],
                }
            )
            return self._edit_page(request, form, purpose, proposal=None)
        await self.limit(visit, "write", per_s=3600, max_count=WRITES_PER_HOUR)
        form = ProposalForm(visit.form)
        form.validate()
        try:
            draft = form.draft(purpose)
            now = self.now()
            added = await self.store.write(
                lambda tx: proposals.add(tx, self.site, author=actor, draft=draft, now=now)
            )
        except InvalidInput as error:
            form.add_problems(error)
            return self._edit_page(request, form, purpose, proposal=None)
        return self.redirect(f"/proposals/{added.id}", notice="proposal-added")

    async def edit(self, request: Request) -> Response:
        """Show the form with the present text, or save what was changed."""
        visit = visit_of(request)
        _, actor = visit.member()
        listed = await self._own(request)
        proposal = listed.proposal
        if request.method == "GET":
            form = ProposalForm(
                data={
                    "title": proposal.title,
                    "body_text": proposal.body_text,
                    "areas": proposal.areas,
                    "languages": [tag for tag in proposal.languages if tag in COMMON_LANGUAGES],
                    "more_languages": " ".join(
                        tag for tag in proposal.languages if tag not in COMMON_LANGUAGES
                    ),
                    "modes": proposal.modes,
                    "places_count": proposal.places_count,
                    "open_until_on": proposal.open_until_on,
                    "language": proposal.language,
                    "audience": proposal.audience,
                }
            )
            return self._edit_page(request, form, proposal.purpose, listed)
        await self.limit(visit, "write", per_s=3600, max_count=WRITES_PER_HOUR)
        form = ProposalForm(visit.form)
        form.validate()
        try:
            draft = form.draft(proposal.purpose)
            now = self.now()
            await self.store.write(
                lambda tx: proposals.edit(
                    tx, self.site, proposal_id=proposal.id, author_id=actor.id, draft=draft, now=now
                )
            )
        except InvalidInput as error:
            form.add_problems(error)
            return self._edit_page(request, form, proposal.purpose, listed)
        return self.redirect(f"/proposals/{proposal.id}", notice="proposal-saved")

    async def change(self, request: Request) -> Response:
        """Show the one-button page for pause, reopen or close, or do it."""
        action = request.path_params["action"]
        if action not in ACTIONS:
            raise NotFound(f"no action {action[:40]!r}")
        _, actor = visit_of(request).member()
        listed = await self._own(request)
        if request.method == "GET":
            return self.render(request, "proposals/change.html", proposal=listed.proposal, action=action)
        status, notice = ACTIONS[action]
        now = self.now()
        await self.store.write(
            lambda tx: proposals.set_status(
                tx, self.site, proposal_id=listed.proposal.id, author_id=actor.id, status=status, now=now
            )
        )
        return self.redirect(f"/proposals/{listed.proposal.id}", notice=notice)

    async def delete(self, request: Request) -> Response:
        """Show the one-button page for deleting, or do it."""
        _, actor = visit_of(request).member()
        listed = await self._own(request)
        if request.method == "GET":
            return self.render(request, "proposals/change.html", proposal=listed.proposal, action="delete")
        now = self.now()
        await self.store.write(
            lambda tx: proposals.delete(
                tx, self.site, proposal_id=listed.proposal.id, author_id=actor.id, now=now
            )
        )
        return self.redirect("/my-proposals", notice="proposal-deleted")

    async def _own(self, request: Request) -> proposals.Listed:
        """Return the member's own proposal; somebody else's looks as if it were not there.

        Raises: NotFound.
        """
        visit = visit_of(request)
        proposal_id = self.path_id(request)
        listed = await self.store.read(lambda tx: proposals.get(tx, proposal_id, viewer=visit.account))
        try:
            self.must_be_self(visit, listed.author.id)
        except Forbidden as error:
            raise NotFound("somebody else's proposal") from error
        return listed

    def _edit_page(
        self, request: Request, form: ProposalForm, purpose: str, proposal: proposals.Listed | None
    ) -> Response:
        tag = visit_of(request).language.tag
        return self.render(
            request,
            "proposals/edit.html",
            status=422 if form.problems else 200,
            form=form,
            purpose=purpose,
            proposal=proposal.proposal if proposal else None,
            area_groups=vocabulary.area_groups(tag),
            language_choices=COMMON_LANGUAGES,
            modes=[(mode, vocabulary.mode_label(mode, tag)) for mode in MODES],
            audiences=AUDIENCES,
            today=self.now().date(),
        )


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = ProposalPages(context)
    return [
        form_page("/proposals/new", pages.add, Access.MEMBER),
        get("/my-proposals", pages.own, Access.MEMBER),
        get("/proposals/{id}", pages.show, Access.EVERYONE),
        form_page("/proposals/{id}/edit", pages.edit, Access.MEMBER),
        form_page("/proposals/{id}/delete", pages.delete, Access.MEMBER),
        form_page("/proposals/{id}/{action:str}", pages.change, Access.MEMBER),
        get("/contexts/{id}", pages.conversation, Access.EVERYONE),
    ]
