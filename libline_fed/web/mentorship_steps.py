"""What the pages of requests and mentorships share: finding one's own, and taking a step.

A step has one page with a form and a button. The form carries the latest thing its reader had seen: if more
has happened since, the page comes back with that, and with everything that was typed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from wtforms import HiddenField

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorship_guards import Facts
from libline_fed.domain.mentorship_steps import StepRefused, obstacle, take_step
from libline_fed.domain.mentorships import MAX_PAUSE_DAYS, Event, Mentorship, State
from libline_fed.errors import Conflict, InvalidInput
from libline_fed.services import form_tokens, mentorship_views
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx
from libline_fed.web.languages import Language
from libline_fed.web.mentorship_forms import StepForm
from libline_fed.web.mentorship_texts import Line, history_lines, shown_state
from libline_fed.web.pages import Handler, Pages
from libline_fed.web.visits import visit_of

STEPS_PER_HOUR = 120


@dataclass(frozen=True, slots=True)
class Scene:
    """A mentorship as its page shows it to one of the two."""

    view: MentorshipView
    state: State  # as this person may know it
    lines: list[Line]
    steps: frozenset[str]  # what may be done now, by the names of the table's events

    @property
    def mentorship(self) -> Mentorship:
        """The row."""
        return self.view.mentorship

    @property
    def path(self) -> str:
        """The page of the mentorship."""
        return f"/mentorships/{self.mentorship.id}"

    @property
    def seen(self) -> str:
        """Name the latest thing that has happened, for the forms on the page."""
        return self.lines[-1].event_id if self.lines else ""

    def since(self, seen: str) -> list[Line]:
        """Return what has happened after something that was seen; nothing if that is not known."""
        ids = [line.event_id for line in self.lines]
        return self.lines[ids.index(seen) + 1 :] if seen in ids else []


class Changed(Conflict):
    """More has happened than the person who pressed the button had seen."""

    safe = "Something has happened while this page was open. Look at it and decide again."


Act = Callable[[Tx, Site, Actor, str, Any, datetime], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Action:
    """A step that a person takes with a button."""

    name: str  # the last part of the path, too
    event: Event | None  # None: possible at any time
    act: Act
    notice: str
    form: type[StepForm] = StepForm
    template: str = "mentorships/step.html"
    data: Callable[[Scene], dict[str, Any]] = lambda _: {}
    then: str | None = None  # where it leads; None: to the mentorship
    choices: Callable[[Scene, Language], Mapping[str, Any]] = lambda _scene, _language: {}

    def is_possible(self, scene: Scene) -> bool:
        """Tell whether the table allows it to this person now."""
        return self.event is None or self.event in scene.steps


class StepPages(Pages):
    """The base of the pages of requests and mentorships."""

    async def scene(self, request: Request) -> Scene:
        """Return what is in the path, if it is this person's.

        Raises: NotFound, alike for what is somebody else's and what is not there.
        """
        visit = visit_of(request)
        person, mentorship_id, now = visit.somebody(), self.path_id(request), self.now()
        return await self.store.read(
            lambda tx: find_scene(tx, mentorship_id, person, visit.language, now=now)
        )

    def page_of(self, action: Action) -> Handler:
        """Return the handler of a step's page."""

        async def handle(request: Request) -> Response:
            return await self.take(request, action)

        handle.__qualname__ = f"{type(self).__name__}.{action.name}"
        return handle

    async def take(self, request: Request, action: Action) -> Response:
        """Show the page of a step, or take it."""
        visit = visit_of(request)
        scene = await self.scene(request)
        if request.method == "GET":
            if not action.is_possible(scene):
                return self.refused(request, scene, obstacle(scene.state))
            form = action.form(data={**action.data(scene), "seen": scene.seen})
            return self.step_page(request, action, scene, form)
        await self.limit(visit, "step", per_s=3600, max_count=STEPS_PER_HOUR)
        form = action.form(visit.form)
        if not form.validate():
            return self.step_page(request, action, scene, form)
        try:
            path = await self.store.write(lambda tx: self._act(tx, action, scene, form, visit.language))
        except InvalidInput as error:
            form.add_problems(error)
            return self.step_page(request, action, scene, form)
        except Conflict as error:
            return await self._again(request, action, form, error)
        return self.redirect(path, notice=action.notice)

    async def _act(
        self, tx: Tx, action: Action, scene: Scene, form: StepForm, language: Language
    ) -> str:
        """Take the step in one transaction, unless this form has been here before or shows old news."""
        now, person, path = self.now(), scene.view.person, action.then or scene.path
        known = await form_tokens.claim(tx, form.form_token.data or "", path, now)
        if known is not None:
            return known
        present = await find_scene(tx, scene.mentorship.id, person, language, now=now)
        if present.since(form.seen.data or ""):
            raise Changed
        await action.act(tx, self.site, person, scene.mentorship.id, form, now)
        return path

    async def _again(
        self, request: Request, action: Action, form: StepForm, error: Conflict
    ) -> Response:
        """Show the form once more with what has happened meanwhile; or why the step is not possible now."""
        scene = await self.scene(request)
        meanwhile = scene.since(form.seen.data or "")
        if not action.is_possible(scene):
            return self.refused(request, scene, error.safe, meanwhile=meanwhile, form=form)
        for name, value in {**action.data(scene), "seen": scene.seen}.items():
            if name in form and isinstance(form[name], HiddenField):  # what this page shows is seen now
                form[name].raw_data, form[name].data = None, value
        return self.step_page(
            request, action, scene, form, status=409, problem=error.safe, meanwhile=meanwhile
        )

    def step_page(
        self,
        request: Request,
        action: Action,
        scene: Scene,
        form: StepForm,
        *,
        status: int = 200,
        problem: str = "",
        meanwhile: list[Line] | None = None,
    ) -> Response:
        """Render the page of a step."""
        return self.render(
            request,
            action.template,
            status=422 if form.problems else status,
            action=action.name,
            scene=scene,
            view=scene.view,
            mentorship=scene.mentorship,
            form=form,
            problem=problem,
            meanwhile=meanwhile or [],
            tomorrow=self.now().date() + timedelta(days=1),
            pause_ends_on=self.now().date() + timedelta(days=MAX_PAUSE_DAYS),
            **action.choices(scene, visit_of(request).language),
        )

    def refused(
        self,
        request: Request,
        scene: Scene,
        sentence: str,
        *,
        meanwhile: list[Line] | None = None,
        form: StepForm | None = None,
    ) -> Response:
        """Say why a step is not possible, how things stand, what to do, and keep what was typed."""
        return self.render(
            request,
            "mentorships/refused.html",
            status=409,
            scene=scene,
            view=scene.view,
            mentorship=scene.mentorship,
            sentence=sentence,
            meanwhile=meanwhile or [],
            kept=form.typed if form is not None else [],
        )


async def find_scene(
    tx: Tx, mentorship_id: str, person: Actor, language: Language, *, now: datetime
) -> Scene:
    """Return a mentorship of a person with all that a page tells of it.

    Raises: NotFound, alike for what is somebody else's and what is not there.
    """
    view = await mentorship_views.get(tx, mentorship_id, person=person)
    events = await mentorship_views.history(tx, view)
    return Scene(
        view,
        shown_state(view.mentorship, view.me),
        history_lines(view, events, language),
        frozenset(steps_of(view, now=now)),
    )


def steps_of(view: MentorshipView, *, now: datetime) -> set[str]:
    """Return what the table lets a person do now, by the names of its events."""
    mentorship = view.mentorship
    ended_at = mentorship.ended_at or now
    facts = Facts(pause_days=1, days_since_end=(now - ended_at).days)
    allowed = set()
    for event in Event:
        try:
            take_step(
                event,
                state=mentorship.state,
                by=view.me,
                asker=mentorship.asker,
                changed_by=mentorship.changed_by,
                facts=facts,
            )
        except StepRefused:
            continue
        allowed.add(event.value)
    return allowed
