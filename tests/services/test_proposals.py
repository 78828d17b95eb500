"""Publishing, changing and withdrawing proposals, with what other servers are told, on both databases."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from libline_fed.activitypub.keys import load_public
from libline_fed.activitypub.parse import parse_proposal
from libline_fed.activitypub.proofs import verify_proof
from libline_fed.activitypub.values import PUBLIC
from libline_fed.config import Federation
from libline_fed.domain.accounts import Member
from libline_fed.domain.follows import FollowState
from libline_fed.domain.proposals import Draft, Proposal
from libline_fed.errors import Conflict, Forbidden, InvalidInput, NotFound
from libline_fed.services import follows, proposals
from libline_fed.services.documents import proposal_document
from libline_fed.services.site import Site
from libline_fed.storage import tombstones
from libline_fed.storage.store import Store
from libline_fed.storage.tables import deliveries
from tests.services.conftest import Add
from tests.support.neighbours import follow, meet, queued, said, verbs

DRAFT = Draft(
    purpose="offer",
    title="Cataloguing with RDA",
    body_text="One hour a month, online.",
    language="en",
    areas=("A0301",),
    languages=("es", "en"),
    modes=("M1",),
    places_count=2,
)
PRIVATE = replace(DRAFT, audience="instance")


async def publish(store: Store, site: Site, author: Member, now: datetime, draft: Draft = DRAFT) -> Proposal:
    return await store.write(lambda tx: proposals.add(tx, site, author=author.actor, draft=draft, now=now))


async def edit(
    store: Store, site: Site, proposal: Proposal, now: datetime, draft: Draft = DRAFT, by: str = ""
) -> Proposal:
    return await store.write(
        lambda tx: proposals.edit(
            tx, site, proposal_id=proposal.id, author_id=by or proposal.author_id, draft=draft, now=now
        )
    )


async def move(store: Store, site: Site, proposal: Proposal, status: str, now: datetime) -> Proposal:
    return await store.write(
        lambda tx: proposals.set_status(
            tx, site, proposal_id=proposal.id, author_id=proposal.author_id, status=status, now=now
        )
    )


async def withdraw(store: Store, site: Site, proposal: Proposal, now: datetime, by: str = "") -> None:
    await store.write(
        lambda tx: proposals.delete(
            tx, site, proposal_id=proposal.id, author_id=by or proposal.author_id, now=now
        )
    )


async def stored(store: Store, proposal: Proposal) -> Proposal:
    return await store.read(lambda tx: proposals.find(tx, proposal.id))


# --- adding -----------------------------------------------------------------------------------------


async def test_a_public_offer_is_created_and_then_pinned(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    pin, create = await said(store, ana.actor.id)
    assert (create["type"], create["actor"], create["to"]) == ("Create", ana.actor.uri, [PUBLIC])
    assert create["cc"] == [ana.actor.followers_uri]
    assert create["object"]["id"] == proposal.uri
    assert (pin["type"], pin["object"]) == ("Add", proposal.uri)
    assert pin["target"] == f"{ana.actor.uri}/featured"


async def test_what_is_sent_is_what_is_served_and_can_be_read_back(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    _, create = await said(store, ana.actor.id)
    served = await store.read(lambda tx: proposal_document(tx, site, proposal, ana.actor))
    assert create["object"] == served
    parsed = parse_proposal(served)
    assert parsed is not None
    assert (parsed.title, parsed.areas, parsed.languages) == (DRAFT.title, DRAFT.areas, DRAFT.languages)
    assert (parsed.places_count, parsed.status, parsed.revision) == (2, "open", 1)
    assert parsed.note.content_html == "<p>One hour a month, online.</p>"


async def test_activity_and_offer_carry_valid_proofs_of_their_author(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    await publish(store, site, ana, now)
    keys = await store.read(lambda tx: site.keyring.public_keys(tx, ana.actor.id))
    assert keys.ed25519_pem is not None
    public = load_public(keys.ed25519_pem)
    pin, create = await said(store, ana.actor.id)
    for document in (create, create["object"], pin):
        assert verify_proof(document, public, now=now)
    assert not verify_proof(create["object"] | {"title": "Another"}, public, now=now)


async def test_each_server_with_accepted_followers_gets_one_copy_in_its_shared_inbox(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, noor = await add("ana"), await add("noor")
    for handle, host in (("bo", "b.example"), ("bea", "b.example"), ("cy", "c.example")):
        await follow(store, await meet(store, handle, host, now), ana.actor, now)
    asking = await meet(store, "dee", "d.example", now)
    await follow(store, asking, ana.actor, now, state=FollowState.PENDING)
    await follow(store, noor.actor, ana.actor, now)
    await publish(store, site, ana, now)
    sent = [(one.host, one.inbox_url) for one in await queued(store)]
    inboxes = [("b.example", "https://b.example/inbox"), ("c.example", "https://c.example/inbox")]
    assert sorted(sent[:2]) == inboxes  # the Create first: nobody can pin what they do not have
    assert sorted(sent[2:]) == inboxes


async def test_an_offer_for_members_only_leaves_nothing_behind_that_could_be_sent(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    await follow(store, await meet(store, "bo", "b.example", now), ana.actor, now)
    proposal = await publish(store, site, ana, now, PRIVATE)
    await edit(store, site, proposal, now, replace(PRIVATE, title="Another title"))
    await move(store, site, proposal, "paused", now)
    await withdraw(store, site, proposal, now)
    assert await said(store, ana.actor.id) == []
    assert await queued(store) == []


async def test_without_federation_nothing_is_queued(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    await follow(store, await meet(store, "bo", "b.example", now), ana.actor, now)
    await publish(store, replace(site, federation=Federation.OFF), ana, now)
    assert await queued(store) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"purpose": "gift"}, "purpose"),
        ({"title": " \n"}, "title"),
        ({"title": "\u200b\u202e"}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"body_text": ""}, "body_text"),
        ({"body_text": "x" * 5_001}, "body_text"),
        ({"areas": ()}, "areas"),
        ({"areas": ("A9999",)}, "areas"),
        ({"languages": ()}, "languages"),
        ({"languages": ("klingon!",)}, "languages"),
        ({"language": "xx"}, "language"),
        ({"modes": ("M9",)}, "modes"),
        ({"places_count": 0}, "places_count"),
        ({"places_count": 51}, "places_count"),
        ({"open_until_on": date(2026, 11, 23)}, "open_until_on"),
        ({"audience": "friends"}, "audience"),
    ],
)
async def test_a_draft_with_a_mistake_names_the_field_and_saves_nothing(
    store: Store, site: Site, add: Add, now: datetime, changed: dict[str, Any], field: str
) -> None:
    ana = await add("ana")
    with pytest.raises(InvalidInput) as refused:
        await publish(store, site, ana, now, replace(DRAFT, **changed))
    assert set(refused.value.fields) == {field}
    assert await store.read(lambda tx: proposals.own(tx, ana.actor.id)) == []


@pytest.mark.parametrize(
    "odd", ["a\x00b", "a\ud800b", "a\udfff\U0010ffff", "\u202ea\r\nb", "a" + "\u0301" * 90]
)
@pytest.mark.parametrize(
    "field", ["title", "body_text", "language", "areas", "languages", "modes", "audience"]
)
async def test_characters_that_nobody_means_are_dropped_or_refused_by_field(
    store: Store, site: Site, add: Add, now: datetime, odd: str, field: str
) -> None:
    ana = await add("ana")
    value: Any = (odd,) if isinstance(getattr(DRAFT, field), tuple) else odd
    if field in {"title", "body_text"}:
        proposal = await publish(store, site, ana, now, replace(DRAFT, **{field: value}))
        kept = await stored(store, proposal)
        assert not set(kept.title + kept.body_text + kept.content_html) & set("\x00\ud800\udfff\r")
        assert len(await said(store, ana.actor.id)) == 2
        return
    with pytest.raises(InvalidInput) as refused:
        await publish(store, site, ana, now, replace(DRAFT, **{field: value}))
    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("field", ["title", "body_text"])
async def test_a_text_of_characters_without_a_look_is_no_text(
    store: Store, site: Site, add: Add, now: datetime, field: str
) -> None:
    unseen: Any = "\u200b\u2060\ufeff\u00ad\n\u200d"
    with pytest.raises(InvalidInput) as refused:
        await publish(store, site, await add("ana"), now, replace(DRAFT, **{field: unseen}))
    assert set(refused.value.fields) == {field}


async def test_lists_are_kept_without_repetition_and_tags_in_their_usual_spelling(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    draft = replace(
        DRAFT, language="ES", languages=("ES-mx", "es-MX", "en"), areas=("A0301",) * 3, modes=("M1", "M1")
    )
    proposal = await stored(store, await publish(store, site, await add("ana"), now, draft))
    assert (proposal.language, proposal.languages) == ("es", ["es-MX", "en"])
    assert (proposal.areas, proposal.modes) == (["A0301"], ["M1"])


async def test_markup_in_a_text_is_shown_and_sent_as_text(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    hostile = "<script>alert(1)</script> see https://a.example/x"
    proposal = await publish(store, site, ana, now, replace(DRAFT, title="<b>RDA</b>", body_text=hostile))
    assert "<script" not in proposal.content_html
    assert 'href="https://a.example/x"' in proposal.content_html
    _, create = await said(store, ana.actor.id)
    assert "<script" not in create["object"]["content"]
    assert "&lt;b&gt;RDA&lt;/b&gt;" in create["object"]["content"]


# --- changing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "is_edit"),
    [
        ({"title": "Cataloguing maps"}, True),
        ({"body_text": "Two hours a month."}, True),
        ({"language": "es"}, True),
        ({"places_count": 5}, False),
        ({"areas": ("A0303", "A0301")}, False),
        ({"languages": ("fr",)}, False),
        ({"open_until_on": date(2027, 3, 1)}, False),
        ({}, False),
    ],
)
async def test_every_change_has_a_higher_revision_but_only_a_new_text_says_edited(
    store: Store, site: Site, add: Add, now: datetime, changed: dict[str, Any], is_edit: bool
) -> None:
    ana = await add("ana")
    before = await publish(store, site, ana, now)
    later = now + timedelta(minutes=5)
    after = await edit(store, site, before, later, replace(DRAFT, **changed))
    assert after.revision == 2
    assert after.edited_at == (later if is_edit else None)
    assert (after.published_at, after.uri) == (before.published_at, before.uri)
    update = (await said(store, ana.actor.id))[-1]
    assert (update["type"], update["to"], update["object"]["revision"]) == ("Update", [PUBLIC], 2)
    assert ("updated" in update["object"]) is is_edit
    assert update["object"]["published"] == "2026-11-24T09:00:00Z"


async def test_an_edit_keeps_the_purpose_and_its_limits(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    request = await publish(store, site, ana, now, replace(DRAFT, purpose="request"))
    after = await edit(store, site, request, now, replace(DRAFT, purpose="offer"))
    assert after.purpose == "request"
    six = ("A0301", "A0302", "A0303", "A0304", "A0305", "A0306")
    with pytest.raises(InvalidInput) as refused:  # an offer might have eight
        await edit(store, site, request, now, replace(DRAFT, purpose="offer", areas=six))
    assert set(refused.value.fields) == {"areas"}


async def test_what_was_sent_to_other_servers_cannot_be_made_private(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    before = await publish(store, site, ana, now)
    with pytest.raises(InvalidInput) as refused:
        await edit(store, site, before, now, replace(PRIVATE, title="Now secret"))
    assert set(refused.value.fields) == {"audience"}
    assert await stored(store, before) == before
    assert await verbs(store, ana.actor.id) == ["Add", "Create"]


async def test_an_offer_for_members_that_becomes_public_is_created_elsewhere(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    private = await publish(store, site, ana, now, PRIVATE)
    await edit(store, site, private, now, DRAFT)
    assert await verbs(store, ana.actor.id) == ["Add", "Create"]


async def test_a_paused_offer_that_becomes_public_is_not_pinned(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    private = await publish(store, site, ana, now, PRIVATE)
    await move(store, site, private, "paused", now)
    await edit(store, site, private, now, DRAFT)
    (create,) = await said(store, ana.actor.id)
    assert (create["type"], create["object"]["proposalStatus"]) == ("Create", "paused")


async def test_a_last_day_that_has_passed_may_stay_but_not_be_chosen(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    until = replace(DRAFT, open_until_on=now.date())
    proposal = await publish(store, site, ana, now, until)
    later = now + timedelta(days=3)
    after = await edit(store, site, proposal, later, replace(until, title="New title"))
    assert after.open_until_on == now.date()
    with pytest.raises(InvalidInput):
        await edit(store, site, proposal, later, replace(until, open_until_on=now.date() + timedelta(days=1)))


# --- states -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "last_verbs"),
    [
        (["paused"], ["Remove", "Update"]),
        (["full"], ["Remove", "Update"]),
        (["closed"], ["Remove", "Update"]),
        (["paused", "open"], ["Add", "Update"]),
        (["full", "open"], ["Add", "Update"]),
        (["closed", "open"], ["Add", "Update"]),
        (["full", "paused"], ["Update"]),
        (["full", "closed"], ["Update"]),
        (["paused", "closed"], ["Update"]),
    ],
)
async def test_a_new_state_is_told_and_pins_or_unpins(
    store: Store, site: Site, add: Add, now: datetime, path: list[str], last_verbs: list[str]
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    for minute, status in enumerate(path, start=1):
        moved = await move(store, site, proposal, status, now + timedelta(minutes=minute))
        assert moved.revision == minute + 1
    latest = (await said(store, ana.actor.id))[-len(last_verbs) :]
    assert [activity["type"] for activity in latest] == last_verbs
    assert latest[-1]["object"]["proposalStatus"] == path[-1]
    assert "updated" not in latest[-1]["object"]
    if len(latest) == 2:
        assert (latest[0]["object"], latest[0]["target"]) == (proposal.uri, f"{ana.actor.uri}/featured")


async def test_the_same_state_again_changes_and_tells_nothing(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    assert await move(store, site, proposal, "open", now + timedelta(minutes=1)) == proposal
    assert await verbs(store, ana.actor.id) == ["Add", "Create"]


@pytest.mark.parametrize(("path", "refused"), [(["closed"], "paused"), (["paused"], "full")])
async def test_a_state_that_cannot_follow_is_refused(
    store: Store, site: Site, add: Add, now: datetime, path: list[str], refused: str
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    for status in path:
        proposal = await move(store, site, proposal, status, now)
    with pytest.raises(Conflict):
        await move(store, site, proposal, refused, now)
    assert await stored(store, proposal) == proposal


async def test_a_state_that_there_is_not_is_refused(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    with pytest.raises(InvalidInput):
        await move(store, site, proposal, "sold", now)


async def test_two_changes_at_once_have_different_revisions(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    changed = await asyncio.gather(
        *(edit(store, site, proposal, now, replace(DRAFT, places_count=count)) for count in range(1, 7))
    )
    assert sorted(one.revision for one in changed) == [2, 3, 4, 5, 6, 7]


# --- deleting ---------------------------------------------------------------------------------------


async def test_a_deleted_offer_is_unpinned_deleted_everywhere_and_gone_for_ever(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    later = now + timedelta(minutes=1)
    await withdraw(store, site, proposal, later)
    delete, remove = (await said(store, ana.actor.id))[-2:]
    assert (remove["type"], delete["type"]) == ("Remove", "Delete")
    assert (delete["to"], delete["cc"]) == ([PUBLIC], [ana.actor.followers_uri])
    assert (delete["object"]["type"], delete["object"]["id"]) == ("Tombstone", proposal.uri)
    with pytest.raises(NotFound):
        await store.read(lambda tx: proposals.get(tx, proposal.id, viewer=ana.account))
    left = await store.read(lambda tx: tombstones.get(tx, proposal.uri))
    assert left is not None
    assert (left.former_type, left.owner_uri, left.deleted_at) == ("Note", ana.actor.uri, later)
    with pytest.raises(NotFound):
        await withdraw(store, site, proposal, later)


async def test_a_closed_offer_is_deleted_without_being_unpinned_again(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    await move(store, site, proposal, "closed", now + timedelta(minutes=1))
    await withdraw(store, site, proposal, now + timedelta(minutes=2))
    assert await verbs(store, ana.actor.id) == ["Add", "Create", "Remove", "Update", "Delete"]


async def test_the_tombstone_of_a_private_offer_does_not_say_what_it_was(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now, PRIVATE)
    await withdraw(store, site, proposal, now)
    left = await store.read(lambda tx: tombstones.get(tx, proposal.uri))
    assert left is not None
    assert left.former_type is None


async def test_a_server_that_has_not_got_the_offer_yet_never_hears_of_it(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    await follow(store, await meet(store, "bo", "b.example", now), ana.actor, now)
    proposal = await publish(store, site, ana, now)
    await withdraw(store, site, proposal, now)
    assert {one.state for one in await queued(store)} == {"cancelled"}


async def test_a_server_whose_people_follow_no_more_hears_that_an_offer_is_deleted(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    await follow(store, bo, ana.actor, now)
    proposal = await publish(store, site, ana, now)
    await store.write(lambda tx: tx.execute(update(deliveries).values(state="delivered", finished_at=now)))
    await store.write(lambda tx: follows.receive_unfollow(tx, follower=bo, followed=ana.actor))
    await publish(store, site, ana, now, replace(DRAFT, title="Another"))
    await withdraw(store, site, proposal, now)
    assert [(one.inbox_url, one.object_uri, one.is_delete) for one in (await queued(store))[2:]] == [
        ("https://b.example/inbox", proposal.uri, True)
    ]


Change = Callable[[Store, Site, Proposal, datetime, str], Any]
CHANGES: list[Change] = [
    lambda store, site, proposal, now, by: edit(store, site, proposal, now, by=by),
    withdraw,
    lambda store, site, proposal, now, by: store.write(
        lambda tx: proposals.set_status(
            tx, site, proposal_id=proposal.id, author_id=by, status="closed", now=now
        )
    ),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("draft", "error"), [(DRAFT, Forbidden), (PRIVATE, NotFound)])
async def test_only_the_author_changes_an_offer_and_a_private_one_is_not_even_there(
    store: Store, site: Site, add: Add, now: datetime, change: Change, draft: Draft, error: type[Exception]
) -> None:
    ana, eve = await add("ana"), await add("eve")
    proposal = await publish(store, site, ana, now, draft)
    with pytest.raises(error):
        await change(store, site, proposal, now, eve.actor.id)
    assert await stored(store, proposal) == proposal


# --- the last day -----------------------------------------------------------------------------------


async def test_an_offer_is_closed_the_day_after_its_last_one(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now, replace(DRAFT, open_until_on=now.date()))
    forever = await publish(store, site, ana, now)
    assert await store.write(lambda tx: proposals.close_expired(tx, site, now=now)) == 0
    tomorrow = now + timedelta(days=1)
    assert await store.write(lambda tx: proposals.close_expired(tx, site, now=tomorrow)) == 1
    assert await store.write(lambda tx: proposals.close_expired(tx, site, now=tomorrow)) == 0
    assert (await stored(store, proposal)).status == "closed"
    assert (await stored(store, forever)).status == "open"
    assert (await verbs(store, ana.actor.id))[-2:] == ["Remove", "Update"]


async def test_a_full_offer_is_closed_too_but_not_unpinned_twice(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now, replace(DRAFT, open_until_on=now.date()))
    await move(store, site, proposal, "full", now + timedelta(minutes=1))
    later = now + timedelta(days=1)
    await store.write(lambda tx: proposals.close_expired(tx, site, now=later))
    assert await verbs(store, ana.actor.id) == ["Add", "Create", "Remove", "Update", "Update"]


async def test_two_processes_that_close_at_once_tell_it_once(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    await publish(store, site, ana, now, replace(DRAFT, open_until_on=now.date()))
    later = now + timedelta(days=1)
    closed = await asyncio.gather(
        *(store.write(lambda tx: proposals.close_expired(tx, site, now=later)) for _ in range(4))
    )
    assert sum(closed) == 1
    assert (await verbs(store, ana.actor.id)).count("Update") == 1
