"""Archives of other servers: whatever is in the file, only what is known, whole and one's own is taken."""

import io
import json
import struct
import zipfile
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from libline_fed.domain import imports as domain
from libline_fed.domain.imports import Brought, NotAnExport, read_export
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.services import actors, exports, imports, records, upkeep
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.mentorship_views import view_of
from libline_fed.services.site import Site
from libline_fed.storage import actors as actor_rows
from libline_fed.storage.mentorship_tables import imported_mentorships
from libline_fed.storage.mentorship_tables import records as record_table
from libline_fed.storage.store import Store, Tx
from tests.services.conftest import Add
from tests.support.ended import add_mentorship, add_talk

OLD = "https://old.example/actors/ana"
TALK = {
    "uri": "https://old.example/talks/1",
    "by_me": True,
    "version": 1,
    "held_on": "2026-01-20",
    "minutes": 45,
    "notes_text": "My own words",
    "is_shared": False,
}
GOAL = {
    "uri": "https://old.example/goals/1",
    "by_me": True,
    "version": 2,
    "title": "Ten maps",
    "body_text": "of the river",
    "goal_type": "G01",
    "state": "done",
    "due_on": "2026-03-01",
    "done_at": "2026-02-20T10:00:00Z",
    "milestones": [{"id": "m1", "title": "Five", "due_on": None, "done_on": "2026-02-01"}],
}
DATA: dict[str, Any] = {
    "format": "libline-export",
    "version": 1,
    "actor": OLD,
    "account": {"email": "canary@mail.example"},
    "mentorships": [
        {
            "agreement_uri": "https://old.example/agreements/1",
            "me": "mentee",
            "partner": {"uri": "https://b.example/actors/ben", "name": "Ben"},
            "state": "completed",
            "title": "Cataloguing",
            "areas": ["A0301"],
            "terms": {"goal": "Learn RDA", "months": 3, "unheard": "of"},
            "started_at": "2026-01-10T09:00:00Z",
            "ended_at": "2026-04-10T09:00:00Z",
            "goals": [GOAL],
            "talks": [
                TALK,
                {
                    **TALK,
                    "uri": "https://b.example/talks/2",
                    "by_me": False,
                    "held_on": "2026-02-20",
                    "minutes": 30,
                    "notes_text": "canary of the other",
                    "is_shared": True,
                },
            ],
            "messages": [{"by_me": False, "content_html": "canary message"}],
            "feedback": [{"by_me": False, "body_text": "canary feedback"}],
        }
    ],
}


def changed(**values: Any) -> dict[str, Any]:
    """Return the archive with a mentorship that differs."""
    return {**DATA, "mentorships": [{**DATA["mentorships"][0], **values}]}


