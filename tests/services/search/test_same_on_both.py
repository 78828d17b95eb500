"""A search finds the same in the same order on SQLite and PostgreSQL, and what a person would say it must."""

import random
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from libline_fed.domain.proposals import Purpose
from libline_fed.domain.search_words import asked_words
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import EVERYBODY, Viewer
from libline_fed.storage import directory, search_words
from libline_fed.storage.proposals import by_id
from libline_fed.storage.store import Store
from tests.services.search import corpus
from tests.support import databases

ALL = 1_000
HOSTILE = (
    "'", '"', "''", '"" OR ""', "koha OR maps", "koha AND NOT maps", "NEAR(koha maps)", "koha*", "*",
    "^koha",
    "words : koha",
    "{words} : koha", "koha + maps", "-koha", "(koha", "koha)", "koha\\", "\\'", "koha & !maps",
    "koha:*",
    "koha:A", "koha <-> maps", "'koha' | 'maps'", "%", "_", "koha\x00maps", "\ud800", "x" * 200,
    "a " * 100, "地" * 200, "'; DROP TABLE proposals; --", "\u0301\u0301", "٣'", "l'", "'s", "--",
    "\u202ekoha",
)  # fmt: skip


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[Store, Store, Viewer]]:
    """The corpus on either engine, and the member who looks at it."""
    path = tmp_path / "corpus.sqlite3"
    shutil.copyfile(databases.migrated_sqlite(), path)
    url = await databases.create_postgres(template=databases.migrated_template())
    stores = [await Store(f"sqlite+aiosqlite:///{path}").open(), await Store(url).open()]
    viewers = [await corpus.fill(store) for store in stores]
    yield stores[0], stores[1], viewers[0]
    for store in stores:
        await store.close()
    await databases.drop_postgres(url)


async def find(store: Store, search: Search, viewer: Viewer) -> tuple[list[str], int]:
    """Return the names of what is found, in order, and how many there are said to be."""
    found, total_count = await store.read(
        lambda tx: directory.page(tx, search, viewer, today=corpus.NOW.date(), limit=ALL, offset=0)
    )
    names = {text.id: text.name for text in corpus.texts()}
    return [names[proposal.id] for proposal, _ in found], total_count


async def test_a_search_finds_the_same_in_the_same_order_on_both_databases(
    both: tuple[Store, Store, Viewer],
) -> None:
    sqlite, postgresql, member = both
    by_hand, questions_count = corpus.expected(), 0
    assert len(by_hand) >= 40
    for asked, names in by_hand:
        search = Search(Purpose.OFFER, text=asked, sort=Sort.NEWEST)
        for store in (sqlite, postgresql):
            assert await find(store, search, member) == (names, len(names)), asked
    searches = [*_random_searches(120), *corpus.filtered(), *corpus.filtered("m")]
    for search in searches:
        for viewer in (member, EVERYBODY, Viewer(member.person, is_member=False)):
            found = await find(sqlite, search, viewer)
            assert found == await find(postgresql, search, viewer), (search, viewer.is_member)
            assert found[1] == len(found[0])
            questions_count += 1
    assert questions_count + len(by_hand) >= 200
    found_by_filter = [await find(sqlite, search, member) for search in corpus.filtered()]
    assert sum(bool(names) for names, _ in found_by_filter) >= 50, "filters that find nothing test little"


async def test_the_databases_find_what_the_words_say(both: tuple[Store, Store, Viewer]) -> None:
    sqlite, postgresql, member = both
    words = {}
    for text in corpus.texts():
        proposal = await sqlite.read(lambda tx, id_=text.id: by_id(tx, id_))
        assert proposal is not None
        words[text.name] = search_words.words_by(proposal)
    for search in [*_random_searches(60), *(Search(text=asked, sort=Sort.NEWEST) for asked in HOSTILE)]:
        asked = asked_words(search.text)
        names = {
            name for name, known in words.items() if asked and all(one.is_found_in(known) for one in asked)
        }
        for store in (sqlite, postgresql):
            assert set((await find(store, search, member))[0]) == names, search.text


async def test_pages_follow_each_other_without_gap_in_every_order(both: tuple[Store, Store, Viewer]) -> None:
    for store in both[:2]:
        for sort in (Sort.NEWEST, Sort.SOONEST):
            search = Search(text="m", sort=sort)
            whole, count = await find(store, search, both[2])
            pieces: list[str] = []
            for offset in range(0, count + 10, 10):
                part, _ = await store.read(
                    lambda tx, s=search, o=offset: directory.page(
                        tx, s, both[2], today=corpus.NOW.date(), limit=10, offset=o
                    )
                )
                pieces += [proposal.title for proposal, _ in part]
            titles = {text.name: text.title for text in corpus.texts()}
            assert pieces == [titles[name] for name in whole]
            numbers = await store.read(
                lambda tx, s=search: directory.numbers(tx, s, both[2], corpus.NOW.date())
            )
            assert len(numbers) == count


def _random_searches(count: int) -> list[Search]:
    """Return searches for one or two beginnings of words that stand in the corpus."""
    chance = random.Random(4)
    written = sorted({word for text in corpus.texts() for word in f"{text.title} {text.body}".split()})
    found = []
    for _ in range(count):
        picked = chance.sample(written, chance.choice((1, 1, 1, 2)))
        text = " ".join(word[: chance.randint(1, len(word))] for word in picked)
        found.append(Search(text=text, sort=chance.choice((Sort.NEWEST, Sort.SOONEST))))
    return [*found, *(replace(search, text=search.text.upper()) for search in found[:20])]
