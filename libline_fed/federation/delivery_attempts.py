"""One attempt to deliver: knock, judge the answer, ask for the actor if the inbox is not what it was.

Knows no database: what is to be written is returned.
"""

import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from libline_fed.activitypub.urls import host_of
from libline_fed.clock import Clock
from libline_fed.domain.deliveries import DeliveryState, Recorded
from libline_fed.errors import LibLineError, PeerRefused, PeerUnavailable, PermanentError, TemporaryError
from libline_fed.federation.delivery_signing import CAVAGE, RFC9421, Headers, Letter, Signer
from libline_fed.federation.http_client import HttpClient
from libline_fed.jobs import retry
from libline_fed.jobs.outcomes import Judgement, Outcome, Trouble, judge

MAX_ANSWER_BYTES = 65_536  # nobody reads it
MAX_ERROR_CHARACTERS = 2_000
CROWDED_S = 60.0  # how long a host is left alone after 429 without Retry-After
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class InboxState(StrEnum):
    """What a fresh look at an inbox's owner says."""

    SAME = "same"
    MOVED = "moved"
    GONE = "gone"
    UNKNOWN = "unknown"  # could not be asked


@dataclass(frozen=True, slots=True)
class InboxCheck:
    """The answer to "is this still the inbox?"; `inbox_url` is the new one when it has moved."""

    state: InboxState
    inbox_url: str | None = None


CheckInbox = Callable[[str], Awaitable[InboxCheck]]  # by inbox URL; fetches an actor that uses it
OnGone = Callable[[str], Awaitable[None]]  # by inbox URL; drops the followers behind it


class HostEffect(StrEnum):
    """What an attempt says about the host as a whole."""

    ANSWERED = "answered"
    FAILED = "failed"
    ASKED_TO_WAIT = "asked-to-wait"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attempt: the row's change, and what follows for its inbox and host."""

    recorded: Recorded
    effect: HostEffect = HostEffect.NONE
    wait_s: float = 0.0
    scheme: str | None = None  # the signature scheme that was accepted
    moved_to: tuple[str, str] | None = None  # (host, inbox URL)
    is_gone: bool = False

    @property
    def ends_turn(self) -> bool:
        """Whether nothing more may be sent to the host on the strength of what was loaded before."""
        return self.is_gone or self.moved_to is not None or self.effect in {
            HostEffect.FAILED, HostEffect.ASKED_TO_WAIT,
        }


@dataclass(frozen=True, slots=True)
class _Reply:
    """The answer to one knock, as far as it matters."""

    judgement: Judgement
    status: int | None
    retry_after: str | None = None
    detail: str = ""


