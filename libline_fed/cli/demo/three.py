"""A consortium of three servers from its beginning to the loss of its host, and what goes on after that.

Run it with `scripts/consortium`. Three real instances with data of their own speak HTTP on 127.0.0.1 to
127.0.0.3: two members with people, and the server that hosts the consortium. Admins act through the commands
of `libline`, people through the pages; what is listed is read from the pages of the other server.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import orjson
import typer

from libline_fed.bench.processes import ProcessFailed, run
from libline_fed.cli.demo.cast import ANA, CHLOE, DANIEL, HOST_PLACE, PASSWORD, PLACES, SAMIR, Person
from libline_fed.cli.demo.picture import Box, boxes, table, under
from libline_fed.cli.demo.stage import Stage, stages_of
from libline_fed.cli.demo.visitor import PageFailed, Visitor
from libline_fed.cli.output import ExitCode, show
from libline_fed.clock import monotonic_s
from libline_fed.domain.proposals import Draft
from libline_fed.errors import LibLineError
from libline_fed.federation.http_client import HttpClient

HANDLE = "redbib"
DEFAULT_PORT = 8011
WAIT_S = 90.0  # for each step; a busy machine takes its time to start a command
POLL_S = 0.25
LISTS = {"offer": "/mentors", "request": "/requests"}
Act = Callable[[], Awaitable[object]]
Question = Callable[[], Awaitable[bool]]


@dataclass(slots=True)
class Step:
    """One thing that was done, and whether it led to what it should."""

    what: str
    took_s: float | None = None
    trouble: str = ""


class Server:
    """One instance as its admins and its people use it."""

    def __init__(self, stage: Stage, client: HttpClient) -> None:
        self.stage = stage
        self.is_member = False
        self._client = client
        self._visitors: dict[str, Visitor] = {}
        self.paths: dict[str, str] = {}  # of proposals, by the title they were published under

    async def libline(self, *arguments: str) -> str:
        """Run a command, as an admin would."""
        printed = await asyncio.to_thread(run, "libline_fed", list(arguments), environ=self.stage.environ)
        return printed.decode()

    async def listed(self, *arguments: str) -> list[dict[str, object]]:
        """Run a command that lists something, and return its rows."""
        rows: list[dict[str, object]] = orjson.loads(await self.libline(*arguments, "--json"))
        return rows

    async def visitor(self, person: Person) -> Visitor:
        """Return somebody's browser, logged in."""
        known = self._visitors.get(person.handle)
        if known is None:
            known = self._visitors[person.handle] = Visitor(self._client, self.stage.base_url)
            await known.log_in(person.email, PASSWORD)
        return known

    async def publish(self, person: Person) -> None:
        """Publish somebody's proposal through the form."""
        visitor = await self.visitor(person)
        path, _ = await visitor.submit(
            f"/proposals/new?purpose={person.draft.purpose}", values_of(person.draft), action="/proposals/new"
        )
        self.paths[person.draft.title] = path.partition("?")[0]

    async def edit(self, person: Person, title: str) -> None:
        """Give somebody's proposal another title."""
        values = values_of(person.draft) | {"title": title}
        await (await self.visitor(person)).submit(f"{self.paths[person.draft.title]}/edit", values)

    async def end(self, person: Person, action: str) -> None:
        """Close or delete somebody's proposal."""
        await (await self.visitor(person)).submit(f"{self.paths[person.draft.title]}/{action}", {})

    async def lists(self, person: Person, title: str | None = None, *, via: str = "") -> bool:
        """Tell whether the first page of the list shows a proposal; `via`: among what a server brought."""
        path = LISTS[person.draft.purpose] + (f"?via={quote(via, safe='')}" if via else "")
        _, page = await Visitor(self._client, self.stage.base_url).open(path)
        return (title or person.draft.title) in unescape(page)


    async def answers(self) -> bool:
        """Tell whether the server is there at all."""
        try:
            await Visitor(self._client, self.stage.base_url).open("/mentors")
        except LibLineError:
            return False
        return True


def values_of(draft: Draft) -> dict[str, object]:
    """Return what the form for proposals is filled in with."""
    return {
        "purpose": draft.purpose,
        "title": draft.title,
        "body_text": draft.body_text,
        "areas": list(draft.areas),
        "languages": list(draft.languages),
        "modes": list(draft.modes),
        "places_count": draft.places_count,
        "language": draft.language,
        "audience": draft.audience,
    }


