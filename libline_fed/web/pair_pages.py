"""What the pages have in common on which a pair works together: whose they are, their tabs, saving a form."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.mentorships import CREDITED, Mentorship
from libline_fed.domain.messages import is_asking
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.ids import is_id
from libline_fed.services import form_tokens, mentorship_views, messages
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.storage.store import Tx
from libline_fed.web.forms import FormToken, PlainForm
from libline_fed.web.languages import N_
from libline_fed.web.pages import Pages
from libline_fed.web.visits import visit_of

T = TypeVar("T")
WRITES_PER_HOUR = 240
PARTS = {
    "messages": N_("Messages"),
    "goals": N_("Goals"),
    "meetings": N_("Meetings"),
    "log": N_("Talks held"),
    "feedback": N_("Feedback"),
}
# Notices in the list, after the partner's name.
NOTICES = {
    "message": N_("wrote to you."),
    "goal": N_("has written or changed a goal."),
    "talk": N_("has noted a talk."),
    "meeting": N_("proposes a meeting. Which time suits you?"),
    "meeting-agreed": N_("has chosen a time for your meeting."),
    "meeting-off": N_("has called a meeting off."),
    "feedback": N_("has given feedback. You can read it once you have given yours."),
    "feedback-open": N_("has given feedback, and you can read it now."),
    "thanks": N_("would like to thank you in public, and asks you first."),
    "thanks-yes": N_("agrees to be thanked in public."),
    "thanks-no": N_("would like your thanks to stay between you two."),
}


class PairForm(PlainForm):
    """A form that makes something: sent twice, it makes it once."""

    form_token = FormToken()


def parts_of(mentorship: Mentorship) -> list[tuple[str, str]]:
    """Return the pages on which two people work together, as (last part of the path, label)."""
    names = ["messages"]
    if not is_asking(mentorship):
        names += ["goals", "meetings", "log"]
    if mentorship.state in CREDITED:
        names.append("feedback")
    return [(name, PARTS[name]) for name in names]


class PairPages(Pages):
    """The base of these pages."""

    async def ask(
        self, request: Request, ask: Callable[[Tx, MentorshipView], Awaitable[T]]
    ) -> tuple[MentorshipView, int, T]:
        """Return the mentorship in the path, how much of it is unread, and what `ask` finds.

        Raises: NotFound, alike for what is somebody else's and what is not there.
        """
        person, mentorship_id = visit_of(request).somebody(), self.path_id(request)

        async def unit(tx: Tx) -> tuple[MentorshipView, int, T]:
            view = await mentorship_views.get(tx, mentorship_id, person=person)
            unread = (await messages.unread_counts(tx, person)).get(mentorship_id, 0)
            return view, unread, await ask(tx, view)

        return await self.store.read(unit)

    def item_id(self, request: Request, name: str = "item") -> str:
        """Return the id in another part of the path.

        Raises: NotFound if it cannot be one.
        """
        text: str = request.path_params[name]
        if not is_id(text):
            raise NotFound(f"{text[:60]!r} is not an id")
        return text

    def show(
        self,
        request: Request,
        template: str,
        found: tuple[MentorshipView, int, Any],
        part: str,
        *,
        form: PlainForm | None = None,
        **values: Any,
    ) -> Response:
        """Render one of the pages; a form with problems makes it the answer to a failed save."""
        view, unread_count, _ = found
        return self.render(
            request,
            template,
            status=422 if form is not None and form.problems else 200,
            view=view,
            mentorship=view.mentorship,
            base=f"/mentorships/{view.mentorship.id}",
            parts=parts_of(view.mentorship),
            part=part,
            part_unread_count=unread_count,
            form=form,
            **values,
        )

    async def save(
        self,
        request: Request,
        form: PlainForm,
        act: Callable[[Tx, datetime], Awaitable[object]],
        *,
        path: str,
        notice: str,
    ) -> Response | None:
        """Do what a form asks for and lead on; None if it comes back with problems, which are in the form.

        Raises: NotFound.
        """
        visit = visit_of(request)
        await self.limit(visit, "together", per_s=3_600, max_count=WRITES_PER_HOUR)
        if not form.validate():
            return None
        token = form["form_token"].data if "form_token" in form else ""
        now = self.now()

        async def unit(tx: Tx) -> str:
            known = await form_tokens.claim(tx, token or "", path, now)
            if known is None:
                await act(tx, now)
            return known or path

        try:
            return self.redirect(await self.store.write(unit), notice=notice)
        except InvalidInput as error:
            form.add_problems(error)
        except Conflict as error:
            form.form_errors.append(error.safe)
        return None

    async def press(
        self, request: Request, act: Callable[[Tx, datetime], Awaitable[object]], *, path: str, notice: str
    ) -> Response:
        """Do what a single button asks for. What it does twice changes nothing.

        Raises: NotFound, Conflict, InvalidInput.
        """
        await self.limit(visit_of(request), "together", per_s=3_600, max_count=WRITES_PER_HOUR)
        now = self.now()
        await self.store.write(lambda tx: act(tx, now))
        return self.redirect(path, notice=notice)
