"""The wheel carries what it needs: unpacked anywhere it migrates, and finds its templates."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def run_there(unpacked: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LIBLINE_")}
    environ["PYTHONPATH"] = str(unpacked)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_wheel_has_every_template_migration_catalog_and_static_file(unpacked: Path) -> None:
    for source, target in (
        ("templates", "_data/templates"),
        ("migrations", "_data/migrations"),
        ("libline_fed", ""),
    ):
        listed = subprocess.run(
            ["git", "ls-files", source], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split()
        there = [path for path in listed if not path.endswith(".gitkeep") and (ROOT / path).exists()]
        assert there
        for path in there:
            inside = Path("libline_fed") / target / Path(path).relative_to(source)
            assert (unpacked / inside).is_file(), inside
    assert (unpacked / "libline_fed/_data/docs/matching-golden.json").is_file()


def test_the_wheel_works_without_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    done = run_there(unpacked, "-m", "libline_fed", "migrate", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert run_there(unpacked, "-m", "libline_fed", "migrate", "--check", cwd=tmp_path).returncode == 0
    code = "from libline_fed.resources import data_dir; print(data_dir('templates'))"
    found = run_there(unpacked, "-c", code, cwd=tmp_path).stdout.strip()
    assert Path(found) == unpacked / "libline_fed/_data/templates"


def test_the_wheel_names_its_licence(unpacked: Path) -> None:
    (metadata,) = unpacked.glob("*.dist-info/METADATA")
    assert "License-Expression: AGPL-3.0-or-later" in metadata.read_text()
    assert list(unpacked.glob("*.dist-info/licenses/LICENSE"))
