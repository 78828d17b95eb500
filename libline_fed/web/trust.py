"""For admins: consortia whose members are allowed, and what consortia advise about servers."""

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.advice import AdviceState
from libline_fed.errors import NotFound
from libline_fed.services import advice, trust
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, get, page_links, post
from libline_fed.web.visits import visit_of

PATH = "/admin/trust"
PER_PAGE = 100
STATE_NAMES = {
    AdviceState.OPEN: N_("waits for you"),
    AdviceState.CONFIRMED: N_("confirmed"),
    AdviceState.DISMISSED: N_("dismissed"),
    AdviceState.WITHDRAWN: N_("no longer advised"),
}
SEVERITY_NAMES = {"blocked": N_("Block it"), "silenced": N_("Silence it")}


class TrustPages(Pages):
    """`/admin/trust`."""

    async def sources(self, request: Request) -> Response:
        """List the consortia that may be trusted or give advice."""
        sources = await self.store.read(lambda tx: trust.sources(tx, self.site))
        return self.render(request, "trust/sources.html", sources=sources)

    async def set_trusted(self, request: Request) -> Response:
        """Let the members of a consortium be on the list of allowed servers, or no more."""
        group_id, is_trusted = self.path_id(request), visit_of(request).form.get("is_trusted") == "y"
        now = self.now()
        await self.store.write(
            lambda tx: trust.set_trusted(tx, self.site, group_id=group_id, is_trusted=is_trusted, now=now)
        )
        return self.redirect(PATH, notice="trust-saved")

    async def set_automatic(self, request: Request) -> Response:
        """Let the advice of a consortium apply by itself, or no more."""
        group_id, is_automatic = self.path_id(request), visit_of(request).form.get("is_automatic") == "y"
        now = self.now()

        async def unit(tx: Tx) -> None:
            await advice.set_automatic(tx, group_id=group_id, is_automatic=is_automatic, now=now)
            await tx.wake("advice")

        await self.store.write(unit)
        return self.redirect(PATH, notice="trust-saved")

    async def read_again(self, request: Request) -> Response:
        """Let a list be read now."""
        group_id, now = self.path_id(request), self.now()
        await self.store.write(lambda tx: advice.read_soon(tx, group_id=group_id, now=now))
        return self.redirect(f"{PATH}/{group_id}", notice="advice-asked")

    async def show(self, request: Request) -> Response:
        """Show what one consortium advises."""
        group_id, page = self.path_id(request), self.page_number(request)

        async def unit(tx: Tx) -> tuple[trust.Source, list[advice.Counsel]]:
            return await _source(tx, self, group_id), await advice.counsel(tx, self.site, group_id)

        source, counsel = await self.store.read(unit)
        start = (page - 1) * PER_PAGE
        has_more = len(counsel) > start + PER_PAGE
        return self.render(
            request,
            "trust/advice.html",
            source=source,
            counsel=counsel[start : start + PER_PAGE],
            states=STATE_NAMES,
            severities=SEVERITY_NAMES,
            links=page_links(f"{PATH}/{group_id}", page=page, has_more=has_more),
        )

    async def decide(self, request: Request) -> Response:
        """Confirm or dismiss one piece of advice, or lift what was confirmed."""
        form, group_id = visit_of(request).form, self.path_id(request)
        host, action, now = form.get("host", ""), request.path_params["action"], self.now()

        async def unit(tx: Tx) -> None:
            match action:
                case "confirm":
                    await advice.confirm(tx, self.site, group_id=group_id, host=host, now=now)
                case "dismiss":
                    await advice.dismiss(tx, group_id=group_id, host=host, now=now)
                case "lift":
                    await advice.lift(tx, group_id=group_id, host=host, now=now)
                case _:
                    raise NotFound(f"no action {action[:40]!r}")

        await self.store.write(unit)
        notice = "advice-dismissed" if action == "dismiss" else "peer-saved"
        return self.redirect(f"{PATH}/{group_id}", notice=notice)


async def _source(tx: Tx, pages: TrustPages, group_id: str) -> trust.Source:
    """Return a consortium as an admin sees it; one that we have left, too, while advice of it is kept."""
    for source in await trust.sources(tx, pages.site):
        if source.group.id == group_id:
            return source
    group = await advice.group_of(tx, group_id)
    return trust.Source(group, is_member=False, is_trusted=False, members_count=0, list=None, open_count=0)


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = TrustPages(context)
    return [
        get(PATH, pages.sources, Access.ADMIN),
        get(f"{PATH}/{{id}}", pages.show, Access.ADMIN),
        post(f"{PATH}/{{id}}/trusted", pages.set_trusted, Access.ADMIN),
        post(f"{PATH}/{{id}}/automatic", pages.set_automatic, Access.ADMIN),
        post(f"{PATH}/{{id}}/read", pages.read_again, Access.ADMIN),
        post(f"{PATH}/{{id}}/advice/{{action}}", pages.decide, Access.ADMIN),
    ]
