"""Compares a column with a list of any length through one parameter, so that the statement stays the same."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, ColumnElement, Integer, Text, any_, bindparam, func, select

from libline_fed.storage.store import Tx


def is_one_of(tx: Tx, column: Column[Any], values: Collection[int] | Collection[str]) -> ColumnElement[bool]:
    """Tell whether a column is one of `values`, all integers or all texts."""
    if tx.dialect == "sqlite":  # SQLite knows no arrays: its JSON functions unfold one
        listed = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(listed.c.value))
    type_ = BigInteger() if isinstance(column.type, Integer) else Text()
    return column == any_(bindparam(None, list(values), ARRAY(type_)))
