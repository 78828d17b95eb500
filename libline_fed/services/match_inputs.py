"""From rows to the two values that are compared. Terms of other vocabularies are understood here, once.

What a proposal does not say, its author's profile may; what neither says is not stated.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from datetime import date
from functools import lru_cache

from libline_fed import vocabulary
from libline_fed.domain import availability
from libline_fed.domain.matching import MESSAGES_MODE, Offering, Seeker
from libline_fed.domain.offer_columns import Listing, WeeklyHours
from libline_fed.domain.profiles import ProfileDetails, profile_details_of
from libline_fed.domain.proposal_details import Details, details_of
from libline_fed.domain.proposals import MAX_AREAS, Purpose, Status
from libline_fed.sanitize import fold
from libline_fed.storage.matching import LISTED, ProposalInput
from libline_fed.storage.offer_index import ListedInput
from libline_fed.vocabulary import Scheme

REMEMBERED_TERMS = 10_000


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
    return _offering(offer, _Facts(offer, is_for_member=is_for_member), overlap_minutes)


def listing_of(offer: ListedInput, sources: Iterable[str] = ()) -> Listing:
    """Build what the index keeps of an offer; `sources` are the URIs of who brought it."""
    facts = _Facts(offer, is_for_member=True)
    offering = _offering(offer, facts)
    shown = offering
    if not facts.profile.shows_facts(is_member=False):
        others = facts.for_others()
        shown = replace(offering, types=others.types(), stage=others.stage(), styles=others.styles())
    profile = facts.profile
    country = profile.country.upper()
    return Listing(
        id=offer.id,
        number=offer.number or 0,
        offering=offering,
        shown=shown if shown != offering else offering,
        author_id=offer.author_id,
        audience=offer.audience,
        is_local=offer.is_local,
        last_day=offer.open_until_on.toordinal() if offer.open_until_on is not None else None,
        hours=weekly_hours(offer),
        listed_modes=tuple(dict.fromkeys(offer.modes)),
        found_areas=facts.found_areas(),
        tags=tuple(dict.fromkeys(offer.languages)),
        country=country if profile.shows_place(is_member=True) else "",
        country_shown=country if profile.shows_place(is_member=False) else "",
        sources=tuple(sources),
    )


def weekly_hours(row: ProposalInput) -> WeeklyHours | None:
    """Return the zone and hours of an author; None unless both are known and make sense."""
    hours = availability.readable(row.weekly_hours)
    if not hours or row.zone is None or not availability.is_zone(row.zone):
        return None
    return row.zone, tuple((weekday, start, end) for weekday, start, end in hours)


def shared_minutes(request: ProposalInput, offer: ProposalInput, week: date) -> int | None:
    """Return the minutes in a week when both authors have time, None where nobody said or it does not matter.

    Hours and zones are known of members here only; of people elsewhere it is not stated.
    """
    if MESSAGES_MODE in request.modes and MESSAGES_MODE in offer.modes:
        return None
    known = [hours for row in (request, offer) if (hours := weekly_hours(row)) is not None]
    if len(known) < 2:
        return None
    (zone_a, hours_a), (zone_b, hours_b) = known
    return availability.overlap_minutes(
        [list(piece) for piece in hours_a], zone_a, [list(piece) for piece in hours_b], zone_b, week
    )


def _offering(offer: ProposalInput, facts: "_Facts", overlap_minutes: int | None = None) -> Offering:
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


class _Facts:
    """What one proposal and its author's profile say, in ids of this vocabulary."""

    def __init__(self, row: ProposalInput, *, is_for_member: bool) -> None:
        self._row = row
        self.details: Details = details_of(row.details)
        self.profile: ProfileDetails = profile_details_of(row.author_details)
        # what a profile shows to members only must not come out in a line that others read
        self.shows_profile = self.profile.shows_facts(is_member=is_for_member)

    def for_others(self) -> "_Facts":
        """Return the same for readers who are no members here."""
        others = copy(self)
        others.shows_profile = self.profile.shows_facts(is_member=False)
        return others

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

    def found_areas(self) -> tuple[str, ...]:
        """Return the areas that find it: published ones, and our own where it was written here."""
        published = (self.details.broader(area) for area in self._row.areas)
        own = (area for area in self._row.areas if self._row.is_local and vocabulary.is_local_id(area))
        return tuple(dict.fromkeys((*(area for area in published if vocabulary.is_area(area)), *own)))

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
        own = self.profile.stage if self.shows_profile else None
        return self.term(Scheme.STAGE, self.details.stage or own)

    def styles(self) -> frozenset[str]:
        return self.terms(Scheme.STYLE, self.details.styles or self._of_profile(self.profile.styles))

    def institution(self) -> str | None:
        return fold(" ".join(self.profile.institution.split())) or None

    def _of_profile(self, values: tuple[str, ...]) -> tuple[str, ...]:
        return values if self.shows_profile else ()

    def _resolved(self, scheme: Scheme, given: str) -> str | None:
        said = self.details.named.get(given) or self.profile.named.get(given) or {}
        broader = said.get("broader")
        return _meaning(scheme, given, broader if isinstance(broader, str) else None)


@lru_cache(maxsize=REMEMBERED_TERMS)
def _meaning(scheme: Scheme, given: str, broader: str | None) -> str | None:
    return vocabulary.resolve(scheme, given, broader=broader).id
