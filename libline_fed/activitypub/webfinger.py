"""WebFinger documents (RFC 7033), ours and others', and the host-meta file that leads to them (RFC 6415)."""

from dataclasses import dataclass
from html import escape
from typing import Any

from libline_fed.activitypub.uris import Uris
from libline_fed.activitypub.urls import host_of
from libline_fed.activitypub.values import objects, text_of
from libline_fed.domain.domain_names import is_one_household
from libline_fed.errors import Refusal, RefusalReason

ACTIVITY_TYPES = ("application/activity+json", "application/ld+json")
PROFILE_PAGE_REL = "http://webfinger.net/rel/profile-page"
SUBSCRIBE_REL = "http://ostatus.org/schema/1.0/subscribe"
INTENT_REL_PREFIX = "https://w3id.org/fep/3b86/"  # FEP-3b86 activity intents
SERVICE_REL = "https://www.w3.org/ns/activitystreams#Service"  # FEP-d556
MAX_LINKS = 50
MAX_ALIASES = 50
MAX_SUBJECT_CHARACTERS = 512
MAX_TEMPLATE_CHARACTERS = 2_048


@dataclass(frozen=True, slots=True)
class Jrd:
    """What another server says about an address. Whether the actor agrees is for the caller to check."""

    subject: str
    aliases: tuple[str, ...]
    self_uris: tuple[str, ...]  # one on honest servers; two are a reason to refuse
    templates: dict[str, str]  # rel -> address with a placeholder such as {uri}
    service_uris: tuple[str, ...] = ()  # the instance actors named on the origin's own JRD (FEP-d556)


def build_jrd(*, handle: str, actor_uri: str, profile_url: str, uris: Uris) -> dict[str, Any]:
    """Return the JRD of an actor: the subject is its canonical address, `self` equals its id byte by byte."""
    interact = uris.interaction()
    return {
        "subject": f"acct:{handle}@{uris.host}",
        "aliases": [profile_url, actor_uri],
        "links": [
            {"rel": "self", "type": ACTIVITY_TYPES[0], "href": actor_uri},
            {"rel": PROFILE_PAGE_REL, "type": "text/html", "href": profile_url},
            {"rel": SUBSCRIBE_REL, "template": f"{interact}?uri={{uri}}"},
            {"rel": f"{INTENT_REL_PREFIX}Object", "template": f"{interact}?uri={{object}}"},
            {"rel": f"{INTENT_REL_PREFIX}Follow", "template": f"{interact}?uri={{object}}"},
        ],
    }


def build_origin_jrd(*, handle: str, uris: Uris) -> dict[str, Any]:
    """Return the JRD of the instance, found by its address with or without a final slash (FEP-d556)."""
    actor_uri = uris.instance_actor
    return {
        "subject": f"acct:{handle}@{uris.host}",
        "aliases": [uris.base_url + "/", actor_uri],
        "links": [
            {"rel": "self", "type": ACTIVITY_TYPES[0], "href": actor_uri},
            {"rel": SERVICE_REL, "type": ACTIVITY_TYPES[0], "href": actor_uri},
            {"rel": PROFILE_PAGE_REL, "type": "text/html", "href": uris.base_url + "/"},
        ],
    }


def parse_jrd(doc: Any) -> Jrd | Refusal:
    """Read a JRD. Never raises."""
    if not isinstance(doc, dict):
        return Refusal(RefusalReason.BAD_SHAPE, "not an object")
    subject = doc.get("subject")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_CHARACTERS:
        return Refusal(RefusalReason.BAD_SHAPE, "no subject")
    aliases = doc.get("aliases")
    self_uris: dict[str, None] = {}
    service_uris: dict[str, None] = {}
    templates: dict[str, str] = {}
    for link in list(objects(doc.get("links")))[:MAX_LINKS]:
        rel, href, template = link.get("rel"), link.get("href"), link.get("template")
        if rel in ("self", SERVICE_REL) and _is_activity_link(link) and isinstance(href, str):
            (self_uris if rel == "self" else service_uris).setdefault(href)
        if isinstance(rel, str) and _is_template(template):
            templates.setdefault(rel, text_of(template))
    return Jrd(
        subject=subject,
        aliases=tuple(_clean(aliases)),
        self_uris=tuple(self_uris),
        templates=templates,
        service_uris=tuple(service_uris),
    )


def way_in(jrd: Jrd, host: str, *, is_person: bool) -> str | None:
    """Return the address, with `{uri}`, at which a server lets its people follow somebody or open a page.

    The more exact intent first (FEP-3b86): a page is nothing to follow. Only what belongs to the household of
    the address that was asked about, with one place to fill in, leads nowhere else.
    """
    rels = [f"{INTENT_REL_PREFIX}Follow"] if is_person else []
    for rel in (*rels, f"{INTENT_REL_PREFIX}Object", SUBSCRIBE_REL):
        template = jrd.templates.get(rel, "").replace("{object}", "{uri}")
        target = host_of(template.replace("{uri}", "x"))
        is_fillable = template.count("{uri}") == 1 and template.count("{") == 1
        if is_fillable and target is not None and is_one_household(target, host):
            return template
    return None


def build_host_meta(uris: Uris) -> str:
    """Return the host-meta XML, which Mastodon asks for when WebFinger itself was not found."""
    template = escape(f"{uris.base_url}/.well-known/webfinger?resource={{uri}}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" template="{template}"/>\n'
        "</XRD>\n"
    )


def _is_activity_link(link: Any) -> bool:
    media_type = text_of(link.get("type")).partition(";")[0].strip().lower()
    return media_type in ACTIVITY_TYPES and host_of(link.get("href")) is not None


def _is_template(value: Any) -> bool:
    """Tell whether a template leads to a clean address once a value is put into its braces."""
    if not isinstance(value, str) or len(value) > MAX_TEMPLATE_CHARACTERS or "{" not in value:
        return False
    return host_of(value.replace("{", "").replace("}", "")) is not None and "{" in value.partition("?")[2]


def _clean(values: Any) -> list[str]:
    listed = values if isinstance(values, list) else []
    return [item for item in listed if isinstance(item, str) and host_of(item) is not None][:MAX_ALIASES]
