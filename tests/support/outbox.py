"""A local actor who says things: rows of `activities` and `deliveries` as a service would write them."""

from collections.abc import Collection
from datetime import datetime

import orjson
from sqlalchemy import insert

from libline_fed.activitypub.uris import Uris
from libline_fed.domain.keys import KeyKind, KeyState
from libline_fed.ids import new_id
from libline_fed.sealing import Sealer
from libline_fed.storage import deliveries, keys
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import activities, actors
from tests.support.keys import ANA_RSA

URIS = Uris("https://ana.example")
SEALER = Sealer("a secret of a test, which protects nothing")


class Outbox:
    """The outbox of Ana, a member of `https://ana.example`."""

    def __init__(self, store: Store, actor_id: str) -> None:
        self._store = store
        self.actor_id = actor_id
        self.actor_uri = URIS.actor(actor_id)
        self.key_id = URIS.main_key(self.actor_uri)

    @classmethod
    async def open(cls, store: Store, now: datetime) -> "Outbox":
        """Make the actor, with her RSA key."""
        outbox = cls(store, new_id(now))

        async def unit(tx: Tx) -> None:
            await tx.execute(
                insert(actors).values(
                    id=outbox.actor_id, uri=outbox.actor_uri, is_local=True, type="Person", handle="ana",
                    host=URIS.host, inbox_url=f"{outbox.actor_uri}/inbox", fields=[], languages=[],
                    also_known_as=[], created_at=now, updated_at=now,
                )
            )
            await keys.add(
                tx, actor_id=outbox.actor_id, kind=KeyKind.RSA, state=KeyState.CURRENT,
                public_pem=ANA_RSA.public_pem, private_encrypted=SEALER.seal(ANA_RSA.private_pem), now=now,
            )

        await store.write(unit)
        return outbox

    async def say(
        self,
        tx: Tx,
        inboxes: Collection[tuple[str, str]],
        now: datetime,
        *,
        type_: str = "Create",
        object_uri: str | None = None,
    ) -> str:
        """Store an activity and queue it for (host, inbox URL) pairs; return its id."""
        activity_id = new_id(now)
        object_uri = object_uri or URIS.proposal(new_id(now))
        document = {
            "id": URIS.activity(activity_id), "type": type_, "actor": self.actor_uri, "object": object_uri,
        }
        await tx.execute(
            insert(activities).values(
                id=activity_id, uri=document["id"], actor_id=self.actor_id, type=type_, object_uri=object_uri,
                body=orjson.dumps(document), is_public=True, created_at=now,
            )
        )
        await deliveries.add_many(
            tx, activity_id=activity_id, actor_id=self.actor_id, object_uri=object_uri, inboxes=inboxes,
            is_delete=type_ == "Delete", now=now,
        )
        return activity_id

    async def post(
        self,
        inboxes: Collection[tuple[str, str]],
        now: datetime,
        *,
        type_: str = "Create",
        object_uri: str | None = None,
    ) -> str:
        """Say something in a transaction of its own."""
        return await self._store.write(
            lambda tx: self.say(tx, inboxes, now, type_=type_, object_uri=object_uri)
        )
