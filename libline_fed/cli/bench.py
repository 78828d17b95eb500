"""`libline bench`: how fast this machine runs LibLine, beside what it could do at best."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from libline_fed.bench.backfill import measure_backfill
from libline_fed.bench.measure import Figure, Report, measure_fanout, measure_inbox
from libline_fed.bench.search import measure_index
from libline_fed.bench.search_pages import measure_pages
from libline_fed.cli.output import AsJson, complain, show

commands = typer.Typer(help="Measure speed on this machine, in a temporary instance.", no_args_is_help=True)

MAX_SIZE = 2_000_000

ServerUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="postgresql://… of a server on which a temporary database may be made; default: SQLite.",
    ),
]


@commands.command("inbox")
def inbox(
    count: Annotated[int, typer.Option(min=100, max=100_000, help="How many activities are posted.")] = 6_000,
    server_url: ServerUrl = None,
    as_json: AsJson = False,
) -> None:
    """Measure how many activities per second are accepted, and stored and applied."""
    _show(measure_inbox(count, server_url=server_url, say=_progress(as_json)), as_json=as_json)


@commands.command("fanout")
def fanout(
    count: Annotated[int, typer.Option(min=10, max=5_000, help="How many servers get the offer.")] = 500,
    server_url: ServerUrl = None,
    as_json: AsJson = False,
) -> None:
    """Measure how many deliveries per second one offer makes to followers on as many servers."""
    _show(measure_fanout(count, server_url=server_url, say=_progress(as_json)), as_json=as_json)


@commands.command("backfill")
def backfill(
    count: Annotated[
        int, typer.Option(min=50, max=100_000, help="How many offers the other server has.")
    ] = 10_000,
    server_url: ServerUrl = None,
    as_json: AsJson = False,
) -> None:
    """Measure how fast the offers of a newly linked server are read, and how responsive that leaves us."""
    _show(measure_backfill(count, server_url=server_url, say=_progress(as_json)), as_json=as_json)


@commands.command("search")
def search(
    count: Annotated[
        int, typer.Option(min=100, max=1_000_000, help="How many offers the databases get.")
    ] = 100_000,
    sizes: Annotated[
        str, typer.Option(help="How many offers the index alone gets, one size after another.")
    ] = "10000,100000,1000000",
    server_url: ServerUrl = None,
    as_json: AsJson = False,
) -> None:
    """Measure the order by match: the index alone, then pages for a member from each database."""
    say = _progress(as_json)
    _show(measure_index(_sizes(sizes), say=say), as_json=as_json)
    for url in (None, server_url) if server_url else (None,):
        _show(measure_pages(count, server_url=url, say=say), as_json=as_json)
    if server_url is None:
        complain("PostgreSQL was not measured: name a server with --database-url.")


def _sizes(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() and 0 < int(part) <= MAX_SIZE for part in parts):
        raise typer.BadParameter("write numbers of offers with commas between them", param_hint="--sizes")
    return tuple(int(part) for part in parts)


def _progress(as_json: bool) -> Callable[[str], None]:
    return (lambda _: None) if as_json else (lambda text: complain(f"{text} …"))


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        show(orjson.dumps(asdict(report) | {"shares": {f.name: f.share for f in report.figures}}).decode())
        return
    table = Table("", "measured", "bound", "share", "goal", title=f"{report.what}, {report.database}")
    for figure in report.figures:
        table.add_row(figure.name, _number(figure.value, figure.unit), *_compared(figure))
    Console().print(table)
    if report.warning:
        complain(f"The machine was noisy: {report.warning}. Measure again when it is quiet.")


def _compared(figure: Figure) -> tuple[str, str, str]:
    if figure.bound is None or figure.share is None:
        return "", "", ""
    goal = f"{figure.share_goal:.0%}" if figure.share_goal else ""
    return f"{_number(figure.bound, figure.unit)} ({figure.bound_name})", f"{figure.share:.0%}", goal


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 or value == int(value) else f"{value:.2f} {unit}"
