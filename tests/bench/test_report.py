"""What `libline bench` says of a run."""

import pytest

from libline_fed.bench.machine import Quiet, percentile
from libline_fed.bench.measure import Figure


def test_a_figure_is_compared_with_its_bound() -> None:
    assert Figure("accepted", 2_000, "/s", 4_000, "bound", 0.5).share == 0.5
    assert Figure("memory", 80, "MB").share is None


@pytest.mark.parametrize(("share", "value"), [(0.5, 51.0), (0.95, 96.0), (0.99, 100.0), (1.0, 100.0)])
def test_percentiles_are_values_that_were_measured(share: float, value: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], share) == value


def test_a_quiet_machine_gives_no_warning() -> None:
    assert Quiet(busy_before=0.02, spin_before_s=0.100, spin_after_s=0.105).warning() is None


def test_a_busy_machine_and_one_that_changes_speed_are_named() -> None:
    warning = Quiet(busy_before=0.4, spin_before_s=0.100, spin_after_s=0.150).warning()
    assert warning is not None
    assert "40%" in warning
    assert "50%" in warning
