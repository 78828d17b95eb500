"""Signed records of mentorships: had, read, printed, downloaded, and shared by a link."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from wtforms import BooleanField

from libline_fed.activitypub.credentials import MEDIA_TYPE, carried_key
from libline_fed.domain.actors import Actor
from libline_fed.domain.records import Ending
from libline_fed.errors import Conflict
from libline_fed.services import mentorship_views, records
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.records import Choices, OwnRecord, Prospect
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.forms import PlainForm
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, post
from libline_fed.web.visits import visit_of

WRITES_PER_HOUR = 60
FILE_NAME = "mentorship-record.json"
ENDINGS = {
    Ending.COMPLETED: N_("completed"),
    Ending.COMPLETED_EARLY: N_("completed before the last day"),
    Ending.ENDED_EARLY: N_("ended early"),
    Ending.LAPSED: N_("ended by itself"),
}
ROLES = {"mentor": N_("mentor"), "mentee": N_("mentee")}


class RecordForm(PlainForm):
    """What the owner wants said of the partner."""

    names_host = BooleanField(N_("Name my partner’s server"))
    names_partner = BooleanField(N_("Name my partner"))

    def choices(self) -> Choices:
        """Return what was chosen."""
        return Choices(names_host=self.names_host.data, names_partner=self.names_partner.data)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mentorship of which there could be a record."""

    view: MentorshipView
    prospect: Prospect


class RecordPages(Pages):
    """All pages of records."""

    async def own(self, request: Request) -> Response:
        """List one's records, and the mentorships that one could have a record of."""
        person = visit_of(request).somebody()

        async def unit(tx: Tx) -> tuple[list[OwnRecord], list[Waiting]]:
            return await records.own(tx, person), await _waiting(tx, person)

        own, waiting = await self.store.read(unit)
        return self.render(request, "records/list.html", own=own, waiting=waiting, roles=ROLES)

    async def issue(self, request: Request) -> Response:
        """Show what the record of a mentorship would say, or make it."""
        visit = visit_of(request)
        person, mentorship_id = visit.somebody(), self.path_id(request)

        async def unit(tx: Tx) -> Waiting:
            view = await mentorship_views.get(tx, mentorship_id, person=person)
            return Waiting(view, await records.prospect(tx, view))

        found = await self.store.read(unit)
        if request.method == "POST":
            await self.limit(visit, "write", per_s=3600, max_count=WRITES_PER_HOUR)
            choices, now = RecordForm(visit.form).choices(), self.now()
            made = await self.store.write(
                lambda tx: records.issue(tx, self.site, view=found.view, choices=choices, now=now)
            )
            return self.redirect(f"/records/{made.stored.id}", notice="record-made")
        existing = found.prospect.existing
        form = RecordForm(
            data={
                "names_host": existing is not None and existing.record.partner_host is not None,
                "names_partner": existing is not None and existing.record.partner_name is not None,
            }
        )
        return self.render(
            request, "records/issue.html", form=form, found=found, endings=ENDINGS, roles=ROLES
        )

    async def show(self, request: Request) -> Response:
        """Show a record to its owner."""
        person, record_id = visit_of(request).somebody(), self.path_id(request)
        own = await self.store.read(lambda tx: records.get(tx, record_id, person=person))
        return await self._page(request, own, is_own=True)

    async def file(self, request: Request) -> Response:
        """Hand a record out to its owner."""
        person, record_id = visit_of(request).somebody(), self.path_id(request)
        own = await self.store.read(lambda tx: records.get(tx, record_id, person=person))
        return _file(own)

    async def share(self, request: Request) -> Response:
        """Make a link to a record. It is shown once: only its hash is kept."""
        visit = visit_of(request)
        person, record_id = visit.somebody(), self.path_id(request)
        await self.limit(visit, "write", per_s=3600, max_count=WRITES_PER_HOUR)

        async def unit(tx: Tx) -> tuple[OwnRecord, str]:
            token = await records.share(tx, record_id, person=person)
            return await records.get(tx, record_id, person=person), token

        own, token = await self.store.write(unit)
        return await self._page(request, own, is_own=True, link=f"{own.record.uri}/{token}")

    async def unshare(self, request: Request) -> Response:
        """Take the link to a record back."""
        person, record_id = visit_of(request).somebody(), self.path_id(request)
        await self.store.write(lambda tx: records.unshare(tx, record_id, person=person))
        return self.redirect(f"/records/{record_id}", notice="record-unshared")

    async def shared(self, request: Request) -> Response:
        """Show a record to whoever has its link."""
        own = await self._by_link(request)
        return _for_few(await self._page(request, own, is_own=False, path=request.url.path))

    async def shared_file(self, request: Request) -> Response:
        """Hand a record out to whoever has its link."""
        return _for_few(_file(await self._by_link(request)))

    async def _by_link(self, request: Request) -> OwnRecord:
        record_id, token = self.path_id(request), request.path_params["token"]
        return await self.store.read(lambda tx: records.by_link(tx, record_id, token))

    async def _page(
        self, request: Request, own: OwnRecord, *, is_own: bool, link: str = "", path: str = ""
    ) -> Response:
        now = self.now()
        checked = await self.store.read(lambda tx: records.check(tx, self.site, own.stored, now=now))
        assert checked.document is not None
        return self.render(
            request,
            "records/show.html",
            own=own,
            record=own.record,
            holds=checked.holds,
            key=carried_key(checked.document)[2],
            file_path=f"{path or f'/records/{own.stored.id}'}/file",
            is_own=is_own,
            link=link,
            endings=ENDINGS,
            roles=ROLES,
        )


async def _waiting(tx: Tx, person: Actor) -> list[Waiting]:
    """List the mentorships of which somebody has no record and could have one, now or soon."""
    waiting = []
    for view in await mentorship_views.list_for(tx, person):
        try:
            found = await records.prospect(tx, view)
        except Conflict:
            continue
        if found.existing is None:
            waiting.append(Waiting(view, found))
    return waiting


def _file(own: OwnRecord) -> Response:
    headers = {"content-disposition": f'attachment; filename="{FILE_NAME}"', "cache-control": "no-store"}
    return Response(own.stored.document, media_type=MEDIA_TYPE, headers=headers)


def _for_few(response: Response) -> Response:
    """Keep what a link opens out of caches and search engines."""
    response.headers["cache-control"] = "no-store"
    response.headers["x-robots-tag"] = "noindex"
    response.headers["referrer-policy"] = "no-referrer"
    return response


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = RecordPages(context)
    return [
        get("/records", pages.own, Access.PERSON),
        form_page("/mentorships/{id}/record", pages.issue, Access.PERSON),
        get("/records/{id}", pages.show, Access.PERSON),
        get("/records/{id}/file", pages.file, Access.PERSON),
        post("/records/{id}/share", pages.share, Access.PERSON),
        post("/records/{id}/unshare", pages.unshare, Access.PERSON),
        get("/records/{id}/{token}", pages.shared, Access.EVERYONE),
        get("/records/{id}/{token}/file", pages.shared_file, Access.EVERYONE),
    ]
