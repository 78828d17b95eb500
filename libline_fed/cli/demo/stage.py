"""The instances of a demo: settings, folders, databases, people, processes."""

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from libline_fed.app import Instance
from libline_fed.bench.databases import fresh_database
from libline_fed.bench.processes import Running, environ_of, run
from libline_fed.cli.demo.cast import PASSWORD, Person, Place
from libline_fed.clock import SystemClock
from libline_fed.config import Settings, load_settings
from libline_fed.domain.accounts import AccountState, Role
from libline_fed.services import actors, members, passwords
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx


@dataclass(slots=True)
class Stage:
    """One instance of a demo."""

    place: Place
    settings: Settings
    environ: dict[str, str]
    log: Path
    process: Running | None = None

    def kill(self) -> None:
        """End the instance at once and for good, as a broken machine would."""
        assert self.process is not None, "it was started"
        self.process.stop(signal.SIGKILL)

    @property
    def base_url(self) -> str:
        """Where people and peers find it."""
        return self.settings.base_url

    @property
    def host(self) -> str:
        """The part of its members' handles after the @."""
        return self.base_url.removeprefix("http://")


@contextmanager
def stages_of(
    places: Sequence[Place], folder: Path, *, port: int, server_url: str | None
) -> Iterator[tuple[Stage, ...]]:
    """Give a running instance for each place, with its people; end and remove them at the end.

    Each has an address, not a port, of its own: cookies do not know ports, and a login would end another one.
    """
    environ = environ_of({})  # settings that this process was given are not for the demo
    os.environ.clear()
    os.environ.update(environ)
    with ExitStack() as stack:
        stages = []
        for number, place in enumerate(places, 1):
            address = f"127.0.0.{number}"
            database_url = stack.enter_context(fresh_database(server_url, folder))
            stages.append(_set_up(place, folder / address, f"http://{address}:{port}", database_url))
        for stage in stages:
            asyncio.run(_fill(stage))
            address, _, port_text = stage.host.partition(":")
            arguments = ["serve", "--host", address, "--port", port_text]
            stage.process = Running("libline_fed", arguments, log=stage.log, environ=stage.environ)
            stack.callback(stage.process.stop)
            stage.process.wait_ready(int(port_text), "/readyz", address=address)
        yield tuple(stages)


def _set_up(place: Place, folder: Path, base_url: str, database_url: str) -> Stage:
    folder.mkdir(parents=True)
    values: dict[str, object] = {
        "base_url": base_url,
        "data_dir": folder,
        "database_url": database_url,
        "allow_private_peers": True,
        "instance_name": place.name,
        "instance_description": place.description,
        "default_language": place.admin.language,
        "log_level": "warning",
    }
    environ = environ_of(values)
    run("libline_fed", ["migrate", "--quiet"], environ=environ)
    return Stage(place, load_settings(**values), environ, folder / "log.txt")


async def _fill(stage: Stage) -> None:
    """Make the sample people of a stage, before it is served."""
    now = SystemClock().now()
    password_hash = await passwords.hash_password(PASSWORD)
    instance = Instance(stage.settings)
    await instance.open()
    try:
        for person in stage.place.people:
            await instance.keyring.prepare(now=now)

            async def unit(tx: Tx, person: Person = person) -> None:
                await _add(tx, instance.site, stage.place, person, password_hash, now)

            await instance.store.write(unit)
    finally:
        await instance.close()


async def _add(tx: Tx, site: Site, place: Place, person: Person, password_hash: str, now: datetime) -> None:
    role = Role.ADMIN if person is place.admin else Role.MEMBER
    new = members.NewMember(
        person.handle, person.email, password_hash, AccountState.ACTIVE, role, person.language
    )
    member = await members.create(tx, site, new, now=now)
    await actors.edit_profile(
        tx,
        site,
        actor_id=member.actor.id,
        name=person.name,
        summary_text=person.summary,
        languages=list(person.draft.languages),
        fields=[],
        is_discoverable=True,
        manually_approves_followers=False,
        now=now,
    )
