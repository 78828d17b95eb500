"""Asking and answering: begin, write, send, accept, decline, propose something else, take back, ask again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorship_steps import obstacle
from libline_fed.domain.mentorships import BEFORE, REFUSED, State
from libline_fed.domain.proposals import Purpose
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.services import answers, asking, form_tokens, matching, mentorship_views, requests
from libline_fed.services.asking import Prospect
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.requests import Words
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.forms import COMMON_LANGUAGES
from libline_fed.web.languages import N_, Language
from libline_fed.web.matching import sentence
from libline_fed.web.mentorship_forms import (
    RequestForm,
    StepForm,
    words_data,
)
from libline_fed.web.mentorship_steps import Changed, Scene, StepPages, find_scene
from libline_fed.web.mentorship_texts import Line, shown_state
from libline_fed.web.pages import Access, GuardedRoute, form_page, get, post
from libline_fed.web.primer import primer_path
from libline_fed.web.request_steps import ACTIONS, term_choices
from libline_fed.web.visits import visit_of

STARTS_PER_HOUR = 60
WRITABLE = (State.DRAFT, State.QUESTION)
HAS_CONFLICT = N_(
    "Then please choose somebody else: neither of you should have power over the other’s work. "
    "Your words are kept here."
)


@dataclass(frozen=True, slots=True)
class Row:
    """A request in a list."""

    view: MentorshipView
    state: State
    reason: str = ""  # how well the two fit
    unread_count: int = 0  # messages


class RequestPages(StepPages):
    """The pages before a mentorship begins."""

    async def ask(self, request: Request) -> Response:
        """Show what asking about a proposal means, or begin to write."""
        visit = visit_of(request)
        person, proposal_id, now = visit.somebody(), self.path_id(request), self.now()
        found = await self.store.read(
            lambda tx: asking.prospect(
                tx, person=person, proposal_id=proposal_id, viewer=visit.account, now=now
            )
        )
        path = f"/ask/{proposal_id}"
        if found.known is not None:
            is_draft = found.known.state == State.DRAFT
            return self.redirect(f"/mentorships/{found.known.id}{'/request' if is_draft else ''}")
        if found.problem or request.method == "GET":
            status = 409 if found.problem and request.method == "POST" else 200
            return self.render(
                request,
                "requests/ask.html",
                status=status,
                prospect=found,
                form=StepForm(),
                others=await self._others(person, proposal_id) if found.problem and found.is_offer else [],
            )
        wanted = "question" if visit.form.get("do") == "question" else "request"
        needed = primer_path(visit, path)
        if needed is not None:
            return self.redirect(needed)
        await self.limit(visit, "ask", per_s=3600, max_count=STARTS_PER_HOUR)
        token = StepForm(visit.form).form_token.data or ""

        async def unit(tx: Tx) -> str:
            known = await form_tokens.claim(tx, token, path, now)
            if known is not None:
                return known  # leads to what came of it
            made = await requests.start(
                tx, self.site, person=person, proposal_id=proposal_id, viewer=visit.account, now=now
            )
            return f"/mentorships/{made.id}/{wanted}"

        return self.redirect(await self.store.write(unit))

    async def _others(self, person: Actor, proposal_id: str) -> Sequence[matching.Match]:
        now = self.now()
        return await self.store.read(
            lambda tx: matching.suggestions(
                tx, self.site, mentee=person, like_proposal_id=proposal_id, now=now
            )
        )

    async def write(self, request: Request) -> Response:
        """Show the form of a request, keep it as a draft, or send it."""
        visit = visit_of(request)
        scene = await self.scene(request)
        if scene.mentorship.state not in WRITABLE or scene.mentorship.asker != scene.view.me:
            if request.method == "GET" or (known := await self._sent_already(scene)) is None:
                typed = RequestForm(visit.form if request.method == "POST" else None)
                meanwhile = scene.since(typed.seen.data or "")
                return self.refused(request, scene, obstacle(scene.state), meanwhile=meanwhile, form=typed)
            return self.redirect(known, notice="request-sent")
        needed = primer_path(visit, f"{scene.path}/request")
        if needed is not None:
            return self.redirect(needed)
        if request.method == "GET":
            form = RequestForm(data={**words_data(scene.mentorship), "seen": scene.seen})
            return await self._form_page(request, scene, form)
        await self.limit(visit, "write", per_s=3600, max_count=STARTS_PER_HOUR)
        form = RequestForm(visit.form)
        form.validate()
        if visit.form.get("do") == "save":
            await self._save(scene, form.words())
            return self.redirect(f"{scene.path}/request", notice="draft-saved")
        return await self._send(request, scene, form)

    async def _send(self, request: Request, scene: Scene, form: RequestForm) -> Response:
        if form.has_conflict.data:
            await self._save(scene, form.words())
            form.has_conflict.errors = [HAS_CONFLICT]
            return await self._form_page(request, scene, form)
        language = visit_of(request).language
        try:
            path = await self.store.write(lambda tx: self._send_once(tx, scene, form, language))
        except InvalidInput as error:
            await self._save(scene, form.words())
            form.add_problems(error)
            return await self._form_page(request, scene, form)
        except Conflict as error:
            fresh = await self.scene(request)
            if fresh.mentorship.state not in WRITABLE:
                return self.refused(
                    request, fresh, error.safe, meanwhile=fresh.since(form.seen.data or ""), form=form
                )
            await self._save(scene, form.words())
            meanwhile = fresh.since(form.seen.data or "")
            form.seen.raw_data, form.seen.data = None, fresh.seen
            return await self._form_page(request, fresh, form, problem=error.safe, meanwhile=meanwhile)
        return self.redirect(path, notice="request-sent")

    async def _send_once(self, tx: Tx, scene: Scene, form: RequestForm, language: Language) -> str:
        now, person = self.now(), scene.view.person
        known = await form_tokens.claim(tx, form.form_token.data or "", scene.path, now)
        if known is not None:
            return known
        present = await find_scene(tx, scene.mentorship.id, person, language, now=now)
        if present.since(form.seen.data or ""):
            raise Changed
        await requests.send(
            tx, self.site, person=person, mentorship_id=scene.mentorship.id, words=form.words(), now=now
        )
        return scene.path

    async def _sent_already(self, scene: Scene) -> str | None:
        """Return the page of a request that is sent, for a form that comes twice."""
        is_sent = scene.mentorship.state == State.PROPOSED and scene.mentorship.asker == scene.view.me
        return scene.path if is_sent else None

    async def _save(self, scene: Scene, words: Words) -> None:
        now, person, mentorship_id = self.now(), scene.view.person, scene.mentorship.id
        await self.store.write(
            lambda tx: requests.save_draft(
                tx, person=person, mentorship_id=mentorship_id, words=words, now=now
            )
        )

    async def _form_page(
        self,
        request: Request,
        scene: Scene,
        form: RequestForm,
        *,
        problem: str = "",
        meanwhile: Sequence[Line] = (),
    ) -> Response:
        visit, now, proposal_id = visit_of(request), self.now(), scene.mentorship.proposal_id
        found = await self.store.read(lambda tx: _prospect(tx, scene.view, proposal_id, visit.account, now))
        status = 422 if form.problems else 409 if problem else 200
        return self.render(
            request,
            "requests/form.html",
            status=status,
            scene=scene,
            view=scene.view,
            mentorship=scene.mentorship,
            prospect=found,
            form=form,
            problem=problem,
            meanwhile=meanwhile,
            language_choices=COMMON_LANGUAGES,
            **term_choices(visit.language, scene.mentorship.terms),
        )

    async def sent(self, request: Request) -> Response:
        """List what the person has asked and has no yes to."""
        person = visit_of(request).somebody()
        views = await self.store.read(lambda tx: mentorship_views.list_for(tx, person))
        mine = [Row(view, shown_state(view.mentorship, view.me)) for view in views if _is_asked_by_me(view)]
        return self.render(
            request,
            "requests/sent.html",
            drafts=[row for row in mine if row.state == State.DRAFT],
            waiting=[row for row in mine if row.state in {State.QUESTION, State.PROPOSED}],
            over=[row for row in mine if row.state in REFUSED],
        )

    async def received(self, request: Request) -> Response:
        """List what waits for the person's answer, with how well the two fit, and what is answered."""
        visit = visit_of(request)
        person, now = visit.somebody(), self.now()

        async def unit(tx: Tx) -> list[Row]:
            listed = []
            for view in await mentorship_views.list_for(tx, person):
                state = shown_state(view.mentorship, view.me)
                if _is_asked_by_me(view) or state not in BEFORE | REFUSED:
                    continue
                fit = await fit_of(tx, view, now=now) if state == State.PROPOSED else None
                listed.append(Row(view, state, sentence(visit, fit)))
            return listed

        found = await self.store.read(unit)
        return self.render(
            request,
            "requests/received.html",
            waiting=sorted(
                (row for row in found if row.state in BEFORE), key=lambda row: row.view.mentorship.id
            ),
            over=[row for row in found if row.state in REFUSED],
        )

    async def again(self, request: Request) -> Response:
        """Begin a new draft with the words of a request that came to nothing."""
        visit = visit_of(request)
        scene = await self.scene(request)
        old, now = scene.mentorship, self.now()
        if scene.state not in REFUSED or old.asker != scene.view.me:
            return self.refused(request, scene, obstacle(scene.state))
        await self.limit(visit, "ask", per_s=3600, max_count=STARTS_PER_HOUR)
        words = Words(old.message_text, old.answers, old.terms, old.language)

        async def unit(tx: Tx) -> str:
            found = await _prospect(tx, scene.view, old.proposal_id, visit.account, now)
            if found is None or old.proposal_id is None:
                raise Conflict("gone", safe="This is not there any more. You can ask somebody else.")
            if found.problem and found.known is None:
                raise Conflict("not open", safe=found.problem)
            made = await requests.start(
                tx, self.site, person=scene.view.person, proposal_id=old.proposal_id,
                viewer=visit.account, now=now,
            )  # fmt: skip
            if made.state == State.DRAFT and not made.message_text:
                await requests.save_draft(
                    tx, person=scene.view.person, mentorship_id=made.id, words=words, now=now
                )
            return f"/mentorships/{made.id}{'/request' if made.state in WRITABLE else ''}"

        try:
            return self.redirect(await self.store.write(unit))
        except Conflict as error:
            return self.refused(request, scene, error.safe)

    async def tell_me(self, request: Request) -> Response:
        """Note whether the person wants to hear of a free place."""
        visit = visit_of(request)
        person, mentorship_id, now = visit.somebody(), self.path_id(request), self.now()
        is_wanted = visit.form.get("wanted", "") == "yes"
        await self.store.write(
            lambda tx: answers.announce_places(
                tx, person=person, mentorship_id=mentorship_id, is_wanted=is_wanted, now=now
            )
        )
        notice = "places-wanted" if is_wanted else "places-unwanted"
        return self.redirect(f"/mentorships/{mentorship_id}", notice=notice)


