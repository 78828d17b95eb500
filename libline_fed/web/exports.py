"""A member's own data: the page that makes the archive, the archive, and the readable part of it."""

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.accounts import Member
from libline_fed.services import exports
from libline_fed.services.exports import Data
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_, Language, choose_language
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get
from libline_fed.web.render import Renderer
from libline_fed.web.visits import visit_of

STATES = {
    "draft": N_("not sent"),
    "question": N_("a question was asked"),
    "proposed": N_("waits for an answer"),
    "declined": N_("declined"),
    "withdrawn": N_("taken back"),
    "expired": N_("expired"),
    "superseded": N_("no place left"),
    "intro": N_("getting to know each other"),
    "active": N_("running"),
    "paused": N_("paused"),
    "completed": N_("completed"),
    "ended-early": N_("ended early"),
    "ended-intro": N_("ended before it began"),
    "ended-safety": N_("ended for safety"),
    "lapsed": N_("ended by itself"),
}
ROLES = {"mentor": N_("You were the mentor"), "mentee": N_("You were the mentee")}


class ExportPages(Pages):
    """The pages of one's own data."""

    async def data(self, request: Request) -> Response:
        """Say what there is to take along, or make the archive."""
        visit = visit_of(request)
        account, _ = visit.member()
        if request.method == "POST":
            await exports.make(
                self.store,
                self.site,
                self.context.limits,
                account_id=account.id,
                readable=readable(self.context.renderer, visit.language.tag),
                now=self.now(),
            )
            return self.redirect("/settings/data", notice="export-made")
        now = self.now()
        archive = await self.store.read(lambda tx: exports.latest(tx, account.id, now=now))
        return self.render(request, "exports/data.html", archive=archive)

    async def fetch(self, request: Request) -> Response:
        """Hand out the archive to whom it belongs."""
        account, actor = visit_of(request).member()
        export_id, now = self.path_id(request), self.now()
        archive = await self.store.read(
            lambda tx: exports.fetch(tx, export_id, account_id=account.id, now=now)
        )
        disposition = f'attachment; filename="libline-{actor.handle}.zip"'
        headers = {"content-disposition": disposition, "cache-control": "no-store"}
        return Response(archive, media_type="application/zip", headers=headers)


def readable(renderer: Renderer, default_language: str) -> exports.Readable:
    """Return what writes the page of an archive, in the member's language."""

    def write(data: Data, member: Member) -> str:
        language: Language = choose_language(
            asked=member.account.language, member=None, cookie=None, accept="", default=default_language
        )
        return renderer.document(
            "exports/archive.html", language, data=data, actor=member.actor, states=STATES, roles=ROLES
        )

    return write


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = ExportPages(context)
    return [
        form_page("/settings/data", pages.data, Access.MEMBER),
        get("/exports/{id}", pages.fetch, Access.MEMBER),
    ]
