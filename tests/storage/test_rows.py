"""`rows.to` builds values from rows by name; the values of `domain/` have fields for their columns."""

from dataclasses import dataclass, fields

import pytest
from sqlalchemy import literal, select

from libline_fed.domain.actors import Actor
from libline_fed.domain.inbox_activities import InboxActivity
from libline_fed.domain.proposals import Proposal
from libline_fed.storage import rows, tables
from libline_fed.storage.store import Store


@dataclass(frozen=True, slots=True)
class Pair:
    left: int
    right: str


@dataclass(frozen=True, slots=True)
class Single:
    left: int


async def row_of(store: Store, **columns: object):
    statement = select(*[literal(value).label(name) for name, value in columns.items()])
    return await store.read(lambda tx: tx.first(statement))


async def test_columns_are_taken_by_name_in_any_order_and_others_ignored(store):
    row = await row_of(store, right="r", other=9, left=1)
    assert rows.to(Pair, row) == Pair(1, "r")
    assert rows.to(Single, row) == Single(1)


async def test_a_prefix_tells_two_values_of_a_join_apart(store):
    row = await row_of(store, left=1, right="r", other_left=2, other_right="o")
    assert (rows.to(Pair, row), rows.to(Pair, row, prefix="other_")) == (Pair(1, "r"), Pair(2, "o"))


async def test_a_missing_column_is_a_mistake(store):
    with pytest.raises(AttributeError, match="right"):
        rows.to(Pair, await row_of(store, left=1))


@pytest.mark.parametrize(
    ("cls", "table"),
    [(Actor, tables.actors), (Proposal, tables.proposals), (InboxActivity, tables.inbox_activities)],
)
def test_fields_are_named_like_the_columns(cls, table):
    assert [field.name for field in fields(cls)] == [column.name for column in table.columns]
