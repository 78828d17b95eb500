"""What each filter means, on both databases: whom it finds, and to whom a profile is no secret."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

from libline_fed.domain.accounts import Member
from libline_fed.domain.proposal_details import Details
from libline_fed.domain.proposals import Proposal, Purpose
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import EVERYBODY, Viewer
from libline_fed.services.site import Site
from libline_fed.storage import actors, directory
from libline_fed.storage.store import Store
from libline_fed.storage.tables import accounts, proposals
from tests.services.conftest import Add, add, keyring, sealer, site
from tests.services.test_proposals import DRAFT, publish
from tests.support.neighbours import list_offer, meet

__all__ = ["add", "keyring", "sealer", "site"]  # fixtures

MEMBER = Viewer(is_member=True)


async def titles(store: Store, now: datetime, viewer: Viewer = MEMBER, /, **asked: Any) -> list[str]:
    """Return the titles of what is found, in order."""
    search = Search(Purpose.OFFER, **{"sort": Sort.NEWEST, **asked})
    found, total_count = await store.read(
        lambda tx: directory.page(tx, search, viewer, today=now.date(), limit=50, offset=0)
    )
    assert total_count == len(found)
    return [proposal.title for proposal, _ in found]


async def put(store: Store, proposal: Proposal, **values: Any) -> None:
    """Set columns of a proposal as they could come from another version."""
    change = update(proposals).where(proposals.c.id == proposal.id).values(values)
    await store.write(lambda tx: tx.execute(change))


async def say(store: Store, member: Member, now: datetime, **details: Any) -> None:
    """Set what a profile says."""
    await store.write(lambda tx: actors.change(tx, member.actor.id, now, details=details))


async def test_what_a_proposal_says_comes_before_what_its_author_says(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    said = Details(stage="S2", types_own=("T01",), goals=("G02",), formats=("F1",))
    await publish(store, site, ana, now, replace(DRAFT, title="says", details=said))
    await publish(store, site, ana, now, replace(DRAFT, title="silent"))
    await say(store, ana, now, stage="S4", types_own=["T03"], facts_shown="public")
    assert await titles(store, now, stages=("S2",)) == ["says"]
    assert await titles(store, now, stages=("S4",)) == ["silent"]
    assert await titles(store, now, types=("T01", "T02")) == ["says"]
    assert await titles(store, now, types=("T03",)) == ["silent"]
    assert await titles(store, now, goals=("G02",)) == await titles(store, now, formats=("F1",)) == ["says"]
    assert await titles(store, now, goals=("G01",)) == await titles(store, now, formats=("F2",)) == []
    assert sorted(await titles(store, now, stages=("S2", "S4"))) == ["says", "silent"]


@pytest.mark.parametrize(
    ("shown", "for_members", "for_everybody"),
    [("public", True, True), ("members", True, False), ("nobody", False, False)],
)
async def test_a_filter_tells_nobody_what_a_profile_does_not_show_them(
    store: Store, site: Site, add: Add, now: datetime, shown: str, for_members: bool, for_everybody: bool
) -> None:
    ana = await add("ana")
    await publish(store, site, ana, now)
    facts = {"stage": "S4", "types_own": ["T03"], "facts_shown": "public" if shown == "public" else "members"}
    await say(store, ana, now, **facts, country="fr", place_shown=shown)
    assert bool(await titles(store, now, places=("FR", "KE"))) is for_members
    assert bool(await titles(store, now, EVERYBODY, places=("FR",))) is for_everybody
    assert await titles(store, now, places=("KE",)) == []
    for asked in ({"stages": ("S4",)}, {"types": ("T03",)}):
        assert await titles(store, now, **asked)
        assert bool(await titles(store, now, EVERYBODY, **asked)) is for_everybody


async def test_terms_of_this_server_count_as_those_they_belong_to(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    offer = await publish(store, site, await add("ana"), now, replace(DRAFT, title="own"))
    named = {"x-shelving": {"broader": "G02"}, "x-odd": "no object", "x-bus": {"broader": "T03"}}
    await put(store, offer, details={"goals": ["x-shelving"], "types_own": ["x-bus"], "named": named})
    for asked in ({"goals": ("G02",)}, {"goals": ("x-shelving",)}, {"types": ("T03",)}):
        assert await titles(store, now, **asked) == ["own"], asked
    for asked in ({"goals": ("G03",)}, {"goals": ("x-odd",)}, {"types": ("G02",)}, {"types": ("T01",)}):
        assert await titles(store, now, **asked) == [], asked


@pytest.mark.parametrize(
    "details",
    [
        {"goals": "G01", "stage": ["S1"], "types_own": {"T01": 1}, "answer_days": "2", "named": []},
        {"goals": {"0": "G01"}, "stage": 1, "types_own": None, "answer_days": True, "named": "x"},
        {"goals": [["G01"], {"x": "G01"}, None, 1], "answer_days": 2.0, "named": {"x-a": ["broader"]}},
        {"goals": None, "stage": None, "types_own": "x-a", "answer_days": 99, "named": {"x-a": None}},
    ],
)
async def test_what_makes_no_sense_is_not_stated_and_breaks_no_search(
    store: Store, site: Site, add: Add, now: datetime, details: dict[str, Any]
) -> None:
    ana = await add("ana")
    soon = await publish(store, site, ana, now, replace(DRAFT, title="soon", details=Details(answer_days=9)))
    odd = await publish(store, site, ana, now, replace(DRAFT, title="odd"))
    await put(store, odd, details=details, published_at=soon.published_at)
    for asked in ({"goals": ("G01",)}, {"stages": ("S1",)}, {"types": ("T01",)}, {"formats": ("F1",)}):
        assert await titles(store, now, **asked) == [], asked
    assert await titles(store, now, sort=Sort.SOONEST) == ["soon", "odd"]


async def test_who_answers_soonest_comes_first_and_who_says_nothing_last(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    for days in (None, 14, 2, 30, 1, None, 2):
        draft = replace(DRAFT, title=str(days), details=Details(answer_days=days))
        await publish(store, site, ana, now, draft)
    found = await titles(store, now, sort=Sort.SOONEST)
    assert found == ["1", "2", "2", "14", "30", "None", "None"]


async def test_places_hosts_ways_and_who_brought_it(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    await publish(store, site, ana, now, replace(DRAFT, title="here", modes=("M5",)))
    full = await publish(store, site, ana, now, replace(DRAFT, title="none free"))
    await put(store, full, places_free_count=0)
    waiting = await publish(store, site, ana, now, replace(DRAFT, title="waiting"))
    await put(store, waiting, status="full")
    await list_offer(store, bo, "1", now, title="there", source="announce")
    assert await titles(store, now, has_places=True) == ["there", "here"]
    assert await titles(store, now, hosts=("b.example",)) == ["there"]
    assert await titles(store, now, hosts=("b.example", "lib.example"), modes=("M5",)) == ["here"]
    assert await titles(store, now, via=bo.uri) == ["there"]
    assert await titles(store, now, via="https://c.example/actor") == []


async def test_hours_in_common_are_compared_where_both_said_them(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    hours = {"ana": ("Europe/Paris", [[0, 540, 720]]), "noor": ("UTC", [[0, 540, 660]]), "ben": (None, [])}
    people = {}
    for handle, (zone, weekly) in hours.items():
        people[handle] = member = await add(handle)
        values = {"zone": zone, "weekly_hours": weekly}
        await store.write(
            lambda tx, id_=member.account.id, v=values: tx.execute(  # type: ignore[misc]
                update(accounts).where(accounts.c.id == id_).values(v)
            )
        )
        await publish(store, site, member, now, replace(DRAFT, title=handle))
    noor = Viewer(people["noor"].actor, is_member=True)
    assert await titles(store, now, noor, overlap_hours=1) == ["noor", "ana"]  # 9 to 11 and 8 to 11 in UTC
    assert await titles(store, now, noor, overlap_hours=2) == ["noor", "ana"]
    assert await titles(store, now, noor, overlap_hours=3) == []
    for nobody in (Viewer(people["ben"].actor, is_member=True), EVERYBODY, MEMBER):
        assert await titles(store, now, nobody, overlap_hours=1) == []
