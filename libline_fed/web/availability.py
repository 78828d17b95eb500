"""A member's time: hours in the week, holidays, and how many mentors at a time."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.absences import Absence
from libline_fed.domain.availability import PARTS, readable, zone_names
from libline_fed.errors import InvalidInput
from libline_fed.services import absences, profiles
from libline_fed.services.profiles import MAX_TARGET
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, post
from libline_fed.web.profile_forms import AbsenceForm, Cell, TimeForm, hours_of, week_of, week_sent
from libline_fed.web.visits import visit_of

PATH = "/settings/time"
WRITES_PER_HOUR = 60
DAY_NAMES = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)
PART_NAMES = {"morning": N_("Morning"), "afternoon": N_("Afternoon"), "evening": N_("Evening")}


class AvailabilityPages(Pages):
    """The page about time, and what it does."""

    async def time(self, request: Request) -> Response:
        """Show the week, or save it."""
        visit = visit_of(request)
        account, _ = visit.member()
        if request.method == "GET":
            form = TimeForm(data={"zone": account.zone or "", "target_count": account.target_count})
            return await self._page(request, form, week_of(readable(account.weekly_hours)))
        await self.limit(visit, "write", per_s=3600, max_count=WRITES_PER_HOUR)
        form, week = TimeForm(visit.form), week_sent(visit.form)
        form.validate()
        try:
            hours = hours_of(week)
            target_count = form.target_count.data
            await self.store.write(
                lambda tx: profiles.save_time(
                    tx,
                    account_id=account.id,
                    zone=form.zone.data or "",
                    hours=hours,
                    target_count=min(target_count, MAX_TARGET + 1) if target_count is not None else 0,
                )
            )
        except InvalidInput as error:
            form.add_problems(error)
            return await self._page(request, form, week)
        return self.redirect(PATH, notice="time-saved")

    async def add_holiday(self, request: Request) -> Response:
        """Note a holiday."""
        visit = visit_of(request)
        account, actor = visit.member()
        await self.limit(visit, "write", per_s=3600, max_count=WRITES_PER_HOUR)
        form = AbsenceForm(visit.form)
        form.validate()
        now = self.now()
        try:
            await self.store.write(
                lambda tx: absences.add(
                    tx,
                    actor_id=actor.id,
                    from_on=form.from_on.data,
                    until_on=form.until_on.data,
                    now=now,
                )
            )
        except InvalidInput as error:
            form.add_problems(error)
            time_form = TimeForm(data={"zone": account.zone or "", "target_count": account.target_count})
            week = week_of(readable(account.weekly_hours))
            return await self._page(request, time_form, week, absence_form=form)
        return self.redirect(f"{PATH}#holidays", notice="holiday-added")

    async def remove_holiday(self, request: Request) -> Response:
        """Take a holiday back."""
        _, actor = visit_of(request).member()
        absence_id = self.path_id(request)
        await self.store.write(
            lambda tx: absences.remove(tx, actor_id=actor.id, absence_id=absence_id)
        )
        return self.redirect(f"{PATH}#holidays", notice="holiday-removed")

    async def _page(
        self,
        request: Request,
        form: TimeForm,
        week: Sequence[Sequence[Cell]],
        *,
        absence_form: AbsenceForm | None = None,
    ) -> Response:
        _, actor = visit_of(request).member()
        now = self.now()
        coming: list[Absence] = await self.store.read(
            lambda tx: absences.list_coming(tx, actor.id, now=now)
        )
        shown_form = absence_form or form
        return self.render(
            request,
            "settings/time.html",
            status=422 if shown_form.problems else 200,
            form=form,
            shown_form=shown_form,
            absence_form=absence_form or AbsenceForm(),
            week=week,
            day_names=DAY_NAMES,
            part_names=[(part.name, PART_NAMES[part.name]) for part in PARTS],
            zones=_grouped_zones(),
            holidays=coming,
            max_target=MAX_TARGET,
            today=now.date(),
        )


def _grouped_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the time zones as (continent, [(name, place), …])."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for name in zone_names():
        continent, _, place = name.partition("/")
        grouped.setdefault(continent, []).append((name, (place or name).replace("_", " ")))
    return list(grouped.items())


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = AvailabilityPages(context)
    return [
        form_page(PATH, pages.time, Access.MEMBER),
        post("/settings/holidays", pages.add_holiday, Access.MEMBER),
        post("/settings/holidays/{id}/remove", pages.remove_holiday, Access.MEMBER),
    ]
