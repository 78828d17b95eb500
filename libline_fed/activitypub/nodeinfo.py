"""NodeInfo documents (FEP-f1d5, FEP-0151): what this instance tells about itself."""

from dataclasses import dataclass
from typing import Any

from libline_fed.activitypub.uris import Uris
from libline_fed.activitypub.values import objects, uri_of

SCHEMA_PREFIX = "http://nodeinfo.diaspora.software/ns/schema/"
VERSIONS = ("2.0", "2.1")
APPLICATION_REL = "https://www.w3.org/ns/activitystreams#Application"  # FEP-2677
SOFTWARE_NAME = "libline"
REPOSITORY_KEY = "repository"
MAX_LINKS = 50


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What is told. Counts are of local people and public proposals only; None means not told."""

    software_version: str
    name: str
    description: str
    is_open_for_sign_up: bool
    is_federating: bool
    users_count: int | None = None
    active_month_count: int | None = None
    active_halfyear_count: int | None = None
    proposals_count: int | None = None
    staff_uris: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    repository_url: str | None = None


def media_type(version: str) -> str:
    """Return the Content-Type of a NodeInfo document."""
    return f'application/json; profile="{SCHEMA_PREFIX}{version}#"'


def build_links(uris: Uris) -> dict[str, Any]:
    """Return `/.well-known/nodeinfo`: both versions, and the instance actor (FEP-2677)."""
    links = [
        {"rel": SCHEMA_PREFIX + version, "href": f"{uris.base_url}/nodeinfo/{version}"}
        for version in VERSIONS
    ]
    return {"links": [*links, {"rel": APPLICATION_REL, "href": uris.instance_actor}]}


def parse_instance_uri(doc: Any) -> str | None:
    """Return the instance actor that another server's `/.well-known/nodeinfo` names (FEP-2677), or None."""
    links = objects(doc.get("links")) if isinstance(doc, dict) else ()
    named = [link.get("href") for link in list(links)[:MAX_LINKS] if link.get("rel") == APPLICATION_REL]
    return uri_of(named[0]) if len(named) == 1 else None


def build_nodeinfo(facts: NodeFacts, version: str) -> dict[str, Any]:
    """Return the document of one schema version, "2.0" or "2.1"; only the newer one names the repository."""
    software: dict[str, Any] = {"name": SOFTWARE_NAME, "version": facts.software_version}
    if version == "2.1" and facts.repository_url is not None:
        software[REPOSITORY_KEY] = facts.repository_url
    users = {
        "total": facts.users_count,
        "activeMonth": facts.active_month_count,
        "activeHalfyear": facts.active_halfyear_count,
    }
    usage: dict[str, Any] = {"users": {key: value for key, value in users.items() if value is not None}}
    if facts.proposals_count is not None:
        usage["localPosts"] = facts.proposals_count
    return {
        "version": version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": facts.is_open_for_sign_up,
        "usage": usage,
        "metadata": {
            "nodeName": facts.name,
            "nodeDescription": facts.description,
            "staffAccounts": list(facts.staff_uris),
            "languages": list(facts.languages),
            "federation": {"enabled": facts.is_federating},
        },
    }
