"""Random histories of many pairs on two servers and a Mastodon-like one; `scripts/histories` plays more.

Hypothesis writes the programs: who does what in which round, what goes wrong, how much time passes.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import databases
from tests.support.histories import (
    BYTES_COUNT,
    CRASHES,
    FAULTS,
    HISTORIES_COUNT,
    JUMPS_H,
    Round,
    world,
)
from tests.support.history_acts import play_end, play_round
from tests.support.history_checks import check

COUNT = "LIBLINE_TEST_HISTORIES"  # how many to play instead of a part that fits a test run
IN_A_TEST_RUN_COUNT = 250
ROUNDS_COUNT = 10

rounds = st.builds(
    Round,
    st.binary(min_size=BYTES_COUNT, max_size=BYTES_COUNT),
    st.sampled_from(FAULTS),
    st.sampled_from(JUMPS_H),
    st.sampled_from(CRASHES),
)
programs = st.lists(rounds, min_size=ROUNDS_COUNT, max_size=ROUNDS_COUNT)


def examples_count() -> int:
    """Return how many programs make up the wanted number of histories."""
    return -(-int(os.environ.get(COUNT, IN_A_TEST_RUN_COUNT)) // HISTORIES_COUNT)


async def play(template: Path, program: Sequence[Round]) -> None:
    """Play a program from its beginning until sixty days after its end; check after every round."""
    async with world(template) as made:
        for one in program:
            await play_round(made, one)
            await check(made)
        await play_end(made)
        await check(made, is_end=True)


@settings(
    max_examples=examples_count(),
    deadline=None,
    database=None,
    derandomize=COUNT not in os.environ,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
@given(programs)
def test_no_history_leaves_anybody_in_a_wrong_state(program: list[Round]) -> None:
    asyncio.run(play(databases.migrated_sqlite(), program))
