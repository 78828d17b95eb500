"""What this machine can do, and how quiet it is: the bounds beside which results are printed."""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

QUIET_SHARE = 0.10  # of all cores, used by others before the run
QUIET_SPREAD = 0.15  # between the same work done before and after the run


def busy_share(seconds: float) -> float:
    """Return the share of all cores that was busy during the next `seconds`."""
    idle_before, all_before = _cpu_ticks()
    time.sleep(seconds)
    idle_after, all_after = _cpu_ticks()
    return 1 - (idle_after - idle_before) / max(1, all_after - all_before)


def _cpu_ticks() -> tuple[int, int]:
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def spin_s() -> float:
    """Time a fixed piece of work on one core: the median of five."""
    block = b"x" * 100_000
    times_s = []
    for _ in range(5):
        begin_s = time.perf_counter()
        for _ in range(200):
            hashlib.sha256(block).digest()
        times_s.append(time.perf_counter() - begin_s)
    return median(times_s)


def signs_per_s(private_key: RSAPrivateKey, *, threads_count: int = 2, seconds: float = 2.0) -> float:
    """Return how many RSA signatures this machine makes per second: the bound of every fan-out."""
    message = b"x" * 300

    def sign_until_end(_: int) -> int:
        end_s = time.perf_counter() + seconds
        count = 0
        while time.perf_counter() < end_s:
            private_key.sign(message, PKCS1v15(), SHA256())
            count += 1
        return count

    with ThreadPoolExecutor(threads_count) as threads:
        return sum(threads.map(sign_until_end, range(threads_count))) / seconds


def cpu_s(pid: int) -> float:
    """Return the seconds of processor time that a process has used so far, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True, slots=True)
class Quiet:
    """How quiet the machine was around a run."""

    busy_before: float
    spin_before_s: float
    spin_after_s: float

    def warning(self) -> str | None:
        """Return what was wrong with the run's surroundings, or None."""
        problems = []
        if self.busy_before > QUIET_SHARE:
            problems.append(f"other programs used {self.busy_before:.0%} of the processors before the run")
        spread = abs(self.spin_after_s - self.spin_before_s) / min(self.spin_after_s, self.spin_before_s)
        if spread > QUIET_SPREAD:
            problems.append(f"the same work took {spread:.0%} more or less time after the run than before")
        return "; ".join(problems) or None


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of the values lie (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]
