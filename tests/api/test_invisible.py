"""Invisible stays invisible: one set of things that must not be seen, behind every public door."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from libline_fed.config import Federation
from libline_fed.domain.proposals import Proposal
from libline_fed.services import drafts, peers, proposals
from libline_fed.storage import actors, trust
from libline_fed.storage import peers as peer_rows
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.tables import peers as peers_table
from tests.api.conftest import ApiWorld
from tests.support.neighbours import list_offer
from tests.support.pages import DRAFT

SHOWN = {"Shown-open", "Shown-full", "Shown-remote"}
LISTS = (
    "/api/v1/mentors",
    "/api/v1/mentors?text=canary",
    "/api/v1/mentors?area=A0301&limit=50",
    "/feeds/mentors.atom",
    "/feeds/topics/A0301.atom",
    "/embed/mentors?limit=10",
    "/api/v1/people",
    "/people",
)


async def hide(api: ApiWorld) -> list[Proposal]:
    """Publish what is shown, and in every way something that is not; return the latter."""
    store, site, now = api.pages.store, api.pages.site, api.pages.clock.now()
    ana = await api.pages.add_member("ana")
    await api.pages.publish(ana.actor, replace(DRAFT, title="Shown-open canary"))
    full = await api.pages.publish(ana.actor, replace(DRAFT, title="Shown-full canary"))
    hidden = [
        await api.pages.publish(ana.actor, replace(DRAFT, title=f"Hidden-{name} canary", **changed))
        for name, changed in {
            "network": {"audience": "network"},
            "instance": {"audience": "instance"},
            "past": {"open_until_on": now.date()},
            "paused": {},
            "closed": {},
        }.items()
    ]
    for proposal, status in ((full, "full"), (hidden[3], "paused"), (hidden[4], "closed")):
        await store.write(
            lambda tx, id_=proposal.id, to=status: proposals.set_status(
                tx, site, proposal_id=id_, author_id=ana.actor.id, status=to, now=now
            )
        )
    await store.write(
        lambda tx: drafts.save(
            tx, ana.actor.id, "proposal", "new-offer", {"title": ["Hidden-draft canary"]}, now
        )
    )
    for name in ("suspended", "gone"):
        member = await api.pages.add_member(f"hidden_{name}")
        hidden.append(await api.pages.publish(member.actor, replace(DRAFT, title=f"Hidden-{name} canary")))
        column = f"{name}_at"
        await store.write(lambda tx, id_=member.actor.id, at=column: actors.change(tx, id_, now, **{at: now}))
    for name, policy in {"blocked": "blocked", "silenced": "silenced", "remote": ""}.items():
        title = "Shown-remote canary" if not policy else f"Hidden-{name} canary"
        author = await api.pages.add_remote(f"hidden_{name}" if policy else "kofi", f"{name}.example")
        kept = await list_offer(store, author, name, now, title=title)
        assert isinstance(kept, Proposal)
        if policy:
            hidden.append(kept)
            await store.write(
                lambda tx, host=author.host, to=policy: peers.set_policy(tx, host, to, "", now=now)
            )
    api.pages.clock.advance(seconds=timedelta(days=1).total_seconds())
    return hidden


async def test_what_must_not_be_seen_is_behind_no_public_door(api: ApiWorld) -> None:
    hidden = await hide(api)
    for path in LISTS:
        text = (await api.get(path)).text
        assert "Hidden-" not in text, path
        assert "hidden_" not in text, path
        if "people" not in path:
            assert all(title in text for title in SHOWN), path
    assert {"@ana", "Kofi"} == {word for word in ("@ana", "Kofi") if word in (await api.get("/people")).text}
    for proposal in hidden:
        assert (await api.get(f"/api/v1/proposals/{proposal.id}")).status_code == 404, proposal.title
    for path in ("/api/v1/requests", "/feeds/requests.atom", "/embed/requests"):
        assert "canary" not in (await api.get(path)).text, path
    topics = {one["id"]: one["offers_count"] for one in (await api.read("/api/v1/topics"))["items"]}
    assert topics["A0301"] == len(SHOWN)
    assert (await api.read("/api/v1/instance"))["offers_count"] == len(SHOWN)
    said = await api.read("/api/v1/mentors")
    assert said["total_count"] == len(SHOWN)
    people = await api.read("/api/v1/people")
    assert {(one["author"]["address"], one["offers_count"]) for one in people["items"]} == {
        ("@ana@lib.example", 2),
        ("@kofi@remote.example", 1),
    }


@pytest.mark.parametrize("way", ["deleted", "blocked", "suspended", "not on the list", "lost", "closed"])
async def test_what_vanishes_is_gone_behind_every_door(api: ApiWorld, way: str) -> None:
    store, now = api.pages.store, api.pages.clock.now()
    author = await api.pages.add_remote("hidden_one", "one.example")
    kept = await list_offer(store, author, "1", now, title="Hidden-later canary")
    assert isinstance(kept, Proposal)
    assert "Hidden-later" in (await api.get("/api/v1/mentors")).text
    assert "hidden_one" in (await api.get("/api/v1/people")).text
    if way == "deleted":
        await store.write(lambda tx: proposal_rows.remove(tx, kept.id))
    elif way == "blocked":
        await store.write(lambda tx: peers.set_policy(tx, "one.example", "blocked", "", now=now))
    elif way == "suspended":
        await store.write(lambda tx: actors.change(tx, author.id, now, suspended_at=now))
    elif way == "not on the list":
        await store.write(lambda tx: trust.note_mode(tx, Federation.ALLOWLIST))
    elif way == "closed":
        closed = {"title": "Hidden-later canary", "proposalStatus": "closed", "revision": 2}
        await list_offer(store, author, "1", now, **closed)
    else:
        await store.write(lambda tx: peer_rows.ensure(tx, {"one.example"}, now - timedelta(days=20)))
        await store.write(lambda tx: tx.execute(update(peers_table).values(failures_count=3)))
    for path in (*LISTS, f"/api/v1/proposals/{kept.id}"):
        text = (await api.get(path)).text
        assert "Hidden-later" not in text, path
        assert "hidden_one" not in text, path
