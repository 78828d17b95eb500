"""Goals with their steps: written by one of the two, seen by both."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from libline_fed import vocabulary
from libline_fed.domain.goals import Goal, GoalContent, GoalState, milestones_from
from libline_fed.errors import NotFound
from libline_fed.services import goals, topics
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_, Language
from libline_fed.web.pages import Access, GuardedRoute, form_page, get, post
from libline_fed.web.pair_pages import PairForm, PairPages
from libline_fed.web.visits import visit_of

STATES = {"done": GoalState.DONE, "drop": GoalState.DROPPED, "reopen": GoalState.OPEN}
MAX_LINES = 40  # more than a goal can have; the rest is not even looked at


class GoalForm(PairForm):
    """A goal with its steps, one in a line."""

    title = StringField(N_("The goal"))
    body_text = TextAreaField(N_("More about it"))
    milestones = TextAreaField(N_("Steps on the way, one in a line"))
    due_on = DateField(N_("To be reached by"), [Optional()])
    goal_type = SelectField(N_("Kind of goal"), validate_choice=False)

    def content(self, before: GoalContent | None = None) -> GoalContent:
        """Return what was written; steps whose line stays keep their ticks."""
        lines = [line.strip() for line in (self.milestones.data or "").splitlines()]
        known = before.milestones if before is not None else ()
        written = GoalContent(
            title=(self.title.data or "").strip(),
            body_text=self.body_text.data or "",
            goal_type=self.goal_type.data or None,
            due_on=self.due_on.data,
            milestones=milestones_from([line for line in lines if line][:MAX_LINES], known),
        )
        return replace(written, state=before.state) if before is not None else written


class GoalPages(PairPages):
    """The list of goals and their forms."""

    async def show_all(self, request: Request) -> Response:
        """Show all goals of the two."""
        found = await self.ask(request, goals.listed)
        language = visit_of(request).language
        topic = topics.suggest(found[0].mentorship, language.tag, now=self.now())
        return self.show(request, "goals/list.html", found, "goals", goals=found[2], topic=topic)

    async def add(self, request: Request) -> Response:
        """Show an empty form, or take a new goal."""
        visit = visit_of(request)
        found = await self.ask(request, goals.listed)
        view = found[0]
        if request.method == "GET":
            return self._edit_page(request, found, GoalForm(), None)
        form = GoalForm(visit.form)

        async def add(tx: Tx, now: datetime) -> None:
            await goals.add(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                content=form.content(),
                now=now,
            )

        saved = await self.save(request, form, add, path=_path(view), notice="goal-saved")
        return saved or self._edit_page(request, found, form, None)

    async def edit(self, request: Request) -> Response:
        """Show one's own goal in a form, or take its changes."""
        found, goal = await self._own(request)
        view = found[0]
        if request.method == "GET":
            content = goal.content
            form = GoalForm(
                data={
                    "title": content.title,
                    "body_text": content.body_text,
                    "milestones": "\n".join(step.title for step in content.milestones),
                    "due_on": content.due_on,
                    "goal_type": content.goal_type or "",
                }
            )
            return self._edit_page(request, found, form, goal)
        form = GoalForm(visit_of(request).form)

        async def change(tx: Tx, now: datetime) -> None:
            await goals.edit(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                goal_id=goal.id,
                content=form.content(goal.content),
                now=now,
            )

        saved = await self.save(request, form, change, path=_path(view), notice="goal-saved")
        return saved or self._edit_page(request, found, form, goal)

    async def tick(self, request: Request) -> Response:
        """Tick a step, or take the tick away."""
        found, goal = await self._own(request)
        view, step_id = found[0], str(request.path_params["step"])
        is_done = visit_of(request).form.get("done") == "yes"

        async def tick(tx: Tx, now: datetime) -> None:
            await goals.tick(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                goal_id=goal.id,
                milestone_id=step_id,
                done_on=now.date() if is_done else None,
                now=now,
            )

        return await self.press(request, tick, path=_path(view), notice="goal-saved")

    async def change(self, request: Request) -> Response:
        """Say that a goal is reached or given up, or take it up again."""
        found, goal = await self._own(request)
        view, state = found[0], STATES.get(request.path_params["action"])
        if state is None:
            raise NotFound("no such action")

        async def move(tx: Tx, now: datetime) -> None:
            await goals.set_state(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                goal_id=goal.id,
                state=state,
                now=now,
            )

        notice = "goal-done" if state is GoalState.DONE else "goal-saved"
        return await self.press(request, move, path=_path(view), notice=notice)

    async def delete(self, request: Request) -> Response:
        """Ask once more, or delete one's own goal."""
        found, goal = await self._own(request)
        view = found[0]
        if request.method == "GET":
            return self.show(request, "goals/delete.html", found, "goals", goal=goal)

        async def delete(tx: Tx, now: datetime) -> None:
            await goals.remove(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                goal_id=goal.id,
                now=now,
            )

        return await self.press(request, delete, path=_path(view), notice="goal-deleted")

    async def _own(self, request: Request) -> tuple[tuple[MentorshipView, int, Goal], Goal]:
        goal_id = self.item_id(request)
        found = await self.ask(request, lambda tx, view: goals.get(tx, view, goal_id))
        if found[2].author_id != found[0].person.id:
            raise NotFound("somebody else's goal")
        return found, found[2]

    def _edit_page(
        self,
        request: Request,
        found: tuple[MentorshipView, int, Any],
        form: GoalForm,
        goal: Goal | None,
    ) -> Response:
        types = goal_types(visit_of(request).language)
        return self.show(request, "goals/edit.html", found, "goals", form=form, goal=goal, goal_types=types)


def goal_types(language: Language) -> list[tuple[str, str]]:
    """Return the kinds of goals one can choose, the empty choice first."""
    scheme = vocabulary.Scheme.GOAL
    listed = [
        (concept.id, vocabulary.label(scheme, concept.id, language.tag))
        for concept in vocabulary.concepts(scheme).choices()
    ]
    return [("", language.gettext("not said")), *listed]


def _path(view: MentorshipView) -> str:
    return f"/mentorships/{view.mentorship.id}/goals"


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = GoalPages(context)
    base = "/mentorships/{id}/goals"
    return [
        get(base, pages.show_all, Access.PERSON),
        form_page(f"{base}/new", pages.add, Access.PERSON),
        form_page(f"{base}/{{item}}/edit", pages.edit, Access.PERSON),
        form_page(f"{base}/{{item}}/delete", pages.delete, Access.PERSON),
        post(f"{base}/{{item}}/steps/{{step}}", pages.tick, Access.PERSON),
        post(f"{base}/{{item}}/{{action}}", pages.change, Access.PERSON),
    ]