class Story:
    """What happens, in order. `steps` grows as it goes on; the first one that fails ends it."""

    def __init__(self, here: Server, there: Server, host: Server) -> None:
        self.here, self.there, self.host = here, there, host
        self.steps: list[Step] = []
        self.group_uri = f"{host.stage.base_url}/groups/{HANDLE}"
        self.group_acct = f"@{HANDLE}@{host.stage.host}"

    @property
    def has_failed(self) -> bool:
        """Whether something did not go as it should."""
        return any(step.took_s is None for step in self.steps)

    async def run(self) -> None:
        """Tell the whole story, or as far as it goes."""
        for chapter in (self._begin, self._publish, self._change, self._leave, self._lose_host, self._go_on):
            await chapter()
            if self.has_failed:
                return

    async def _begin(self) -> None:
        await self._step(
            "the consortium is made on a server of its own",
            lambda: self.host.libline(
                "consortium", "create", HANDLE, "--name", "Red de muestra", "--language", "es",
                "--charter", "Nos ayudamos.", "--coordinator", HOST_PLACE.admin.handle, "--only-host",
            ),
        )  # fmt: skip
        for server in (self.here, self.there):
            await self._join(server)

    async def _join(self, server: Server) -> None:
        name = server.stage.host
        await self._step(
            f"{name} asks to join, and the coordinators see it",
            lambda: server.libline("consortium", "join", self.group_acct, "--note", "Hola"),
            lambda: self._has_state(self.host, "members", HANDLE, host=name, state="asked"),
        )
        await self._step(
            f"they say yes: {name} is a member, and knows it",
            lambda: self.host.libline("consortium", "approve", HANDLE, name),
            lambda: self._has_state(server, "list", consortium=self.group_uri, state="member"),
        )
        server.is_member = True

    async def _publish(self) -> None:
        for server, other, person in self._people():
            await self._step(
                f"{person.handle}’s {person.draft.purpose}, brought by it, is listed on {other.stage.host}",
                lambda server=server, person=person: server.publish(person),  # type: ignore[misc]
                lambda other=other, person=person: other.lists(person, via=self.group_uri),  # type: ignore[misc]
            )
        await self._draw(f"The consortium {self.group_acct}: each member lists what the other has.")

    def _people(self) -> list[tuple[Server, Server, Person]]:
        pairs = ((self.here, self.there, (ANA, SAMIR)), (self.there, self.here, (DANIEL, CHLOE)))
        return [(server, other, person) for server, other, people in pairs for person in people]

    async def _change(self) -> None:
        title = f"{DANIEL.draft.title} (new)"
        await self._step(
            f"daniel’s new title is on {self.here.stage.host}",
            lambda: self.there.edit(DANIEL, title),
            lambda: self.here.lists(DANIEL, title),
        )
        await self._step(
            f"samir closes his offer: it leaves the list of {self.there.stage.host}",
            lambda: self.here.end(SAMIR, "close"),
            lambda: _not(self.there.lists(SAMIR)),
        )
        await self._step(
            f"chloe deletes her request: it is gone from {self.here.stage.host}",
            lambda: self.there.end(CHLOE, "delete"),
            lambda: _not(self.here.lists(CHLOE)),
        )

    async def _leave(self) -> None:
        await self._step(
            f"{self.there.stage.host} leaves: what it has is not listed on {self.here.stage.host} any more",
            lambda: self.there.libline("consortium", "leave", self.group_acct),
            lambda: _not(self.here.lists(DANIEL)),
        )
        await self._step("and the other way round", None, lambda: _not(self.there.lists(ANA)))
        self.there.is_member = False
        await self._draw("One member has left: neither lists what the other has.")
        await self._join(self.there)
        await self._step(
            f"{self.there.stage.host} reads what was published without it",
            None,
            lambda: self.there.lists(ANA, via=self.group_uri),
        )
        await self._step(
            f"and {self.here.stage.host} lists its offers again",
            None,
            lambda: self.here.lists(DANIEL, via=self.group_uri),
        )

    async def _lose_host(self) -> None:
        async def kill() -> None:
            await asyncio.to_thread(self.host.stage.kill)

        what = "the consortium’s server is killed for good (kill -9)"
        await self._step(what, kill, lambda: _not(self.host.answers()))
        await self._step("both members still list what they know", None, self._both_list)
        await self._draw(f"{self.group_acct} is no more; both members keep what they have.", is_dead=True)

    async def _both_list(self) -> bool:
        return await self.here.lists(DANIEL) and await self.there.lists(ANA)

    async def _go_on(self) -> None:
        here, there = self.here.stage.host, self.there.stage.host
        await self._step(
            f"{here} asks {there}, which was in it too, for a link of their own",
            lambda: self.here.libline("consortium", "link-members", self.group_acct),
            lambda: self._is_asked(self.there, here),
        )
        await self._step(
            f"{there} says yes, and {here} reads what it has, without the consortium",
            lambda: self.there.libline("link", "approve", here),
            lambda: self._is_linked(self.here, self.there),
        )
        await self._step(
            f"{there} asks back: who asked first says yes by itself, and is read as well",
            lambda: self.there.libline("link", "add", here),
            lambda: self._is_linked(self.there, self.here),
        )
        for server in (self.here, self.there):
            await self._step(
                f"{server.stage.host} leaves the consortium that is no more",
                lambda one=server: one.libline("consortium", "leave", self.group_acct),  # type: ignore[misc]
            )
        await self._step("nothing is lost: both list what they listed before", None, self._both_list)
        title = f"{DANIEL.draft.title} (newer)"
        await self._step(
            f"daniel’s next title goes straight to {here}",
            lambda: self.there.edit(DANIEL, title),
            lambda: self.here.lists(DANIEL, title),
        )
        await self._draw_link("Linked directly: changes go straight from one to the other.")

    async def _is_asked(self, server: Server, host: str) -> bool:
        rows = await server.listed("link", "list")
        return any(row["host"] == host and row["theirs"] == "pending" for row in rows)

    async def _is_linked(self, server: Server, other: Server) -> bool:
        person = DANIEL if server is self.here else ANA
        return await server.lists(person, via=f"{other.stage.base_url}/actor")

    async def _has_state(self, server: Server, *command: str, **wanted: str) -> bool:
        rows = await server.listed("consortium", *command)
        return any(all(row.get(key) == value for key, value in wanted.items()) for row in rows)

    async def _step(self, what: str, act: Act | None, becomes: Question | None = None) -> None:
        """Do something and wait for what comes of it; after a failure, nothing is done any more."""
        if self.has_failed:
            return
        step, begin_s = Step(what), monotonic_s()
        self.steps.append(step)
        try:
            if act is not None:
                await act()
            while becomes is not None and not await becomes():
                if monotonic_s() - begin_s > WAIT_S:
                    step.trouble = f"not within {WAIT_S:.0f} s"
                    break
                await asyncio.sleep(POLL_S)
        except (PageFailed, ProcessFailed) as error:
            step.trouble = error.detail
        if not step.trouble:
            step.took_s = monotonic_s() - begin_s
        show("\n".join(table([_row(step)])))

    # --- what is printed ----------------------------------------------------------------------------

    async def _draw(self, says: str, *, is_dead: bool = False) -> None:
        if self.has_failed:
            return
        host = Box(HOST_PLACE.name, self.host.stage.host, ("KILLED" if is_dead else "hosts the consortium",))
        are_in = (self.here.is_member, self.there.is_member)
        self._show_picture(says, under(host, *await self._boxes(), are_in=are_in, is_dead=is_dead))

    async def _draw_link(self, says: str) -> None:
        if not self.has_failed:
            self._show_picture(says, boxes(*await self._boxes(), between="<=link=>"))

    async def _boxes(self) -> tuple[Box, Box]:
        return await self._box(self.here, (CHLOE, DANIEL)), await self._box(self.there, (ANA, SAMIR))

    async def _box(self, server: Server, others: tuple[Person, ...]) -> Box:
        listed = [one.handle for one in others if await server.lists(one)]
        people = ", ".join(one.handle for one in server.stage.place.people)
        says = f"lists: {', '.join(listed) or 'nothing of the other'}"
        return Box(server.stage.place.name, server.stage.host, (f"people: {people}", says))

    def _show_picture(self, says: str, drawn: list[str]) -> None:
        show(f"\n  {says}\n" + "\n".join(f"    {line}" for line in drawn) + "\n")


