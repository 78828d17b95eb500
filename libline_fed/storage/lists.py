"""Compares a column with a list of any length through one parameter, so that the statement stays the same."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, ColumnElement, any_, bindparam, func, select

from libline_fed.storage.store import Tx


def is_one_of(tx: Tx, column: Column[Any], values: Collection[int]) -> ColumnElement[bool]:
    """Tell whether an integer column is one of `values`."""
    if tx.dialect == "sqlite":  # SQLite knows no arrays: its JSON functions unfold one
        listed = func.json_each(str(list(values))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(bindparam(None, list(values), ARRAY(BigInteger)))
