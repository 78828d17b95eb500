"""Offers and requests: read, write, edit, pause, open again, close, delete."""

from contextlib import suppress
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libline_fed.domain.consortia import MemberState
from libline_fed.domain.profiles import ORGANISATION
from libline_fed.domain.proposals import MAX_AREAS, Audience, Proposal, Purpose, Status, is_widened
from libline_fed.errors import Forbidden, InvalidInput, NotFound
from libline_fed.ids import new_id
from libline_fed.services import (
    absences,
    asking,
    drafts,
    form_tokens,
    matching,
    memberships,
    posts,
    proposals,
)
from libline_fed.services import vocabulary as vocabulary_terms
from libline_fed.services.profiles import facts
from libline_fed.storage.store import Tx
from libline_fed.web.actors import name_json_form
from libline_fed.web.choices import (
    ANSWER_DAYS,
    AREA_LEVELS,
    LANGUAGE_LEVELS,
    LANGUAGE_ROWS,
    SHOWN_AREA_ROWS,
    STAGE_WISHES,
    TYPE_WISHES,
    choices,
    padded,
)
from libline_fed.web.context import WebContext
from libline_fed.web.forms import COMMON_LANGUAGES
from libline_fed.web.languages import N_
from libline_fed.web.matching import sentence
from libline_fed.web.mentorship_forms import StepForm
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, post
from libline_fed.web.primer import primer_path
from libline_fed.web.proposal_forms import (
    DRAFT_KIND,
    ProposalForm,
    draft_data,
    empty_form,
    filled_form,
    form_of_draft,
)
from libline_fed.web.visits import Visit, visit_of

