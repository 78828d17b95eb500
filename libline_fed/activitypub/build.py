"""Our own actors, proposals and activities as wire documents, in shapes that other servers really read."""

from datetime import UTC, date, datetime
from html import escape
from typing import Any

from libline_fed.activitypub.build_details import area_uris, detail_properties, not_help_html
from libline_fed.activitypub.contexts import ACTIVITY_CONTEXT, ACTOR_CONTEXT, PROPOSAL_CONTEXT
from libline_fed.activitypub.groups import group_properties
from libline_fed.activitypub.own import OwnActor, OwnProposal
from libline_fed.activitypub.uris import Uris
from libline_fed.activitypub.values import PUBLIC
from libline_fed.vocabulary import MENTORSHIP_URI

RFC9421 = "https://datatracker.ietf.org/doc/html/rfc9421"
_IMAGE_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
}
# The line under a proposal that tells readers elsewhere what it is and leads them here.
_PURPOSE_LINES = {
    "en": {"offer": "Mentoring offer on {host}", "request": "Mentoring request on {host}"},
    "es": {"offer": "Oferta de mentoría en {host}", "request": "Solicitud de mentoría en {host}"},
    "fr": {"offer": "Offre de mentorat sur {host}", "request": "Demande de mentorat sur {host}"},
    "ar": {"offer": "عرض إرشاد مهني على {host}", "request": "طلب إرشاد مهني على {host}"},
}


