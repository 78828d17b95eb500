"""The further facts of proposals elsewhere: `ll:` properties to what is stored. Same rules as `parse`.

Terms of other versions and of single instances are understood here, once: what is known under a broader id
is kept under that id, with its sender's label; what means nothing here is kept under its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from libline_fed.activitypub.values import many, objects, text_of, uri_of
from libline_fed.domain.proposal_details import (
    AREA_LEVELS,
    MAX_LISTED,
    MAX_NOT_HELP_CHARACTERS,
    MAX_STYLES,
    STAGE_WISHES,
    TYPE_WISHES,
    details_of,
)
from libline_fed.sanitize import clean_text
from libline_fed.vocabulary import (
    Match,
    NamedTerm,
    Scheme,
    canonical_language,
    named_term_of_json,
    term_of_uri,
)

MAX_AREAS = 20
MAX_AREA_CHARACTERS = 500


@dataclass(slots=True)
class _Terms:
    """Reads terms and remembers what those are called that this vocabulary does not have."""

    language: str
    named: dict[str, dict[str, Any]] = field(default_factory=dict)

    def id_of(self, scheme: Scheme, value: Any) -> str | None:
        """Return the id under which a term is kept, or None for what is no term."""
        term = named_term_of_json(scheme, value, language=self.language)
        return None if term is None else self._keep(term)

    def list_of(self, scheme: Scheme, value: Any, *, also: tuple[str, ...] = ()) -> list[str]:
        """Return the ids of several terms; those of `also` are no terms and stand for themselves."""
        found: dict[str, None] = {}
        for item in many(value)[:MAX_LISTED]:
            kept = item if isinstance(item, str) and item in also else self.id_of(scheme, item)
            if kept is not None:
                found.setdefault(kept)
        return list(found)

    def _keep(self, term: NamedTerm) -> str:
        understood = term.resolved()
        if understood.match in {Match.EXACT, Match.REPLACED} and understood.id is not None:
            self.named.pop(understood.id, None)
            return understood.id
        is_known = understood.match is Match.BROADER and understood.id is not None
        kept = understood.id if is_known and understood.id is not None else term.id
        said: dict[str, Any] = {} if is_known or understood.id is None else {"broader": understood.id}
        if term.labels:
            said["label"] = dict(term.labels)
        if said:
            self.named.setdefault(kept, said)
        return kept


def areas_and_details_of(
    doc: Mapping[str, Any], intent: Mapping[str, Any], language: str | None
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return a proposal's areas, ranked, and its further facts as they are stored."""
    terms = _Terms(language or "en")
    areas = _areas_of(doc, intent, terms)
    raw = {
        "levels": {area: level for area, level in areas.items() if level is not None},
        "goals": terms.list_of(Scheme.GOAL, doc.get("goals")),
        "language_levels": dict(_language_levels(doc.get("languageLevels"))),
        "formats": terms.list_of(Scheme.FORMAT, doc.get("formats")),
        "frequency": terms.id_of(Scheme.FREQUENCY, doc.get("frequency")),
        "months": doc.get("months"),
        "stage": terms.id_of(Scheme.STAGE, doc.get("stage")),
        "stages_wished": [wish for wish in many(doc.get("stagesWished")) if wish in STAGE_WISHES],
        "types_own": terms.list_of(Scheme.TYPE, doc.get("typesOwn")),
        "types_wished": terms.list_of(Scheme.TYPE, doc.get("typesWished"), also=TYPE_WISHES),
        "styles": terms.list_of(Scheme.STYLE, doc.get("styles"))[:MAX_STYLES],
        "answer_days": doc.get("answerDays"),
        "not_help_text": clean_text(text_of(doc.get("notHelp"))[: MAX_NOT_HELP_CHARACTERS * 4]).strip(),
        "named": terms.named,
    }
    return tuple(areas), details_of(raw).stored()


def _areas_of(doc: Mapping[str, Any], intent: Mapping[str, Any], terms: _Terms) -> dict[str, int | None]:
    """Return the level of each area, in their order. `resourceClassifiedAs` adds what is not ours to know.

    Without `areas` it says everything: FEP-0837 has no other place for them.
    """
    found: dict[str, int | None] = {}
    for item in many(doc.get("areas"))[:MAX_AREAS]:
        area = terms.id_of(Scheme.AREA, item)
        given = item.get("level") if isinstance(item, dict) else None
        level = given if given in AREA_LEVELS and not isinstance(given, bool) else None
        if area is not None:
            found[area] = max(level or 0, found.get(area) or 0) or None
    is_complete = bool(found)
    for item in many(intent.get("resourceClassifiedAs"))[:MAX_AREAS]:
        uri = uri_of(item)
        if uri is None or len(uri) > MAX_AREA_CHARACTERS:
            continue
        is_ours = term_of_uri(uri) is not None
        area = terms.id_of(Scheme.AREA, uri) if is_ours else uri
        if area is not None and not (is_ours and is_complete):
            found.setdefault(area, None)
    return dict(list(found.items())[:MAX_AREAS])


def _language_levels(value: Any) -> Iterator[tuple[str, Any]]:
    for item in objects(value):
        tag = item.get("language")
        spelled = canonical_language(tag) if isinstance(tag, str) else None
        if spelled is not None:
            yield spelled, item.get("level")
