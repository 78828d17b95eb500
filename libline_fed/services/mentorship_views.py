"""Mentorships as one of the two people sees them. Nobody else learns that there is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.agreements import Confirmation, Shared, Standing, Terms
from libline_fed.domain.mentorship_steps import StepRefused, obstacle
from libline_fed.domain.mentorships import Mentorship, MentorshipEvent, Side
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import NotFound
from libline_fed.storage import actors, mentorships, proposals
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class MentorshipView:
    """A mentorship with the two people, seen by one of them."""

    mentorship: Mentorship
    mentor: Actor
    mentee: Actor
    me: Side
    proposal: Proposal | None  # None once it is deleted

    @property
    def person(self) -> Actor:
        """Who looks."""
        return self.mentor if self.me is Side.MENTOR else self.mentee

    @property
    def partner(self) -> Actor:
        """The other one."""
        return self.mentee if self.me is Side.MENTOR else self.mentor

    @property
    def is_mine_to_answer(self) -> bool:
        """Whether the Offer that waits is for me to decide."""
        return self.mentorship.state == "proposed" and self.mentorship.decider is self.me


async def get(tx: Tx, mentorship_id: str, *, person: Actor) -> MentorshipView:
    """Return a mentorship of one's own.

    Raises: NotFound, alike for what is somebody else's and what is not there. A draft is its writer's only.
    """
    mentorship = await mentorships.by_id(tx, mentorship_id)
    if mentorship is None or not _may_see(mentorship, person):
        raise NotFound(f"no mentorship {mentorship_id} of {person.id}")
    return (await _views(tx, [mentorship], person))[0]


async def list_for(tx: Tx, person: Actor) -> list[MentorshipView]:
    """List somebody's mentorships and requests in every state, newest first."""
    found = await mentorships.of_actor(tx, person.id)
    return await _views(tx, [one for one in found if _may_see(one, person)], person)


async def history(tx: Tx, view: MentorshipView) -> list[MentorshipEvent]:
    """Return what happened, oldest first."""
    return await mentorships.events(tx, view.mentorship.id)


async def view_of(tx: Tx, mentorship: Mentorship, person: Actor) -> MentorshipView:
    """Return a mentorship as one of its people sees it."""
    return (await _views(tx, [mentorship], person))[0]


def shared_of(mentorship: Mentorship) -> Shared:
    """Return what both must agree on, from the row.

    Raises: StepRefused before an Offer is accepted: they share nothing yet.
    """
    said = mentorship.standing
    if not said:
        raise StepRefused(f"nothing is shared in state {mentorship.state}", safe=obstacle(mentorship.state))
    standing = Standing(
        epoch=said["epoch"],
        version=said["version"],
        state=said["state"],
        by=said["by"],
        at=datetime.fromisoformat(said["at"]),
        paused_until_on=_day(said.get("paused_until_on")),
        ends_on=_day(said.get("ends_on")),
    )
    return Shared(
        standing,
        Terms(mentorship.terms_version, mentorship.terms_by or "clock", mentorship.terms),
        _confirmation(mentorship.mentor_confirmed_version, mentorship.mentor_confirmed_at),
        _confirmation(mentorship.mentee_confirmed_version, mentorship.mentee_confirmed_at),
    )


def columns_of(shared: Shared) -> dict[str, object]:
    """Return the columns that hold what both must agree on."""
    standing = shared.standing
    return {
        "state": shared.state.value,
        "standing": {
            "epoch": standing.epoch,
            "version": standing.version,
            "state": str(standing.state),
            "by": standing.by,
            "at": standing.at.isoformat(),
            "paused_until_on": standing.paused_until_on.isoformat() if standing.paused_until_on else None,
            "ends_on": standing.ends_on.isoformat() if standing.ends_on else None,
        },
        "version": standing.version,
        "epoch": standing.epoch,
        "changed_by": standing.by,
        "terms": dict(shared.terms.values),
        "terms_version": shared.terms.version,
        "terms_by": shared.terms.by,
        "mentor_confirmed_version": shared.mentor.version if shared.mentor else None,
        "mentor_confirmed_at": shared.mentor.at if shared.mentor else None,
        "mentee_confirmed_version": shared.mentee.version if shared.mentee else None,
        "mentee_confirmed_at": shared.mentee.at if shared.mentee else None,
        "paused_until_on": standing.paused_until_on,
        "started_at": shared.started_at,
        "ends_on": shared.ends_on,
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _confirmation(version: int | None, at: datetime | None) -> Confirmation | None:
    return Confirmation(version, at) if version is not None and at is not None else None


def _may_see(mentorship: Mentorship, person: Actor) -> bool:
    side = mentorship.side_of(person.id)
    return side is not None and (mentorship.state != "draft" or mentorship.asker == side)


async def _views(tx: Tx, found: Sequence[Mentorship], person: Actor) -> list[MentorshipView]:
    people = await actors.by_ids(tx, {one.mentor_id for one in found} | {one.mentee_id for one in found})
    known = await proposals.by_uris(tx, {one.proposal_uri for one in found})
    views = []
    for one in found:
        side = one.side_of(person.id)
        assert side is not None
        views.append(
            MentorshipView(
                one, people[one.mentor_id], people[one.mentee_id], side, known.get(one.proposal_uri)
            )
        )
    return views
