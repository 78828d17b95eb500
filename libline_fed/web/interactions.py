"""Going on in one's own account: from here to another server, and from another server to here."""

from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.activitypub.urls import host_of
from libline_fed.domain.actors import Actor
from libline_fed.domain.domain_names import is_one_household
from libline_fed.domain.peers import normal_host
from libline_fed.errors import LibLineError, NotFound
from libline_fed.services import actors, proposals
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.errors import status_of
from libline_fed.web.forms import InteractForm
from libline_fed.web.languages import N_
from libline_fed.web.lookups import NOT_AN_ADDRESS, failure_sentence, found_path, looks_like_address
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page
from libline_fed.web.visits import visit_of

MAX_URI_CHARACTERS = 2_000
TRIES_PER_5_MINUTES = 20
NO_WAY_IN = N_("That server has no page for this. Copy the address of this page and search for it there.")


class InteractionPages(Pages):
    """`/interact` (outwards) and `/authorize_interaction` (inwards)."""

    async def interact(self, request: Request) -> Response:
        """Ask a visitor for the address of the account, then name the server and lead there by a link.

        The last step is a link that the visitor reads and follows, never a redirect.
        """
        visit = visit_of(request)
        is_sent = request.method == "POST"
        uri = (visit.form if is_sent else self.query(request)).get("uri", "")
        subject = await self._local_subject(request, uri)
        form = InteractForm(visit.form if is_sent else None)

        def ask(status: int, failure: str = "") -> Response:
            return self.render(
                request,
                "interactions/ask.html",
                status=status,
                form=form,
                uri=uri,
                subject=subject,
                failure=failure,
            )

        if not is_sent:
            return ask(200)
        handle = (form.handle.data or "").strip()
        if not form.validate() or "://" in handle or not looks_like_address(handle):
            form.handle.errors = form.handle.errors or [NOT_AN_ADDRESS]
            return ask(422)
        await self.limit(visit, "interact", per_s=300, max_count=TRIES_PER_5_MINUTES)
        try:
            is_person = isinstance(subject, Actor)
            template = await self.context.lookups.subscribe_template(handle, is_person=is_person)
        except LibLineError as error:
            if not (failure := failure_sentence(error)):
                raise
            return ask(status_of(error), failure)
        target = fill_template(template, handle=handle, uri=uri, is_http_allowed=not self.site.is_https)
        if target is None:
            return ask(424, NO_WAY_IN)
        return self._leave_page(request, target, subject)

    def _leave_page(self, request: Request, target: str, subject: Actor | proposals.Listed) -> Response:
        host = urlsplit(target).netloc
        return self.render(
            request, "interactions/leave.html", target=target, target_host=host, subject=subject
        )

    async def authorize(self, request: Request) -> Response:
        """Show what somebody came for from another server, and offer to fetch it."""
        visit = visit_of(request)
        visit.member()
        uri = (visit.form if request.method == "POST" else self.query(request)).get("uri", "").strip()
        uri = uri.removeprefix("acct:") if uri.startswith("acct:") else uri
        if len(uri) > MAX_URI_CHARACTERS or not looks_like_address(uri):
            return self.render(request, "interactions/open.html", status=422, uri="", failure=NOT_AN_ADDRESS)
        if request.method == "GET":
            known = await self._known_actor(uri)
            if known is not None:
                return self.redirect(follow_path(known))
            return self.render(request, "interactions/open.html", uri=uri, failure="")
        await self.limit(visit, "search", per_s=300, max_count=TRIES_PER_5_MINUTES)
        try:
            if "://" in uri:
                found = await self.context.lookups.find_object(uri)
            else:
                found = await self.context.lookups.find_actor(uri)
        except LibLineError as error:
            failure = failure_sentence(error)
            if not failure:
                raise
            return self.render(
                request, "interactions/open.html", status=status_of(error), uri=uri, failure=failure
            )
        return self.redirect(follow_path(found) if isinstance(found, Actor) else found_path(found))

    async def _known_actor(self, uri: str) -> Actor | None:
        async def unit(tx: Tx) -> Actor | None:
            try:
                return await actors.by_uri(tx, uri)
            except NotFound:
                return None

        return await self.store.read(unit)

    async def _local_subject(self, request: Request, uri: str) -> Actor | proposals.Listed:
        """Return what of this server is meant; only that is ever named to another server.

        Raises: NotFound.
        """
        path = self.site.uris.path_of(uri)
        if path is None or len(uri) > MAX_URI_CHARACTERS:
            raise NotFound("not something of this server")
        kind, _, subject_id = path.lstrip("/").partition("/")
        visit = visit_of(request)

        async def unit(tx: Tx) -> Actor | proposals.Listed:
            if kind == "actors":
                actor = await actors.get(tx, subject_id)
                if actor.is_local and actor.is_usable:
                    return actor
            if kind == "groups":
                group = await actors.by_uri(tx, uri)
                if group.is_local and group.is_usable:
                    return group
            if kind == "proposals":
                return await proposals.get(tx, subject_id, viewer=visit.account)
            raise NotFound("not something of this server")

        return await self.store.read(unit)


def follow_path(actor: Actor) -> str:
    """Return the path of the page that offers to follow somebody."""
    return f"/people/{actor.id}/follow"


def fill_template(template: str, *, handle: str, uri: str, is_http_allowed: bool) -> str | None:
    """Put our URI into another server's template, if that leads to the server of the handle and nowhere else.

    https only, one placeholder, and the same registrable domain: `social.bib.example` may answer for
    `bib.example`, but nobody may for all of `example`.
    """
    placeholder = next((name for name in ("{uri}", "{object}") if template.count(name) == 1), None)
    if placeholder is None or template.count("{") != 1:
        return None
    target_host = host_of(template.replace(placeholder, "x"))
    is_encrypted = template.startswith("https://") or (is_http_allowed and template.startswith("http://"))
    if target_host is None or not is_encrypted:
        return None
    if not is_one_household(target_host, normal_host(handle.rpartition("@")[2]) or ""):
        return None
    return template.replace(placeholder, quote(uri, safe=""))


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = InteractionPages(context)
    return [
        form_page("/interact", pages.interact, Access.EVERYONE),
        form_page("/authorize_interaction", pages.authorize, Access.MEMBER),
    ]
