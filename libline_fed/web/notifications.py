"""What happened that concerns a member."""

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.notifications import Notification, NotificationKind
from libline_fed.services import notifications
from libline_fed.storage import posts, proposals
from libline_fed.storage.store import Tx
from libline_fed.web import pair_pages
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_
from libline_fed.web.mentorship_texts import notice_sentence
from libline_fed.web.pages import Access, GuardedRoute, Pages, get, page_links, post
from libline_fed.web.visits import visit_of

LINK_SENTENCES = {
    "asked": N_("asks for a link with this server."),
    "accepted": N_("said yes to the link with this server."),
    "rejected": N_("said no to the link with this server, or has ended it."),
    "ended": N_("gets nothing from this server any more."),
}
SENTENCES = {
    "follow": N_("follows you."),
    "follow-request": N_("would like to follow you."),
    "follow-accepted": N_("lets you follow now."),
    "reply": N_("answered you."),
    "mention": N_("mentioned you."),
    "message": N_("sent you a private message."),
    "like": N_("likes what you wrote."),
    "announce": N_("passed on what you wrote."),
    "poll-vote": N_("answered your question."),
    "sign-up": N_("signed up and waits for your decision."),
    "suggestion": N_("suggests a mentor to you. You decide."),
}
CONSORTIUM_SENTENCES = {
    "join": N_("asks to join your consortium."),
    "accepted": N_("has joined your consortium."),
    "declined": N_("does not want to join your consortium."),
    "left": N_("has left your consortium."),
    "approved": N_("has taken this server in."),
    "rejected": N_("has not taken this server in."),
    "invited": N_("invites this server to join."),
    "removed": N_("has put this server out."),
    "moved": N_("has moved to another server. This server has asked to join there."),
}


def sentence_of(notification: Notification) -> tuple[bool, str]:
    """Return the sentence of a notification, and whether it goes on after the name of who caused it."""
    if notification.kind == NotificationKind.MENTORSHIP:
        return notice_sentence(notification.event)
    if notification.kind == NotificationKind.MENTORSHIP_MESSAGE:
        return True, pair_pages.NOTICES.get(notification.event, N_("has something new for you."))
    if notification.kind == NotificationKind.LINK:
        return True, LINK_SENTENCES.get(notification.event, N_("has something new for you."))
    if notification.kind == NotificationKind.CONSORTIUM:
        return True, CONSORTIUM_SENTENCES.get(notification.event, N_("has something new for you."))
    return True, SENTENCES.get(notification.kind, N_("has something new for you."))


class NotificationPages(Pages):
    """The list, and the button that marks it as read."""

    async def list(self, request: Request) -> Response:
        """List the newest first."""
        account, _ = visit_of(request).member()
        page = self.page_number(request)

        async def unit(tx: Tx) -> tuple[notifications.Page, dict[str, str]]:
            found = await notifications.list_for(tx, account.id, page=page)
            uris = {notice.notification.subject_uri for notice in found.items} - {None}
            return found, await self._paths(tx, {uri for uri in uris if uri})

        found, paths = await self.store.read(unit)
        return self.render(
            request,
            "notifications/list.html",
            found=found,
            sentence_of=sentence_of,
            paths=paths,
            links=page_links("/notifications", page=page, has_more=found.has_more),
        )

    async def _paths(self, tx: Tx, uris: Collection[str]) -> dict[str, str]:
        """Return the page here of each thing that a notification is about, as far as there is one."""
        paths = {uri: f"/posts/{post.id}" for uri, post in (await posts.by_uris(tx, uris)).items()}
        paths |= {
            uri: f"/proposals/{proposal.id}" for uri, proposal in (await proposals.by_uris(tx, uris)).items()
        }
        here = f"{self.site.uris.base_url}/mentorships/"
        return paths | {
            uri: uri.removeprefix(self.site.uris.base_url) for uri in uris if uri.startswith(here)
        }

    async def read(self, request: Request) -> Response:
        """Mark everything as read."""
        account, _ = visit_of(request).member()
        now = self.now()
        await self.store.write(lambda tx: notifications.mark_read(tx, account.id, now=now))
        return self.redirect("/notifications", notice="notifications-read")


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = NotificationPages(context)
    return [
        get("/notifications", pages.list, Access.MEMBER),
        post("/notifications/read", pages.read, Access.MEMBER),
    ]
