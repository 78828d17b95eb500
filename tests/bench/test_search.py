"""`libline bench search`: what it compares, and what it makes up."""

from itertools import islice

import pytest
from typer.testing import CliRunner

from libline_fed.bench import offers, search
from libline_fed.cli.bench import commands


def test_every_size_is_measured_beside_a_full_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SEEKERS_COUNT", 25)
    said: list[str] = []
    report = search.measure_index((400, 800), say=said.append)
    names = [figure.name for figure in report.figures]
    for count in (400, 800):
        assert f"{count} offers: index built from values in" in names
        assert f"{count} offers: first page, p95" in names
    pages = [figure for figure in report.figures if "first page" in figure.name]
    assert all(figure.value > 0 and figure.share for figure in pages)
    assert names[-1] == "2 times as many offers take, p50"
    assert len(said) == 4


def test_the_same_seed_makes_the_same_offers() -> None:
    first, second, other = (list(islice(offers.listings(50, seed=seed), 50)) for seed in (3, 3, 4))
    assert first == second
    assert first != other
    assert len({listing.id for listing in first}) == 50


@pytest.mark.parametrize("sizes", ["", "many", "0", "100,-5", "3000000"])
def test_sizes_that_make_no_sense_are_refused(sizes: str) -> None:
    done = CliRunner().invoke(commands, ["search", "--sizes", sizes])
    assert done.exit_code == 2
    assert "numbers of offers" in done.output
