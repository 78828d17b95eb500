"""Feedback and thanks after a mentorship, and the page of public thanks."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from wtforms import RadioField, TextAreaField

from libline_fed.domain.feedback import CHOICES, FeedbackContent, Thanks
from libline_fed.domain.mentorships import CREDITED
from libline_fed.services import feedback, thanks
from libline_fed.services.feedback import FeedbackView
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, form_page, get, post
from libline_fed.web.pair_pages import PairForm, PairPages
from libline_fed.web.visits import visit_of

QUESTIONS = {
    "reached": N_("Did you reach what you agreed on?"),
    "helped": N_("How much did it help?"),
    "again": N_("Would you do it again?"),
}
ANSWERS = {
    "reached": {"yes": N_("Yes"), "partly": N_("Partly"), "no": N_("No")},
    "helped": {"much": N_("Much"), "some": N_("Some"), "little": N_("Little")},
    "again": {"yes": N_("Yes"), "maybe": N_("Maybe"), "no": N_("No")},
}

Seen = tuple[FeedbackView, Thanks | None, Thanks | None]


class FeedbackForm(PairForm):
    """Three questions and a text."""

    reached = RadioField(QUESTIONS["reached"], validate_choice=False)
    helped = RadioField(QUESTIONS["helped"], validate_choice=False)
    again = RadioField(QUESTIONS["again"], validate_choice=False)
    body_text = TextAreaField(N_("What else would you like to say?"))

    def content(self) -> FeedbackContent:
        """Return what was answered."""
        answers = {question: self[question].data or "" for question in CHOICES}
        return FeedbackContent(answers, self.body_text.data or "")


class ThanksForm(PairForm):
    """A few public words."""

    text = TextAreaField(N_("Your thanks, for everybody to read"))


class FeedbackPages(PairPages):
    """What comes after the end."""

    async def feedback(self, request: Request) -> Response:
        """Show what both may see of the feedback, or take one's own."""
        visit = visit_of(request)
        found = await self.ask(request, self._seen)
        view = found[0]
        if request.method == "GET":
            return self._page(request, found, FeedbackForm(), ThanksForm())
        form = FeedbackForm(visit.form)

        async def give(tx: Tx, now: datetime) -> None:
            await feedback.give(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                content=form.content(),
                now=now,
            )

        saved = await self.save(request, form, give, path=_path(view), notice="feedback-given")
        return saved or self._page(request, found, form, ThanksForm())

    async def thank(self, request: Request) -> Response:
        """Take the words of thanks, and ask the other whether they may be public."""
        found = await self.ask(request, self._seen)
        view, form = found[0], ThanksForm(visit_of(request).form)

        async def wish(tx: Tx, now: datetime) -> None:
            await thanks.wish(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                text=form.text.data or "",
                now=now,
            )

        saved = await self.save(request, form, wish, path=_path(view), notice="thanks-asked")
        return saved or self._page(request, found, FeedbackForm(), form)

    async def answer(self, request: Request) -> Response:
        """Take whether the thanks of the other may be public."""
        view, _, _ = await self.ask(request, self._seen)
        is_yes = visit_of(request).form.get("answer") == "yes"

        async def answer(tx: Tx, now: datetime) -> None:
            await thanks.answer(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                is_yes=is_yes,
                now=now,
            )

        notice = "thanks-yes" if is_yes else "thanks-no"
        return await self.press(request, answer, path=_path(view), notice=notice)

    async def withdraw(self, request: Request) -> Response:
        """Take one's own thanks back."""
        view, _, _ = await self.ask(request, self._seen)

        async def withdraw(tx: Tx, now: datetime) -> None:
            await thanks.withdraw(
                tx, self.site, person=view.person, mentorship_id=view.mentorship.id, now=now
            )

        return await self.press(request, withdraw, path=_path(view), notice="thanks-withdrawn")

    async def public(self, request: Request) -> Response:
        """Show public thanks."""
        thanks_id = self.path_id(request)
        found = await self.store.read(lambda tx: thanks.public(tx, self.site, thanks_id))
        return self.render(request, "feedback/public.html", found=found)

    async def _seen(self, tx: Tx, view: MentorshipView) -> Seen:
        mine, theirs = await thanks.of_mentorship(tx, view)
        return await feedback.view_of(tx, view, now=self.now()), mine, theirs

    def _page(
        self,
        request: Request,
        found: tuple[MentorshipView, int, Seen],
        form: FeedbackForm,
        thanks_form: ThanksForm,
    ) -> Response:
        seen, mine, theirs = found[2]
        return self.show(
            request,
            "feedback/page.html",
            found,
            "feedback",
            form=form if form.problems or not thanks_form.problems else thanks_form,
            feedback_form=form,
            thanks_form=thanks_form,
            seen=seen,
            my_thanks=mine,
            their_thanks=theirs,
            questions=QUESTIONS,
            answers=ANSWERS,
            is_over=found[0].mentorship.state in CREDITED,
        )


def _path(view: MentorshipView) -> str:
    return f"/mentorships/{view.mentorship.id}/feedback"


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = FeedbackPages(context)
    base = "/mentorships/{id}/feedback"
    return [
        form_page(base, pages.feedback, Access.PERSON),
        post(f"{base}/thanks", pages.thank, Access.PERSON),
        post(f"{base}/thanks/answer", pages.answer, Access.PERSON),
        post(f"{base}/thanks/withdraw", pages.withdraw, Access.PERSON),
        get("/thanks/{id}", pages.public, Access.EVERYONE),
    ]
