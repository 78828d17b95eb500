"""Which places of the index have a key: sorted arrays, because a dictionary of a million texts is too large.

Texts are known by 64 bits of a hash with a secret of this process: nobody can make two that are alike.
"""

import os
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

Keys64 = NDArray[np.uint64]
Slots = NDArray[np.uint32]

MAX_FRESH = 4_096  # places that are not in the sorted arrays yet
_SECRET = os.urandom(16)


def key_of(text: str) -> int:
    """Return what a text is known by in this process; never 0, which is "none"."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8, key=_SECRET).digest()) or 1


class Postings:
    """The places of each key. Keys are only added; whoever asks leaves out the places that are gone."""

    def __init__(self) -> None:
        self._keys: Keys64 = np.empty(0, np.uint64)
        self._slots: Slots = np.empty(0, np.uint32)
        self._fresh: dict[int, list[int]] = {}
        self._fresh_count = 0
        self._heap: list[tuple[Keys64, Slots]] = []  # added in bulk, not sorted yet

    def add(self, keys: Keys64, slots: Slots) -> None:
        """Note the key of each place; 0 is no key."""
        stated = keys != 0
        keys, slots = keys[stated], slots[stated]
        if self._fresh_count + len(keys) > MAX_FRESH:
            self._heap.append((keys, slots))
            return
        for key, slot in zip(keys.tolist(), slots.tolist(), strict=True):
            self._fresh.setdefault(key, []).append(slot)
        self._fresh_count += len(keys)

    def find_all(self, keys: Iterable[int]) -> BitMap:
        """Return the places of many keys."""
        self._settle()
        wanted = np.unique(np.fromiter(keys, np.uint64))
        low = np.searchsorted(self._keys, wanted, "left")
        counts = np.searchsorted(self._keys, wanted, "right") - low
        starts = np.repeat(low, counts)
        steps = np.arange(len(starts)) - np.repeat(np.cumsum(counts) - counts, counts)
        found = BitMap(self._slots[starts + steps])
        if self._fresh:
            fresh = np.fromiter(self._fresh, np.uint64, len(self._fresh))
            for key in fresh[np.isin(fresh, wanted, assume_unique=True)].tolist():
                found.update(self._fresh[key])
        return found

    def _settle(self) -> None:
        """Sort what was added in bulk."""
        if not self._heap:
            return
        fresh_keys = [key for key, slots in self._fresh.items() for _ in slots]
        fresh_slots = [slot for slots in self._fresh.values() for slot in slots]
        parts = [
            (self._keys, self._slots),
            *self._heap,
            (np.array(fresh_keys, np.uint64), np.array(fresh_slots, np.uint32)),
        ]
        keys = np.concatenate([part[0] for part in parts])
        slots = np.concatenate([part[1] for part in parts])
        order = np.argsort(keys, kind="stable")
        self._keys, self._slots = keys[order], slots[order]
        self._fresh, self._fresh_count, self._heap = {}, 0, []
