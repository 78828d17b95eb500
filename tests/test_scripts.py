"""The scripts say what a machine lacks, and fail, instead of failing somewhere in the middle."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("bash", "cat", "cut", "dirname", "echo", "env", "grep", "head", "id", "rm", "sha256sum", "xargs")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout's scripts on a machine that has only a shell: `checkout/` and `bin/`."""
    shutil.copytree(
        ROOT / "scripts", tmp_path / "checkout/scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "requirements", tmp_path / "checkout/requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "checkout")
    (tmp_path / "bin").mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None, name
        (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def run_there(bare: Path, script: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": str(bare / "bin"), "HOME": str(bare)}
    return subprocess.run(
        [bare / "checkout/scripts" / script],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def put_program(bare: Path, name: str, body: str) -> None:
    path = bare / "bin" / name
    path.write_text(f"#!/usr/bin/env bash\n{body}\n")
    path.chmod(0o755)


def test_start_names_the_package_when_there_is_no_python(bare: Path) -> None:
    done = run_there(bare, "start")
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr


def test_start_does_not_take_a_python_that_is_too_old(bare: Path) -> None:
    put_program(bare, "python3", "exit 1")
    done = run_there(bare, "start")
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr


def test_start_names_the_package_when_python_has_no_venv(bare: Path) -> None:
    put_program(bare, "python3", 'case "$2" in *ensurepip*) exit 1 ;; *print*) echo 3.13 ;; esac')
    done = run_there(bare, "start")
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert "python3.13-venv" in done.stderr


def test_test_lists_everything_that_is_missing_and_fails(bare: Path) -> None:
    done = run_there(bare, "test")
    assert done.returncode == 1
    missing = done.stderr.partition("The tests also need: ")[2].splitlines()[0].split()
    assert {"python3-venv", "chromium"} <= set(missing)
    assert f"apt-get install {' '.join(missing)}" in done.stderr


def test_test_installs_what_is_missing_where_it_may(bare: Path) -> None:
    put_program(bare, "apt-get", f'echo "$@" >> {bare}/apt.log')
    (bare / "bin/id").unlink()
    put_program(bare, "id", "echo 0")
    done = run_there(bare, "test")
    assert done.returncode == 1, "apt-get did nothing here, so things are still missing"
    log = (bare / "apt.log").read_text()
    assert "update -qq" in log
    assert "chromium" in log


@pytest.mark.parametrize("script", ["start", "test", "prepare", "pin", "generate-docs"])
def test_scripts_are_executable_and_valid_bash(script: str) -> None:
    path = ROOT / "scripts" / script
    assert os.access(path, os.X_OK)
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0


def test_ci_runs_the_whole_suite() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "scripts/test" in (ROOT / ".ci/run").read_text()
