"""The published vocabulary: areas of library work and ways to meet, with labels in four languages.

Ids are never reused or renumbered. Labels live in the data files beside this one; adding a language means
adding its key to every entry. Also knows which texts are language tags, since proposals carry those.
"""

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from babel import Locale

AREA_BASE_URI = "https://w3id.org/libline/vocab/v1/area/"
MENTORSHIP_URI = "https://w3id.org/libline/ns#Mentorship"
UNDECIDED_AREA = "A0000"
LABEL_LANGUAGES = ("en", "es", "fr", "ar")

# The well-formed tags people use: language, script, region, variants (RFC 5646 §2.1). No extensions.
_TAG = re.compile(
    r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?((?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3})){0,2})\Z",
    re.IGNORECASE,
)


def area_ids() -> tuple[str, ...]:
    """Return all area ids in the published order, the undecided one last."""
    return tuple(_areas())


def is_area(area_id: str) -> bool:
    """Tell whether an id is in the vocabulary."""
    return area_id in _areas()


def area_label(area_id: str, language: str) -> str:
    """Return an area's label in a language, else in English; the id itself when it is unknown."""
    entry = _areas().get(area_id)
    return _label(entry, language) if entry is not None else area_id


def area_groups(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the areas as (group label, [(id, label), …]); the undecided one comes first, on its own."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for area_id, entry in _areas().items():
        grouped.setdefault(area_id[:3], []).append((area_id, _label(entry, language)))
    groups = [(_label(group, language), grouped[group["id"]]) for group in _load("areas.json")["groups"]]
    undecided = area_label(UNDECIDED_AREA, language)
    return [(undecided, [(UNDECIDED_AREA, undecided)]), *groups]


def area_uri(area_id: str) -> str:
    """Return the URI by which an area is named on the wire."""
    return AREA_BASE_URI + area_id


def area_of_uri(uri: str) -> str:
    """Return the id of an area's URI; any other URI is returned as it is."""
    return uri.removeprefix(AREA_BASE_URI)


def hashtag_of(area_id: str) -> str:
    """Return the hashtag of an area, without the #; "" when the area is unknown."""
    entry = _areas().get(area_id)
    return entry["tag"] if entry is not None else ""


def modes(language: str) -> list[tuple[str, str]]:
    """Return the ways to meet as (id, label)."""
    return [(mode_id, _label(entry, language)) for mode_id, entry in _modes().items()]


def mode_label(mode_id: str, language: str) -> str:
    """Return the label of a way to meet in a language, else in English; the id itself when it is unknown."""
    entry = _modes().get(mode_id)
    return _label(entry, language) if entry is not None else mode_id


def is_language(tag: str) -> bool:
    """Tell whether a text is a language tag that may be stored: well formed, and its two letters known."""
    return canonical_language(tag) is not None


@lru_cache(maxsize=1024)
def canonical_language(tag: str) -> str | None:
    """Return a language tag in its usual spelling (RFC 5646 §2.1.1), or None when it is not one.

    Two-letter languages must be known. Three-letter ones are only checked for form: there are thousands, and
    a small language must not be turned away because a list lacks it.
    """
    match = _TAG.match(tag) if len(tag) <= 35 else None
    if match is None:
        return None
    language, script, region, variants = match.groups()
    language = language.lower()
    if language in ("und", "mul", "mis", "zxx") or (
        len(language) == 2 and language not in _known_languages()
    ):
        return None
    parts = [language, script.title() if script else "", region.upper() if region else ""]
    return "-".join(part for part in parts if part) + variants.lower()


def _label(entry: dict[str, str], language: str) -> str:
    return entry.get(language.partition("-")[0].lower()) or entry["en"]


@lru_cache(maxsize=1)
def _areas() -> dict[str, dict[str, str]]:
    return {entry["id"]: entry for entry in _load("areas.json")["areas"]}


@lru_cache(maxsize=1)
def _modes() -> dict[str, dict[str, str]]:
    return {entry["id"]: entry for entry in _load("modes.json")["modes"]}


@lru_cache(maxsize=1)
def _known_languages() -> frozenset[str]:
    return frozenset(tag for tag in map(str, Locale("en").languages) if len(tag) == 2)


@lru_cache(maxsize=2)
def _load(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(
        files("libline_fed.vocabulary").joinpath(name).read_text(encoding="utf-8")
    )
    return data
