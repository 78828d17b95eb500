"""The instance itself as an actor: it signs what is no member's business, such as fetching."""

from datetime import datetime
from typing import Any

from libline_fed.activitypub.uris import Uris
from libline_fed.domain.actors import Actor
from libline_fed.ids import new_id
from libline_fed.services.site import Site
from libline_fed.storage import actors
from libline_fed.storage.store import Tx


async def ensure_instance_actor(tx: Tx, site: Site, *, now: datetime) -> Actor:
    """Return the instance's Application actor; make it, with keys, at the first start.

    Call `await site.keyring.prepare(now=now)` before, so that no transaction waits for a key to be made.
    """
    known = await actors.by_uri(tx, site.uris.instance_actor)
    if known is not None:
        return known
    actor = await actors.add_local(
        tx,
        {
            **local_actor_columns(site.uris, site.uris.instance_actor),
            "id": new_id(now),
            "type": "Application",
            "handle": site.uris.instance_name,
            "name": site.name,
            "url": site.uris.base_url,
            "published_at": now,
            "created_at": now,
            "updated_at": now,
            # Whoever follows it asks for a link, which an admin decides on: see `links`.
            "manually_approves_followers": True,
        },
    )
    await site.keyring.new_actor_keys(tx, actor.id, now=now)
    return actor


def local_actor_columns(uris: Uris, actor_uri: str) -> dict[str, Any]:
    """Return the columns of a local actor that follow from its URI."""
    return {
        "uri": actor_uri,
        "host": uris.host,
        "inbox_url": uris.collection(actor_uri, "inbox"),
        "shared_inbox_url": uris.shared_inbox,
        "outbox_url": uris.collection(actor_uri, "outbox"),
        "followers_uri": uris.collection(actor_uri, "followers"),
        "featured_url": uris.collection(actor_uri, "featured"),
        "proposals_url": uris.collection(actor_uri, "proposals"),
    }