def zipped(
    data: Any, name: str = "libline-ana-2026-11-24/export.json", more: dict[str, bytes] | None = None
) -> bytes:
    """Pack an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data if isinstance(data, bytes | str) else json.dumps(data))
        for other, content in (more or {}).items():
            archive.writestr(other, content)
    return packed.getvalue()


# --- what is read -------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [zipped(DATA), json.dumps(DATA).encode()], ids=["zip", "json"])
def test_mentorships_are_read_with_goals_talks_and_own_notes_only(content: bytes) -> None:
    brought = imports.read_archive(content)
    assert brought.actor_uri == OLD
    (one,) = brought.mentorships
    assert (one.side, one.state) == ("mentee", "completed")
    assert (one.title, one.partner_name) == ("Cataloguing", "Ben")
    assert (one.started_on, one.ended_on) == (date(2026, 1, 10), date(2026, 4, 10))
    assert one.terms == {"goal": "Learn RDA", "months": 3}
    (goal,) = one.goals
    assert (goal.title, goal.state, goal.done_on, goal.version) == ("Ten maps", "done", "2026-02-20", 2)
    assert [talk.minutes for talk in one.talks] == [45, 30]
    assert [talk.notes_text for talk in one.talks] == ["My own words", ""]
    assert "canary" not in json.dumps(one.document())


@pytest.mark.parametrize(
    "values",
    [
        {"state": "declined"},
        {"state": "draft"},
        {"state": "no such state"},
        {"state": ["active"]},
        {"me": "boss"},
        {"me": {}},
        {"agreement_uri": None},
        {"agreement_uri": "javascript:alert(1)"},
        {"agreement_uri": "https://old.example/" + "x" * 2_000},
        {"partner": None},
        {"partner": {"uri": 7}},
    ],
)
def test_what_did_not_take_place_or_makes_no_sense_is_left_out(values: dict[str, Any]) -> None:
    assert read_export(changed(**values)).mentorships == ()


@pytest.mark.parametrize(
    "values",
    [
        {"goals": [{"title": "No address"}]},
        {"goals": [{**GOAL, "deleted_at": "2026-02-02T00:00:00Z"}]},
        {"goals": "all of them"},
        {"goals": [{**GOAL, "title": ["Ten maps"]}]},
        {"talks": [{**TALK, "minutes": minutes} for minutes in (0, -5, 1_441, "9")]},
        {"talks": [{**TALK, "held_on": "yesterday"}]},
        {"talks": [7, None, []]},
    ],
)
def test_parts_that_make_no_sense_are_left_out_one_by_one(values: dict[str, Any]) -> None:
    (one,) = read_export(changed(**values)).mentorships
    assert len(one.goals if "goals" in values else one.talks) == 0
    assert len(one.talks if "goals" in values else one.goals) > 0, "the rest is taken"


def test_an_unknown_state_of_a_goal_is_open() -> None:
    (one,) = read_export(changed(goals=[{**GOAL, "state": ["done"]}])).mentorships
    assert one.goals[0].state == "open"


def test_a_file_cannot_bring_more_than_its_share() -> None:
    (one,) = read_export(
        changed(
            title="x" * 10_000,
            goals=[{**GOAL, "body_text": "y" * 10_000, "milestones": [{"id": "m", "title": "x"}] * 99}] * 999,
            talks=[TALK] * 1_000,
            areas=["A0301"] * 1_000,
            terms={"goal": "z" * 10_000, "months": 10**9},
        )
    ).mentorships
    assert len(one.title) <= domain.MAX_LINE_CHARACTERS
    assert (len(one.goals), len(one.talks), len(one.areas)) == (200, 200, 20)
    assert len(one.goals[0].body_text) == domain.MAX_TEXT_CHARACTERS
    assert len(one.goals[0].milestones) == domain.MAX_MILESTONES
    assert "months" not in one.terms
    many = [{**DATA["mentorships"][0], "agreement_uri": f"https://old.example/{n}"} for n in range(1_000)]
    assert len(read_export({**DATA, "mentorships": many}).mentorships) == domain.MAX_MENTORSHIPS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = sorted(DATA["mentorships"][0])
PARTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys([*GOAL, *TALK], JSON)
)


@given(
    st.dictionaries(st.sampled_from(NAMES), JSON | st.lists(PARTS, max_size=3), max_size=4),
    st.dictionaries(st.sampled_from(["actor", "mentorships", "version"]), JSON, max_size=1),
)
def test_no_json_breaks_the_reader(values: dict[str, Any], outside: dict[str, Any]) -> None:
    try:
        brought = read_export({**changed(**values), **outside})
    except NotAnExport:
        return
    json.dumps([one.document() for one in brought.mentorships]).encode()


# --- what is refused ----------------------------------------------------------------------------------


def bomb() -> bytes:
    """Return a small zip of a large file."""
    return zipped(b" " * (imports.MAX_DATA_BYTES + 1))


def lying_bomb() -> bytes:
    """Return the same, saying that the file is small."""
    content, size = bomb(), struct.pack("<L", imports.MAX_DATA_BYTES + 1)
    return content.replace(size, struct.pack("<L", 100))


def encrypted() -> bytes:
    """Return a zip whose file claims to be encrypted."""
    content = bytearray(zipped(DATA))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def odd_method() -> bytes:
    """Return a zip whose file is packed in a way that nobody knows."""
    content = bytearray(zipped(DATA))
    content[8] = 99
    content[content.index(b"PK\x01\x02") + 10] = 99
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"PK\x03\x04" + b"x" * 500,
        b"hello",
        b"[]",
        b"null",
        b"{}",
        b'{"format": "libline-export"}',
        b'{"format": "libline-export", "version": 99, "actor": "https://old.example/a"}',
        b'{"format": "libline-export", "version": 1}',
        b"[" * 100_000,
        b"[" + b"0," * imports.MAX_VALUES + b"0]",
        b"\xff\xfe{}",
        zipped(DATA)[:-30],
        zipped(DATA)[:100],
        zipped(DATA, name="other.json"),
        zipped(DATA, more={"other/export.json": b"{}"}),
        zipped("not json"),
        bomb(),
        lying_bomb(),
        encrypted(),
        odd_method(),
    ],
    ids=lambda content: f"{len(content)} bytes",
)
def test_what_is_no_archive_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        imports.read_archive(content)
    assert refused.value.fields == {"file": "This is not an archive that a LibLine server made."}


@given(st.integers(0, len(zipped(DATA)) - 1), st.integers(1, 255))
def test_a_damaged_zip_is_read_or_refused_but_breaks_nothing(place: int, change: int) -> None:
    content = bytearray(zipped(DATA))
    content[place] ^= change
    try:
        imports.read_archive(bytes(content))
    except InvalidInput:
        return


def test_paths_in_the_zip_write_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    brought = imports.read_archive(zipped(DATA, name="../../export.json", more={"/etc/passwd": b"x"}))
    assert len(brought.mentorships) == 1
    assert list(tmp_path.iterdir()) == []


# --- looked at, taken, removed ------------------------------------------------------------------------


async def named(store: Store, actor_id: str, now: datetime, *aliases: str) -> Any:
    return await store.write(lambda tx: actor_rows.change(tx, actor_id, now, also_known_as=list(aliases)))


def several(count: int) -> Brought:
    one = DATA["mentorships"][0]
    listed = [{**one, "agreement_uri": f"https://old.example/agreements/{n}"} for n in range(count)]
    return read_export({**DATA, "mentorships": listed})


async def count_rows(store: Store) -> int:
    found = await store.read(lambda tx: tx.scalar(select(func.count()).select_from(imported_mentorships)))
    assert isinstance(found, int)
    return found


async def test_only_ones_own_archive_can_be_uploaded(store: Store, add: Add, now: datetime) -> None:
    ana = await add("ana")
    with pytest.raises(InvalidInput) as refused:
        await store.write(lambda tx: imports.offer(tx, person=ana.actor, brought=several(1), now=now))
    assert "another account" in refused.value.fields["file"]
    person = await named(store, ana.actor.id, now, OLD)
    assert await store.write(lambda tx: imports.offer(tx, person=person, brought=several(1), now=now)) == 1


async def test_what_is_chosen_is_kept_and_the_rest_goes(
    store: Store, add: Add, site: Site, now: datetime
) -> None:
    person = await named(store, (await add("ana")).actor.id, now, OLD)
    assert await store.write(lambda tx: imports.offer(tx, person=person, brought=several(3), now=now)) == 3
    assert await store.read(lambda tx: imports.taken(tx, person)) == [], "nothing is kept before a yes"
    chosen = [one.id for one in await store.read(lambda tx: imports.waiting(tx, person))][:2]
    assert await store.write(lambda tx: imports.take(tx, site, person=person, ids=chosen, now=now)) == 2
    assert {one.id for one in await store.read(lambda tx: imports.taken(tx, person))} == set(chosen)
    assert await count_rows(store) == 2
    await store.write(lambda tx: imports.remove(tx, person=person, import_id=chosen[0]))
    with pytest.raises(NotFound):
        await store.write(lambda tx: imports.remove(tx, person=person, import_id=chosen[0]))
    assert await count_rows(store) == 1


async def test_what_was_taken_stays_as_it_was_when_the_archive_comes_again(
    store: Store, add: Add, site: Site, now: datetime
) -> None:
    person = await named(store, (await add("ana")).actor.id, now, OLD)

    async def take_all(tx: Tx) -> None:
        await imports.offer(tx, person=person, brought=several(2), now=now)
        ids = [one.id for one in await imports.waiting(tx, person)]
        await imports.take(tx, site, person=person, ids=ids, now=now)

    await store.write(take_all)
    with pytest.raises(InvalidInput) as refused:
        await store.write(take_all)
    assert "no mentorship in this archive" in refused.value.fields["file"]
    assert len(await store.read(lambda tx: imports.taken(tx, person))) == 2
    assert await store.write(lambda tx: imports.offer(tx, person=person, brought=several(3), now=now)) == 1


async def test_nobody_takes_reads_or_removes_what_is_anothers(
    store: Store, add: Add, site: Site, now: datetime
) -> None:
    person = await named(store, (await add("ana")).actor.id, now, OLD)
    ben = (await add("ben")).actor
    await store.write(lambda tx: imports.offer(tx, person=person, brought=several(1), now=now))
    (one,) = await store.read(lambda tx: imports.waiting(tx, person))
    assert await store.write(lambda tx: imports.take(tx, site, person=ben, ids=[one.id], now=now)) == 0
    await store.write(lambda tx: imports.take(tx, site, person=person, ids=[one.id], now=now))
    with pytest.raises(NotFound):
        await store.read(lambda tx: imports.get(tx, person=ben, import_id=one.id))
    with pytest.raises(NotFound):
        await store.write(lambda tx: imports.remove(tx, person=ben, import_id=one.id))
    assert await store.read(lambda tx: imports.get(tx, person=person, import_id=one.id))


async def test_what_nobody_decides_on_goes_after_a_day(
    store: Store, add: Add, site: Site, now: datetime
) -> None:
    person = await named(store, (await add("ana")).actor.id, now, OLD)
    await store.write(lambda tx: imports.offer(tx, person=person, brought=several(1), now=now))
    early = now + timedelta(hours=23)
    assert (await store.write(lambda tx: upkeep.tidy(tx, site, now=early)))["imports"] == 0
    late = now + timedelta(hours=25)
    assert (await store.write(lambda tx: upkeep.tidy(tx, site, now=late)))["imports"] == 1


async def test_an_archive_that_we_make_can_be_read(store: Store, add: Add, site: Site, now: datetime) -> None:
    ana, ben = await add("ana"), await add("ben")

    async def unit(tx: Tx) -> None:
        made = await add_mentorship(tx, mentor=ana.actor, mentee=ben.actor, now=now)
        await add_talk(tx, made, ana.actor, 90, now)
        await add_mentorship(
            tx, mentor=ben.actor, mentee=ana.actor, now=now, state="declined", started_at=None
        )

    await store.write(unit)
    archive = await exports.build(
        store, site, account_id=ana.account.id, readable=lambda data, member: "", now=now
    )
    brought = imports.read_archive(archive)
    assert brought.actor_uri == ana.actor.uri
    (one,) = brought.mentorships
    assert (one.side, one.state, one.partner_name) == ("mentor", "completed", ben.actor.display_name)
    assert [talk.minutes for talk in one.talks] == [90]


async def test_what_goes_with_an_account(store: Store, add: Add, site: Site, now: datetime) -> None:
    """Deleting an account deletes the records and what was brought along, and nobody else's."""
    ana, ben = await add("ana"), await add("ben")

    async def unit(tx: Tx) -> None:
        await ensure_instance_actor(tx, site, now=now)
        made = await add_mentorship(tx, mentor=ana.actor, mentee=ben.actor, now=now - timedelta(days=8))
        for member in (ana, ben):
            view = await view_of(tx, made, member.actor)
            await records.issue(tx, site, view=view, now=now)
            person = await actor_rows.change(tx, member.actor.id, now, also_known_as=[OLD])
            await imports.offer(tx, person=person, brought=several(1), now=now)
            ids = [one.id for one in await imports.waiting(tx, person)]
        await imports.take(tx, site, person=person, ids=ids, now=now)

    await store.write(unit)
    await store.write(
        lambda tx: actors.delete_account(tx, site, account_id=ana.account.id, actor_id=ana.actor.id, now=now)
    )

    async def owners(tx: Tx) -> list[str]:
        tables = (imported_mentorships, record_table)
        return [row.actor_id for table in tables for row in await tx.all(select(table.c.actor_id))]

    assert await store.read(owners) == [ben.actor.id] * 2
