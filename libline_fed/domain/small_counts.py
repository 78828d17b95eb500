"""Counts that tell of nobody: small ones are hidden, and so is what would give them away.

Two ways, each sound by itself:

* `shown`: a count below five is not there. Where only such numbers are published, and whatever is made of
  them (sums, order, charts) is made of the published ones, a hidden number has no influence on what is seen.
* `stepped`: counts are rounded down to the next step of five, so that less than five is not there. Several
  tables about the same people may stand side by side with their totals: the steps are too wide for a
  difference to say a small number. See `tests/unit/domain/test_small_counts.py`, which tries all of them.
"""

from collections.abc import Iterable

SMALLEST = 5  # the least number of people that is told
Count = int | None  # None: too small to be told


def shown(count: int) -> Count:
    """Return a count, or None for one that is too small to be told; none at all is too small as well."""
    return count if count >= SMALLEST else None


def stepped(count: int) -> Count:
    """Return the greatest multiple of five that is not above a count, or None below five."""
    return count // SMALLEST * SMALLEST if count >= SMALLEST else None


def summed(counts: Iterable[Count]) -> Count:
    """Add up published counts: what is hidden adds nothing, so the sum says "at least"; None if all are."""
    told = [count for count in counts if count is not None]
    return sum(told) if told else None
