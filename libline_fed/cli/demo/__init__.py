"""`libline demo`: two real instances on this machine that federate, and peers that misbehave on purpose."""

import asyncio
import contextlib
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from libline_fed.cli.demo.cast import PASSWORD, PLACES
from libline_fed.cli.demo.misbehaving import MANNERS, MisbehavingPeer
from libline_fed.cli.demo.play import Play
from libline_fed.cli.demo.scenes import Scene
from libline_fed.cli.demo.stage import Stage, stages_of
from libline_fed.cli.output import ExitCode, show, show_list
from libline_fed.clock import monotonic_s
from libline_fed.federation.http_client import HttpClient
from libline_fed.storage.store import Store

PLAY_S = 60.0
DEFAULT_PORT = 8001


def demo(
    check: Annotated[
        bool, typer.Option("--check", help="End by itself. Status 1: something did not arrive.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=1024, max=65535, help="Port, on 127.0.0.1 and 127.0.0.2.")
    ] = DEFAULT_PORT,
    database_url: Annotated[
        str | None,
        typer.Option(help="postgresql://… of a server on which two databases may be made. Default: SQLite."),
    ] = None,
) -> None:
    """Show two linked instances, sample people in four languages, peers that misbehave; all on loopback."""
    with tempfile.TemporaryDirectory(prefix="libline-demo-") as folder:
        show("Starting two instances and five peers that misbehave ...")
        with stages_of(PLACES, Path(folder), port=port, server_url=database_url) as stages:
            has_all_arrived = asyncio.run(_perform(stages, stay=not check))
    if check and not has_all_arrived:
        raise typer.Exit(ExitCode.FAILED)


async def _perform(stages: tuple[Stage, ...], *, stay: bool) -> bool:
    async with AsyncExitStack() as stack:
        client = HttpClient(allow_private=True, own_host="", user_agent="LibLine demo")
        stack.push_async_callback(client.aclose)
        scenes = []
        for stage in stages:
            store = await Store(stage.settings.resolved_database_url()).open()
            stack.push_async_callback(store.close)
            scenes.append(Scene(stage, store))
        troublemakers = [MisbehavingPeer(manner) for manner in MANNERS]
        for peer in troublemakers:
            await peer.start()
            stack.push_async_callback(peer.stop)
        play = Play(scenes, client, troublemakers)
        await play.run(until_s=monotonic_s() + PLAY_S)
        has_all_arrived = _report(play)
        await _report_trouble(scenes[0], play)
        if stay:
            _invite(stages)
            await _until_interrupted()
        return has_all_arrived


def _report(play: Play) -> bool:
    show("\nWhat federated, and how fast:")
    for arrival in play.arrivals:
        took = "MISSING" if arrival.took_s is None else f"{arrival.took_s:5.2f} s"
        show(f"  {took:>8}  {arrival.what}")
    return all(arrival.took_s is not None for arrival in play.arrivals)


async def _report_trouble(scene: Scene, play: Play) -> None:
    show("\nWhat ana’s server did about the peers that misbehave:")
    rows: list[dict[str, object]] = []
    for peer in play.troublemakers:
        sent = await scene.deliveries_to(peer.host)
        # The first one tells most: what follows waits for it, or is given up with it.
        delivery = max(sent, key=lambda one: (one.attempts_count, -one.id), default=None)
        if delivery is None:
            continue
        rows.append(
            {
                "peer": peer.manner.says,
                "state": delivery.state,
                "attempts": delivery.attempts_count,
                "last_error": delivery.last_error,
                "next_attempt_at": delivery.next_attempt_at if delivery.state == "queued" else None,
            }
        )
    show_list(
        rows, ("peer", "state", "attempts", "last_error", "next_attempt_at"), as_json=False, empty="  nothing"
    )


def _invite(stages: tuple[Stage, ...]) -> None:
    show("\nLook at it:")
    for stage in stages:
        show(f"\n  {stage.place.name}")
        for path in ("/mentors", "/requests", "/mentorships", "/login", "/admin/queue"):
            show(f"    {stage.base_url}{path}")
        for person in stage.place.people:
            role = " (admin)" if person is stage.place.admin else ""
            show(f"    log in as {person.email}, password “{PASSWORD}”{role}")
    show("\nEverything is thrown away when you stop it with Ctrl-C.")


async def _until_interrupted() -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
