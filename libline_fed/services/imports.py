"""Taking mentorships along from another server: uploaded, looked at, and taken as history.

An archive is only a file: it proves nothing. So what is taken is shown to its owner as brought along, counts
nowhere, and gives no signed record. A mentorship that still runs goes on here once the partner says yes: see
`moves`.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Collection
from datetime import datetime, timedelta

import orjson

from libline_fed.domain.actors import Actor
from libline_fed.domain.imports import Brought, ImportedMentorship, NotAnExport, read_export
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.ids import new_id
from libline_fed.services import rehoming
from libline_fed.services.site import Site
from libline_fed.storage import arrivals, imports, mentorships
from libline_fed.storage.store import Tx

MAX_UPLOAD_BYTES = 8_000_000
MAX_DATA_BYTES = 20_000_000  # unpacked; ten thousand messages are about 5 MB
MAX_VALUES = 1_000_000  # in the JSON: every one takes memory, however short it is
KEPT = timedelta(days=1)
EXPECTED = timedelta(days=180)  # by then what nobody goes on with has lapsed
DATA_FILE = "export.json"


def read_archive(content: bytes) -> Brought:
    """Read an uploaded archive: the zip file as it was handed out, or the JSON in it. Takes up to a second.

    Raises: InvalidInput for field `file`.
    """
    try:
        data = _unzipped(content) if content[:4] == b"PK\x03\x04" else content
        if sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:
            raise NotAnExport("too many values")
        document = orjson.loads(data)
        if not isinstance(document, dict):
            raise NotAnExport("not an object")
        return read_export(document)
    except (NotAnExport, orjson.JSONDecodeError) as error:
        raise InvalidInput({"file": "This is not an archive that a LibLine server made."}) from error


# What `zipfile` raises for files that are not what they say, besides its own error.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


def _unzipped(content: bytes) -> bytes:
    """Return the one file of interest; nothing is unpacked that says, or turns out, to be too large."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            named = [info for info in archive.infolist() if info.filename.rpartition("/")[2] == DATA_FILE]
            if len(named) != 1 or named[0].file_size > MAX_DATA_BYTES or named[0].flag_bits & 1:
                raise NotAnExport("no readable export.json")
            with archive.open(named[0]) as file:
                data = file.read(MAX_DATA_BYTES + 1)
    except _DAMAGE as error:
        raise NotAnExport("a damaged zip file") from error
    if len(data) > MAX_DATA_BYTES:
        raise NotAnExport("too large")
    return data


async def offer(tx: Tx, *, person: Actor, brought: Brought, now: datetime) -> int:
    """Keep what an archive holds, for its owner to look at and decide on; returns how much.

    Raises: InvalidInput for field `file` if it is somebody else's, or nothing in it can be taken.
    """
    if brought.actor_uri not in (person.uri, *person.also_known_as):
        raise InvalidInput(
            {"file": "This archive is of another account. First name that account as yours on this page."}
        )
    await imports.discard(tx, person.id)
    is_own = brought.actor_uri == person.uri  # of this very account: nothing to take along
    here = {one.agreement_uri for one in await mentorships.of_actor(tx, person.id)} if is_own else set()
    await imports.add(
        tx,
        [
            {
                "id": new_id(now),
                "actor_id": person.id,
                "agreement_uri": one.agreement_uri,
                "source_uri": brought.actor_uri,
                "partner_uri": one.partner_uri,
                "partner_name": one.partner_name,
                "side": one.side.value,
                "state": one.state.value,
                "title": one.title,
                "started_on": one.started_on,
                "ended_on": one.ended_on,
                "document": one.document(),
                "is_taken": False,
                "created_at": now,
            }
            for one in brought.mentorships
            if one.agreement_uri not in here
        ],
    )
    waiting = await imports.of_actor(tx, person.id, is_taken=False)
    if not waiting:
        raise InvalidInput({"file": "There is no mentorship in this archive that you do not have here."})
    return len(waiting)


async def waiting(tx: Tx, person: Actor) -> list[ImportedMentorship]:
    """List what was uploaded and waits for a decision."""
    return await imports.of_actor(tx, person.id, is_taken=False)


async def taken(tx: Tx, person: Actor) -> list[ImportedMentorship]:
    """List what was brought along, the latest first."""
    return await imports.of_actor(tx, person.id, is_taken=True)


async def take(tx: Tx, site: Site, *, person: Actor, ids: Collection[str], now: datetime) -> int:
    """Take what was chosen and throw the rest away; returns how much was taken.

    Where the partner has agreed already, it goes on here.
    """
    count = await imports.take(tx, person.id, ids)
    await imports.discard(tx, person.id)
    await rehoming.begin_expected(tx, site, person, now=now)
    await rehoming.catch_up(tx, person, now=now)
    return count


async def get(tx: Tx, *, person: Actor, import_id: str) -> ImportedMentorship:
    """Return something that was brought along.

    Raises: NotFound.
    """
    found = await imports.get(tx, person.id, import_id)
    if found is None:
        raise NotFound(f"nothing {import_id} of {person.id}")
    return found


async def remove(tx: Tx, *, person: Actor, import_id: str) -> None:
    """Delete something that was brought along.

    Raises: NotFound.
    """
    if not await imports.remove(tx, person.id, import_id):
        raise NotFound(f"nothing {import_id} of {person.id}")


async def drop_undecided(tx: Tx, *, now: datetime) -> int:
    """Delete what was uploaded more than a day ago and never taken; returns how many."""
    await arrivals.drop_old(tx, now - EXPECTED)
    return await imports.drop_undecided(tx, now - KEPT)
