"""`libline demo --check`: everything federates between two real servers, in spite of misbehaving peers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import postgres

pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("demo")]


@pytest.mark.parametrize(("engine", "port"), [("sqlite", 8401), ("postgresql", 8402)])
def test_everything_arrives_in_the_demo(engine: str, port: int, tmp_path: Path) -> None:
    where = ["--database-url", postgres.server_url()] if engine == "postgresql" else []
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LIBLINE_")}
    done = subprocess.run(
        [sys.executable, "-m", "libline_fed", "demo", "--check", "--port", str(port), *where],
        cwd=tmp_path, env=environ | {"LIBLINE_REGISTRATION": "not for the demo", "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISSING" not in done.stdout
    for what in ("sent nothing for 10 s", "answered 500", "(410)", "(429)", "web page"):
        assert what in done.stdout, "what the peers did is told"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == [], "it cleans up behind itself"
