"""Who may read which proposal, and what the directory finds, on both databases."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from libline_fed.domain.accounts import Member
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal, Purpose
from libline_fed.domain.saved_searches import search_from
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import EVERYBODY, Viewer
from libline_fed.errors import NotFound, Refusal
from libline_fed.services import actors as people
from libline_fed.services import listings, peers, posts, proposals
from libline_fed.services.site import Site
from libline_fed.storage import actors
from libline_fed.storage import proposals as stored_proposals
from libline_fed.storage.store import Store
from tests.services.conftest import Add
from tests.services.test_proposals import DRAFT, PRIVATE, move, publish
from tests.support.neighbours import list_offer, meet


async def find(store: Store, now: datetime, **asked: Any) -> list[str]:
    """Return the titles in the directory, first to last."""
    viewer = Viewer(is_member=asked.pop("viewer_is_member", False))
    purpose = asked.pop("purpose", "offer")
    search = search_from(Purpose(purpose), list(asked.items()))
    found = await store.read(
        lambda tx: listings.page(tx, search, viewer, per_page=listings.MAX_PER_PAGE, now=now)
    )
    return [proposal.title for proposal, _ in found.items]


def seen_by(member: Member) -> Viewer:
    """Return a member as a reader of lists."""
    return Viewer(member.actor, is_member=True)


@pytest.mark.parametrize(
    ("audience", "viewer", "is_readable"),
    [
        ("public", "visitor", True),
        ("public", "member", True),
        ("public", "author", True),
        ("instance", "visitor", False),
        ("instance", "disabled", False),
        ("instance", "member", True),
        ("instance", "author", True),
    ],
)
@pytest.mark.parametrize("status", ["open", "closed"])
async def test_who_may_read_a_proposal(
    store: Store,
    site: Site,
    add: Add,
    now: datetime,
    audience: str,
    viewer: str,
    is_readable: bool,
    status: str,
) -> None:
    ana, noor = await add("ana"), await add("noor")
    viewers = {
        "visitor": None,
        "member": noor.account,
        "disabled": replace(noor.account, state="disabled"),
        "author": ana.account,
    }
    proposal = await publish(store, site, ana, now, replace(DRAFT, audience=audience))
    if status != "open":
        await move(store, site, proposal, status, now)
    ask = store.read(lambda tx: proposals.get(tx, proposal.id, viewer=viewers[viewer]))
    if is_readable:
        assert (await ask).author == ana.actor
    else:
        with pytest.raises(NotFound):
            await ask


@pytest.mark.parametrize("column", ["suspended_at", "gone_at"])
async def test_an_author_who_is_suspended_or_gone_takes_the_offers_along(
    store: Store, site: Site, add: Add, now: datetime, column: str
) -> None:
    ana, noor = await add("ana"), await add("noor")
    proposal = await publish(store, site, ana, now)
    await store.write(lambda tx: actors.change(tx, ana.actor.id, now, **{column: now}))
    with pytest.raises(NotFound):
        await store.read(lambda tx: proposals.get(tx, proposal.id, viewer=noor.account))
    assert await store.read(lambda tx: proposals.of_author(tx, ana.actor.id, seen_by(noor), now=now)) == []
    assert (await store.read(lambda tx: proposals.get(tx, proposal.id, viewer=ana.account))).proposal


async def test_a_profile_lists_what_is_open_or_full_and_may_be_read(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, noor = await add("ana"), await add("noor")
    made = {}
    for minute, (status, audience) in enumerate(
        [
            ("open", "public"),
            ("full", "public"),
            ("paused", "public"),
            ("closed", "public"),
            ("open", "instance"),
        ]
    ):
        draft = replace(DRAFT, audience=audience)
        at = now + timedelta(minutes=minute)
        made[status, audience] = await publish(store, site, ana, at, draft)
        if status != "open":
            await move(store, site, made[status, audience], status, at)

    async def listed(viewer: Any) -> list[str]:
        found = await store.read(lambda tx: proposals.of_author(tx, ana.actor.id, viewer, now=now))
        return [item.proposal.id for item in found]

    visible = [made["full", "public"].id, made["open", "public"].id]
    assert await listed(EVERYBODY) == visible
    assert await listed(seen_by(noor)) == [made["open", "instance"].id, *visible]
    own = await store.read(lambda tx: proposals.own(tx, ana.actor.id))
    assert len(own) == 5


@pytest.mark.parametrize(
    ("viewer_is_blind_to", "policy", "is_readable"),
    [
        ("b.example", "blocked", False),
        ("example", "blocked", False),
        ("b.example", "silenced", True),
        ("c.example", "blocked", True),
    ],
)
async def test_what_comes_from_a_blocked_server_is_not_there(
    store: Store, now: datetime, viewer_is_blind_to: str, policy: str, is_readable: bool
) -> None:
    bo = await meet(store, "bo", "b.example", now)
    offer = await list_offer(store, bo, "1", now, source="announce")
    assert isinstance(offer, Proposal)
    await store.write(lambda tx: peers.set_policy(tx, viewer_is_blind_to, policy, "", now=now))
    listed = await store.read(lambda tx: proposals.of_author(tx, bo.id, EVERYBODY, now=now))
    assert bool(listed) is is_readable
    ask = store.read(lambda tx: proposals.get(tx, offer.id, viewer=None))
    if is_readable:
        assert (await ask).author.id == bo.id
    else:
        with pytest.raises(NotFound):
            await ask


# --- the directory ----------------------------------------------------------------------------------


async def test_the_directory_lists_what_is_open_or_full_of_one_purpose_newest_first(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    for minute, title in enumerate(["first", "second", "third"]):
        draft = replace(DRAFT, title=title)
        await publish(store, site, ana, now + timedelta(minutes=minute), draft)
    await publish(store, site, ana, now, replace(DRAFT, title="wanted", purpose="request"))
    for minute, status in enumerate(("paused", "full", "closed"), start=3):
        at = now + timedelta(minutes=minute)
        hidden = await publish(store, site, ana, at, replace(DRAFT, title=status))
        await move(store, site, hidden, status, at)
    assert await find(store, now) == ["full", "third", "second", "first"]  # a full one has a waiting list
    assert await find(store, now, purpose="request") == ["wanted"]


async def test_the_directory_shows_ten_to_a_page_and_counts_all(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    for number in range(21):
        await publish(store, site, ana, now + timedelta(seconds=number), replace(DRAFT, title=str(number)))

    async def page(number: int) -> tuple[list[str], bool, int]:
        found = await store.read(
            lambda tx: listings.page(tx, Search(), EVERYBODY, page=number, per_page=10, now=now)
        )
        return [proposal.title for proposal, _ in found.items], found.has_more, found.total_count

    assert await page(1) == ([str(number) for number in range(20, 10, -1)], True, 21)
    assert await page(2) == ([str(number) for number in range(10, 0, -1)], True, 21)
    assert await page(3) == (["0"], False, 21)
    assert await page(4) == ([], False, 21)
    assert await page(-3) == await page(1)
    assert await page(10**30) == ([], False, 21)


async def test_the_directory_lists_what_is_for_members_to_members_only(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    await publish(store, site, ana, now, replace(PRIVATE, title="private"))
    assert await find(store, now) == []
    assert await find(store, now, text="private") == []
    assert await find(store, now, viewer_is_member=True) == ["private"]


async def test_the_directory_forgets_an_offer_after_its_last_day(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    await publish(store, site, await add("ana"), now, replace(DRAFT, open_until_on=now.date()))
    assert len(await find(store, now.replace(hour=23, minute=59))) == 1
    assert await find(store, now + timedelta(days=1)) == []


@pytest.mark.parametrize("column", ["suspended_at", "gone_at"])
async def test_the_directory_leaves_out_authors_who_are_suspended_or_gone(
    store: Store, site: Site, add: Add, now: datetime, column: str
) -> None:
    ana = await add("ana")
    await publish(store, site, ana, now)
    await store.write(lambda tx: actors.change(tx, ana.actor.id, now, **{column: now}))
    assert await find(store, now, viewer_is_member=True) == []


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("", True),
        ("catalogacion", True),
        ("CATALOGACIÓN", True),
        ("  rda   Catalog ", True),  # every word, in any order, also beginnings of words
        ("catalogación música", False),
        ("bibliotecas", True),  # in the body
        ("100%", True),
        ("1000", False),
        ("%", False),  # no word of anything
        ("_", False),
        ("a_b", False),
        ("\\", False),
        ("'; --", False),
        ("strong", False),  # markup is no text
        ("🙂", False),
        ("x" * 100_000, False),
    ],
)
async def test_the_text_filter_finds_all_words_whatever_case_and_accents(
    store: Store, site: Site, add: Add, now: datetime, text: str, is_found: bool
) -> None:
    draft = replace(DRAFT, title="Catalogación & RDA", body_text="Para bibliotecas: 100% en línea.")
    await publish(store, site, await add("ana"), now, draft)
    assert bool(await find(store, now, text=text)) is is_found


@pytest.mark.parametrize(
    ("title", "text", "is_found"),
    [
        ("إرشاد فى المكتبات", "ارشاد في", True),
        ("مُحَمَّد", "محمد", True),
        ("مكتبة", "مكتبه", True),
        ("مكتبة", "\u200f\u202bمكتبة\u202c", True),  # copied with marks of direction
        ("編目與分類", "分類", True),
        ("編目與分類", "類分", False),
        ("カタログ", "ｶﾀﾛｸﾞ", True),
        ("한국어 사서", "국어", True),
        ("Straße", "STRASSE", True),
        ("Œuvre", "oeuvre", True),
        ("İstanbul", "istanbul", True),
        ("ΣΟΦΟΣ", "σοφος", True),
        ("Tiếng Việt", "viet tieng", True),
        ("CATÁLOGO\u00adS", "catalogos", True),
    ],
)
async def test_the_text_filter_knows_the_spellings_of_many_scripts(
    store: Store, site: Site, add: Add, now: datetime, title: str, text: str, is_found: bool
) -> None:
    await publish(store, site, await add("ana"), now, replace(DRAFT, title=title))
    assert bool(await find(store, now, text=text)) is is_found


@pytest.mark.parametrize("odd", ["a\x00b", "a\ud800b", "\U0010ffff", "x" * 100_000, "' OR 1=1 --"])
async def test_nothing_is_found_by_a_text_of_nonsense_and_other_nonsense_is_left_out(
    store: Store, site: Site, add: Add, now: datetime, odd: str
) -> None:
    await publish(store, site, await add("ana"), now, replace(DRAFT, title="Offer", body_text="Hours."))
    assert await find(store, now, text=odd) == []
    for field in ("area", "language", "mode", "format", "goal", "stage", "type", "place", "via", "overlap"):
        assert await find(store, now, **{field: odd}) == ["Offer"], field


@pytest.mark.parametrize("odd", ["", "a\x00b", "a\ud800b", "../1", "01a20cc8-8e80-7f52-8835-f79e30de6f61"])
async def test_what_is_no_id_of_anything_is_not_there(store: Store, odd: str) -> None:
    for ask in (
        lambda tx: proposals.get(tx, odd, viewer=None),
        lambda tx: proposals.find(tx, odd),
        lambda tx: posts.get(tx, odd, None),
        lambda tx: people.get(tx, odd),
        lambda tx: people.by_handle(tx, odd),
    ):
        with pytest.raises(NotFound):
            await store.read(ask)


async def test_offers_of_one_moment_have_one_order_over_all_pages(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    made = [(await publish(store, site, ana, now)).id for _ in range(25)]

    async def page(number: int) -> list[str]:
        found = await store.read(
            lambda tx: listings.page(tx, Search(), EVERYBODY, page=number, per_page=10, now=now)
        )
        return [proposal.id for proposal, _ in found.items]

    assert [*await page(1), *await page(2), *await page(3)] == made[::-1]


async def test_an_edit_moves_an_offer_to_what_it_says_now(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    draft = replace(DRAFT, title="Maps", body_text="Old maps.", areas=("A0303",), languages=("fr",))
    await store.write(
        lambda tx: proposals.edit(
            tx, site, proposal_id=proposal.id, author_id=ana.actor.id, draft=draft, now=now
        )
    )
    for old in ({"text": "rda"}, {"area": "A0301"}, {"language": "es"}):
        assert await find(store, now, **old) == []
    for new in ({"text": "maps"}, {"area": "A0303"}, {"language": "fr"}):
        assert await find(store, now, **new) == ["Maps"]


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ({"area": "A0301"}, True),
        ({"area": "A0303"}, False),
        ({"area": ""}, True),
        ({"language": "es"}, True),
        ({"language": "pt"}, True),  # pt-BR is Portuguese
        ({"language": "pt-BR"}, True),
        ({"language": "PT-br"}, True),
        ({"language": "ES"}, True),
        ({"language": "ptx"}, False),
        ({"language": "pt-PT"}, False),
        ({"language": "e"}, True),  # what makes no sense is left out: an old link still finds something
        ({"language": "%"}, True),
        ({"area": "A0301", "language": "es", "text": "rda"}, True),
        ({"area": "A0301", "language": "fr", "text": "rda"}, False),
    ],
)
async def test_the_directory_filters_by_area_and_language(
    store: Store, site: Site, add: Add, now: datetime, asked: dict[str, str], is_found: bool
) -> None:
    await publish(store, site, await add("ana"), now, replace(DRAFT, languages=("es", "pt-BR")))
    assert bool(await find(store, now, **asked)) is is_found


@pytest.mark.parametrize(
    ("host", "policies", "is_listed"),
    [
        ("b.example", {}, True),
        ("b.example", {"b.example": "silenced"}, False),
        ("b.example", {"b.example": "blocked"}, False),
        ("sub.b.example", {"b.example": "silenced"}, False),
        ("b.example:8443", {"b.example": "silenced"}, False),
        ("sub.b.example:8443", {"b.example": "blocked"}, False),
        ("b.example:8443", {"b.example:8443": "silenced"}, False),
        ("sub.b.example", {"b.example": "blocked", "sub.b.example": "allowed"}, True),
        ("notb.example", {"b.example": "silenced"}, True),
        ("acb.example", {"a_b.example": "silenced"}, True),
        ("x.acb.example", {"a_b.example": "silenced"}, True),
        ("b.example", {"sub.b.example": "blocked"}, True),
    ],
)
async def test_the_directory_leaves_out_silenced_and_blocked_servers(
    store: Store, now: datetime, host: str, policies: dict[str, str], is_listed: bool
) -> None:
    bo = await meet(store, "bo", host, now)
    await list_offer(store, bo, "1", now, source="announce")
    for name, policy in policies.items():
        await store.write(lambda tx, n=name, p=policy: peers.set_policy(tx, n, p, "", now=now))  # type: ignore[misc]
    assert bool(await find(store, now)) is is_listed
    viewer = Viewer(is_member=True)
    page = await store.read(lambda tx: listings.page(tx, Search(), viewer, per_page=10, now=now))
    assert page.total_count == int(is_listed)


async def test_a_policy_for_our_own_name_does_not_hide_our_members(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    await publish(store, site, await add("ana"), now)
    await store.write(lambda tx: peers.set_policy(tx, "lib.example", "silenced", "", now=now))
    assert len(await find(store, now)) == 1


# --- what other servers sent ------------------------------------------------------------------------


async def test_an_offer_of_another_server_is_listed_with_what_we_do_not_know(
    store: Store, now: datetime
) -> None:
    bo = await meet(store, "bo", "b.example", now)
    strange = "https://vocabulary.example/" + "x" * 400
    offer = await list_offer(store, bo, "1", now, areas=("A0301", strange), endTime="2026-12-31T00:00:00Z")
    assert isinstance(offer, Proposal)
    assert (offer.areas, offer.open_until_on) == (["A0301", strange], date(2026, 12, 31))
    assert (offer.is_local, offer.audience, offer.published_at) == (False, "public", now)
    assert await find(store, now, area="A0301") == ["Offer 1"]
    assert await find(store, now, text="text of") == ["Offer 1"]


@pytest.mark.parametrize(
    ("change", "is_taken"),
    [
        ({"revision": 2}, True),
        ({"revision": 1}, False),
        ({"revision": 0}, False),
        ({"revision": 1, "updated": "2026-11-24T10:00:00Z"}, True),
        ({"revision": 0, "updated": "2026-11-24T10:00:00Z"}, False),
    ],
)
async def test_the_newest_revision_wins_whatever_order_they_come_in(
    store: Store, now: datetime, change: dict[str, Any], is_taken: bool
) -> None:
    bo = await meet(store, "bo", "b.example", now)
    await list_offer(store, bo, "1", now, title="Old")
    again = await list_offer(store, bo, "1", now, title="New", **change)
    assert isinstance(again, Proposal) is is_taken
    assert await find(store, now) == ["New" if is_taken else "Old"]


@pytest.mark.parametrize("updated", ["2026-11-24T08:30:00Z", "2026-11-24T08:45:00Z"])
async def test_an_edit_of_the_same_revision_that_comes_late_or_twice_changes_nothing(
    store: Store, now: datetime, updated: str
) -> None:
    bo = await meet(store, "bo", "b.example", now)
    await list_offer(store, bo, "1", now, title="Last", updated="2026-11-24T08:45:00Z")
    late = await list_offer(store, bo, "1", now, title="Before", updated=updated)
    assert isinstance(late, Refusal)
    assert late.reason == "outdated"
    assert await find(store, now) == ["Last"]


async def test_nobody_else_changes_an_offer_not_even_from_the_same_server(
    store: Store, now: datetime
) -> None:
    bo, eve = await meet(store, "bo", "b.example", now), await meet(store, "eve", "b.example", now)
    await list_offer(store, bo, "1", now, title="Of Bo")
    taken = await list_offer(store, eve, "1", now, title="Of Eve", revision=9)
    assert isinstance(taken, Refusal)
    assert taken.reason == "wrong-owner"
    assert await find(store, now) == ["Of Bo"]


@pytest.mark.parametrize("audience", ["followers", "somebody"])
async def test_an_offer_that_is_not_for_everybody_is_not_listed_and_no_longer_if_it_was(
    store: Store, now: datetime, audience: str
) -> None:
    bo = await meet(store, "bo", "b.example", now)
    to = (bo.followers_uri or "",) if audience == "followers" else ("https://c.example/users/cy",)
    assert isinstance(await list_offer(store, bo, "1", now, to=to), Refusal)
    await list_offer(store, bo, "2", now)
    assert await find(store, now) == ["Offer 2"]
    assert isinstance(await list_offer(store, bo, "2", now, to=to, revision=2), Refusal)
    assert await find(store, now) == []


async def test_an_offer_stays_as_long_as_somebody_brings_it(store: Store, now: datetime) -> None:
    bo: Actor = await meet(store, "bo", "b.example", now)
    await list_offer(store, bo, "followed", now)
    await list_offer(store, bo, "announced", now)
    await list_offer(store, bo, "announced", now, source="announce")  # the same once more, from a directory
    await store.write(lambda tx: stored_proposals.drop_unsourced(tx, author_id=bo.id, actor_uri=bo.uri))
    assert await find(store, now) == ["Offer announced"]
