"""`libline export`."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Libline
from tests.cli.test_members import add


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_data_of_a_member_is_written_into_a_file(libline: Libline, tmp_path: Path) -> None:
    add(libline, "ana")
    target = tmp_path / "ana.zip"
    done = libline("export", "@ana", "--to", str(target))
    assert done.status == 0, done.err
    assert str(target) in done.out
    assert target.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(target) as opened:
        names = {name.partition("/")[2]: name for name in opened.namelist()}
        data = json.loads(opened.read(names["export.json"]))
        assert b"ana" in opened.read(names["index.html"])
    assert data["account"]["email"] == "ana@library.example"
    assert data["actor"].startswith("http://127.0.0.1:8765/actors/")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_nothing_is_overwritten_and_nobody_is_invented(
    libline: Libline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(libline, "ana")
    monkeypatch.chdir(tmp_path)
    assert libline("export", "ana").status == 0
    before = (tmp_path / "ana.zip").read_bytes()
    again = libline("export", "ana")
    assert again.status == 4
    assert "exists already" in again.err
    assert (tmp_path / "ana.zip").read_bytes() == before
    assert libline("export", "nobody").status == 3
    assert not (tmp_path / "nobody.zip").exists()
