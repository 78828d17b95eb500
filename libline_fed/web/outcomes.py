"""The report for coordinators: what became of requests, as counts, charts and a file."""

import csv
import io

from starlette.requests import Request
from starlette.responses import Response

from libline_fed import vocabulary
from libline_fed.domain.outcomes import NOT_STATED, SEVERAL, Line, Part, Period, Report, periods
from libline_fed.errors import NotFound
from libline_fed.services import outcomes
from libline_fed.services.profiles import country_name
from libline_fed.web.addresses import with_query
from libline_fed.web.charts import bars, svg_response
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_, Language
from libline_fed.web.pages import Access, GuardedRoute, Pages, get
from libline_fed.web.visits import visit_of

CHART_LINES = 10
PARTS = {
    Part.LANGUAGE: N_("By language"),
    Part.MODE: N_("By way to meet"),
    Part.TYPE: N_("By kind of library"),
    Part.REGION: N_("By country"),
}
COLUMNS = (N_("Requests"), N_("Answered"), N_("Started within 21 days"), N_("Completed"))
HIDDEN_IN_FILE = "<5"


class OutcomePages(Pages):
    """The report."""

    async def report(self, request: Request) -> Response:
        """Show the report of a period."""
        language = visit_of(request).language
        period, report = await self._report(request)
        parts = [
            (
                part,
                PARTS[part],
                [(key_name(language, part, line.key), counts_of(line)) for line in lines],
                with_query(f"/coordination/report/{part}.svg", period=period.name),
            )
            for part, lines in report.parts.items()
            if lines
        ]
        return self.render(
            request,
            "coordination/report.html",
            period=period,
            periods=[(one.name, period_name(language, one)) for one in periods(self.now().date())],
            report=report,
            whole=counts_of(report.whole),
            parts=parts,
            columns=COLUMNS,
            file_path=with_query("/coordination/report.csv", period=period.name),
        )

    async def chart(self, request: Request) -> Response:
        """Draw one part of the report."""
        language = visit_of(request).language
        name = request.path_params["part"]
        if name not in list(Part):
            raise NotFound(f"no chart {name[:40]!r}")
        _, report = await self._report(request)
        lines = report.parts.get(Part(name), [])[:CHART_LINES]
        return svg_response(
            bars(
                language.gettext(PARTS[Part(name)]),
                [key_name(language, Part(name), line.key) for line in lines],
                [
                    (language.gettext(column), [counts_of(line)[number] for line in lines])
                    for number, column in enumerate(COLUMNS)
                ],
            )
        )

    async def file(self, request: Request) -> Response:
        """Give the same numbers as a file for a spreadsheet."""
        language = visit_of(request).language
        period, report = await self._report(request)
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["", "", *(language.gettext(column) for column in COLUMNS)])
        whole = language.gettext("All")
        writer.writerow([period.name, whole, *_cells(report.whole)])
        for part, lines in report.parts.items():
            for line in lines:
                names = [language.gettext(PARTS[part]), key_name(language, part, line.key)]
                writer.writerow([*names, *_cells(line)])
        return Response(
            "\ufeff" + text.getvalue(),  # without the mark spreadsheets take UTF-8 for something else
            media_type="text/csv",
            headers={
                "content-disposition": f'attachment; filename="report-{period.name}.csv"',
                "cache-control": "no-store",
            },
        )

    async def _report(self, request: Request) -> tuple[Period, Report]:
        known = {one.name: one for one in periods(self.now().date())}
        period = known.get(self.query(request).get("period", ""), next(iter(known.values())))
        return period, await self.store.read(lambda tx: outcomes.report(tx, period))


def counts_of(line: Line) -> tuple[int | None, ...]:
    """Return the four numbers of a line, in the order of the columns."""
    return line.requests_count, line.answered_count, line.started_count, line.completed_count


def key_name(language: Language, part: Part, key: str) -> str:
    """Name a line of a part."""
    if key == NOT_STATED:
        return language.gettext("not stated")
    match part:
        case Part.LANGUAGE:
            return language.language_name(key)
        case Part.MODE:
            several = language.gettext("several ways")
            return several if key == SEVERAL else vocabulary.mode_label(key, language.tag)
        case Part.TYPE:
            return vocabulary.label("type", key, language.tag)
        case Part.REGION:
            return country_name(key, language.tag)


def period_name(language: Language, period: Period) -> str:
    """Name a period."""
    if period.quarter is None:
        return str(period.year)
    text = language.gettext("%(year)s, quarter %(quarter)s")
    return text % {"year": period.year, "quarter": language.number(period.quarter)}


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = OutcomePages(context)
    return [
        get("/coordination/report", pages.report, Access.COORDINATOR),
        get("/coordination/report.csv", pages.file, Access.COORDINATOR),
        get("/coordination/report/{part}.svg", pages.chart, Access.COORDINATOR),
    ]


def _cells(line: Line) -> list[str]:
    return [HIDDEN_IN_FILE if count is None else str(count) for count in counts_of(line)]
