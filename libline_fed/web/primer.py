"""The short introduction to mentoring that everybody reads before the first offer or request."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.services import accounts, sessions
from libline_fed.web.addresses import local_path
from libline_fed.web.context import WebContext
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page
from libline_fed.web.visits import Visit, visit_of

PATH = "/primer"
DONE_KEY = "primer_done"  # in what a guest's session remembers


class PrimerPages(Pages):
    """One page in four parts, each with an anchor to come back to."""

    async def primer(self, request: Request) -> Response:
        """Show the introduction, or note that it was read and go on to where one was."""
        visit = visit_of(request)
        following = self.next_path(request, "")
        if request.method == "GET":
            return self.render(request, "primer/primer.html", next=following, is_done=is_done(visit))
        now, account, session = self.now(), visit.account, visit.session
        if account is not None:
            await self.store.write(lambda tx: accounts.note_primer(tx, account_id=account.id, now=now))
        elif visit.is_guest and session is not None:
            data = session.data | {DONE_KEY: True}
            await self.store.write(lambda tx: sessions.remember(tx, session, data))
        return self.redirect(following or "/mentors", notice="primer-done")


def is_done(visit: Visit) -> bool:
    """Tell whether the person has read the introduction; a guest, in this session."""
    if visit.account is not None:
        return visit.account.primer_done_at is not None
    return visit.session is not None and visit.session.data.get(DONE_KEY) is True


def primer_path(visit: Visit, following: str) -> str | None:
    """Return the way to the introduction and back, for who has not read it; None for who has."""
    return None if is_done(visit) else f"{PATH}?next={quote(local_path(following), safe='/')}"


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    return [form_page(PATH, PrimerPages(context).primer, Access.EVERYONE)]
