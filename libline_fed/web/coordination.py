"""For coordinators: what is needed and what is there, by area and language. Counts, no people."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from libline_fed import vocabulary
from libline_fed.domain.actors import Actor
from libline_fed.domain.need_counts import Gap, Order, ordered
from libline_fed.errors import NotFound
from libline_fed.services import need_counts
from libline_fed.services.need_counts import Board
from libline_fed.storage.store import Tx
from libline_fed.web.addresses import with_query
from libline_fed.web.charts import bars, svg_response
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_, Language
from libline_fed.web.pages import Access, GuardedRoute, Pages, get
from libline_fed.web.visits import visit_of

CHART_LINES = 12
COLUMNS = {
    Order.AREA: N_("Area"),
    Order.LANGUAGE: N_("Language"),
    Order.WAITING: N_("Requests waiting"),
    Order.PLACES: N_("Free places"),
    Order.GAP: N_("Gap"),
}
RISING = frozenset({Order.AREA, Order.LANGUAGE})


@dataclass(frozen=True, slots=True)
class Scene:
    """What a board is shown of, and in which order."""

    groups: list[Actor]
    group: Actor | None  # None: this server
    board: Board
    gaps: list[Gap]
    order: Order


class CoordinationPages(Pages):
    """The need-gap board."""

    async def board(self, request: Request) -> Response:
        """Show the board of this server or of one of its consortia."""
        scene = await self._scene(request)
        shown_of = scene.group.id if scene.group is not None else None
        columns = [
            (
                name,
                with_query("/coordination", of=shown_of, order=order),
                ("ascending" if order in RISING else "descending") if order is scene.order else "",
            )
            for order, name in COLUMNS.items()
        ]
        return self.render(
            request,
            "coordination/board.html",
            scene=scene,
            columns=columns,
            chart_path=with_query("/coordination/needs.svg", of=shown_of, order=scene.order),
        )

    async def chart(self, request: Request) -> Response:
        """Draw the first lines of the board."""
        scene = await self._scene(request)
        language = visit_of(request).language
        shown, name_of = scene.gaps[:CHART_LINES], area_name(language)
        return svg_response(
            bars(
                language.gettext("Waiting requests and free places"),
                [f"{language.language_name(gap.language)} · {name_of(gap.area)}" for gap in shown],
                [
                    (language.gettext("Requests waiting"), [gap.waiting_count for gap in shown]),
                    (language.gettext("Free places"), [gap.places_count for gap in shown]),
                ],
            )
        )

    async def _scene(self, request: Request) -> Scene:
        query = self.query(request)
        wanted, order_name = query.get("of", ""), query.get("order", "")
        order = Order(order_name) if order_name in list(Order) else Order.GAP
        language = visit_of(request).language
        now = self.now()

        async def unit(tx: Tx) -> tuple[list[Actor], Actor | None, Board]:
            groups = await need_counts.groups(tx, self.site)
            if not wanted:
                return groups, None, await need_counts.board_here(tx, self.site, now=now)
            group = next((group for group in groups if group.id == wanted), None)
            if group is None:
                raise NotFound(f"no consortium {wanted[:40]!r} with us")
            return groups, group, await need_counts.board_of(tx, group, now=now)

        groups, group, board = await self.store.read(unit)
        gaps = ordered(
            board.gaps, order, area_name=area_name(language), language_name=language.language_name
        )
        return Scene(groups, group, board, gaps, order)


def area_name(language: Language) -> Callable[[str], str]:
    """Return what names areas in a language."""
    return lambda area: vocabulary.area_label(area, language.tag)


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = CoordinationPages(context)
    return [
        get("/coordination", pages.board, Access.COORDINATOR),
        get("/coordination/needs.svg", pages.chart, Access.COORDINATOR),
    ]
