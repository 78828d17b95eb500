"""Gives the tests a PostgreSQL server: the one at LIBLINE_TEST_POSTGRES_URL, or a private one of this run.

The private one listens only on a socket in a folder of its own. It lives as long as any process of the run
holds the folder's `alive` pipe open; the kernel closes that even after a `kill -9`: nothing is left behind.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

EXTERNAL_URL = "LIBLINE_TEST_POSTGRES_URL"
RUN_DIR = "LIBLINE_TEST_RUN_DIR"
START_S = 60
MISSING = (
    "These tests need PostgreSQL 15 or newer. Install it (Debian, Ubuntu: apt-get install postgresql; "
    f"Fedora: dnf install postgresql-server), or set {EXTERNAL_URL} to "
    "postgresql://user:password@host/database, whose user may create databases."
)

# Stands guard: ends the server when the last writer of the pipe is gone, then removes the folder.
_GUARD = """
"$1"/postgres -D data -k "$PWD" -c listen_addresses='' -c fsync=off -c max_connections=300 \\
    -c shared_buffers=64MB -c full_page_writes=off -c autovacuum=off \\
    -c logging_collector=off >server.log 2>&1 &
server=$!
cat alive >/dev/null
kill -QUIT $server
wait $server
cd / && rm -rf "$2"
"""


class PostgresMissing(Exception):
    """There is no PostgreSQL to test with; the message says what to install."""


def open_run_dir() -> int | None:
    """Make the folder all processes of this run share; return the descriptor that keeps its server alive."""
    if RUN_DIR in os.environ:
        return None
    folder = Path(tempfile.mkdtemp(prefix="libline-tests-"))
    os.environ[RUN_DIR] = str(folder)
    os.mkfifo(folder / "alive", 0o600)
    return os.open(folder / "alive", os.O_RDWR)  # O_RDWR: does not wait for a reader


def close_run_dir(alive: int) -> None:
    """Let go of the folder: its server ends, if there was one."""
    folder = Path(os.environ.pop(RUN_DIR))
    has_server = (folder / "data").exists()
    os.close(alive)
    if not has_server:  # else the guard removes it
        shutil.rmtree(folder)


def server_url() -> str:
    """Return the URL of a database whose user may create others; start a server if none runs yet.

    Raises: PostgresMissing.
    """
    if external := os.environ.get(EXTERNAL_URL):
        return "postgresql://" + external.partition("://")[2]
    folder = Path(os.environ[RUN_DIR])
    with locked("server"):
        if not (folder / "data").exists():
            _start(folder)
    return f"postgresql://{_owner().pw_name}@/postgres?host={folder}"


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock among the processes of this test run."""
    with (Path(os.environ[RUN_DIR]) / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(folder: Path) -> None:
    programs, owner = _programs(), _owner()
    is_other = owner.pw_uid != os.getuid()
    as_owner: dict[str, object] = {}
    if is_other:
        as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        os.chown(folder / "alive", owner.pw_uid, owner.pw_gid)
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(folder)}
    made = subprocess.run(
        [programs / "initdb", "-D", "data", "-A", "trust", "-E", "UTF8", "--no-sync", "-U", owner.pw_name],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, **as_owner,
    )
    if made.returncode != 0:
        shutil.rmtree(folder / "data", ignore_errors=True)
        raise PostgresMissing(f"initdb failed: {made.stderr.strip()}\n{MISSING}")
    guard = subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "guard", programs, folder], cwd=folder, env=environ, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_owner,
    )
    guard.returncode = 0  # it outlives this process on purpose
    until = time.monotonic() + START_S
    ask = [programs / "pg_isready", "-q", "-h", folder]
    while subprocess.run(ask, env=environ, check=False).returncode != 0:
        if time.monotonic() > until:
            raise PostgresMissing(f"the server did not start:\n{(folder / 'server.log').read_text()}")
        time.sleep(0.05)


def _owner() -> pwd.struct_passwd:
    """Return the user the server runs as: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresMissing("there is neither a user postgres nor a user nobody to run PostgreSQL as")


def _programs() -> Path:
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -_version(path))
    candidates += [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    candidates += [Path("/usr/local/pgsql/bin"), Path("/opt/homebrew/bin")]
    for folder in candidates:
        if all((folder / program).exists() for program in ("initdb", "postgres", "pg_isready")):
            return folder
    raise PostgresMissing(MISSING)


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0