def timestamp(moment: datetime) -> str:
    """Return a moment as all servers can read it: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def build_actor(actor: OwnActor, uris: Uris) -> dict[str, Any]:
    """Return an actor document (AP §4.1, FEP-2c59, FEP-521a, FEP-844e).

    `publicKey` is one object, never a list, and its fragment `#main-key`: Misskey and BookWyrm read nothing
    else.
    """
    document: dict[str, Any] = {
        "@context": list(ACTOR_CONTEXT),
        "id": actor.uri,
        "type": actor.type,
        "webfinger": f"{actor.handle}@{uris.host}",
        "preferredUsername": actor.handle,
        "name": actor.name or actor.handle,
        "summary": actor.summary_html,
        "url": _page_of(actor, uris),
        "published": timestamp(actor.published_at),
        "inbox": uris.collection(actor.uri, "inbox"),
        "outbox": uris.collection(actor.uri, "outbox"),
        "followers": uris.collection(actor.uri, "followers"),
        "following": uris.collection(actor.uri, "following"),
        "featured": uris.collection(actor.uri, "featured"),
        "featuredTags": uris.collection(actor.uri, "tags"),
        "proposals": uris.collection(actor.uri, "proposals"),
        "endpoints": {"sharedInbox": uris.shared_inbox},
        "manuallyApprovesFollowers": actor.manually_approves_followers,
        "discoverable": actor.is_discoverable,
        "indexable": actor.is_discoverable,
        "attachment": [
            {"type": "PropertyValue", "name": name, "value": value_html} for name, value_html in actor.fields
        ],
        "publicKey": {
            "id": uris.main_key(actor.uri),
            "owner": actor.uri,
            "publicKeyPem": actor.public_pem,
        },
        "generator": {
            "type": "Application",
            "id": uris.instance_actor,
            "implements": [{"type": "Link", "href": RFC9421, "name": "RFC-9421"}],
        },
    }
    if actor.is_instance:  # it pins nothing and has no topics of its own
        del document["featured"], document["featuredTags"]
    if actor.group is not None:
        document |= group_properties(actor.uri, actor.group)
        del document["featuredTags"]
    if actor.ed25519_multibase is not None:
        document["assertionMethod"] = [_multikey(actor.uri, uris, actor.ed25519_multibase)]
    if actor.also_known_as:
        document["alsoKnownAs"] = list(actor.also_known_as)
    if actor.moved_to_uri is not None:
        document["movedTo"] = actor.moved_to_uri  # FEP-7628
    if actor.icon_url is not None:
        document["icon"] = _image(actor.icon_url)
    return document


def build_proposal(proposal: OwnProposal, uris: Uris) -> dict[str, Any]:
    """Return a proposal as a Note that carries the FEP-0837 properties (FEDERATION.md).

    Neither `name` nor `summary`: others show these as a content warning. `updated` only once the text was
    edited: without a newer one Mastodon takes a change of places or state in silently, as it should.
    """
    content = _content(proposal, uris)
    document: dict[str, Any] = {
        "@context": list(PROPOSAL_CONTEXT),
        "id": proposal.uri,
        "type": "Note",
        "attributedTo": proposal.author_uri,
        "url": proposal.uri,
        "published": timestamp(proposal.published_at),
        "to": list(proposal.to),
        "cc": list(proposal.cc),
        "inReplyTo": None,  # some servers look the key up without asking whether it is there
        "sensitive": False,
        "content": content,
        "tag": [
            {"type": "Hashtag", "name": f"#{name}", "href": uris.tag(name)} for name in proposal.hashtags
        ],
        "replies": uris.replies(proposal.id),
        "context": uris.context(proposal.id),
        "conversation": uris.context(proposal.id),
        "title": proposal.title,
        "proposalStatus": proposal.status,
        "revision": proposal.revision,
        "modality": list(proposal.modes),
        "availableLanguage": list(proposal.languages),
        "purpose": proposal.purpose,
        "unitBased": True,
        "publishes": {
            "type": "Intent",
            "id": f"{proposal.uri}#primary",
            "action": "deliverService",
            "resourceConformsTo": MENTORSHIP_URI,
            "resourceClassifiedAs": area_uris(proposal),
            "resourceQuantity": _quantity(1),
            "availableQuantity": _quantity(proposal.places_free_count),
        },
        **detail_properties(proposal),
    }
    if PUBLIC not in proposal.to:  # nobody could fetch them
        del document["replies"], document["context"], document["conversation"]
    if proposal.language is not None:
        document["contentMap"] = {proposal.language: content}
    if proposal.audience:
        document["audience"] = list(proposal.audience)  # FEP-1b12
    if proposal.edited_at is not None:
        document["updated"] = timestamp(proposal.edited_at)
    if proposal.open_until_on is not None:
        document["endTime"] = _midnight(proposal.open_until_on)
    return document


def build_tombstone(
    uri: str, *, former_type: str | None = None, deleted_at: datetime | None = None
) -> dict[str, Any]:
    """Return what is served with 410, and sent as the object of a Delete (AS2 §5.5)."""
    document: dict[str, Any] = {"@context": ACTIVITY_CONTEXT[0], "id": uri, "type": "Tombstone"}
    if former_type is not None:
        document["formerType"] = former_type
    if deleted_at is not None:
        document["deleted"] = timestamp(deleted_at)
    return document


def build_activity(
    type_: str,
    *,
    uri: str,
    actor_uri: str,
    object: str | list[str] | dict[str, Any],  # noqa: A002, the name of the property
    to: list[str] | tuple[str, ...],
    cc: list[str] | tuple[str, ...] = (),
    published_at: datetime,
    **extra: Any,
) -> dict[str, Any]:
    """Return an activity. The context of an embedded object becomes the activity's.

    The object keeps its own only together with a proof, which would not be valid without it (vc-di-eddsa
    §3.3.1).
    """
    context: Any = list(ACTIVITY_CONTEXT)
    if isinstance(object, dict) and "@context" in object:
        inner = object["@context"]
        context = inner if isinstance(inner, list) and len(inner) > 1 else context
        if "proof" not in object:
            object = {key: value for key, value in object.items() if key != "@context"}  # noqa: A001
    return {
        "@context": context,
        "id": uri,
        "type": type_,
        "actor": actor_uri,
        "published": timestamp(published_at),
        "to": list(to),
        "cc": list(cc),
        "object": object,
        **extra,
    }


def _page_of(actor: OwnActor, uris: Uris) -> str:
    if actor.is_instance:
        return uris.base_url + "/"
    return actor.uri if actor.group is not None else uris.profile(actor.handle)


def _multikey(actor_uri: str, uris: Uris, multibase: str) -> dict[str, Any]:
    return {
        "id": uris.ed25519_key(actor_uri),
        "type": "Multikey",
        "controller": actor_uri,
        "publicKeyMultibase": multibase,
    }


def _image(url: str) -> dict[str, Any]:
    image = {"type": "Image", "url": url}
    media_type = _IMAGE_TYPES.get(url.rpartition(".")[2].lower())
    if media_type is not None:
        image["mediaType"] = media_type
    return image


def _quantity(count: int) -> dict[str, str]:
    return {"hasUnit": "one", "hasNumericalValue": str(count)}


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _content(proposal: OwnProposal, uris: Uris) -> str:
    """Return the whole text for readers elsewhere: title, body, what it is with a link, hashtags."""
    lines = _PURPOSE_LINES.get((proposal.language or "en").partition("-")[0], _PURPOSE_LINES["en"])
    purpose_line = lines[proposal.purpose].format(host=uris.host)
    parts = [
        f"<p><strong>{escape(proposal.title, quote=False)}</strong></p>",
        proposal.content_html,
        not_help_html(proposal.details.not_help_text, proposal.language),
        f'<p><a href="{escape(proposal.uri)}">{escape(purpose_line, quote=False)}</a></p>',
    ]
    if proposal.hashtags:
        parts.append(f"<p>{' '.join(_hashtag_link(name, uris) for name in proposal.hashtags)}</p>")
    return "".join(parts)


def _hashtag_link(name: str, uris: Uris) -> str:
    href = escape(uris.tag(name))
    return f'<a href="{href}" class="mention hashtag" rel="tag">#{escape(name, quote=False)}</a>'
