"""A mentorship's own pages: how it stands, the agreement, pause, end, and what may be undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorship_steps import obstacle
from libline_fed.domain.mentorships import CREDITED, ENDED, REFUSED, RUNNING, Event, Side, State
from libline_fed.services import (
    blocks,
    imports,
    matching,
    mentorship_views,
    mentorships,
    messages,
    moves,
    peers,
    seats,
)
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx
from libline_fed.web import pair_pages
from libline_fed.web.context import WebContext
from libline_fed.web.matching import sentence
from libline_fed.web.meetings import glance
from libline_fed.web.mentorship_forms import (
    AgreementForm,
    ConfirmForm,
    EndForm,
    ExtendForm,
    PauseForm,
    StepForm,
    terms_data,
)
from libline_fed.web.mentorship_steps import Action, Scene, StepPages
from libline_fed.web.mentorship_texts import REASONS_TOLD, shown_state
from libline_fed.web.pages import Access, GuardedRoute, form_page, get, post
from libline_fed.web.request_steps import term_choices
from libline_fed.web.requests import Row, fit_of
from libline_fed.web.visits import visit_of

# Who comes to a draft or a question that is theirs to answer finds it elsewhere.
AGREED = RUNNING | CREDITED
BEFORE_AN_ANSWER = frozenset({State.QUESTION, State.PROPOSED})


async def _change_terms(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, form: AgreementForm, now: datetime
) -> None:
    await mentorships.change_terms(
        tx, site, person=person, mentorship_id=mentorship_id, values=form.terms(), now=now
    )


async def _confirm(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, form: ConfirmForm, now: datetime
) -> None:
    await mentorships.confirm(
        tx,
        site,
        person=person,
        mentorship_id=mentorship_id,
        terms_version=form.seen_version,
        contact=form.contact.data or "",
        now=now,
    )


async def _pause(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, form: PauseForm, now: datetime
) -> None:
    await mentorships.pause(
        tx, site, person=person, mentorship_id=mentorship_id, until_on=form.until_on.data, now=now
    )


async def _extend(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, form: ExtendForm, now: datetime
) -> None:
    await mentorships.extend(
        tx, site, person=person, mentorship_id=mentorship_id, ends_on=form.ends_on.data, now=now
    )


async def _end(tx: Tx, site: Site, person: Actor, mentorship_id: str, form: EndForm, now: datetime) -> None:
    await mentorships.end_early(
        tx, site, person=person, mentorship_id=mentorship_id, reason=form.reason.data or "", now=now
    )


async def _block(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, form: StepForm, now: datetime
) -> None:
    del form
    view = await mentorship_views.get(tx, mentorship_id, person=person)
    await blocks.block(tx, site, person=person, partner=view.partner, now=now)


def _plain(use_case: Any) -> Any:
    """Return the act of a step that needs no words."""

    async def act(
        tx: Tx, site: Site, person: Actor, mentorship_id: str, form: StepForm, now: datetime
    ) -> None:
        del form
        await use_case(tx, site, person=person, mentorship_id=mentorship_id, now=now)

    return act


def _confirm_data(scene: Scene) -> dict[str, Any]:
    mentorship, is_mentor = scene.mentorship, scene.view.me is Side.MENTOR
    contact = mentorship.mentor_contact if is_mentor else mentorship.mentee_contact
    return {"terms_version": str(mentorship.terms_version), "contact": contact}


CONFIRM = Action(
    "confirm",
    Event.CONFIRM,
    _confirm,
    "agreement-confirmed",
    ConfirmForm,
    "mentorships/agreement.html",
    data=_confirm_data,
)
ACTIONS = (
    CONFIRM,
    Action(
        "terms",
        Event.CHANGE_TERMS,
        _change_terms,
        "terms-saved",
        AgreementForm,
        "mentorships/terms.html",
        data=lambda scene: terms_data(scene.mentorship),
        choices=lambda scene, language: term_choices(language, scene.mentorship.terms),
    ),
    Action("leave", Event.LEAVE, _plain(mentorships.leave), "mentorship-left"),
    Action("pause", Event.PAUSE, _pause, "mentorship-paused", PauseForm),
    Action("resume", Event.RESUME, _plain(mentorships.resume), "mentorship-resumed"),
    Action("extend", Event.EXTEND, _extend, "mentorship-extended", ExtendForm),
    Action("complete", Event.COMPLETE, _plain(mentorships.complete), "mentorship-completed"),
    Action("object", Event.OBJECT, _plain(mentorships.object_to_end), "mentorship-objected"),
    Action("revive", Event.REVIVE, _plain(mentorships.revive), "mentorship-resumed"),
    Action("end", Event.END_EARLY, _end, "mentorship-ended", EndForm),
    Action("block", None, _block, "mentorship-blocked"),  # an ended one may need it, too
)


@dataclass(frozen=True, slots=True)
class Extras:
    """What the page of a mentorship shows beside it."""

    others: Sequence[matching.Match] = ()
    fit: matching.Explained | None = None
    free_count: int | None = None  # places of one's own offer
    is_blocked: bool = False
    is_cut_off: bool = False  # the partner's server is blocked, or not on the list of allowed ones
    new_account: Actor | None = None  # where the partner has moved, if that is to be decided on


class MentorshipPages(StepPages):
    """The pages from the first yes to the end."""

    async def list(self, request: Request) -> Response:
        """List what runs and what is over, and say what waits."""
        person = visit_of(request).somebody()
        views = await self.store.read(lambda tx: mentorship_views.list_for(tx, person))
        brought = await self.store.read(lambda tx: imports.taken(tx, person))
        unread = await self.store.read(lambda tx: messages.unread_counts(tx, person))
        rows = [
            Row(
                view,
                shown_state(view.mentorship, view.me),
                unread_count=unread.get(view.mentorship.id, 0),
            )
            for view in views
        ]
        return self.render(
            request,
            "mentorships/list.html",
            running=[row for row in rows if row.state in RUNNING],
            over=[row for row in rows if row.state in ENDED],
            waiting_count=sum(row.view.is_mine_to_answer for row in rows),
            drafts_count=sum(row.state == State.DRAFT for row in rows),
            brought_count=len(brought),
        )

    async def home(self, request: Request) -> Response:
        """Show how it stands, with whom, and what to do next."""
        visit = visit_of(request)
        scene = await self.scene(request)
        if scene.state == State.DRAFT:
            return self.redirect(f"{scene.path}/request")
        now = self.now()
        extras = await self.store.read(lambda tx: self._extras(tx, scene, now))
        return self.render(
            request,
            "mentorships/home.html",
            scene=scene,
            view=scene.view,
            mentorship=scene.mentorship,
            form=StepForm(data={"seen": scene.seen}),
            extras=extras,
            fit=sentence(visit, extras.fit),
            parts=parts_of(scene),
            glance=await self.store.read(lambda tx: glance(tx, scene.view, visit.language, now=now)),
            told_reasons=REASONS_TOLD,
            is_credited=scene.state in CREDITED,
            is_past_end=scene.mentorship.ends_on is not None and scene.mentorship.ends_on <= now.date(),
        )

    async def _extras(self, tx: Tx, scene: Scene, now: datetime) -> Extras:
        view, mentorship = scene.view, scene.mentorship
        is_blocked = await blocks.is_blocked_by(tx, person=view.person, partner=view.partner)
        if await peers.is_closed(tx, view.partner):
            return Extras(is_blocked=is_blocked, is_cut_off=True)
        if scene.state in REFUSED and view.me is Side.MENTEE:
            found = await matching.suggestions(
                tx, self.site, mentee=view.person, like_proposal_id=mentorship.proposal_id, now=now
            )
            return Extras(others=found, is_blocked=is_blocked)
        if not view.is_mine_to_answer:
            move = await moves.open_move(tx, person=view.person, mentorship_id=mentorship.id)
            return Extras(is_blocked=is_blocked, new_account=move[2] if move is not None else None)
        return Extras(fit=await fit_of(tx, view, now=now), free_count=await _free_count(tx, view))

    async def agreement(self, request: Request) -> Response:
        """Show what the two agree on, and ask for a yes that is still missing."""
        scene = await self.scene(request)
        if scene.state not in AGREED and scene.mentorship.started_at is None:
            return self.refused(request, scene, obstacle(scene.state))
        form = ConfirmForm(data={**_confirm_data(scene), "seen": scene.seen})
        return self.step_page(request, CONFIRM, scene, form)

    async def keep(self, request: Request) -> Response:
        """Keep what was accepted while the request was taken back."""
        person, mentorship_id, now = visit_of(request).somebody(), self.path_id(request), self.now()
        await self.store.write(
            lambda tx: mentorships.keep(tx, person=person, mentorship_id=mentorship_id, now=now)
        )
        return self.redirect(f"/mentorships/{mentorship_id}", notice="mentorship-kept")

    async def unblock(self, request: Request) -> Response:
        """Take the block of a partner back."""
        scene = await self.scene(request)
        view = scene.view
        await self.store.write(lambda tx: blocks.unblock(tx, person=view.person, partner=view.partner))
        return self.redirect(scene.path, notice="unblocked")


def parts_of(scene: Scene) -> list[tuple[str, str]]:
    """Return the pages on which two people work together, as (last part of the path, label)."""
    return pair_pages.parts_of(scene.mentorship) if scene.state in (*AGREED, *BEFORE_AN_ANSWER) else []


async def _free_count(tx: Tx, view: MentorshipView) -> int | None:
    """Count the free places of an own offer that was asked for."""
    if view.proposal is None or view.proposal.author_id != view.person.id or view.me is not Side.MENTOR:
        return None
    return await seats.free_count(tx, view.proposal)


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = MentorshipPages(context)
    return [
        get("/mentorships", pages.list, Access.PERSON),
        get("/mentorships/{id}", pages.home, Access.PERSON),
        get("/mentorships/{id}/agreement", pages.agreement, Access.PERSON),
        *(
            form_page(f"/mentorships/{{id}}/{action.name}", pages.page_of(action), Access.PERSON)
            for action in ACTIONS
        ),
        post("/mentorships/{id}/keep", pages.keep, Access.PERSON),
        post("/mentorships/{id}/unblock", pages.unblock, Access.PERSON),
    ]
