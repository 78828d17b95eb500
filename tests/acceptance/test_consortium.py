"""A consortium in three processes: joined, published, changed, left; then its host is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("demo")]


def test_members_go_on_without_the_server_that_hosted_their_consortium(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LIBLINE_")}
    done = subprocess.run(
        [sys.executable, "-m", "libline_fed.cli.demo.three", "--port", "8411"],
        cwd=tmp_path, env=environ | {"TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    steps = [line for line in done.stdout.splitlines() if line.startswith("  ok ")]
    assert f"{len(steps)} of {len(steps)} steps went as they should." in done.stdout
    for what in ("asks to join", "listed on", "new title", "closes", "deletes", "leaves", "killed", "link"):
        assert any(what in line for line in steps), what
    assert done.stdout.count("lists: ") == 8, "four pictures of two members"
    assert list(tmp_path.iterdir()) == [], "it cleans up behind itself"
