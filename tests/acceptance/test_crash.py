"""Accepted is durable: `kill -9` at random points loses nothing and repeats no effect."""

from pathlib import Path

import pytest

from tests.acceptance.crashing import CrashRounds

pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("crash")]

ROUNDS = 20


def test_kill_9_loses_nothing_and_repeats_nothing(live_database_url: str | None, tmp_path: Path) -> None:
    rounds = CrashRounds(tmp_path, database_url=live_database_url)
    try:
        rounds.set_up()
        tally = rounds.run(ROUNDS)
    finally:
        rounds.close()
    assert (tally.lost, tally.repeated) == ([], [])
    assert tally.rounds == ROUNDS
