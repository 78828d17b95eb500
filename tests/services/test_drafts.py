"""What people have not sent yet is kept for them alone, and forms that come twice make one thing."""

import asyncio
from datetime import timedelta

import pytest

from libline_fed.errors import InvalidInput
from libline_fed.services import drafts, form_tokens, upkeep
from libline_fed.storage import form_tokens as rows

DATA = {"title": "Cataloguing", "areas": ["A0301", "A0302"]}


@pytest.fixture
async def ana(add):
    """A member who writes."""
    return (await add("ana")).actor.id


async def test_a_draft_comes_back_as_it_was_and_only_to_its_writer(store, ana, add, now):
    ben = (await add("ben")).actor.id
    await store.write(lambda tx: drafts.save(tx, ana, "offer", "", DATA, now))

    async def unit(tx):
        asked = ((ana, "offer", ""), (ben, "offer", ""), (ana, "request", ""), (ana, "offer", "x"))
        return [await drafts.load(tx, *which) for which in asked]

    assert await store.read(unit) == [DATA, None, None, None]


async def test_the_last_draft_replaces_the_one_before_and_dropping_twice_is_fine(store, ana, now):
    later = now + timedelta(minutes=1)
    await store.write(lambda tx: drafts.save(tx, ana, "offer", "", DATA, now))
    await store.write(lambda tx: drafts.save(tx, ana, "offer", "", {"title": "Other"}, later))
    await store.write(lambda tx: drafts.save(tx, ana, "offer", "k", DATA, now))
    assert await store.read(lambda tx: drafts.load(tx, ana, "offer", "")) == {"title": "Other"}
    assert await store.read(lambda tx: drafts.listed(tx, ana, "offer")) == [("", later), ("k", now)]
    for _ in range(2):
        await store.write(lambda tx: drafts.drop(tx, ana, "offer", ""))
    assert await store.read(lambda tx: drafts.listed(tx, ana, "offer")) == [("k", now)]
    await store.write(lambda tx: drafts.drop_all(tx, ana))
    assert await store.read(lambda tx: drafts.listed(tx, ana, "offer")) == []


@pytest.mark.parametrize(
    "data", [{"body": "x" * 20_001}, {f"f{number}": "" for number in range(201)}], ids=["long", "many"]
)
async def test_more_than_a_form_can_hold_is_not_kept(store, ana, now, data):
    with pytest.raises(InvalidInput):
        await store.write(lambda tx: drafts.save(tx, ana, "offer", "", data, now))
    assert await store.read(lambda tx: drafts.load(tx, ana, "offer", "")) is None


async def test_what_no_database_takes_is_left_out_of_a_draft(store, ana, now):
    await store.write(lambda tx: drafts.save(tx, ana, "offer", "", {"a": "x\0y\ud800", "b": ["\0z"]}, now))
    assert await store.read(lambda tx: drafts.load(tx, ana, "offer", "")) == {"a": "xy", "b": ["z"]}


async def test_drafts_and_tokens_go_when_they_are_old(store, site, ana, now):
    token = "t" * 43

    async def unit(tx):
        await drafts.save(tx, ana, "offer", "", DATA, now)
        await form_tokens.claim(tx, token, "/a", now)

    await store.write(unit)
    kept = await store.write(lambda tx: upkeep.tidy(tx, site, now=now + timedelta(days=7)))
    assert (kept["drafts"], kept["form_tokens"]) == (0, 0)
    gone = await store.write(lambda tx: upkeep.tidy(tx, site, now=now + timedelta(days=90, seconds=1)))
    assert (gone["drafts"], gone["form_tokens"]) == (1, 1)


async def test_a_token_leads_to_the_first_result(store, now):
    token = "t" * 43
    claims = [await store.write(lambda tx, p=path: form_tokens.claim(tx, token, p, now)) for path in "abc"]
    assert claims == [None, "a", "a"]


@pytest.mark.parametrize("token", ["", "short", "x" * 101, "with space in it, and more of it"])
async def test_a_form_without_a_token_is_always_new(store, now, token):
    for _ in range(2):
        assert await store.write(lambda tx: form_tokens.claim(tx, token, "/a", now)) is None


async def test_what_fails_uses_no_token_up(store, now):
    token = "t" * 43

    async def failing(tx):
        assert await form_tokens.claim(tx, token, "/a", now) is None
        raise InvalidInput({"title": "Write a title."})

    with pytest.raises(InvalidInput):
        await store.write(failing)
    assert await store.write(lambda tx: form_tokens.claim(tx, token, "/b", now)) is None


async def test_of_nine_at_once_one_is_the_first(store, now):
    token = "t" * 43
    claims = await asyncio.gather(
        *(store.write(lambda tx, n=number: form_tokens.claim(tx, token, f"/{n}", now)) for number in range(9))
    )
    assert claims.count(None) == 1
    assert set(claims) == {None, f"/{claims.index(None)}"}


async def test_only_a_hash_of_the_token_is_kept(store, now):
    token = "t" * 43
    await store.write(lambda tx: form_tokens.claim(tx, token, "/a", now))
    assert await store.read(lambda tx: rows.result_path(tx, token)) is None
