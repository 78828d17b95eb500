"""The words of a proposal follow what it says; what the full-text indexes take for words is what we do."""

import sys
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, text

from libline_fed.domain.proposals import Proposal
from libline_fed.domain.search_words import Asked, asked_words, words_of
from libline_fed.services import proposals as services
from libline_fed.services.site import Site
from libline_fed.storage import proposals, search_words
from libline_fed.storage.directory_tables import proposal_search
from libline_fed.storage.store import Store
from tests.services.conftest import Add, add, keyring, sealer, site
from tests.services.test_proposals import DRAFT, edit, publish
from tests.support.neighbours import list_offer, meet

__all__ = ["add", "keyring", "sealer", "site"]  # fixtures


async def found(store: Store, asked: str) -> set[int]:
    """Return the numbers of what has some words."""
    return await store.read(lambda tx: search_words.matching(tx, asked_words(asked)))


async def number_of(store: Store, proposal: Proposal) -> int:
    """Return the number of a proposal."""
    numbered = select(proposal_search.c.number).where(proposal_search.c.proposal_id == proposal.id)
    return int(await store.read(lambda tx: tx.scalar(numbered)))


async def test_words_follow_title_text_and_areas_and_the_number_stays(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    offer = await publish(store, site, ana, now, replace(DRAFT, title="Old maps", areas=("A0301",)))
    number = await number_of(store, offer)
    for asked in ("old maps", "online hour", "catalogage", "فهرسة", "#Cataloguing"):
        assert await found(store, asked) == {number}, asked
    later = now + timedelta(hours=1)
    draft = replace(DRAFT, title="New globes", body_text="Two evenings.", areas=("A0901",))
    await edit(store, site, offer, later, draft)
    for asked in ("old", "online", "catalogage"):
        assert await found(store, asked) == set(), asked
    for asked in ("new globes", "evenings", "koha"):
        assert await found(store, asked) == {number}, asked
    await store.write(
        lambda tx: services.delete(tx, site, proposal_id=offer.id, author_id=ana.actor.id, now=later)
    )
    assert await found(store, "globes") == set()


async def test_words_of_other_servers_proposals_follow_them_too(store: Store, now: datetime) -> None:
    bo = await meet(store, "bo", "b.example", now)
    offer = await list_offer(store, bo, "1", now, title="Shelving")
    assert isinstance(offer, Proposal)
    assert await found(store, "shelving") == {await number_of(store, offer)}
    assert isinstance(await list_offer(store, bo, "1", now, title="Binding", revision=2), Proposal)
    assert await found(store, "shelving") == set()
    assert await found(store, "binding") == {await number_of(store, offer)}


async def test_proposals_of_an_older_version_get_their_words_bit_by_bit(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    for number in range(5):
        await publish(store, site, ana, now, replace(DRAFT, title=f"Maps {number}"))
    await store.write(lambda tx: tx.execute(delete(proposal_search)))
    assert await found(store, "maps") == set()
    filled = [await store.write(lambda tx: search_words.fill_missing(tx, 2)) for _ in range(4)]
    assert filled == [2, 2, 1, 0]
    assert len(await found(store, "maps")) == 5
    assert await store.read(lambda tx: tx.scalar(select(func.count()).select_from(proposal_search))) == 5


async def test_writing_the_same_again_changes_nothing(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    offer = await publish(store, site, await add("ana"), now)
    number = await number_of(store, offer)
    again = await store.read(lambda tx: proposals.by_id(tx, offer.id))
    assert again is not None
    await store.write(lambda tx: search_words.put(tx, again))
    assert await number_of(store, offer) == number
    assert await found(store, "rda") == {number}


@pytest.mark.parametrize(
    "word",
    ["'", '"', "\\", "maps'", '"maps', "maps\\", "\\'", "maps:*", "maps*", "maps)", "!maps", "-maps"],
)
async def test_a_word_is_never_read_as_an_operator(
    store: Store, site: Site, add: Add, now: datetime, word: str
) -> None:
    """Words never hold such characters; if they did, they would be characters still."""
    await publish(store, site, await add("ana"), now, replace(DRAFT, title="Maps"))
    assert await store.read(lambda tx: search_words.matching(tx, [Asked(((word, "zzz"),))])) == set()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_every_character_of_a_word_is_one_for_the_index_of_sqlite(store: Store) -> None:
    """Else a word would be two there, and differ from PostgreSQL: its tables of Unicode are its own."""
    # Of the tens of thousands of Chinese and Korean characters a part is enough.
    codes = [*range(0x3400), *range(0x3400, 0x20000, 9), *range(0x20000, sys.maxunicode + 1, 99)]
    written = {word for code in codes if (word := _word_with(chr(code)))}
    assert len(written) > 10_000

    async def unit(tx: object) -> set[str]:
        run = tx.execute  # type: ignore[attr-defined]
        await run(
            text(
                "CREATE VIRTUAL TABLE temp.tried USING fts5(words, detail=none, columnsize=0, "
                "tokenize=\"unicode61 remove_diacritics 0 categories 'L* M* N* Co'\")"
            )
        )
        await run(text("INSERT INTO temp.tried(words) VALUES (:words)"), {"words": " ".join(sorted(written))})
        await run(text("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(temp, tried, row)"))
        return set((await run(text("SELECT term FROM temp.terms"))).scalars())

    assert await store.write(unit) == written


def _word_with(character: str) -> str:
    if unicodedata.category(character)[0] not in "LMN":
        return ""
    within = words_of(f"q{character}q {character * 2}")
    return next((word for word in within if len(word) > 1), "")