async def _not(question: Awaitable[bool]) -> bool:
    return not await question


def _row(step: Step) -> tuple[str, str, str]:
    if step.took_s is None:
        return "FAILED", "", f"{step.what}: {step.trouble}"
    return "ok", f"{step.took_s:.2f} s", step.what


def three(
    port: Annotated[
        int, typer.Option(min=1024, max=65535, help="Port, on 127.0.0.1 to 127.0.0.3.")
    ] = DEFAULT_PORT,
    database_url: Annotated[
        str | None,
        typer.Option(help="postgresql://… of a server for three new databases. Default: SQLite."),
    ] = None,
) -> None:
    """Play the life of a consortium on three servers, and how its members go on when its host is lost."""
    with tempfile.TemporaryDirectory(prefix="libline-consortium-") as folder:
        show("Starting three instances ...")
        with stages_of((*PLACES, HOST_PLACE), Path(folder), port=port, server_url=database_url) as stages:
            story = asyncio.run(_tell(stages))
    done_count = sum(step.took_s is not None for step in story.steps)
    show(f"{done_count} of {len(story.steps)} steps went as they should.")
    if story.has_failed:
        raise typer.Exit(ExitCode.FAILED)


async def _tell(stages: tuple[Stage, ...]) -> Story:
    async with AsyncExitStack() as stack:
        client = HttpClient(allow_private=True, own_host="", user_agent="LibLine demo")
        stack.push_async_callback(client.aclose)
        story = Story(*(Server(stage, client) for stage in stages))
        await story.run()
        return story


if __name__ == "__main__":
    typer.run(three)
