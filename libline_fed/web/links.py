"""Links with other servers, for admins: who asks, who is asked, what comes over each, and the buttons."""

from starlette.requests import Request
from starlette.responses import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from libline_fed.domain.actors import Actor
from libline_fed.errors import InvalidInput, LibLineError, NotFound, PeerUnavailable
from libline_fed.services import links
from libline_fed.services.links import Link
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.errors import status_of
from libline_fed.web.forms import PlainForm
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, post
from libline_fed.web.visits import Visit, visit_of

NO_ANSWER = N_("This server does not answer now. Check the name, or try again later.")
LOOK_UPS_PER_5_MINUTES = 30
NOTICES = {
    "approve": "link-approved",
    "reject": "link-rejected",
    "unlink": "link-ended",
    "ask-back": "link-asked",
}


class LinkForm(PlainForm):
    """Another server, and what to tell its admins."""

    host = StringField(
        N_("Server"),
        [
            InputRequired(N_("Write the name of a server, such as library.example.")),
            Length(max=200, message=N_("This is too long: 200 characters at most.")),
        ],
    )
    note = TextAreaField(
        N_("A note to its admins: who you are"),
        [
            Length(
                max=links.MAX_NOTE_CHARACTERS, message=N_("The note is too long: 500 characters at most.")
            )
        ],
    )


class LinkPages(Pages):
    """`/admin/links`. A first button looks at the other server and tells what would happen, a second asks."""

    async def list(self, request: Request) -> Response:
        """List the links with the form, or look at the server that was named."""
        visit = visit_of(request)
        is_look = request.method == "POST"
        form = LinkForm(visit.form if is_look else self.query(request))
        if not is_look or not form.validate():
            return await self._list(request, form)
        peer = await self._find(visit, form)
        if peer is None:
            return await self._list(request, form)
        known = await self._known(peer)
        return self.render(request, "links/ask.html", form=form, peer=peer, link=known)

    async def ask(self, request: Request) -> Response:
        """Ask the server that was looked at."""
        visit = visit_of(request)
        form = LinkForm(visit.form)
        peer = await self._find(visit, form) if form.validate() else None
        if peer is not None:
            try:
                now, note = self.now(), form.note.data or ""
                await self.store.write(
                    lambda tx: links.ask(tx, self.site, peer=peer, note_text=note, now=now)
                )
                return self.redirect("/admin/links", notice="link-asked")
            except InvalidInput as error:
                form.add_problems(error)
            except LibLineError as error:
                form.host.errors = [error.safe]
        return await self._list(request, form)

    async def decide(self, request: Request) -> Response:
        """Say yes or no to a server that asks, ask it back, or end the link."""
        peer_id = self.path_id(request)
        action = request.path_params["action"]
        if action not in NOTICES:
            raise NotFound(f"no action {action[:40]!r}")
        now = self.now()

        async def unit(tx: Tx) -> None:
            match action:
                case "approve":
                    await links.approve(tx, self.site, peer_id=peer_id, now=now)
                case "reject":
                    await links.reject(tx, self.site, peer_id=peer_id, now=now)
                case "unlink":
                    await links.unlink(tx, self.site, peer_id=peer_id, now=now)
                case _:
                    peer = await links.server(tx, peer_id)
                    await links.ask(tx, self.site, peer=peer, now=now)

        await self.store.write(unit)
        return self.redirect("/admin/links", notice=NOTICES[action])

    async def _list(self, request: Request, form: LinkForm) -> Response:
        found = await self.store.read(lambda tx: links.list_links(tx, self.site))
        waiting = [link for link in found if link.is_waiting_for_us]
        return self.render(
            request,
            "links/list.html",
            status=422 if form.problems else 200,
            form=form,
            waiting=waiting,
            links=[link for link in found if not link.is_waiting_for_us],
        )

    async def _find(self, visit: Visit, form: LinkForm) -> Actor | None:
        """Find the server that was named; None if that cannot be done, and then the form says why."""
        await self.limit(visit, "links", per_s=300, max_count=LOOK_UPS_PER_5_MINUTES)
        try:
            return await self.context.lookups.find_instance(form.host.data or "")
        except PeerUnavailable:
            form.host.errors = [NO_ANSWER]
        except LibLineError as error:
            if status_of(error) >= 500:
                raise
            form.host.errors = [error.safe]
        return None

    async def _known(self, peer: Actor) -> Link | None:
        found = await self.store.read(lambda tx: links.list_links(tx, self.site))
        return next((link for link in found if link.peer.id == peer.id), None)


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = LinkPages(context)
    return [
        form_page("/admin/links", pages.list, Access.ADMIN),
        post("/admin/links/ask", pages.ask, Access.ADMIN),
        post("/admin/links/{id}/{action}", pages.decide, Access.ADMIN),
    ]
