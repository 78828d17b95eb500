"""What the peer says, as Mastodon serialises it."""

from datetime import UTC, datetime
from typing import Any

from tests.mastodon_peer.model import PUBLIC, Account, Status, pem_of

CONTEXT = "https://www.w3.org/ns/activitystreams"
NOTE_CONTEXT = [
    CONTEXT,
    {
        "ostatus": "http://ostatus.org#",
        "atomUri": "ostatus:atomUri",
        "inReplyToAtomUri": "ostatus:inReplyToAtomUri",
        "conversation": "ostatus:conversation",
        "sensitive": "as:sensitive",
        "toot": "http://joinmastodon.org/ns#",
        "votersCount": "toot:votersCount",
        "Hashtag": "as:Hashtag",
    },
]
ACTOR_CONTEXT = [
    CONTEXT,
    "https://w3id.org/security/v1",
    {
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "toot": "http://joinmastodon.org/ns#",
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "discoverable": "toot:discoverable",
    },
]


def stamp(moment: datetime) -> str:
    """Return a moment as Mastodon writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def actor(account: Account, base_url: str) -> dict[str, Any]:
    """Return a local account as an actor."""
    assert account.key is not None
    return {
        "@context": ACTOR_CONTEXT,
        "id": account.uri,
        "type": account.type,
        "following": f"{account.uri}/following",
        "followers": account.followers_uri,
        "inbox": account.inbox,
        "outbox": f"{account.uri}/outbox",
        "featured": account.featured_url,
        "preferredUsername": account.username,
        "name": account.name,
        "summary": account.note,
        "url": account.url,
        "manuallyApprovesFollowers": False,
        "discoverable": True,
        "published": "2024-05-01T00:00:00Z",
        "publicKey": {
            "id": account.key_id,
            "owner": account.uri,
            "publicKeyPem": pem_of(account.key.public_key()),
        },
        "tag": [],
        "attachment": [],
        "endpoints": {"sharedInbox": f"{base_url}/inbox"},
    }


def audience(status: Status, author: Account) -> tuple[list[str], list[str]]:
    """Return `to` and `cc` of a status (Mastodon's `TagManager`)."""
    named = list(status.mentions)
    match status.visibility:
        case "public":
            return [PUBLIC], [author.followers_uri, *named]
        case "unlisted":
            return [author.followers_uri], [PUBLIC, *named]
        case "private":
            return [author.followers_uri], named
        case _:
            return named, []


def note(status: Status, author: Account, names: dict[str, str]) -> dict[str, Any]:
    """Return a local status; `names` gives `@user@host` by account URI."""
    to, cc = audience(status, author)
    document: dict[str, Any] = {
        "id": status.uri,
        "type": "Note",
        "summary": status.spoiler or None,
        "inReplyTo": status.in_reply_to,
        "published": stamp(status.created_at),
        "url": status.url,
        "attributedTo": author.uri,
        "to": to,
        "cc": cc,
        "sensitive": bool(status.spoiler),
        "atomUri": status.uri,
        "inReplyToAtomUri": status.in_reply_to,
        "conversation": status.conversation,
        "content": status.content,
        "contentMap": {status.language or "en": status.content},
        "attachment": [],
        "tag": [{"type": "Mention", "href": uri, "name": names[uri]} for uri in status.mentions],
        "replies": {"id": f"{status.uri}/replies", "type": "Collection"},
    }
    if status.edited_at is not None:
        document["updated"] = stamp(status.edited_at)
    return document


def create(status: Status, author: Account, names: dict[str, str]) -> dict[str, Any]:
    """Return the Create of a status."""
    inner = note(status, author, names)
    return {
        "@context": NOTE_CONTEXT,
        "id": f"{status.uri}/activity",
        "type": "Create",
        "actor": author.uri,
        "published": inner["published"],
        "to": inner["to"],
        "cc": inner["cc"],
        "object": inner,
    }


def update(status: Status, author: Account, names: dict[str, str]) -> dict[str, Any]:
    """Return the Update of an edited status."""
    assert status.edited_at is not None
    inner = note(status, author, names)
    return {
        "@context": NOTE_CONTEXT,
        "id": f"{status.uri}#updates/{int(status.edited_at.timestamp())}",
        "type": "Update",
        "actor": author.uri,
        "published": stamp(status.edited_at),
        "to": inner["to"],
        "cc": inner["cc"],
        "object": inner,
    }


def delete(status: Status, author: Account) -> dict[str, Any]:
    """Return the Delete of a status."""
    return {
        "@context": NOTE_CONTEXT,
        "id": f"{status.uri}#delete",
        "type": "Delete",
        "actor": author.uri,
        "to": [PUBLIC],
        "object": {"id": status.uri, "type": "Tombstone", "atomUri": status.uri},
    }


def vote(voter: Account, number: int, question: Status, option: str) -> dict[str, Any]:
    """Return a vote: a Create of a Note with a name and without content."""
    uri = f"{voter.uri}#votes/{number}"
    return {
        "@context": CONTEXT,
        "id": f"{uri}/activity",
        "type": "Create",
        "actor": voter.uri,
        "to": question.author_uri,
        "object": {
            "id": uri,
            "type": "Note",
            "name": option,
            "attributedTo": voter.uri,
            "to": question.author_uri,
            "inReplyTo": question.uri,
        },
    }


def simple(type_: str, uri: str, actor_: Account, object_: Any) -> dict[str, Any]:
    """Return a Follow, Like, Accept and the like."""
    return {"@context": CONTEXT, "id": uri, "type": type_, "actor": actor_.uri, "object": object_}


def undo(activity: dict[str, Any], uri: str) -> dict[str, Any]:
    """Return the Undo of an activity."""
    inner = {key: value for key, value in activity.items() if key != "@context"}
    return {"@context": CONTEXT, "id": uri, "type": "Undo", "actor": activity["actor"], "object": inner}
