"""Other servers: what the admin decided about each, and how well it answers.

With a list of allowed servers, members of the consortia that the admin trusts are allowed as well.

A block or silence of `example.org` covers its sub-domains and every port; being allowed covers exactly the
named host, because a sub-domain may belong to somebody else, also below a blocked domain.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import idna

from libline_fed.config import Federation

DEFAULT_PORTS = ("80", "443")
MAX_HOST_CHARACTERS = 255
REMEMBERED_COUNT = 10_000  # verdicts; a delivery asks for the same hosts again and again
_PLAIN_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_PORT = re.compile(r"[0-9]{1,5}")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_IPV6 = re.compile(r"\[[0-9a-f:.]{2,45}\]")


class Policy(StrEnum):
    """What the admin decided about a host."""

    DEFAULT = "default"
    ALLOWED = "allowed"
    SILENCED = "silenced"
    BLOCKED = "blocked"


class Verdict(StrEnum):
    """What follows for a host from the policies and the mode of federation."""

    ALLOWED = "allowed"
    SILENCED = "silenced"  # served, but not shown to people who did not ask for it
    BLOCKED = "blocked"
    NOT_ALLOWED = "not-allowed"  # not on the allow-list, or federation is off

    @property
    def is_open(self) -> bool:
        """Whether anything may be sent to, fetched from or accepted from the host."""
        return self in {Verdict.ALLOWED, Verdict.SILENCED}


@dataclass(frozen=True, slots=True)
class Peer:
    """One row of `peers`, field by field as the columns are named."""

    host: str
    policy: str
    note: str
    signature_scheme: str | None
    signature_learnt_at: datetime | None
    heard_at: datetime | None
    reached_at: datetime | None
    failures_count: int
    first_failure_at: datetime | None
    closed_until: datetime | None
    next_due_at: datetime | None
    lease_until: datetime | None
    fence: int
    created_at: datetime


class Policies:
    """All policies in memory: `verdict` does no I/O, so it can be asked before every request and redirect."""

    def __init__(
        self, mode: Federation, entries: Mapping[str, str], member_hosts: Collection[str] = ()
    ) -> None:
        """Take the mode, what differs from the default by host, and the hosts of trusted consortia."""
        self.mode = mode
        self._members = {host for name in member_hosts if (host := normal_host(name)) is not None}
        self._entries = {
            host: policy
            for name, policy in entries.items()
            if policy != Policy.DEFAULT and (host := normal_host(name)) is not None
        }
        self._verdicts: dict[str, Verdict] = {}

    def verdict(self, host: str) -> Verdict:
        """Say how to treat a host, however it is spelled; a host that cannot be read is not allowed."""
        known = self._verdicts.get(host)
        if known is None:
            if len(self._verdicts) >= REMEMBERED_COUNT:
                self._verdicts.clear()
            known = self._verdicts[host] = self._judge(host)
        return known

    def _judge(self, host: str) -> Verdict:
        if self.mode is Federation.OFF:
            return Verdict.NOT_ALLOWED
        name = normal_host(host)
        if name is None:
            return Verdict.NOT_ALLOWED
        if self._entries.get(name) == Policy.ALLOWED:
            return Verdict.ALLOWED
        policies = {self._entries.get(broader) for broader in covering(name)}
        if Policy.BLOCKED in policies:
            return Verdict.BLOCKED
        if self.mode is Federation.ALLOWLIST and name not in self._members:
            return Verdict.NOT_ALLOWED
        return Verdict.SILENCED if Policy.SILENCED in policies else Verdict.ALLOWED


def normal_host(text: str) -> str | None:
    """Return the one spelling of an authority, or None if it is none.

    Lower case, IDNA A-labels (UTS 46 maps full-width letters and dots), no trailing dot, a port only if it is
    not 80 or 443.
    """
    name, port = _split_port(text.strip().lower())
    if len(name) > MAX_HOST_CHARACTERS or (port and not _PORT.fullmatch(port)):
        return None
    if not _IPV6.fullmatch(name):
        ascii_name = _ascii_name(name)
        if ascii_name is None:
            return None
        name = ascii_name
    return f"{name}:{int(port)}" if port and port not in DEFAULT_PORTS else name


def _split_port(authority: str) -> tuple[str, str]:
    if authority.startswith("["):  # RFC 3986 §3.2.2: an IPv6 literal
        name, bracket, rest = authority.partition("]")
        return name + bracket, rest.removeprefix(":")
    name, _, port = authority.partition(":")
    return name, port


def _ascii_name(name: str) -> str | None:
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            return None
    name = name.removesuffix(".")
    return name if _PLAIN_NAME.fullmatch(name) else None


def covering(host: str) -> list[str]:
    """List the names whose block covers a host: itself, also without its port, and every domain above it."""
    name, _ = _split_port(host)
    found = [host, name]
    if name.startswith("[") or _IPV4.fullmatch(name):
        return found
    labels = name.split(".")
    found.extend(".".join(labels[index:]) for index in range(1, len(labels)))
    return found
