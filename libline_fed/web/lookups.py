"""Finding one person or proposal by address, here or on another server."""

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import LibLineError, NotFound, PeerGone, PeerRefused, PeerUnavailable, TemporaryError
from libline_fed.web.context import WebContext
from libline_fed.web.errors import status_of
from libline_fed.web.filters import profile_path
from libline_fed.web.forms import SearchForm
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page
from libline_fed.web.visits import visit_of

SEARCHES_PER_5_MINUTES = 30
NOT_AN_ADDRESS = N_("Write an address such as @name@library.example, or paste the link of a page.")
FAILURES: tuple[tuple[type[LibLineError], str], ...] = (
    (NotFound, N_("Nothing was found at this address. Check the spelling.")),
    (
        PeerGone,
        N_("The other server says that this is not there. Check the spelling; it may have been deleted."),
    ),
    (PeerRefused, N_("The other server, or a rule of this one, does not allow it. Check the address.")),
    (PeerUnavailable, N_("The other server does not answer. Try again in a few minutes.")),
    (TemporaryError, N_("This is not possible right now. Try again in a few minutes.")),
)


class LookupPages(Pages):
    """`/search`. Looking asks another server and keeps a copy, so only the button does it, never a link."""

    async def search(self, request: Request) -> Response:
        """Show the form, filled in by a link if it likes, or lead to what was found."""
        visit = visit_of(request)
        is_search = request.method == "POST"
        form = SearchForm(visit.form if is_search else self.query(request))
        if not is_search:
            return self.render(request, "lookups/search.html", form=form, failure="")
        visit.member()
        address = (form.q.data or "").strip()
        if not form.validate() or not looks_like_address(address):
            form.q.errors = form.q.errors or [NOT_AN_ADDRESS]
            return self.render(request, "lookups/search.html", status=422, form=form, failure="")
        await self.limit(visit, "search", per_s=300, max_count=SEARCHES_PER_5_MINUTES)
        try:
            return self.redirect(await self._find(address))
        except LibLineError as error:
            failure = failure_sentence(error)
            if not failure:
                raise
            return self.render(
                request, "lookups/search.html", status=status_of(error), form=form, failure=failure
            )

    async def _find(self, address: str) -> str:
        if "://" not in address:
            return profile_path(await self.context.lookups.find_actor(address))
        return found_path(await self.context.lookups.find_object(address))


def looks_like_address(text: str) -> bool:
    """Tell whether `text` may be a handle with a server, or a link."""
    if text.startswith(("https://", "http://")):
        return " " not in text
    user, _, host = text.removeprefix("acct:").lstrip("@").partition("@")
    return bool(user and host) and not set(text) & set(" /\\?#\n\t")


def found_path(found: object) -> str:
    """Return the path of the page here that shows what was found."""
    if isinstance(found, Actor):
        return profile_path(found)
    if isinstance(found, Proposal):
        return f"/proposals/{found.id}"
    return f"/posts/{found.id}"  # type: ignore[attr-defined]


def failure_sentence(error: LibLineError) -> str:
    """Return what to tell a person about a lookup that failed, or nothing for other errors."""
    if error.safe != type(error).safe and isinstance(error, tuple(kind for kind, _ in FAILURES)):
        return error.safe  # more exact than ours
    return next((sentence for kind, sentence in FAILURES if isinstance(error, kind)), "")


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    return [form_page("/search", LookupPages(context).search, Access.MEMBER)]
