"""What a member says of themselves beyond name and text, in the terms of the vocabulary. All of it optional.

Stored as JSON in `actors.details`, a missing key meaning "not stated". Where a member is and where they work
is shown to whom they choose; nothing here is taken for a score except what the documentation of the score
names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from libline_fed.domain.proposal_details import (
    LANGUAGE_LEVELS,
    MAX_LISTED,
    MAX_STYLES,
    NOT_OF_THE_LIST,
    IsTerm,
    term_label,
)
from libline_fed.vocabulary import Scheme

PERSON = "Person"
ORGANISATION = "Organization"
MEMBER_TYPES = (PERSON, ORGANISATION)
MAX_INSTITUTION_CHARACTERS = 120


class Shown(StrEnum):
    """To whom something on a profile is shown."""

    NOBODY = "nobody"
    MEMBERS = "members"  # signed in, here
    PUBLIC = "public"  # also on other servers


FACTS_SHOWN = (Shown.MEMBERS, Shown.PUBLIC)


@dataclass(frozen=True, slots=True)
class ProfileDetails:
    """The further facts of a profile, named like the keys under which they are stored."""

    stage: str | None = None
    tracks: tuple[str, ...] = ()
    types_own: tuple[str, ...] = ()  # kinds of library, now and before
    credentials: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    language_levels: Mapping[str, str] = field(default_factory=dict)
    facts_shown: str = Shown.MEMBERS  # to whom the above is shown
    institution: str = ""
    country: str = ""  # ISO 3166-1, two letters
    place_shown: str = Shown.NOBODY  # to whom institution and country are shown
    accepts_own_institution: bool = False  # wants to be matched with people of the same house
    named: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # see `proposal_details.Details`

    def stored(self) -> dict[str, Any]:
        """Return the stated facts as JSON."""
        default = ProfileDetails()
        values = {part.name: getattr(self, part.name) for part in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != getattr(default, name)
        }

    def label(self, scheme: str, term_id: str, language: str) -> str:
        """Return what people read for a term of this profile."""
        return term_label(self.named, scheme, term_id, language)

    def shows_facts(self, *, is_member: bool) -> bool:
        """Tell whether a reader sees stage, tracks, types, credentials and styles."""
        return self.facts_shown == Shown.PUBLIC or is_member

    def shows_place(self, *, is_member: bool) -> bool:
        """Tell whether a reader sees institution and country."""
        return self.place_shown == Shown.PUBLIC or (self.place_shown == Shown.MEMBERS and is_member)


LISTS = {
    "tracks": Scheme.ROLE,
    "types_own": Scheme.TYPE,
    "credentials": Scheme.CREDENTIAL,
    "styles": Scheme.STYLE,
}


def profile_details_of(stored: Mapping[str, Any]) -> ProfileDetails:
    """Read details from a row; what does not make sense is not stated."""
    named = stored.get("named")
    levels = stored.get("language_levels")
    facts_shown, place_shown = stored.get("facts_shown"), stored.get("place_shown")
    return ProfileDetails(
        stage=_text(stored.get("stage")) or None,
        language_levels={
            tag: level
            for tag, level in (levels.items() if isinstance(levels, dict) else ())
            if level in LANGUAGE_LEVELS
        },
        facts_shown=facts_shown if facts_shown in FACTS_SHOWN else Shown.MEMBERS,
        institution=_text(stored.get("institution")),
        country=_text(stored.get("country")),
        place_shown=place_shown if place_shown in list(Shown) else Shown.NOBODY,
        accepts_own_institution=stored.get("accepts_own_institution") is True,
        named={term: dict(said) for term, said in named.items() if isinstance(said, dict)}
        if isinstance(named, dict)
        else {},
        **{name: _texts(stored.get(name)) for name in LISTS},
    )


def profile_problems(
    details: ProfileDetails, *, type_: str, is_term: IsTerm, is_country: bool
) -> dict[str, str]:
    """Return what is wrong with a profile's details, one sentence by field."""
    of_the_list = {
        name: all(is_term(scheme, value) for value in getattr(details, name))
        for name, scheme in LISTS.items()
    } | {
        "stage": details.stage is None or is_term(Scheme.STAGE, details.stage),
        "facts_shown": details.facts_shown in FACTS_SHOWN,
        "place_shown": details.place_shown in list(Shown),
        "language_levels": set(details.language_levels.values()) <= set(LANGUAGE_LEVELS),
        "country": not details.country or is_country,
        "type": type_ in MEMBER_TYPES,
    }
    found = {name: NOT_OF_THE_LIST for name, is_listed in of_the_list.items() if not is_listed}
    if "styles" not in found and len(details.styles) > MAX_STYLES:
        found["styles"] = "Choose 5 at most."
    if len(details.institution) > MAX_INSTITUTION_CHARACTERS:
        found["institution"] = "The name is too long: 120 characters at most."
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(dict.fromkeys(item for item in listed if isinstance(item, str) and item))[:MAX_LISTED]
