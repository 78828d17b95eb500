"""The instance's own terms: who may add them, what is refused, and when one can go."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

from libline_fed.domain.accounts import Account, Role
from libline_fed.errors import Conflict, Forbidden, InvalidInput, NotFound
from libline_fed.services import proposals, vocabulary
from libline_fed.services.site import Site
from libline_fed.storage.store import Store
from libline_fed.storage.tables import actors
from libline_fed.storage.tables import proposals as proposals_table
from libline_fed.vocabulary import LocalTerm, Scheme
from tests.services.conftest import Add
from tests.support.pages import DRAFT

BRAILLE: dict[str, Any] = {
    "term_id": "x-braille",
    "scheme": "area",
    "broader_id": "A0405",
    "labels": {"en": "Braille", "sw": " Nukta  nundu ", "fr": " "},
}


@pytest.fixture
async def admin(add: Add) -> Account:
    """Somebody who may change the vocabulary."""
    return (await add("ines", role=Role.ADMIN)).account


async def add_term(store: Store, by: Account, now: datetime, **changed: Any) -> LocalTerm:
    """Add a term like BRAILLE."""
    values = BRAILLE | changed
    return await store.write(lambda tx: vocabulary.add(tx, by=by, now=now, **values))


async def problems_of(store: Store, by: Account, now: datetime, **changed: Any) -> dict[str, str]:
    """Return what is refused about a term."""
    with pytest.raises(InvalidInput) as caught:
        await add_term(store, by, now, **changed)
    assert await store.read(vocabulary.list_terms) == []
    return dict(caught.value.fields)


async def test_an_own_term_is_kept_and_can_be_chosen(store: Store, admin: Account, now: datetime) -> None:
    term = await add_term(store, admin, now)
    expected = {"en": "Braille", "sw": "Nukta nundu"}
    assert term == LocalTerm("x-braille", Scheme.AREA, "A0405", expected, now)
    assert await store.read(vocabulary.list_terms) == [term]
    assert await store.read(lambda tx: vocabulary.list_terms(tx, "area")) == [term]
    assert await store.read(lambda tx: vocabulary.list_terms(tx, "goal")) == []


@pytest.mark.parametrize(
    ("scheme", "term_id", "can_be_chosen"),
    [
        ("area", "x-braille", True),
        ("goal", "x-braille", False),
        ("area", "x-other", False),
        ("area", "A0301", True),
        ("area", "A03", False),
        ("goal", "A0301", False),
    ],
)
async def test_published_and_own_terms_of_the_scheme_can_be_chosen(
    store: Store, admin: Account, now: datetime, scheme: str, term_id: str, can_be_chosen: bool
) -> None:
    await add_term(store, admin, now)
    assert await store.read(lambda tx: vocabulary.is_term(tx, scheme, term_id)) is can_be_chosen


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("term_id", {"term_id": "braille"}),
        ("term_id", {"term_id": "x-Braille!"}),
        ("term_id", {"term_id": "x-" + "a" * 39}),
        ("broader_id", {"broader_id": "A0499"}),
        ("broader_id", {"broader_id": "A0000"}),
        ("broader_id", {"broader_id": "x-other"}),
        ("broader_id", {"scheme": "goal"}),
        ("broader_id", {"scheme": "frequency", "broader_id": "Q1"}),
        ("broader_id", {"scheme": "colour", "broader_id": "A0405"}),
        ("labels", {"labels": {}}),
        ("labels", {"labels": {"en": " \u202e "}}),
        ("language", {"labels": {"english": "Braille"}}),
        ("labels", {"labels": {"en": "a" * 81}}),
    ],
)
async def test_what_makes_no_sense_is_refused_where_it_stands(
    store: Store, admin: Account, now: datetime, field: str, changed: dict[str, Any]
) -> None:
    assert list(await problems_of(store, admin, now, **changed)) == [field]


async def test_a_group_of_areas_can_be_what_a_term_belongs_to(
    store: Store, admin: Account, now: datetime
) -> None:
    assert (await add_term(store, admin, now, broader_id="A04")).broader_id == "A04"


async def test_the_same_term_twice_is_added_once_and_another_of_its_name_is_refused(
    store: Store, admin: Account, now: datetime
) -> None:
    first, second = await asyncio.gather(add_term(store, admin, now), add_term(store, admin, now))
    assert first == second
    with pytest.raises(InvalidInput) as caught:
        await add_term(store, admin, now, broader_id="A0404")
    assert list(caught.value.fields) == ["term_id"]
    assert await store.read(vocabulary.list_terms) == [first]


async def test_only_admins_change_the_vocabulary(
    store: Store, admin: Account, add: Add, now: datetime
) -> None:
    await add_term(store, admin, now)
    moderator = (await add("mod", role=Role.MODERATOR)).account
    with pytest.raises(Forbidden):
        await add_term(store, moderator, now, term_id="x-more")
    with pytest.raises(Forbidden):
        await store.write(lambda tx: vocabulary.remove(tx, by=moderator, term_id="x-braille"))
    assert len(await store.read(vocabulary.list_terms)) == 1


async def test_there_is_an_end_to_own_terms(
    store: Store, admin: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "MAX_LOCAL_TERMS", 1)
    await add_term(store, admin, now)
    await add_term(store, admin, now)  # a repeat is no further one
    with pytest.raises(Conflict, match="too many"):
        await add_term(store, admin, now, term_id="x-more")


async def test_an_unused_term_is_removed_and_then_gone(store: Store, admin: Account, now: datetime) -> None:
    await add_term(store, admin, now)
    await add_term(store, admin, now, term_id="x-braille-2")
    await store.write(lambda tx: vocabulary.remove(tx, by=admin, term_id="x-braille"))
    assert [term.id for term in await store.read(vocabulary.list_terms)] == ["x-braille-2"]
    with pytest.raises(NotFound):
        await store.write(lambda tx: vocabulary.remove(tx, by=admin, term_id="x-braille"))


@pytest.mark.parametrize(
    ("details", "is_used"),
    [
        ({"areas": [{"id": "x-braille", "level": 2}]}, True),
        ({"types": ["T01", "x-braille"]}, True),
        ({"types": ["x-braille-2"]}, False),
        ({"text": "not x-braille"}, False),
        ({}, False),
    ],
)
async def test_a_term_in_somebodys_profile_stays(
    store: Store,
    admin: Account,
    add: Add,
    now: datetime,
    details: dict[str, Any],
    is_used: bool,
) -> None:
    await add_term(store, admin, now)
    ana = await add("ana")
    changed = update(actors).where(actors.c.id == ana.actor.id).values(details=details)
    await store.write(lambda tx: tx.execute(changed))
    if is_used:
        with pytest.raises(Conflict, match="used"):
            await store.write(lambda tx: vocabulary.remove(tx, by=admin, term_id="x-braille"))
    else:
        await store.write(lambda tx: vocabulary.remove(tx, by=admin, term_id="x-braille"))
    assert len(await store.read(vocabulary.list_terms)) == int(is_used)


async def test_a_term_of_an_own_offer_stays_and_one_of_another_servers_offer_does_not_keep_it(
    store: Store, admin: Account, add: Add, site: Site, now: datetime
) -> None:
    await add_term(store, admin, now)
    ana = await add("ana")
    offer = await store.write(lambda tx: proposals.add(tx, site, author=ana.actor, draft=DRAFT, now=now))
    areas = update(proposals_table).where(proposals_table.c.id == offer.id)
    await store.write(lambda tx: tx.execute(areas.values(areas=["x-braille"])))
    with pytest.raises(Conflict, match="used"):
        await store.write(lambda tx: vocabulary.remove(tx, by=admin, term_id="x-braille"))
    await store.write(lambda tx: tx.execute(areas.values(is_local=False)))
    await store.write(lambda tx: vocabulary.remove(tx, by=admin, term_id="x-braille"))
    assert await store.read(vocabulary.list_terms) == []
