"""What members say of themselves in the terms of the vocabulary, and when they have time.

Facts leave this server only if the member shows them to everybody, and then as readable lines. Time zone and
weekly hours never leave it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from html import escape
from typing import Any

from babel import Locale

from libline_fed import vocabulary
from libline_fed.domain import availability
from libline_fed.domain.accounts import Account
from libline_fed.domain.actors import Actor
from libline_fed.domain.profiles import LISTS, ProfileDetails, profile_details_of, profile_problems
from libline_fed.domain.proposal_details import spoken_levels
from libline_fed.errors import InvalidInput
from libline_fed.sanitize import clean_line
from libline_fed.services import vocabulary as vocabulary_terms
from libline_fed.storage import accounts
from libline_fed.storage.store import Tx
from libline_fed.vocabulary import LABEL_LANGUAGES, LocalTerm, Scheme

MAX_INSTITUTION_INPUT = 1_000  # what is longer is cut before it is looked at
MAX_TARGET = 10
_TITLES = {
    "stage": {
        "en": "Career stage", "es": "Etapa profesional", "fr": "Étape de carrière", "ar": "المرحلة المهنية",
    },
    "tracks": {"en": "Work", "es": "Función", "fr": "Fonction", "ar": "نوع العمل"},
    "types_own": {
        "en": "Kinds of library", "es": "Tipos de biblioteca", "fr": "Types de bibliothèque",
        "ar": "أنواع المكتبات",
    },
    "credentials": {"en": "Training", "es": "Formación", "fr": "Formation", "ar": "المؤهلات"},
    "styles": {
        "en": "Ways of working", "es": "Formas de trabajar", "fr": "Façons de travailler",
        "ar": "أساليب العمل",
    },
    "institution": {"en": "Institution", "es": "Institución", "fr": "Établissement", "ar": "المؤسسة"},
    "country": {"en": "Country", "es": "País", "fr": "Pays", "ar": "البلد"},
}  # fmt: skip


def facts(actor: Actor) -> ProfileDetails:
    """Return what an actor of this server says of itself."""
    return profile_details_of(actor.details)


def facts_for(actor: Actor, *, is_member: bool) -> ProfileDetails:
    """Return what a reader may see of an actor's facts: a signed-in member, or anybody."""
    known = facts(actor)
    shown = known if known.shows_facts(is_member=is_member) else ProfileDetails()
    has_place = known.shows_place(is_member=is_member)
    return replace(
        shown,
        institution=known.institution if has_place else "",
        country=known.country if has_place else "",
    )


def country_name(code: str, language: str) -> str:
    """Return a country's name in a language."""
    return str(Locale.parse(language, sep="-").territories.get(code, code))


def countries(language: str) -> list[tuple[str, str]]:
    """Return (ISO 3166-1 code, name in a language) of all countries, in the order of their names."""
    listed = [(code, country_name(code, language)) for code in _country_codes()]
    return sorted(listed, key=lambda pair: pair[1].casefold())


def is_country(code: str) -> bool:
    """Tell whether a text is the code of a country: ISO 3166-1, two letters."""
    return code in _country_codes()


# CLDR's two-letter codes that are no countries: unions, test locales, "unknown".
_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


@lru_cache(maxsize=1)
def _country_codes() -> frozenset[str]:
    codes = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRIES


async def checked_columns(
    tx: Tx, details: ProfileDetails, *, type_: str, languages: Sequence[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the columns of a profile's facts, and what is wrong with them by field."""
    details = replace(
        details,
        institution=clean_line(details.institution, MAX_INSTITUTION_INPUT),
        language_levels=spoken_levels(details.language_levels, tuple(languages)),
    )
    own_terms = {(term.scheme, term.id): term for term in await vocabulary_terms.list_terms(tx)}
    problems = profile_problems(
        details,
        type_=type_,
        is_term=lambda scheme, term: (
            vocabulary.is_term(scheme, term) or (Scheme(scheme), term) in own_terms
        ),
        is_country=is_country(details.country),
    )
    named = _named(details, own_terms)
    return {"type": type_, "details": replace(details, named=named).stored()}, problems


def public_lines(actor: Actor, *, default_language: str) -> list[tuple[str, str]]:
    """Return (name, escaped value) of the facts that everybody may see, in the member's first language."""
    known = facts_for(actor, is_member=False)
    spoken = [tag.partition("-")[0] for tag in (*actor.languages, default_language)]
    language = next((tag for tag in spoken if tag in LABEL_LANGUAGES), "en")
    lines = {"stage": known.label(Scheme.STAGE, known.stage, language) if known.stage else ""}
    for name, scheme in LISTS.items():
        lines[name] = ", ".join(known.label(scheme, term, language) for term in getattr(known, name))
    lines["institution"] = known.institution
    lines["country"] = country_name(known.country, language) if known.country else ""
    return [(_TITLES[name][language], escape(value, quote=False)) for name, value in lines.items() if value]


async def save_time(
    tx: Tx, *, account_id: str, zone: str, hours: Sequence[Sequence[int]], target_count: int
) -> Account:
    """Save when a member has time in a week, and how many mentors they want at a time.

    Raises: InvalidInput, keyed by field.
    """
    problems: dict[str, str] = {}
    stored: availability.Hours = []
    try:
        stored = availability.normalise(hours)
    except InvalidInput as error:
        problems |= error.fields
    if zone and not availability.is_zone(zone):
        problems["zone"] = "Choose your time zone from the list."
    if stored and not zone:
        problems["zone"] = "Choose your time zone: without it nobody knows when these hours are."
    if not 1 <= target_count <= MAX_TARGET:
        problems["target_count"] = "Write a number from 1 to 10."
    if problems:
        raise InvalidInput(problems)
    return await accounts.change(
        tx, account_id, zone=zone or None, weekly_hours=stored, target_count=target_count
    )


def overlap_minutes(one: Account, other: Account, week: date) -> int | None:
    """Count the minutes in which two members have time in a week; None if one does not say when."""
    hours = availability.readable(one.weekly_hours), availability.readable(other.weekly_hours)
    if not (one.zone and other.zone and all(hours)):
        return None
    return availability.overlap_minutes(hours[0], one.zone, hours[1], other.zone, week)


def _named(details: ProfileDetails, own_terms: Mapping[tuple[Scheme, str], LocalTerm]) -> dict[str, Any]:
    chosen = {*details.tracks, *details.types_own, *details.credentials, *details.styles}
    return {
        term.id: {"label": dict(term.labels), "broader": term.broader_id}
        for (_, term_id), term in own_terms.items()
        if term_id in chosen
    }
