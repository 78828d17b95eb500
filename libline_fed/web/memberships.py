"""What this server is in consortia: asking, answering invitations, leaving, going on without a host."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MAX_NOTE_CHARACTERS
from libline_fed.errors import Conflict, LibLineError, NotFound, PeerUnavailable
from libline_fed.services import consortia, consortium_views, memberships
from libline_fed.services.memberships import Joined
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.errors import status_of
from libline_fed.web.forms import PlainForm
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, get, post
from libline_fed.web.visits import Visit, visit_of

LOOK_UPS_PER_5_MINUTES = 30
NO_ANSWER = N_("This server does not answer now. Check the address, or try again later.")
NO_CONSORTIUM = N_("There is no consortium at this address.")
TOO_LONG = N_("This is too long: 200 characters at most.")
HOME = "/admin/consortia"


class JoinForm(PlainForm):
    """A consortium of another server."""

    address = StringField(
        N_("Address of the consortium"),
        [
            InputRequired(N_("Write its address, such as @redbib@library.example.")),
            Length(max=500, message=TOO_LONG),
        ],
    )
    note = TextAreaField(
        N_("Who you are"),
        [Length(max=MAX_NOTE_CHARACTERS, message=N_("The note is too long: 1,000 characters at most."))],
    )


class MembershipPages(Pages):
    """`/admin/consortia`."""

    async def overview(self, request: Request) -> Response:
        """List what is hosted here and what this server is in."""
        return await self._overview(request, JoinForm())

    async def join(self, request: Request) -> Response:
        """Ask a consortium of another server to take this one in."""
        visit = visit_of(request)
        account, _ = visit.member()
        form = JoinForm(visit.form)
        group = await self._find_group(visit, form) if form.validate() else None
        if group is not None:
            now, note = self.now(), form.note.data or ""
            try:
                await self.store.write(
                    lambda tx: memberships.join(
                        tx, self.site, group=group, note=note, account=account, now=now
                    )
                )
                return self.redirect(HOME, notice="consortium-asked")
            except Conflict as error:
                form.address.errors = [error.safe]
        return await self._overview(request, form)

    async def answer(self, request: Request) -> Response:
        """Accept or decline an invitation, leave, or link with the members directly."""
        account, _ = visit_of(request).member()
        group_id, action, now = self.path_id(request), request.path_params["action"], self.now()
        if action not in ANSWERS:
            raise NotFound(f"no action {action[:40]!r}")
        use_case, notice = ANSWERS[action]

        async def unit(tx: Tx) -> None:
            group = await consortium_views.group(tx, group_id)
            await use_case(tx, self.site, group=group, account=account, now=now)

        await self.store.write(unit)
        return self.redirect(HOME, notice=notice)

    # --- inside -------------------------------------------------------------------------------------

    async def _overview(self, request: Request, form: JoinForm) -> Response:
        account, _ = visit_of(request).member()

        async def unit(tx: Tx) -> tuple[list[consortia.Hosted], list[Joined]]:
            hosted = await consortium_views.run_by(tx, account)
            return hosted, await consortium_views.joined(tx, self.site, account)

        hosted, joined = await self.store.read(unit)
        status = 422 if form.problems else 200
        return self.render(
            request, "consortia/overview.html", status=status, hosted=hosted, joined=joined, form=form
        )

    async def _find_group(self, visit: Visit, form: JoinForm) -> Actor | None:
        found = await look_up(self, visit, form.address, self.context.lookups.find_actor)
        if found is not None and found.type != "Group":
            form.address.errors = [NO_CONSORTIUM]
            return None
        return found


async def look_up(
    pages: Pages, visit: Visit, field: StringField, find: Callable[[str], Awaitable[Actor]]
) -> Actor | None:
    """Find what a field names on another server; None if that cannot be done, and then the field says why."""
    await pages.limit(visit, "consortia", per_s=300, max_count=LOOK_UPS_PER_5_MINUTES)
    try:
        return await find((field.data or "").strip())
    except PeerUnavailable:
        field.errors = [NO_ANSWER]
    except LibLineError as error:
        if status_of(error) >= 500:
            raise
        field.errors = [error.safe]
    return None


ANSWERS: dict[str, tuple[Callable[..., Awaitable[object]], str]] = {
    "accept": (memberships.accept_invitation, "consortium-joined"),
    "decline": (memberships.decline, "consortium-declined"),
    "leave": (memberships.leave, "consortium-left"),
    "link": (memberships.link_with_members, "members-asked"),
}


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = MembershipPages(context)
    return [
        get(HOME, pages.overview, Access.COORDINATOR),
        post(f"{HOME}/join", pages.join, Access.COORDINATOR),
        post(HOME + "/{id}/answer/{action}", pages.answer, Access.COORDINATOR),
    ]
