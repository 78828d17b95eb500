"""Running the server: members, invitations, other servers, what goes out and what was refused."""

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.accounts import Role
from libline_fed.domain.deliveries import Delivery
from libline_fed.domain.peers import Policy
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.services import deliveries, inbox, invitations, links, members, peers
from libline_fed.storage.store import Tx
from libline_fed.web.addresses import with_query
from libline_fed.web.context import WebContext
from libline_fed.web.filters import POLICY_NAMES
from libline_fed.web.forms import InvitationForm, PeerForm
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, page_links, post
from libline_fed.web.visits import visit_of

MAX_ROW_ID = 2**63 - 1
QUEUE_STATES = (
    ("queued", N_("Waiting")),
    ("dead", N_("Failed")),
    ("cancelled", N_("Dropped")),
    ("delivered", N_("Delivered")),
)
NOTICES = {
    "approve": "member-approved",
    "reject": "member-rejected",
    "disable": "member-disabled",
    "enable": "member-enabled",
    "make-admin": "role-saved",
    "make-coordinator": "role-saved",
    "make-member": "role-saved",
}


class AdminPages(Pages):
    """Pages for moderators and admins."""

    async def overview(self, request: Request) -> Response:
        """Show what waits for somebody."""

        async def unit(tx: Tx) -> dict[str, int]:
            waiting = await members.list_accounts(tx, state="unapproved")
            sent = (await deliveries.summarise(tx)).counts
            received = await inbox.count_by_state(tx)
            asking = await links.count_waiting(tx, self.site)
            return {
                "waiting_count": waiting.total_count,
                "queued_count": sent.get("queued", 0),
                "dead_count": sent.get("dead", 0),
                "asking_count": asking,
                "refused_count": received.get("refused", 0) + received.get("quarantined", 0),
            }

        return self.render(request, "admin/overview.html", **await self.store.read(unit))

    # --- people ------------------------------------------------------------------------------------

    async def members(self, request: Request) -> Response:
        """List members, newest first."""
        page = self.page_number(request)
        found = await self.store.read(lambda tx: members.list_accounts(tx, page=page))
        links = page_links("/admin/members", page=page, has_more=found.has_more)
        return self.render(request, "admin/members.html", members=found.items, links=links)

    async def decide(self, request: Request) -> Response:
        """Approve, reject, disable, enable, or give a role."""
        by, _ = visit_of(request).member()
        account_id = self.path_id(request)
        action = request.path_params["action"]
        now = self.now()

        async def unit(tx: Tx) -> None:
            found = await members.current(tx, account_id)
            if found is None:
                raise NotFound(f"no account {account_id}")
            translate = self.site_language(found.account.language).gettext
            match action:
                case "approve":
                    await members.approve(
                        tx, self.site, account_id=account_id, by=by, translate=translate, now=now
                    )
                case "reject":
                    await members.reject(
                        tx, self.site, account_id=account_id, by=by, translate=translate, now=now
                    )
                case "disable":
                    await members.disable(tx, account_id=account_id, by=by, now=now)
                case "enable":
                    await members.enable(tx, account_id=account_id, by=by, now=now)
                case "make-admin":
                    await members.set_role(tx, account_id=account_id, role=Role.ADMIN, by=by)
                case "make-coordinator":
                    await members.set_role(tx, account_id=account_id, role=Role.COORDINATOR, by=by)
                case "make-member":
                    await members.set_role(tx, account_id=account_id, role=Role.MEMBER, by=by)
                case _:
                    raise NotFound(f"no action {action[:40]!r}")

        await self.store.write(unit)
        return self.redirect("/admin/members", notice=NOTICES[action])

    async def invitations(self, request: Request) -> Response:
        """Show the form, or make a link and show it this once."""
        visit = visit_of(request)
        by, _ = visit.member()
        form = InvitationForm(visit.form if request.method == "POST" else None)
        link = ""
        if request.method == "POST" and form.validate():
            email = (form.email.data or "").strip() or None
            uses_count = 1 if email else _small(form.uses_count.data)
            now = self.now()
            try:
                link = await self.store.write(
                    lambda tx: invitations.invite(
                        tx,
                        self.site,
                        by=by,
                        email=email,
                        uses_count=uses_count,
                        translate=visit.language.gettext,
                        now=now,
                    )
                )
            except InvalidInput as error:
                form.add_problems(error)
        return self.render(
            request,
            "admin/invitations.html",
            status=422 if form.problems else 200,
            form=form,
            link=link,
            sent_to=form.email.data if link else "",
        )

    # --- other servers -----------------------------------------------------------------------------

    async def peers(self, request: Request) -> Response:
        """List known servers, or save the rule for one."""
        visit = visit_of(request)
        if request.method == "POST":
            form = PeerForm(visit.form)
            if form.validate():
                try:
                    now = self.now()
                    await self.store.write(
                        lambda tx: peers.set_policy(
                            tx, form.host.data, form.policy.data, form.note.data or "", now=now
                        )
                    )
                    return self.redirect("/admin/peers", notice="peer-saved")
                except InvalidInput as error:
                    form.add_problems(error)
        else:
            form = PeerForm(
                data={"host": self.query(request).get("host", "")[:255], "policy": Policy.DEFAULT}
            )
        known = await self.store.read(peers.list_peers)
        policies = [(policy, visit.language.gettext(POLICY_NAMES[policy])) for policy in Policy]
        return self.render(
            request,
            "admin/peers.html",
            status=422 if form.problems else 200,
            form=form,
            peers=known,
            policies=policies,
        )

    async def queue(self, request: Request) -> Response:
        """List what goes out, by state."""
        query = self.query(request)
        state = query.get("state", "queued")
        state = state if state in dict(QUEUE_STATES) else "queued"
        before_id = _row_id(query.get("before", ""))

        async def unit(tx: Tx) -> tuple[deliveries.QueueSummary, list[Delivery]]:
            summary = await deliveries.summarise(tx)
            return summary, await deliveries.list_queue(tx, state=state, before_id=before_id)

        summary, listed = await self.store.read(unit)
        is_full = len(listed) == deliveries.PAGE_COUNT
        older = with_query("/admin/queue", state=state, before=listed[-1].id) if is_full else None
        return self.render(
            request,
            "admin/queue.html",
            states=QUEUE_STATES,
            state=state,
            summary=summary,
            deliveries=listed,
            links={"previous": None, "next": older},
        )

    async def change_delivery(self, request: Request) -> Response:
        """Send one delivery now, or drop it."""
        action = request.path_params["action"]
        delivery_id = _row_id(request.path_params["number"])
        if action not in {"retry", "drop"} or delivery_id is None:
            raise NotFound("no such delivery or action")
        now = self.now()

        async def unit(tx: Tx) -> None:
            await deliveries.show(tx, delivery_id)
            change = deliveries.retry if action == "retry" else deliveries.drop
            await change(tx, ids=[delivery_id], now=now)

        await self.store.write(unit)
        return self.redirect(
            "/admin/queue", notice="delivery-retried" if action == "retry" else "delivery-dropped"
        )

    async def refused(self, request: Request) -> Response:
        """List what came in and was not applied, with its reason."""
        before_id = _row_id(self.query(request).get("before", ""))
        listed = await self.store.read(lambda tx: inbox.list_refused(tx, before_id=before_id))
        is_full = len(listed) == inbox.PAGE_COUNT
        older = with_query("/admin/inbox", before=listed[-1].id) if is_full else None
        return self.render(
            request, "admin/inbox.html", refused=listed, links={"previous": None, "next": older}
        )

    async def replay(self, request: Request) -> Response:
        """Read one refused message again."""
        activity_id = _row_id(request.path_params["number"])
        if activity_id is None:
            raise NotFound("no such message")
        now = self.now()
        await self.store.write(lambda tx: inbox.replay(tx, activity_id, now=now))
        return self.redirect("/admin/inbox", notice="inbox-replayed")


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = AdminPages(context)
    return [
        get("/admin", pages.overview, Access.MODERATOR),
        get("/admin/members", pages.members, Access.MODERATOR),
        post("/admin/members/{id}/{action}", pages.decide, Access.MODERATOR),
        form_page("/admin/invitations", pages.invitations, Access.MODERATOR),
        form_page("/admin/peers", pages.peers, Access.ADMIN),
        get("/admin/queue", pages.queue, Access.ADMIN),
        post("/admin/queue/{number}/{action}", pages.change_delivery, Access.ADMIN),
        get("/admin/inbox", pages.refused, Access.ADMIN),
        post("/admin/inbox/{number}/replay", pages.replay, Access.ADMIN),
    ]


def _row_id(text: str) -> int | None:
    """Return a row's number, or None for anything that cannot be one."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(MAX_ROW_ID)):
        return None
    return number if (number := int(text)) <= MAX_ROW_ID else None


def _small(value: int | None) -> int:
    """Return a number that stays wrong if it is far too large, and fits every database."""
    return 1 if value is None else max(0, min(value, invitations.MAX_USES + 1))
