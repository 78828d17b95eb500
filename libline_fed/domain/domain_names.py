"""Which part of a host's name somebody can register, by the Public Suffix List: below it is one household."""

import re
from functools import cache

from publicsuffixlist import PublicSuffixList

_NUMBERS = re.compile(r"[0-9.]+|\[.*\]")


def registrable(host: str) -> str | None:
    """Return the registrable domain of an authority; its address if it is a number.

    None for a public suffix, such as `org`, `co.uk` or `github.io`, below which names belong to many.
    """
    name = host if host.startswith("[") else host.partition(":")[0]
    return name if _NUMBERS.fullmatch(name) else _suffixes().privatesuffix(name)


def is_one_household(host: str, other: str) -> bool:
    """Tell whether two authorities are the same, or below one registrable domain."""
    if host == other:
        return True
    domain = registrable(host)
    return domain is not None and domain == registrable(other)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
