"""The further facts of our own proposals as `ll:` properties; `parse_details` reads them.

What is not stated is left out. A term of the published vocabulary travels as its id, an area as its URI; an
instance's own term travels with its label and the published term it belongs to.
"""

from collections.abc import Iterable
from html import escape
from typing import Any

from libline_fed.activitypub.own import OwnProposal
from libline_fed.domain.proposal_details import Details
from libline_fed.vocabulary import VERSION, NamedTerm, Scheme, area_uri, named_term_json

_NOT_HELP_LABELS = {
    "en": "I cannot help with",
    "es": "No puedo ayudar con",
    "fr": "Je ne peux pas aider pour",
    "ar": "لا أستطيع المساعدة في",
}


def detail_properties(proposal: OwnProposal) -> dict[str, Any]:
    """Return the properties of a proposal beyond those of FEP-0837."""
    details = proposal.details
    properties: dict[str, Any] = {
        "vocabularyVersion": VERSION,
        "areas": [_area(area, details) for area in proposal.areas],
        "goals": _terms(Scheme.GOAL, details.goals, details),
        "languageLevels": [
            {"language": tag, "level": level} for tag, level in details.language_levels.items()
        ],
        "formats": list(details.formats),
        "frequency": details.frequency,
        "months": details.months,
        "stage": details.stage,
        "stagesWished": list(details.stages_wished),
        "typesOwn": _terms(Scheme.TYPE, details.types_own, details),
        "typesWished": _terms(Scheme.TYPE, details.types_wished, details),
        "styles": _terms(Scheme.STYLE, details.styles, details),
        "answerDays": details.answer_days,
        "notHelp": details.not_help_text or None,
        "places": proposal.places_count,
        "waiting": proposal.waiting_count,
    }
    return {name: value for name, value in properties.items() if value is not None and value != []}


def area_uris(proposal: OwnProposal) -> list[str]:
    """Return the areas as those read them who know only the published vocabulary, without repeats."""
    # An area that came to us as a full URI, from a vocabulary we do not know, goes out as it came.
    listed = (area if "://" in area else area_uri(proposal.details.broader(area)) for area in proposal.areas)
    return list(dict.fromkeys(listed))


def not_help_html(text: str, language: str | None) -> str:
    """Return the paragraph that tells readers elsewhere what the author cannot help with; "" for no text."""
    if not text:
        return ""
    label = _NOT_HELP_LABELS.get((language or "en").partition("-")[0], _NOT_HELP_LABELS["en"])
    escaped = escape(" ".join(text.split()), quote=False)
    return f"<p><strong>{label}:</strong> {escaped}</p>"


def _area(area: str, details: Details) -> dict[str, Any]:
    written = _named(Scheme.AREA, area, details)
    if "broader" in written:
        written["broader"] = area_uri(written["broader"])
    elif "://" not in area:
        written["id"] = area_uri(area)
    level = details.levels.get(area)
    return written if level is None else written | {"level": level}


def _terms(scheme: Scheme, ids: Iterable[str], details: Details) -> list[Any]:
    return [_named(scheme, term, details) if term in details.named else term for term in ids]


def _named(scheme: Scheme, term_id: str, details: Details) -> dict[str, Any]:
    said = details.named.get(term_id, {})
    return named_term_json(NamedTerm(scheme, term_id, said.get("broader"), said.get("label")))
