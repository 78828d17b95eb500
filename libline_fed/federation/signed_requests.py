"""What both signature schemes share: a request, its headers, the claim a signature makes, time windows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from libline_fed.activitypub.keys import Algorithm
from libline_fed.errors import Refusal, RefusalReason

MAX_AGE_S = 13 * 3600  # 12 h, and 1 h for clocks that are wrong
MAX_FUTURE_S = 3600
MAX_SIGNATURE_HEADER_CHARACTERS = 8_192
MAX_KEY_ID_CHARACTERS = 2_048
MAX_COVERED_COUNT = 32

# These mean nothing when they come twice, and two readers could pick different ones.
SINGLE_HEADERS = frozenset({"host", "date", "digest", "content-digest", "content-type", "content-length"})

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
# RFC 9110 §5.6.7, IMF-fixdate; the two obsolete forms are older than any fediverse server.
_IMF_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z][a-z]) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it was received. `target` is the raw path with `?query`; header names are lower-case."""

    method: str
    target: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


class HeaderValues:
    """The headers of one request, by lower-case name."""

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in headers:
            # Latin-1 keeps every byte, so what is signed can be rebuilt exactly.
            self._values.setdefault(name.decode("latin-1").lower(), []).append(
                value.decode("latin-1").strip(" \t")
            )

    def all(self, name: str) -> list[str]:
        """Return every value of a header, in order."""
        return self._values.get(name, [])

    def joined(self, name: str) -> str | None:
        """Return all values joined as RFC 9110 §5.3 says, or None if there is none."""
        values = self._values.get(name)
        if values is None:
            return None
        return values[0] if len(values) == 1 else ", ".join(values)

    def with_host(self, authority: str) -> "HeaderValues":
        """Return the same headers with another `Host`."""
        other = HeaderValues(())
        other._values = {**self._values, "host": [authority]}
        return other

    def repeated(self) -> str | None:
        """Return the name of a header that may come once but came more often, or None."""
        for name in SINGLE_HEADERS:
            if len(self._values.get(name, ())) > 1:
                return name
        return None


@dataclass(frozen=True, slots=True)
class Origin:
    """How this instance is named from outside, whatever a proxy in front of it says."""

    scheme: str
    authority: str  # lower-case, without the default port

    def refuse_host(self, headers: HeaderValues) -> Refusal | None:
        """Return a refusal if the request carries a `Host` that is not this instance's."""
        host = headers.joined("host")
        if host is None:
            return None
        default_port = ":443" if self.scheme == "https" else ":80"
        if host.lower().removesuffix(default_port) == self.authority or self.has_lost_port(headers):
            return None
        return refused(RefusalReason.BAD_SIGNATURE, f"meant for {host!r}, not for this server")


    def has_lost_port(self, headers: HeaderValues) -> bool:
        """Tell whether the `Host` lacks nothing but our port: proxies drop it (nginx with `$host`)."""
        name, colon, port = self.authority.rpartition(":")
        return bool(colon) and port.isdigit() and (headers.joined("host") or "").lower() == name


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature that passed every check that needs no key: what remains is one public-key operation."""

    scheme: str  # cavage | rfc9421
    key_id: str
    algorithms: tuple[Algorithm, ...]  # the ones the signature may have been made with, likeliest first
    bases: tuple[bytes, ...]  # the byte strings it may be over, likeliest first
    signature: bytes


def refused(reason: RefusalReason, detail: str) -> Refusal:
    """Make a refusal whose detail cannot flood a log."""
    return Refusal(reason, detail[:200])


def imf_date(moment: datetime) -> str:
    """Spell a moment as an HTTP date."""
    moment = moment.astimezone(UTC)
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[
        moment.month - 1
    ]
    return f"{weekday}, {moment:%d} {month} {moment:%Y %H:%M:%S} GMT"


def parse_imf_date(text: str) -> int | None:
    """Read an HTTP date as seconds since 1970, or return None."""
    match = _IMF_DATE.fullmatch(text)
    if match is None:
        return None
    day, month, year, hour, minute, second = match.groups()
    try:
        moment = datetime(
            int(year), _MONTHS.get(month, 0), int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    return int(moment.timestamp())


def check_window(
    *, signed_at: int, created_at: int | None, expires_at: float | None, now: datetime
) -> Refusal | None:
    """Return a refusal unless a signature made at `signed_at` (seconds since 1970) may still be used now."""
    now_s = now.timestamp()
    if signed_at - now_s > MAX_FUTURE_S:
        return refused(RefusalReason.STALE, f"signed {signed_at - now_s:.0f} s in the future")
    if now_s - signed_at >= MAX_AGE_S:
        return refused(RefusalReason.STALE, f"signed {now_s - signed_at:.0f} s ago")
    if expires_at is not None:
        if expires_at <= now_s:
            return refused(RefusalReason.STALE, f"expired {now_s - expires_at:.0f} s ago")
        if created_at is not None and created_at > expires_at:
            return refused(RefusalReason.STALE, "created after it expires")
    return None
