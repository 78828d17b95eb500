"""The private calendar feed: giving it an address, and answering at that address."""

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.services import calendars
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.meetings import SUMMARY, calendar_response
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, post
from libline_fed.web.visits import visit_of

RENEWALS_PER_HOUR = 20


class CalendarPages(Pages):
    """The settings of the feed, and the feed."""

    async def settings(self, request: Request) -> Response:
        """Tell whether there is a feed; a press gives it a new address, which is shown this once."""
        visit = visit_of(request)
        account, _ = visit.member()
        if request.method == "GET":
            has_feed = account.calendar_token_hash is not None
            return self.render(request, "calendars/settings.html", has_feed=has_feed, address="")
        await self.limit(visit, "calendar", per_s=3_600, max_count=RENEWALS_PER_HOUR)
        address = await self.store.write(lambda tx: calendars.renew_feed(tx, self.site, account))
        return self.render(request, "calendars/settings.html", has_feed=True, address=address)

    async def end(self, request: Request) -> Response:
        """Take the address away."""
        account, _ = visit_of(request).member()
        await self.store.write(lambda tx: calendars.end_feed(tx, account))
        return self.redirect("/settings/calendar", notice="calendar-ended")

    async def feed(self, request: Request) -> Response:
        """Answer a calendar program that knows the address."""
        token, now = request.path_params["token"], self.now()

        async def ask(tx: Tx) -> bytes:
            account, actor = await calendars.feed_owner(tx, token)
            title = self.site_language(account.language).gettext(SUMMARY)
            return await calendars.feed(tx, self.site, actor, title=title, now=now)

        return calendar_response(await self.store.read(ask), "libline.ics")


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = CalendarPages(context)
    return [
        form_page("/settings/calendar", pages.settings, Access.MEMBER),
        post("/settings/calendar/end", pages.end, Access.MEMBER),
        get("/calendar/{token}.ics", pages.feed, Access.EVERYONE),
    ]
