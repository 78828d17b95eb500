"""Consortia on the wire: what a Group says beyond other actors, and the cohorts it lists (FEDERATION.md).

The Group only points at ids: of the servers that are its members, and of their proposals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

from libline_fed.activitypub.collections import build_collection
from libline_fed.activitypub.contexts import ACTIVITY_STREAMS, LIBLINE
from libline_fed.activitypub.urls import host_of
from libline_fed.activitypub.values import line_of, many, moment_of, objects, uri_of
from libline_fed.sanitize import clean_text, plain_text

MAX_CHARTER_CHARACTERS = 20_000
MAX_COHORTS = 50
MAX_COHORT_NAME_CHARACTERS = 200
MAX_ORIENTATION_CHARACTERS = 10_000
MAX_COHORT_AREAS = 20
AREA_PREFIX = "https://w3id.org/libline/vocab/v1/area/"
COHORT_CONTEXT: tuple[Any, ...] = (
    ACTIVITY_STREAMS,
    {"ll": LIBLINE, "areas": {"@id": "ll:areas", "@container": "@list"}, "language": "ll:language"},
)
URL_KEYS = {  # the property on the wire, by the name it is kept under
    "members_url": "members",
    "moderators_url": "attributedTo",
    "charter_url": "charter",
    "cohorts_url": "cohorts",
    "blocked_domains_url": "blockedDomains",
}


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """What a Group of this server says of itself beyond other actors."""

    charter_text: str
    continues_uri: str | None  # the Group elsewhere that it goes on with


def group_properties(uri: str, facts: GroupFacts) -> dict[str, Any]:
    """Return the properties that only a Group has (FEP-1b12: `attributedTo` lists who moderates)."""
    properties: dict[str, Any] = {
        "attributedTo": f"{uri}/moderators",
        "members": f"{uri}/members",
        "charter": f"{uri}#charter",
        "charterText": facts.charter_text,
        "cohorts": f"{uri}/cohorts",
        "blockedDomains": f"{uri}/blocked-domains.json",
    }
    if facts.continues_uri is not None:
        properties["continues"] = facts.continues_uri
    return properties


def parse_group(doc: Mapping[str, Any], host: str) -> dict[str, Any]:
    """Read what only a Group says: addresses on its own host, its charter, what it continues."""
    found: dict[str, Any] = {}
    for name, key in URL_KEYS.items():
        url = uri_of(doc.get(key))
        if url is not None and host_of(url) == host:
            found[name] = url
    charter = doc.get("charterText")
    if isinstance(charter, str) and charter:
        found["charter_text"] = clean_text(charter[:MAX_CHARTER_CHARACTERS])
    continues_uri = uri_of(doc.get("continues"))
    if continues_uri is not None:
        found["continues_uri"] = continues_uri
    return found


@dataclass(frozen=True, slots=True)
class CohortDocument:
    """A round of mentorships that a consortium runs together."""

    uri: str
    name: str
    orientation_text: str  # plain
    language: str
    areas: tuple[str, ...]
    opens_on: date
    closes_on: date


def build_cohorts(uri: str, cohorts: Sequence[CohortDocument], *, group_uri: str) -> dict[str, Any]:
    """Return the list of a Group's cohorts, each as an Event (AS2)."""
    document = build_collection(uri, total_count=len(cohorts), attributed_to=group_uri)
    document["@context"] = list(COHORT_CONTEXT)
    document["orderedItems"] = [_cohort(cohort, group_uri) for cohort in cohorts]
    return document


def parse_cohorts(items: Sequence[Any], group_uri: str) -> list[CohortDocument]:
    """Read the cohorts of a Group from the items of its list; what makes no sense is left out."""
    host = host_of(group_uri)
    found: dict[str, CohortDocument] = {}
    for item in objects(list(items)):
        cohort = _parse_cohort(item)
        if cohort is not None and host_of(cohort.uri) == host:
            found[cohort.uri] = cohort
        if len(found) == MAX_COHORTS:
            break
    return list(found.values())


def _cohort(cohort: CohortDocument, group_uri: str) -> dict[str, Any]:
    paragraphs = [f"<p>{escape(part, quote=False)}</p>" for part in cohort.orientation_text.split("\n\n")]
    return {
        "id": cohort.uri,
        "type": "Event",
        "attributedTo": group_uri,
        "name": cohort.name,
        "content": "".join(paragraphs) if cohort.orientation_text else "",
        "startTime": f"{cohort.opens_on.isoformat()}T00:00:00Z",
        "endTime": f"{cohort.closes_on.isoformat()}T00:00:00Z",
        "areas": [AREA_PREFIX + area for area in cohort.areas],
        "language": cohort.language,
    }


def _parse_cohort(item: Mapping[str, Any]) -> CohortDocument | None:
    uri, name = uri_of(item.get("id")), line_of(item.get("name"), MAX_COHORT_NAME_CHARACTERS)
    opens_at, closes_at = moment_of(item.get("startTime")), moment_of(item.get("endTime"))
    if uri is None or not name or opens_at is None or closes_at is None or closes_at < opens_at:
        return None
    content, language = item.get("content"), item.get("language")
    named = [area for area in many(item.get("areas")) if isinstance(area, str)]
    return CohortDocument(
        uri,
        name,
        plain_text(content[: MAX_ORIENTATION_CHARACTERS * 2])[:MAX_ORIENTATION_CHARACTERS]
        if isinstance(content, str)
        else "",
        language if isinstance(language, str) and 0 < len(language) <= 35 else "en",
        tuple(
            area.removeprefix(AREA_PREFIX) for area in named if area.startswith(AREA_PREFIX)
        )[:MAX_COHORT_AREAS],
        opens_at.date(),
        closes_at.date(),
    )
