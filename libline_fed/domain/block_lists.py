"""Lists of servers to be careful with, as they are passed around: Mastodon's CSV, and JSON.

Reading never raises for a single bad row: it is left out and named, so that somebody can see why. What a
list may never say (`refusal_of`): this server itself, or a whole top-level domain or public suffix.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from libline_fed.domain.domain_names import registrable
from libline_fed.domain.peers import Policy, covering, normal_host
from libline_fed.errors import InvalidInput
from libline_fed.sanitize import clean_line

MAX_BYTES = 1_000_000
MAX_ROWS = 20_000
MAX_CELL_CHARACTERS = 5_000
MAX_REASON_CHARACTERS = 500
MAX_SHOWN_CHARACTERS = 100
HEADER = ("#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate")
# `limit` is how pages of Mastodon call it, and some tools write that.
POLICIES = {"suspend": Policy.BLOCKED, "silence": Policy.SILENCED, "limit": Policy.SILENCED}
SEVERITIES = {Policy.BLOCKED: "suspend", Policy.SILENCED: "silence"}
STRENGTH = {Policy.SILENCED: 1, Policy.BLOCKED: 2}
NO_LIST = "This is not a list of servers: CSV as Mastodon writes it, or one server a line."
TOO_LONG = "The list is too long: 1 MB and 20,000 lines at most."
NOT_A_HOST = "not the name of a server"
HIDDEN = "part of the name is hidden with *"
NOTHING_TO_DO = "the list says to do nothing"
UNKNOWN_SEVERITY = "the list says something that is not known here"
OWN = "this server itself"
WHOLE_DOMAIN = "a whole domain that belongs to many"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a list says of one server, and of all below its name."""

    host: str
    policy: str
    reason: str = ""
    since_on: date | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is not used."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in a list: one entry for each server, the stronger one, in the order of the names."""

    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...]


def read_csv(raw: bytes, own_host: str) -> Reading:
    """Read Mastodon's CSV, or one server a line (which means: suspend).

    Raises: InvalidInput for `file` if it is no such list at all.
    """
    text = _decoded(raw)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise InvalidInput({"file": NO_LIST}) from error
    table = [cells for cells in table if any(cell.strip() for cell in cells)]
    if len(table) > MAX_ROWS:
        raise InvalidInput({"file": TOO_LONG})
    names = _names_of(table[0]) if table else []
    if "domain" in names:
        table = table[1:]
    elif _is_plain(table):
        names = ["domain"]
    else:
        raise InvalidInput({"file": NO_LIST})
    rows = (dict(zip(names, cells, strict=False)) for cells in table)
    return _read(
        ((row.get("domain", ""), row.get("severity"), row.get("public_comment", ""), None) for row in rows),
        own_host,
    )


def _decoded(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise InvalidInput({"file": TOO_LONG})
    encoding = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidInput({"file": NO_LIST}) from error
    if "\0" in text or max(map(len, text.splitlines()), default=0) > MAX_CELL_CHARACTERS:
        raise InvalidInput({"file": NO_LIST})
    return text


def _is_plain(table: list[list[str]]) -> bool:
    """Tell whether a table is one name a line, and not some other file."""
    is_narrow = all(len(cells) == 1 for cells in table)
    return is_narrow and (not table or any(normal_host(cells[0]) or "*" in cells[0] for cells in table))


def _names_of(cells: Iterable[str]) -> list[str]:
    return [cell.strip().lower().removeprefix("#") for cell in cells]


def read_json(raw: bytes, own_host: str) -> Reading:
    """Read a list of `{domain, severity, reason, since}`.

    Raises: InvalidInput for `file` if it is no such list at all.
    """
    if len(raw) > MAX_BYTES:
        raise InvalidInput({"file": TOO_LONG})
    try:
        listed = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidInput({"file": NO_LIST}) from error
    if not isinstance(listed, list):
        raise InvalidInput({"file": NO_LIST})
    if len(listed) > MAX_ROWS:
        raise InvalidInput({"file": TOO_LONG})
    objects = (each if isinstance(each, dict) else {} for each in listed)
    return _read(
        ((one.get("domain"), one.get("severity"), one.get("reason"), one.get("since")) for one in objects),
        own_host,
    )


def _read(rows: Iterable[tuple[Any, Any, Any, Any]], own_host: str) -> Reading:
    entries: dict[str, Entry] = {}
    skipped: list[Skipped] = []
    for domain, severity, reason, since in rows:
        text = domain if isinstance(domain, str) else ""
        said = "suspend" if severity is None else str(severity)[:MAX_SHOWN_CHARACTERS].strip().lower()
        policy, host = POLICIES.get(said or "suspend"), normal_host(text)
        why = _why_not(text, host, said, own_host)
        if why or host is None or policy is None:
            skipped.append(Skipped(clean_line(text, MAX_SHOWN_CHARACTERS), why or UNKNOWN_SEVERITY))
            continue
        entry = Entry(host, policy, _reason(reason), _day(since))
        known = entries.get(host)
        if known is None or STRENGTH[policy] > STRENGTH[Policy(known.policy)]:
            entries[host] = entry
    return Reading(tuple(entries[host] for host in sorted(entries)), tuple(skipped))


def _why_not(text: str, host: str | None, said: str, own_host: str) -> str:
    if "*" in text:
        return HIDDEN  # Mastodon's `obfuscate` writes b**.ex*****
    if host is None:
        return NOT_A_HOST
    return NOTHING_TO_DO if said == "noop" else refusal_of(host, own_host)


def refusal_of(host: str, own_host: str) -> str:
    """Say why no list may be about a host, or nothing. A block covers all below a name, ours perhaps."""
    if host in covering(own_host):
        return OWN
    return WHOLE_DOMAIN if registrable(host) is None else ""


def _reason(value: Any) -> str:
    text = clean_line(value, MAX_REASON_CHARACTERS) if isinstance(value, str) else ""
    # The quote that keeps spreadsheets from reading a text as a formula is no part of it.
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _day(value: Any) -> date | None:
    try:
        return datetime.fromisoformat(value).date() if isinstance(value, str) and len(value) < 40 else None
    except ValueError:
        return None


def write_csv(entries: Iterable[Entry]) -> str:
    """Write what Mastodon reads. Media and reports of servers that are blocked or silenced are refused."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for entry in entries:
        is_blocked = str(entry.policy == Policy.BLOCKED).lower()
        severity = SEVERITIES[Policy(entry.policy)]
        writer.writerow([entry.host, severity, is_blocked, is_blocked, _harmless(entry.reason), "false"])
    return out.getvalue()


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula (OWASP, CSV injection)."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(_FORMULA) else line


def write_json(entries: Iterable[Entry]) -> bytes:
    """Write the list that consortia publish as `ll:blockedDomains`."""
    return orjson.dumps(
        [
            {
                "domain": entry.host,
                "severity": SEVERITIES[Policy(entry.policy)],
                "reason": entry.reason,
                "since": entry.since_on.isoformat() if entry.since_on is not None else None,
            }
            for entry in entries
        ]
    )
