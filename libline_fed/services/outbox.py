"""What local actors say: the activity, its proof and its deliveries, in the transaction of the event."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from libline_fed.activitypub.build import build_activity
from libline_fed.activitypub.proofs import add_proof
from libline_fed.activitypub.wire import dump_json
from libline_fed.config import Federation
from libline_fed.domain.actors import Actor
from libline_fed.ids import new_id
from libline_fed.services.site import Site
from libline_fed.storage import activities, deliveries, follows
from libline_fed.storage.store import Tx

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
Inbox = tuple[str, str]  # host, inbox URL


async def publish(  # noqa: PLR0913  an activity has these parts
    tx: Tx,
    site: Site,
    *,
    actor: Actor,
    type_: str,
    object_: str | dict[str, Any],
    object_uri: str,
    to: Sequence[str],
    cc: Sequence[str] = (),
    inboxes: Collection[Inbox] | None = None,
    is_public: bool,
    now: datetime,
    activity_id: str | None = None,
    **extra: Any,
) -> str:
    """Let a local actor say something; return the activity's URI.

    `inboxes` None means all remote followers; `activity_id` is given where it is noted already. A public one
    carries a proof, so that others can pass it on (FEP-8b32): what one can show around, one can be held to.
    """
    activity_id = activity_id or new_id(now)
    uri = site.uris.activity(activity_id)
    document = build_activity(
        type_,
        uri=uri,
        actor_uri=actor.uri,
        object=object_,
        to=list(to),
        cc=list(cc),
        published_at=now,
        **extra,
    )
    if is_public:
        document = await proven(tx, site, document, actor_id=actor.id, actor_uri=actor.uri, now=now)
    await activities.add(
        tx,
        id=activity_id,
        uri=uri,
        actor_id=actor.id,
        type=type_,
        object_uri=object_uri,
        body=dump_json(document),
        is_public=is_public,
        created_at=now,
    )
    if site.federation is Federation.OFF:
        return uri
    wanted = await follows.inboxes_of_followers(tx, actor.id) if inboxes is None else inboxes
    if wanted:
        await deliveries.add_many(
            tx,
            activity_id=activity_id,
            actor_id=actor.id,
            object_uri=object_uri,
            inboxes=wanted,
            is_delete=type_ == "Delete",
            now=now,
        )
    return uri


async def tell(  # noqa: PLR0913  the parts of an activity
    tx: Tx,
    site: Site,
    *,
    actor: Actor,
    whom: Actor,
    type_: str,
    object_: str | dict[str, Any],
    object_uri: str,
    now: datetime,
    activity_id: str | None = None,
) -> str:
    """Say something to one remote actor only, in its personal inbox; return the activity's URI."""
    return await publish(
        tx,
        site,
        actor=actor,
        type_=type_,
        object_=object_,
        object_uri=object_uri,
        to=[whom.uri],
        inboxes=[(whom.host, whom.inbox_url)],
        is_public=False,
        now=now,
        activity_id=activity_id,
    )


async def proven(
    tx: Tx, site: Site, document: dict[str, Any], *, actor_id: str, actor_uri: str, now: datetime
) -> dict[str, Any]:
    """Return a document with its author's proof (FEP-8b32 `eddsa-jcs-2022`)."""
    key = await site.keyring.proof_key(actor_id, tx=tx)
    return add_proof(document, private_key=key, key_id=site.uris.ed25519_key(actor_uri), created=now)
