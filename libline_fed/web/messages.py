"""The private thread of a mentorship: reading, writing, changing and deleting messages."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from wtforms import BooleanField, HiddenField, TextAreaField

from libline_fed.domain.messages import MAX_MESSAGE_CHARACTERS, Message, may_talk
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.ids import is_id
from libline_fed.services import drafts, messages
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, form_page, post
from libline_fed.web.pair_pages import PairForm, PairPages
from libline_fed.web.visits import visit_of

MAX_MOMENT_CHARACTERS = 40


class MessageForm(PairForm):
    """A message, and what its writer had seen."""

    text = TextAreaField(N_("Your message"))
    reply_to = HiddenField()
    shown_at = HiddenField()
    is_informed = BooleanField(N_("I know that these people could read it."))

    @property
    def reply_to_id(self) -> str | None:
        """The message that is answered."""
        text: str = self.reply_to.data or ""
        return text if is_id(text) else None


class MessagePages(PairPages):
    """The thread and its forms."""

    async def thread(self, request: Request) -> Response:
        """Show the thread with the form below it, or take what was written."""
        if request.method == "GET":
            return await self._page(request, None)
        visit, mentorship_id = visit_of(request), self.path_id(request)
        person, form = visit.somebody(), MessageForm(visit.form)
        path = f"/mentorships/{mentorship_id}/messages"
        if "save" in visit.form:
            now, kind = self.now(), messages.DRAFT_KIND
            kept: drafts.Data = {"text": form.text.data or ""}
            await self.ask(request, _nothing)
            await self.store.write(lambda tx: drafts.save(tx, person.id, kind, mentorship_id, kept, now))
            return self.redirect(path, notice="draft-saved")

        async def write(tx: Tx, now: datetime) -> None:
            await messages.write(
                tx,
                self.site,
                person=person,
                mentorship_id=mentorship_id,
                text=form.text.data or "",
                reply_to_id=form.reply_to_id,
                is_informed=bool(form.is_informed.data),
                now=now,
            )
            until = _moment(form.shown_at.data, now)
            await messages.mark_read(tx, person=person, mentorship_id=mentorship_id, until=until, now=now)

        saved = await self.save(request, form, write, path=path, notice="message-sent")
        if saved is not None:
            return saved
        await self._keep(request, form)
        return await self._page(request, form)

    async def read(self, request: Request) -> Response:
        """Mark as read what the page had shown."""
        visit, mentorship_id = visit_of(request), self.path_id(request)
        person, shown_at = visit.somebody(), visit.form.get("shown_at", "")

        async def mark(tx: Tx, now: datetime) -> None:
            until = _moment(shown_at, now)
            await messages.mark_read(tx, person=person, mentorship_id=mentorship_id, until=until, now=now)

        path = f"/mentorships/{mentorship_id}/messages"
        return await self.press(request, mark, path=path, notice="notifications-read")

    async def edit(self, request: Request) -> Response:
        """Show one's own message in a form, or take the new text."""
        found, message = await self._own(request)
        visit, view = visit_of(request), found[0]
        if request.method == "GET":
            form = MessageForm(data={"text": message.body_text})
            return self.show(request, "messages/edit.html", found, "messages", form=form, message=message)
        form = MessageForm(visit.form)

        async def change(tx: Tx, now: datetime) -> None:
            await messages.edit(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                message_id=message.id,
                text=form.text.data or "",
                now=now,
            )

        path = f"/mentorships/{view.mentorship.id}/messages"
        saved = await self.save(request, form, change, path=path, notice="message-changed")
        return saved or self.show(
            request, "messages/edit.html", found, "messages", form=form, message=message
        )

    async def delete(self, request: Request) -> Response:
        """Ask once more, or delete one's own message."""
        found, message = await self._own(request)
        view = found[0]
        if request.method == "GET":
            return self.show(request, "messages/delete.html", found, "messages", message=message)

        async def delete(tx: Tx, now: datetime) -> None:
            await messages.delete(
                tx,
                self.site,
                person=view.person,
                mentorship_id=view.mentorship.id,
                message_id=message.id,
                now=now,
            )

        path = f"/mentorships/{view.mentorship.id}/messages"
        return await self.press(request, delete, path=path, notice="message-deleted")

    async def _page(self, request: Request, form: MessageForm | None) -> Response:
        query = self.query(request)
        before_id = query.get("before") or None
        reply_to_id = form.reply_to_id if form is not None else query.get("reply_to") or None

        async def ask(
            tx: Tx, view: MentorshipView
        ) -> tuple[messages.Thread, bool, Message | None, drafts.Data | None]:
            thread = await messages.thread(tx, view, before_id=before_id)
            needs_notice = await messages.needs_notice(tx, view)
            answered = await messages.get(tx, view, reply_to_id) if reply_to_id else None
            draft = await drafts.load(tx, view.person.id, messages.DRAFT_KIND, view.mentorship.id)
            return thread, needs_notice, answered, draft

        found = await self.ask(request, ask)
        thread, needs_notice, answered, draft = found[2]
        if form is None:
            form = MessageForm(
                data={"text": (draft or {}).get("text", ""), "reply_to": answered.id if answered else ""}
            )
        return self.show(
            request,
            "messages/thread.html",
            found,
            "messages",
            form=form,
            thread=thread,
            answered=answered,
            needs_notice=needs_notice,
            has_draft=draft is not None,
            can_write=may_talk(found[0].mentorship, self.now()),
            shown_at=self.now().isoformat(),
            max_characters=MAX_MESSAGE_CHARACTERS,
        )

    async def _own(
        self, request: Request
    ) -> tuple[tuple[MentorshipView, int, Message], Message]:
        """Return one's own message; another one looks as if it were not there.

        Raises: NotFound.
        """
        message_id = self.item_id(request)
        found = await self.ask(request, lambda tx, view: messages.get(tx, view, message_id))
        message = found[2]
        if message.author_id != found[0].person.id or not message.is_local or message.is_deleted:
            raise NotFound("somebody else's message, or a deleted one")
        return found, message

    async def _keep(self, request: Request, form: MessageForm) -> None:
        """Keep what could not be sent."""
        person, mentorship_id, now = visit_of(request).somebody(), self.path_id(request), self.now()
        kept: drafts.Data = {"text": (form.text.data or "")[: drafts.MAX_CHARACTERS - 100]}
        try:
            await self.store.write(
                lambda tx: drafts.save(tx, person.id, messages.DRAFT_KIND, mentorship_id, kept, now)
            )
        except InvalidInput:
            return  # it is still in the form


async def _nothing(tx: Tx, view: MentorshipView) -> None:
    """Ask nothing beyond whose thread it is."""
    del tx, view


def _moment(text: str | None, now: datetime) -> datetime:
    """Return the moment a page was shown; the present one if that is not said."""
    try:
        moment = datetime.fromisoformat((text or "")[:MAX_MOMENT_CHARACTERS])
    except ValueError:
        return now
    return moment.astimezone(UTC) if moment.tzinfo is not None else now


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = MessagePages(context)
    base = "/mentorships/{id}/messages"
    return [
        form_page(base, pages.thread, Access.PERSON),
        post(f"{base}/read", pages.read, Access.PERSON),
        form_page(f"{base}/{{item}}/edit", pages.edit, Access.PERSON),
        form_page(f"{base}/{{item}}/delete", pages.delete, Access.PERSON),
    ]
