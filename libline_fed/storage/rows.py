"""Turns rows into the frozen values of `domain/`, whose fields are named like the columns."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy.engine import Row

T = TypeVar("T")


def to(cls: type[T], row: Row[Any], *, prefix: str = "") -> T:
    """Build a `cls` from the columns of `row` that are named like its fields; further columns are ignored.

    A join that brings two values of one name labels the columns of one of them with `prefix`.
    """
    key = (cls, prefix)
    getter = _getters.get(key)
    if getter is None:
        getter = _getters[key] = _make_getter(cls, prefix)
    return cls(*getter(row))


_getters: dict[tuple[type[Any], str], Callable[[Row[Any]], tuple[Any, ...]]] = {}


def _make_getter(cls: type[Any], prefix: str) -> Callable[[Row[Any]], tuple[Any, ...]]:
    assert is_dataclass(cls), cls
    names = [prefix + field.name for field in fields(cls) if field.init]
    if len(names) == 1:  # attrgetter returns a bare value for one name
        return lambda row: (getattr(row, names[0]),)
    return attrgetter(*names)
