"""Hashes passwords: Argon2id in at most four threads, off the event loop (RFC 9106; OWASP's least cost)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from libline_fed.clock import monotonic_s
from libline_fed.domain.accounts import MAX_PASSWORD_CHARACTERS

MEMORY_KIB = 19_456  # 19 MiB
PASSES = 2
LANES = 1
EVEN_S = 0.15  # more than either way takes, so that the time tells nothing
PARALLEL_COUNT = 4  # hashes at once: 76 MiB at most, the rest waits

_hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
_threads = ThreadPoolExecutor(PARALLEL_COUNT, thread_name_prefix="argon2")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right, and whether its hash should be made again at today's cost."""

    is_right: bool
    is_outdated: bool = False


async def hash_password(password: str) -> str:
    """Return the form in which a password is stored. Takes about 30 ms of another thread; call it outside of
    transactions, after `check_password`.
    """
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def verify(password_hash: str | None, password: str) -> Verdict:
    """Check a password; without a hash it takes as long and is wrong: nobody can tell who has an account."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _verify, password_hash, password)


def _verify(password_hash: str | None, password: str) -> Verdict:
    # A longer one cannot be right; it is cut so that nobody makes us hash a megabyte, and costs the same.
    dummy_hash = _dummy_hash()  # made at the first check, whoever asks
    is_possible = password_hash is not None and len(password) <= MAX_PASSWORD_CHARACTERS
    stored = password_hash if password_hash is not None and is_possible else dummy_hash
    try:
        _hasher.verify(stored, password[:MAX_PASSWORD_CHARACTERS])
    except (VerificationError, InvalidHashError):
        return Verdict(is_right=False)
    return Verdict(is_right=is_possible, is_outdated=is_possible and _hasher.check_needs_rehash(stored))


@cache
def _dummy_hash() -> str:
    return _hasher.hash("the password of nobody")


@contextlib.asynccontextmanager
async def even_time() -> AsyncIterator[None]:
    """Let what is inside take the same time whichever way it goes, also when it fails."""
    until_s = monotonic_s() + EVEN_S
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, until_s - monotonic_s()))
