"""The logbook: which talks were held, and the hours that come of them."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from wtforms import BooleanField, DateField, IntegerField, TextAreaField
from wtforms.validators import InputRequired

from libline_fed.domain.logbook import MAX_MINUTES, Talk, TalkContent, total_minutes
from libline_fed.services import logbook, mentorship_views
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, form_page, get
from libline_fed.web.pair_pages import PairForm, PairPages
from libline_fed.web.visits import visit_of

USUAL_MINUTES = 60


class TalkForm(PairForm):
    """A talk: the two fields that are enough, and notes."""

    held_on = DateField(N_("Day"), [InputRequired(N_("Choose the day on which you talked."))])
    minutes = IntegerField(N_("Minutes"), [InputRequired(N_("Write how many minutes you talked."))])
    notes_text = TextAreaField(N_("Notes"))
    is_shared = BooleanField(N_("Share these notes with the other person"))

    def content(self) -> TalkContent:
        """Return what was written."""
        return TalkContent(
            held_on=self.held_on.data,
            minutes=max(-1, min(self.minutes.data or 0, MAX_MINUTES + 1)),
            notes_text=self.notes_text.data or "",
            is_shared=bool(self.is_shared.data),
        )


class LogbookPages(PairPages):
    """The list of talks, its forms, and the hours of a person."""

    async def show_all(self, request: Request) -> Response:
        """Show all talks with the form above them, or take a new one."""
        visit, today = visit_of(request), self.now().date()
        found = await self.ask(request, logbook.listed)
        view = found[0]
        if request.method == "GET":
            form = TalkForm(data={"held_on": today, "minutes": USUAL_MINUTES})
            return self._page(request, found, form)
        form = TalkForm(visit.form)

        async def add(tx: Tx, now: datetime) -> None:
            await logbook.add(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                content=form.content(),
                now=now,
            )

        saved = await self.save(request, form, add, path=_path(view), notice="talk-saved")
        return saved or self._page(request, found, form)

    async def edit(self, request: Request) -> Response:
        """Show one's own entry in a form, or take its changes."""
        found = await self._own(request)
        view, talk = found[0], found[2]
        if request.method == "GET":
            form = TalkForm(
                data={
                    "held_on": talk.held_on,
                    "minutes": talk.minutes,
                    "notes_text": talk.notes_text,
                    "is_shared": talk.is_shared,
                }
            )
            return self.show(request, "logbook/edit.html", found, "log", form=form, talk=talk)
        form = TalkForm(visit_of(request).form)

        async def change(tx: Tx, now: datetime) -> None:
            await logbook.edit(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                talk_id=talk.id,
                content=form.content(),
                now=now,
            )

        saved = await self.save(request, form, change, path=_path(view), notice="talk-saved")
        return saved or self.show(request, "logbook/edit.html", found, "log", form=form, talk=talk)

    async def delete(self, request: Request) -> Response:
        """Ask once more, or delete one's own entry."""
        found = await self._own(request)
        view, talk = found[0], found[2]
        if request.method == "GET":
            return self.show(request, "logbook/delete.html", found, "log", talk=talk)

        async def delete(tx: Tx, now: datetime) -> None:
            await logbook.remove(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                talk_id=talk.id,
                now=now,
            )

        return await self.press(request, delete, path=_path(view), notice="talk-deleted")

    async def hours(self, request: Request) -> Response:
        """Show how long one has talked as mentor and as mentee, in all and with whom."""
        person = visit_of(request).somebody()

        async def ask(tx: Tx) -> tuple[logbook.Hours, list[MentorshipView]]:
            return await logbook.hours_of(tx, person), await mentorship_views.list_for(tx, person)

        hours, views = await self.store.read(ask)
        rows = [(view, hours.by_mentorship[view.mentorship.id]) for view in views
                if view.mentorship.id in hours.by_mentorship]  # fmt: skip
        return self.render(request, "logbook/hours.html", hours=hours, rows=rows)

    async def _own(self, request: Request) -> tuple[MentorshipView, int, Talk]:
        talk_id = self.item_id(request)
        return await self.ask(request, lambda tx, view: logbook.get(tx, view, talk_id))

    def _page(
        self, request: Request, found: tuple[MentorshipView, int, list[Talk]], form: TalkForm
    ) -> Response:
        view, _, talks = found
        values: dict[str, Any] = {
            "talks": talks,
            "total_minutes": total_minutes(talks),
            "first_day": logbook.first_day(view.mentorship),
            "today": self.now().date(),
            "can_add": logbook.can_add(view.mentorship, self.now()),
        }
        return self.show(request, "logbook/list.html", found, "log", form=form, **values)


def _path(view: MentorshipView) -> str:
    return f"/mentorships/{view.mentorship.id}/log"


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = LogbookPages(context)
    base = "/mentorships/{id}/log"
    return [
        get("/hours", pages.hours, Access.PERSON),
        form_page(base, pages.show_all, Access.PERSON),
        form_page(f"{base}/{{item}}/edit", pages.edit, Access.PERSON),
        form_page(f"{base}/{{item}}/delete", pages.delete, Access.PERSON),
    ]