def _is_asked_by_me(view: MentorshipView) -> bool:
    return view.mentorship.asker == view.me


async def _prospect(
    tx: Tx, view: MentorshipView, proposal_id: str | None, viewer: Any, now: datetime
) -> Prospect | None:
    """Return what is to be known of a proposal, as long as it is there."""
    if proposal_id is None:
        return None
    try:
        return await asking.prospect(
            tx, person=view.person, proposal_id=proposal_id, viewer=viewer, now=now
        )
    except NotFound:
        return None


async def fit_of(tx: Tx, view: MentorshipView, *, now: datetime) -> matching.Explained | None:
    """Say how well the two fit, by the proposal and what the one who answered it looks for or offers."""
    if view.proposal is None:
        return None
    asker = view.mentee if view.mentorship.purpose == Purpose.OFFER else view.mentor
    found = await matching.explain_for(tx, asker, [view.proposal], now=now)
    return found.get(view.proposal.id)


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = RequestPages(context)
    return [
        form_page("/ask/{id}", pages.ask, Access.PERSON),
        get("/requests-sent", pages.sent, Access.PERSON),
        get("/requests-received", pages.received, Access.PERSON),
        form_page("/mentorships/{id}/request", pages.write, Access.PERSON),
        *(
            form_page(f"/mentorships/{{id}}/{action.name}", pages.page_of(action), Access.PERSON)
            for action in ACTIONS
        ),
        post("/mentorships/{id}/again", pages.again, Access.PERSON),
        post("/mentorships/{id}/tell-me", pages.tell_me, Access.PERSON),
    ]
