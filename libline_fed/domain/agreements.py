"""What both servers of a mentorship must come to agree on, and the merge that brings them there.

Each server keeps a `Shared` and sends it whole with every change. Merging takes the greater of each part in a
fixed order, so it does not matter in which order changes arrive, how often, or whether they cross on the way:
`merge` is commutative, associative and idempotent (there are property tests), and both end with the same.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from libline_fed.domain.mentorships import CLOCK, ENDED, MAX_PAUSE_DAYS, Side, State
from libline_fed.errors import Refusal, RefusalReason

MONTH_DAYS = 30.4375
MAX_VERSION = 1_000_000
MAX_AHEAD = timedelta(days=1)  # how far the clock of another server may be ahead of ours

# Of two changes made at the same time, the one further down is kept: what ends goes before what goes on.
_RANKS = {
    state: rank
    for rank, state in enumerate(
        (
            State.INTRO,
            State.ACTIVE,
            State.PAUSED,
            State.LAPSED,
            State.EXPIRED,
            State.ENDED_INTRO,
            State.COMPLETED,
            State.ENDED_EARLY,
            State.ENDED_SAFETY,
        )
    )
}
SHARED_STATES = frozenset(_RANKS)
_ENDS = ENDED | {State.EXPIRED}
_UNDONE = frozenset({State.COMPLETED, State.LAPSED})  # only these ends may be taken back
# What somebody says to have come after the intro, before both have said yes to the terms: it is read as what
# can be. Nobody's yes is skipped, and both read the same.
_BEFORE_YES = {
    State.ACTIVE: State.INTRO,
    State.PAUSED: State.INTRO,
    State.COMPLETED: State.ENDED_INTRO,
    State.ENDED_EARLY: State.ENDED_INTRO,
    State.LAPSED: State.ENDED_INTRO,
}
_AFTER_YES = {State.INTRO: State.ACTIVE, State.EXPIRED: State.ENDED_EARLY}
_SIDES = {CLOCK: 0, Side.MENTEE.value: 1, Side.MENTOR.value: 2}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where it stands, said by one of them or by time.

    `epoch` rises only when an end is undone (an objection, a late sign of life); within an epoch an end
    is final, whatever else is said at the same time. An end that cannot be undone is final for good: it
    stands although the other side undoes one that can be, at the same time.
    """

    epoch: int
    version: int
    state: str
    by: str
    at: datetime
    paused_until_on: date | None = None
    ends_on: date | None = None

    def key(self) -> tuple[Any, ...]:
        """Return what standings are compared by."""
        is_end = self.state in _ENDS
        return (
            is_end and self.state not in _UNDONE,
            self.epoch,
            is_end,
            self.version,
            _RANKS[State(self.state)],
            _SIDES[self.by],
            self.at,
            self.paused_until_on or date.min,
            self.ends_on or date.min,
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What the two agree on: goal, length, rhythm, way to meet, confidentiality, how it may end.

    The first version is the asker's. After it, mentors write even ones and mentees odd ones: terms that both
    write at the same time never have the same version, and a yes to one is no yes to the other.
    """

    version: int = 0
    by: str = CLOCK
    values: dict[str, Any] = field(default_factory=dict)

    def key(self) -> tuple[Any, ...]:
        """Return what terms are compared by."""
        return (self.version, _SIDES[self.by], json.dumps(self.values, sort_keys=True))


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A side's yes to one version of the terms."""

    version: int
    at: datetime

    def key(self) -> tuple[Any, ...]:
        """Return what confirmations are compared by: of the same version, the first counts."""
        return (self.version, -self.at.timestamp())


@dataclass(frozen=True, slots=True)
class Shared:
    """All that both must agree on."""

    standing: Standing
    terms: Terms
    mentor: Confirmation | None = None
    mentee: Confirmation | None = None

    def confirmation(self, side: Side) -> Confirmation | None:
        """Return a side's yes."""
        return self.mentor if side is Side.MENTOR else self.mentee

    @property
    def is_confirmed(self) -> bool:
        """Whether both have said yes to the terms as they are."""
        return self.terms.version > 0 and all(
            one is not None and one.version == self.terms.version for one in (self.mentor, self.mentee)
        )

    @property
    def state(self) -> State:
        """Where the mentorship stands: an intro that both have confirmed is active."""
        said = State(self.standing.state)
        return (_AFTER_YES if self.is_confirmed else _BEFORE_YES).get(said, said)

    @property
    def started_at(self) -> datetime | None:
        """When the second of them said yes."""
        if self.mentor is None or self.mentee is None or not self.is_confirmed:
            return None
        return max(self.mentor.at, self.mentee.at)

    @property
    def ends_on(self) -> date | None:
        """The last day, from the agreed length unless it was changed later."""
        if self.standing.ends_on is not None or self.started_at is None:
            return self.standing.ends_on
        return end_of(self.started_at, int(self.terms.values.get("months") or 0))


def end_of(started_at: datetime, months: int) -> date:
    """Return the last day of a mentorship of some months; a single talk has 30 days to happen."""
    return (started_at + timedelta(days=round(max(months, 1) * MONTH_DAYS))).date()


def merge(a: Shared, b: Shared) -> Shared:
    """Return what both know together."""
    return Shared(
        standing=max(a.standing, b.standing, key=Standing.key),
        terms=max(a.terms, b.terms, key=Terms.key),
        mentor=_later(a.mentor, b.mentor),
        mentee=_later(a.mentee, b.mentee),
    )


def _later(a: Confirmation | None, b: Confirmation | None) -> Confirmation | None:
    known = [one for one in (a, b) if one is not None]
    return max(known, key=Confirmation.key) if known else None


def receive(mine: Shared, theirs: Shared, *, sender: Side, now: datetime) -> Shared | Refusal:
    """Merge what the other server says, after checking that it may say so.

    A server speaks for its own side and for the clock. What it repeats of ours is taken from our own row.
    """
    problem = _beyond_measure(theirs, now)
    if problem is not None:
        return Refusal(RefusalReason.BAD_SHAPE, problem)
    standing, terms, ours = theirs.standing, theirs.terms, sender.other.value
    if standing.by == ours:
        if standing.key() > mine.standing.key():
            return Refusal(RefusalReason.WRONG_OWNER, "a step of ours that we have not taken")
        standing = mine.standing
    if terms.by == ours:
        if terms.key() > mine.terms.key():
            return Refusal(RefusalReason.WRONG_OWNER, "terms of ours that we have not written")
        terms = mine.terms
    if terms.version == mine.terms.version and terms.key() > mine.terms.key():
        # A yes names a version: what stands behind one may not change after somebody has said yes to it.
        return Refusal(RefusalReason.WRONG_OWNER, "other terms under a version that is known")
    cleaned = _with_confirmation(
        Shared(standing, terms, theirs.mentor, theirs.mentee), sender.other, mine.confirmation(sender.other)
    )
    return merge(mine, cleaned)


def _beyond_measure(theirs: Shared, now: datetime) -> str | None:
    """Return what is wrong with a value that no server of good will sends."""
    standing, latest = theirs.standing, now + MAX_AHEAD
    given = [one for one in (theirs.mentor, theirs.mentee) if one is not None]
    if max(standing.version, standing.epoch, theirs.terms.version) > MAX_VERSION:
        return "a version beyond all measure"
    if any(one.version > theirs.terms.version for one in given):
        return "a yes to terms that are not written"
    if max([standing.at, *(one.at for one in given)]) > latest:
        return "a moment that has not come"
    if standing.state == State.PAUSED:
        last_on = standing.at.date() + timedelta(days=MAX_PAUSE_DAYS)
        if standing.paused_until_on is None or standing.paused_until_on > last_on:
            return "a pause without a return"
    return None


def first(*, at: datetime, by: str, version: int, terms: Terms) -> Shared:
    """Return what both start from when an Offer is accepted."""
    return Shared(Standing(0, version, State.INTRO, by, at), terms)


def step(
    mine: Shared,
    state: State,
    *,
    by: str,
    at: datetime,
    paused_until_on: date | None = None,
    ends_on: date | None = None,
    is_undoing: bool = False,
) -> Shared:
    """Return the shared state after a step of ours; `is_undoing` when it takes an end back."""
    before = mine.standing
    return replace(
        mine,
        standing=Standing(
            epoch=before.epoch + 1 if is_undoing else before.epoch,
            version=before.version + 1,
            state=state,
            by=by,
            at=at,
            paused_until_on=paused_until_on,
            ends_on=ends_on if ends_on is not None else mine.ends_on,
        ),
    )


def with_terms(mine: Shared, values: dict[str, Any], *, by: Side, at: datetime) -> Shared:
    """Return the shared state with new terms, which their writer has said yes to."""
    terms = Terms(_next_version(mine.terms.version, by), by.value, values)
    return _with_confirmation(replace(mine, terms=terms), by, Confirmation(terms.version, at))


def with_yes(mine: Shared, *, by: Side, at: datetime) -> Shared:
    """Return the shared state with a side's yes to the present terms."""
    given = mine.confirmation(by)
    if given is not None and given.version == mine.terms.version:
        return mine
    return _with_confirmation(mine, by, Confirmation(mine.terms.version, at))


def _next_version(known: int, by: Side) -> int:
    """Return the number of new terms: above all that are known, even for a mentor, odd for a mentee."""
    following = known + 1
    return following if (following % 2 == 0) == (by is Side.MENTOR) else following + 1


def _with_confirmation(shared: Shared, side: Side, given: Confirmation | None) -> Shared:
    return replace(shared, mentor=given) if side is Side.MENTOR else replace(shared, mentee=given)
