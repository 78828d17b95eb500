"""What an answer to a delivery means: one pure function over status, media type and kind of trouble.

After the W3C ActivityPub primer, "HTTP status codes for delivery", and what the other servers do. 202 from
everybody is as good as it gets: it says "accepted", not "applied".
"""

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """Why there is no answer at all."""

    NO_SUCH_NAME = "no-such-name"  # NXDOMAIN: the name does not exist; slower than a name server that fails
    UNREACHABLE = "unreachable"  # SERVFAIL, refused, reset, TLS, time-out
    REFUSED = "refused"  # our own guard did not let the request out


class Outcome(StrEnum):
    """What to do next. A closed set."""

    DELIVERED = "delivered"
    RETRY = "retry"
    RETRY_SLOWLY = "retry-slowly"
    KNOCK_AGAIN = "knock-again"  # at once, with the other signature scheme
    REFETCH_ACTOR = "refetch-actor"  # the inbox is not where it was, or is none: ask the actor document
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Judgement:
    """An outcome, its reason for the list of dead letters, and whether it speaks against the whole host."""

    outcome: Outcome
    reason: str = ""
    is_host_failing: bool = False


KNOCKS = 2  # cavage, then RFC 9421, or the other way round
_WAIT = frozenset({408, 425, 429})
_UNTRUE = "the inbox answered with a web page"


def judge(
    *, status: int | None, content_type: str = "", trouble: Trouble | None = None, knocks_count: int = 1
) -> Judgement:
    """Judge the answer to the `knocks_count`-th request of an attempt: a status, or else a trouble."""
    if status is None:
        return _judge_trouble(trouble or Trouble.UNREACHABLE)
    if 200 <= status < 300:
        # A parked domain or a login page says 200 to everything; only a real inbox says 202 or 204.
        is_page = status in {200, 201} and content_type.partition(";")[0].strip().lower() == "text/html"
        return Judgement(Outcome.REFETCH_ACTOR, _UNTRUE) if is_page else Judgement(Outcome.DELIVERED)
    if status in {400, 401, 403} and knocks_count < KNOCKS:
        return Judgement(Outcome.KNOCK_AGAIN, f"answered {status}")
    return _judge_failure(status)


def _judge_failure(status: int) -> Judgement:
    if status in {301, 308}:
        return Judgement(Outcome.REFETCH_ACTOR, f"the inbox has moved ({status})")
    if status in {404, 410}:
        return Judgement(Outcome.REFETCH_ACTOR, f"the inbox is not there ({status})")
    if status in {401, 403}:
        return Judgement(Outcome.RETRY_SLOWLY, f"our signature or our server is refused ({status})")
    if status in _WAIT:
        return Judgement(Outcome.RETRY, f"asked to come later ({status})")
    if status == 413:
        return Judgement(Outcome.DEAD, "too large for the other server (413)")
    if status == 501 or 400 <= status < 500:
        return Judgement(Outcome.DEAD, f"refused ({status})")
    # 5xx is the host's own trouble; anything else (1xx, 302, 600) is no answer of an inbox: a broken proxy?
    return Judgement(Outcome.RETRY, f"answered {status}", is_host_failing=True)


def _judge_trouble(trouble: Trouble) -> Judgement:
    if trouble is Trouble.NO_SUCH_NAME:
        return Judgement(Outcome.RETRY_SLOWLY, "there is no server of this name", is_host_failing=True)
    if trouble is Trouble.REFUSED:
        return Judgement(Outcome.DEAD, "this address must not be contacted")
    return Judgement(Outcome.RETRY, "the server does not answer", is_host_failing=True)
