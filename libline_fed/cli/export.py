"""`libline export`: the archive of a member's own data, for somebody who cannot fetch it themselves."""

from pathlib import Path
from typing import Annotated

import typer

from libline_fed.cli.opening import opened_instance, run
from libline_fed.cli.output import show
from libline_fed.errors import Conflict
from libline_fed.services import exports, members
from libline_fed.web.exports import readable
from libline_fed.web.render import Renderer
from libline_fed.web.static_files import StaticFiles


def export(
    handle: Annotated[str, typer.Argument(help="The user name, with or without @.")],
    to: Annotated[
        Path | None, typer.Option(help="The file to write, which must not exist yet. Default: HANDLE.zip.")
    ] = None,
) -> None:
    """Write everything of a member into a zip file: JSON, a page to read, signed records. No keys."""
    target = to or Path(f"{handle.strip().removeprefix('@')}.zip")
    archive = run(_build(handle))
    try:
        with target.open("xb") as file:
            target.chmod(0o600)  # it holds private words
            file.write(archive)
    except FileExistsError as error:
        raise Conflict(f"{target} exists", safe=f"{target} exists already.") from error
    show(f"{target} holds the data of {handle}, {len(archive)} bytes.")


async def _build(handle: str) -> bytes:
    async with opened_instance() as instance:
        member = await instance.store.read(lambda tx: members.by_handle(tx, handle))
        renderer = Renderer(instance.site, StaticFiles())
        return await exports.build(
            instance.store,
            instance.site,
            account_id=member.account.id,
            readable=readable(renderer, instance.site.default_language),
            now=instance.clock.now(),
        )