class Postman:
    """Makes attempts. `chance` gives the jitter, a number from 0 to 1."""

    def __init__(
        self,
        client: HttpClient,
        signer: Signer,
        clock: Clock,
        *,
        check_inbox: CheckInbox,
        on_gone: OnGone,
        chance: Callable[[], float],
    ) -> None:
        self._client = client
        self._signer = signer
        self._clock = clock
        self._check_inbox = check_inbox
        self._on_gone = on_gone
        self._chance = chance

    async def attempt(self, letter: Letter, headers: Headers, scheme: str) -> Attempt:
        """Send a letter that was signed with `scheme`, knock a second time if need be, and judge."""
        reply = await self._knock(letter, headers, knocks_count=1)
        if reply.judgement.outcome is Outcome.KNOCK_AGAIN:
            scheme = RFC9421 if scheme == CAVAGE else CAVAGE
            signed = (await self._signer.sign([(letter, scheme)]))[0]
            if isinstance(signed, LibLineError):
                return self.unsigned(letter, signed)
            reply = await self._knock(letter, signed, knocks_count=2)
        now = self._clock.now()
        if reply.judgement.outcome is Outcome.DELIVERED:
            recorded = Recorded(letter.delivery, DeliveryState.DELIVERED, now, last_status=reply.status)
            return Attempt(recorded, HostEffect.ANSWERED, scheme=scheme)
        if reply.judgement.outcome is Outcome.REFETCH_ACTOR:
            return await self._ask_actor(letter, reply)
        return self._failed(letter, reply, now)

    def unsigned(self, letter: Letter, error: LibLineError) -> Attempt:
        """Return what is recorded for a letter that could not be signed."""
        now = self._clock.now()
        if isinstance(error, TemporaryError):
            return Attempt(self._later(letter, now, reason=error.detail))
        return Attempt(_dead(letter, now, reason=f"not signed: {error.detail}"))

    def broken(self, letter: Letter, traceback: str) -> Attempt:
        """Return what is recorded when this program itself failed."""
        return Attempt(self._later(letter, self._clock.now(), reason=f"internal error: {traceback}"))

    def interrupted(self, letter: Letter) -> Attempt:
        """Return what is recorded when the worker stopped in mid-request: it may have arrived."""
        now = self._clock.now()
        return Attempt(Recorded(letter.delivery, DeliveryState.QUEUED, now, now, None, "interrupted"))

    async def _knock(self, letter: Letter, headers: Headers, *, knocks_count: int) -> _Reply:
        try:
            answer = await self._client.request(
                "POST", letter.delivery.inbox_url, headers=headers, body=letter.body.content,
                max_bytes=MAX_ANSWER_BYTES,
            )
        except (PeerUnavailable, PeerRefused) as error:
            # An answer that began, but was refused for its form, still has a status.
            judgement = judge(status=error.status, trouble=_trouble_of(error), knocks_count=knocks_count)
            return _Reply(judgement, error.status, detail=error.detail)
        judgement = judge(
            status=answer.status,
            content_type=answer.headers.get("content-type", ""),
            knocks_count=knocks_count,
        )
        return _Reply(judgement, answer.status, answer.headers.get("retry-after"))

    async def _ask_actor(self, letter: Letter, reply: _Reply) -> Attempt:
        """Look at the actor behind an inbox that has moved, is missing, or answers with a web page."""
        delivery, reason = letter.delivery, reply.judgement.reason
        try:
            check = await self._check_inbox(delivery.inbox_url)
            if check.state is InboxState.GONE:
                await self._on_gone(delivery.inbox_url)
        except (TemporaryError, PermanentError) as error:
            check = InboxCheck(InboxState.UNKNOWN)
            reason = f"{reason}; {error.detail}"
        now = self._clock.now()
        if check.state is InboxState.GONE:
            dead = _dead(letter, now, "the recipient is gone", reply.status)
            return Attempt(dead, HostEffect.ANSWERED, is_gone=True)
        recorded = self._later(letter, now, reason=reason, status=reply.status)
        new_host = host_of(check.inbox_url) if check.inbox_url else None
        if check.state is not InboxState.MOVED or new_host is None or check.inbox_url == delivery.inbox_url:
            return Attempt(recorded, HostEffect.ANSWERED)
        assert check.inbox_url is not None
        if delivery.attempts_count == 0:  # at once, but an inbox that moves on and on gets the usual waits
            recorded = Recorded(delivery, DeliveryState.QUEUED, now, now, reply.status, reason)
        return Attempt(recorded, HostEffect.ANSWERED, moved_to=(new_host, check.inbox_url))

    def _failed(self, letter: Letter, reply: _Reply, now: datetime) -> Attempt:
        judgement, status = reply.judgement, reply.status
        reason = f"{judgement.reason}: {reply.detail}" if reply.detail else judgement.reason
        if judgement.outcome is Outcome.DEAD:
            effect = HostEffect.ANSWERED if status is not None else HostEffect.NONE
            return Attempt(_dead(letter, now, reason, status), effect)
        is_slow = judgement.outcome is Outcome.RETRY_SLOWLY
        wait_s = None if is_slow else retry.parse_retry_after(reply.retry_after, now=now)
        if wait_s is None and status == 429:
            wait_s = CROWDED_S
        recorded = self._later(letter, now, reason=reason, status=status, is_slow=is_slow, wait_s=wait_s)
        if wait_s is not None:
            return Attempt(recorded, HostEffect.ASKED_TO_WAIT, wait_s)
        effect = HostEffect.FAILED if judgement.is_host_failing else HostEffect.ANSWERED
        return Attempt(recorded, effect)

    def _later(
        self,
        letter: Letter,
        now: datetime,
        *,
        reason: str,
        status: int | None = None,
        is_slow: bool = False,
        wait_s: float | None = None,
    ) -> Recorded:
        delivery = letter.delivery
        at = retry.next_attempt_at(
            attempts_count=delivery.attempts_count + 1, created_at=delivery.created_at, now=now,
            is_delete=delivery.is_delete, chance=self._chance(), is_slow=is_slow, retry_after_s=wait_s,
        )
        if at is None:
            return _dead(letter, now, f"given up: {reason}", status)
        return Recorded(delivery, DeliveryState.QUEUED, now, at, status, reason[:MAX_ERROR_CHARACTERS])


def _dead(letter: Letter, now: datetime, reason: str, status: int | None = None) -> Recorded:
    return Recorded(letter.delivery, DeliveryState.DEAD, now, None, status, reason[:MAX_ERROR_CHARACTERS])


def _trouble_of(error: PeerUnavailable | PeerRefused) -> Trouble:
    if isinstance(error, PeerRefused):
        return Trouble.REFUSED
    cause = error.__cause__
    is_nxdomain = isinstance(cause, socket.gaierror) and cause.errno in _NO_SUCH_NAME
    return Trouble.NO_SUCH_NAME if is_nxdomain else Trouble.UNREACHABLE