WRITES_PER_HOUR = 60
NEW_KEY = "new-"  # drafts of what is not published yet; other keys are ids of proposals
AUDIENCES = (
    (Audience.PUBLIC, N_("Everybody, here and on other servers")),
    (Audience.NETWORK, N_("Members of this server, and of the servers and groups it is linked with")),
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
            proposals.Listed,
            list[posts.PostView],
            dict[str, matching.Explained],
            asking.Prospect | None,
            dict[str, date],
        ]:
            listed = await proposals.get(tx, proposal_id, viewer=visit.account)
            replies = await posts.replies_to(tx, listed.proposal.uri, visit.account)
            away = await absences.away(tx, [listed.author], now=now)
            if visit.person is None:
                return listed, replies, {}, None, away
            explained = await matching.explain_for(tx, visit.person, [listed.proposal], now=now)
            prospect = await asking.prospect(
                tx, person=visit.person, proposal_id=proposal_id, viewer=visit.account, now=now
            )
            return listed, replies, explained, prospect, away

        listed, replies, explained, prospect, away = await self.store.read(unit)
        response = self.render(
            request,
            "proposals/show.html",
            proposal=listed.proposal,
            author=listed.author,
            replies=replies,
            prospect=prospect,
            away_until=away.get(listed.author.id),
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
        """List the member's own proposals in every state, and what is not published yet."""
        account, actor = visit_of(request).member()
        now = self.now()

        async def unit(tx: Tx) -> tuple[list[proposals.Listed], dict[str, date], list[tuple[str, datetime]]]:
            return (
                await proposals.own(tx, actor.id),
                await absences.away(tx, [actor], now=now),
                await drafts.listed(tx, actor.id, DRAFT_KIND),
            )

        own, away, kept = await self.store.read(unit)
        return self.render(
            request,
            "proposals/own.html",
            own=own,
            away_until=away.get(actor.id),
            kept=[(key.removeprefix(NEW_KEY), at) for key, at in kept if key.startswith(NEW_KEY)],
            is_paused=account.is_paused,
        )

    async def pause_all(self, request: Request) -> Response:
        """Pause everything at once."""
        account, _ = visit_of(request).member()
        now = self.now()
        await self.store.write(
            lambda tx: absences.pause_all(tx, self.site, account_id=account.id, now=now)
        )
        return self.redirect("/my-proposals", notice="all-paused")

    async def resume_all(self, request: Request) -> Response:
        """End the pause of everything."""
        account, _ = visit_of(request).member()
        now = self.now()
        await self.store.write(
            lambda tx: absences.resume_all(tx, self.site, account_id=account.id, now=now)
        )
        return self.redirect("/my-proposals", notice="all-resumed")

    async def add(self, request: Request) -> Response:
        """Show the empty form or the draft that was kept, or publish what was written."""
        visit = visit_of(request)
        _, actor = visit.member()
        asked = (visit.form if request.method == "POST" else self.query(request)).get("purpose", "")
        purpose = asked if asked in list(Purpose) else ""
        if not purpose:
            return self.render(request, "proposals/choose.html")
        here, key = f"/proposals/new?purpose={purpose}", f"{NEW_KEY}{purpose}"
        if request.method == "GET":
            needed = primer_path(visit, here)
            if needed is not None:
                return self.redirect(needed)
            kept = await self.store.read(lambda tx: drafts.load(tx, actor.id, DRAFT_KIND, key))
            form = form_of_draft(kept) if kept else empty_form(actor, facts(actor), visit.language.tag)
            return await self._edit_page(request, form, purpose, has_draft=kept is not None)
        await self.limit(visit, "write", per_s=3600, max_count=WRITES_PER_HOUR)
        if visit.form.get("draft"):
            return await self._draft(visit, key, here)
        form = ProposalForm(visit.form)
        form.validate()
        now = self.now()
        proposal_id = new_id(now)
        path = f"/proposals/{proposal_id}"

        async def unit(tx: Tx) -> str:
            earlier = await form_tokens.claim(tx, form.form_token.data or "", path, now)
            if earlier is not None:
                return earlier
            draft = form.draft(purpose)
            await proposals.add(
                tx, self.site, author=actor, draft=draft, now=now, proposal_id=proposal_id
            )
            await drafts.drop(tx, actor.id, DRAFT_KIND, key)
            return path

        try:
            result_path = await self.store.write(unit)
        except InvalidInput as error:
            form.add_problems(error)
            await self._keep(visit, key)
            return await self._edit_page(request, form, purpose)
        return self.redirect(result_path, notice="proposal-added")

    async def edit(self, request: Request) -> Response:
        """Show the form with the present text or the draft that was kept, or save what was changed."""
        visit = visit_of(request)
        _, actor = visit.member()
        proposal = (await self._own(request)).proposal
        here = f"/proposals/{proposal.id}/edit"
        if request.method == "GET":
            kept = await self.store.read(lambda tx: drafts.load(tx, actor.id, DRAFT_KIND, proposal.id))
            form = form_of_draft(kept) if kept else filled_form(proposal)
            return await self._edit_page(
                request, form, proposal.purpose, proposal, has_draft=kept is not None
            )
        await self.limit(visit, "write", per_s=3600, max_count=WRITES_PER_HOUR)
        if visit.form.get("draft"):
            return await self._draft(visit, proposal.id, here)
        form = ProposalForm(visit.form)
        form.validate()
        draft, now = form.draft(proposal.purpose), self.now()

        async def unit(tx: Tx) -> None:
            await proposals.edit(
                tx, self.site, proposal_id=proposal.id, author_id=actor.id, draft=draft, now=now
            )
            await drafts.drop(tx, actor.id, DRAFT_KIND, proposal.id)

        try:
            await self.store.write(unit)
        except InvalidInput as error:
            form.add_problems(error)
            await self._keep(visit, proposal.id)
            return await self._edit_page(request, form, proposal.purpose, proposal)
        return self.redirect(f"/proposals/{proposal.id}", notice="proposal-saved")

    async def _draft(self, visit: Visit, key: str, here: str) -> Response:
        """Keep what was written, or throw the draft away."""
        _, actor = visit.member()
        if visit.form.get("draft") == "drop":
            await self.store.write(lambda tx: drafts.drop(tx, actor.id, DRAFT_KIND, key))
            return self.redirect(here, notice="draft-dropped")
        await self._keep(visit, key)
        return self.redirect(here, notice="draft-kept")

    async def _keep(self, visit: Visit, key: str) -> None:
        """Keep what was written, as far as there is room: more than a form can hold is on this page only."""
        _, actor = visit.member()
        now = self.now()
        with suppress(InvalidInput):
            await self.store.write(
                lambda tx: drafts.save(tx, actor.id, DRAFT_KIND, key, draft_data(visit.form), now)
            )

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

    async def _edit_page(
        self,
        request: Request,
        form: ProposalForm,
        purpose: str,
        proposal: Proposal | None = None,
        *,
        has_draft: bool = False,
    ) -> Response:
        visit = visit_of(request)
        _, actor = visit.member()
        local = await self.store.read(vocabulary_terms.list_terms)
        joined = await self.store.read(
            lambda tx: memberships.list_memberships(tx, self.site, states=(MemberState.MEMBER,))
        )
        is_organisation = actor.type == ORGANISATION
        area_rows, language_rows = form.area_rows, form.language_rows
        return self.render(
            request,
            "proposals/edit.html",
            status=422 if form.problems else 200,
            form=form,
            purpose=purpose,
            proposal=proposal,
            has_draft=has_draft,
            is_organisation=is_organisation,
            choices=choices(visit.language, local, is_organisation=is_organisation),
            area_rows=padded(area_rows, MAX_AREAS[purpose]),
            shown_area_rows=max(SHOWN_AREA_ROWS, len(area_rows)),
            language_rows=padded(language_rows, max(LANGUAGE_ROWS, len(language_rows) + 1)),
            levels={"area": AREA_LEVELS, "language": LANGUAGE_LEVELS},
            wishes={"stage": STAGE_WISHES, "type": TYPE_WISHES},
            answer_days=ANSWER_DAYS,
            language_choices=COMMON_LANGUAGES,
            audiences=[
                (audience, text)
                for audience, text in AUDIENCES
                if proposal is None or is_widened(proposal.audience, audience)
            ],
            groups=[one.group for one in joined],
            today=self.now().date(),
        )


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = ProposalPages(context)
    return [
        form_page("/proposals/new", pages.add, Access.MEMBER),
        get("/my-proposals", pages.own, Access.MEMBER),
        post("/my-proposals/pause", pages.pause_all, Access.MEMBER),
        post("/my-proposals/resume", pages.resume_all, Access.MEMBER),
        get("/proposals/{id}", pages.show, Access.EVERYONE),
        form_page("/proposals/{id}/edit", pages.edit, Access.MEMBER),
        form_page("/proposals/{id}/delete", pages.delete, Access.MEMBER),
        form_page("/proposals/{id}/{action:str}", pages.change, Access.MEMBER),
        get("/contexts/{id}", pages.conversation, Access.EVERYONE),
    ]
