"""From rows to the two values that are compared. Terms of other vocabularies are understood here, once.

What a proposal does not say, its author's profile may; what neither says is not stated.
"""

from collections.abc import Iterable
from datetime import date

from libline_fed import vocabulary
from libline_fed.domain import availability
from libline_fed.domain.matching import MESSAGES_MODE, Offering, Seeker
from libline_fed.domain.profiles import ProfileDetails, profile_details_of
from libline_fed.domain.proposal_details import Details, details_of
from libline_fed.domain.proposals import MAX_AREAS, Purpose, Status
from libline_fed.sanitize import fold
from libline_fed.storage.matching import LISTED, ProposalInput
from libline_fed.vocabulary import Scheme


def seeker_of(
    request: ProposalInput,
    *,
    avoided: Iterable[str] = (),
    excluded: Iterable[str] = (),
    is_for_member: bool = True,
) -> Seeker:
    """Build the mentee's side from a request. `is_for_member`: a member here reads what comes of it."""
    facts = _Facts(request, is_for_member=is_for_member)
    return Seeker(
        uri=request.author_uri,
        areas=tuple(dict.fromkeys(facts.area(area) for area in request.areas[: MAX_AREAS[Purpose.REQUEST]])),
        goals=facts.terms(Scheme.GOAL, facts.details.goals),
        languages=facts.languages(),
        modes=facts.terms(Scheme.MODE, request.modes),
        formats=facts.terms(Scheme.FORMAT, facts.details.formats),
        frequency=facts.term(Scheme.FREQUENCY, facts.details.frequency),
        types=facts.types(),
        types_wished=facts.types_wished(),
        stage=facts.stage(),
        stages_wished=frozenset(facts.details.stages_wished),
        styles=facts.styles(),
        institution=facts.institution(),
        accepts_own_institution=facts.profile.accepts_own_institution,
        avoided=frozenset(avoided),
        excluded=frozenset(excluded),
    )


def offering_of(
    offer: ProposalInput, *, overlap_minutes: int | None = None, is_for_member: bool = True
) -> Offering:
    """Build the mentor's side from an offer that the mentee may read; parameters as in `seeker_of`."""
    facts = _Facts(offer, is_for_member=is_for_member)
    return Offering(
        uri=offer.uri,
        author_uri=offer.author_uri,
        host=offer.host,
        areas=facts.areas_with_levels(),
        goals=facts.terms(Scheme.GOAL, facts.details.goals),
        languages=facts.languages(),
        modes=facts.terms(Scheme.MODE, offer.modes),
        formats=facts.terms(Scheme.FORMAT, facts.details.formats),
        frequency=facts.term(Scheme.FREQUENCY, facts.details.frequency),
        overlap_minutes=overlap_minutes,
        types=facts.types(),
        stage=facts.stage(),
        styles=facts.styles(),
        institution=facts.institution(),
        accepts_own_institution=facts.profile.accepts_own_institution,
        is_open=offer.status in LISTED,
        places_free=0 if offer.status == Status.FULL else offer.places_free_count,
        pending_count=offer.waiting_count,
    )


def shared_minutes(request: ProposalInput, offer: ProposalInput, week: date) -> int | None:
    """Return the minutes in a week when both authors have time, None where nobody said or it does not matter.

    Hours and zones are known of members here only; of people elsewhere it is not stated.
    """
    if MESSAGES_MODE in request.modes and MESSAGES_MODE in offer.modes:
        return None
    known = [
        (hours, row.zone)
        for row in (request, offer)
        if (hours := availability.readable(row.weekly_hours))
        and row.zone is not None
        and availability.is_zone(row.zone)
    ]
    if len(known) < 2:
        return None
    (hours_a, zone_a), (hours_b, zone_b) = known
    return availability.overlap_minutes(hours_a, zone_a, hours_b, zone_b, week)


class _Facts:
    """What one proposal and its author's profile say, in ids of this vocabulary."""

    def __init__(self, row: ProposalInput, *, is_for_member: bool) -> None:
        self._row = row
        self.details: Details = details_of(row.details)
        self.profile: ProfileDetails = profile_details_of(row.author_details)
        # what a profile shows to members only must not come out in a line that others read
        self._shows_profile = self.profile.shows_facts(is_member=is_for_member)

    def terms(self, scheme: Scheme, given: Iterable[str]) -> frozenset[str]:
        return frozenset(known for one in given if (known := self.term(scheme, one)) is not None)

    def term(self, scheme: Scheme, given: str | None) -> str | None:
        return self._resolved(scheme, given) if given is not None else None

    def area(self, given: str) -> str:
        """Return an area of this vocabulary where the given one can be understood, else itself."""
        return self._resolved(Scheme.AREA, given) or given

    def areas_with_levels(self) -> dict[str, int | None]:
        """Return the level by area: eight at most, or a longer list from elsewhere would pay."""
        found: dict[str, int | None] = {}
        for given in self._row.areas[: MAX_AREAS[Purpose.OFFER]]:
            area = self.area(given)
            found[area] = max(self.details.levels.get(given, 0), found.get(area) or 0) or None
        return found

    def languages(self) -> dict[str, str | None]:
        """Return levels by tag; without any language, that of the text."""
        tags = self._row.languages or [self._row.language or ""]
        levels = {**self.profile.language_levels, **self.details.language_levels}
        return {tag: levels.get(tag) for tag in tags if vocabulary.is_language(tag)}

    def types(self) -> frozenset[str]:
        return self.terms(Scheme.TYPE, self.details.types_own or self._of_profile(self.profile.types_own))

    def types_wished(self) -> frozenset[str]:
        wished = self.details.types_wished
        ways = frozenset(wished) & {"same", "different"}
        return ways | self.terms(Scheme.TYPE, (wish for wish in wished if wish not in ways))

    def stage(self) -> str | None:
        own = self.profile.stage if self._shows_profile else None
        return self.term(Scheme.STAGE, self.details.stage or own)

    def styles(self) -> frozenset[str]:
        return self.terms(Scheme.STYLE, self.details.styles or self._of_profile(self.profile.styles))

    def institution(self) -> str | None:
        return fold(" ".join(self.profile.institution.split())) or None

    def _of_profile(self, values: tuple[str, ...]) -> tuple[str, ...]:
        return values if self._shows_profile else ()

    def _resolved(self, scheme: Scheme, given: str) -> str | None:
        said = self.details.named.get(given) or self.profile.named.get(given) or {}
        broader = said.get("broader")
        return vocabulary.resolve(scheme, given, broader=broader if isinstance(broader, str) else None).id
