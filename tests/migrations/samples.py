"""A small database in use, as revision 0001 had it. Frozen: it must not use `storage/tables.py`."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Connection, DateTime, column, inspect, table, text
from sqlalchemy.types import TypeEngine

from libline_fed.storage.store import Store

ACTORS = ("ana", "ben", "chloe")


async def add_sample(store: Store, now: datetime) -> None:
    """Fill a database that has the schema of revision 0001."""

    def work(connection: Connection) -> None:
        with connection.begin():
            for name, rows in _sample(now.replace(tzinfo=None) if store.dialect == "sqlite" else now).items():
                columns = [column(key, _type_of(value)) for key, value in rows[0].items()]
                connection.execute(table(name, *columns).insert(), rows)

    await store.run_bare(work)


def _type_of(value: object) -> TypeEngine[Any] | None:
    if isinstance(value, list):
        return JSON()
    return DateTime(timezone=True) if isinstance(value, datetime) else None


async def count_rows(store: Store) -> dict[str, int]:
    """Count the rows of every table that holds data; the notes of changes are hints."""

    def work(connection: Connection) -> dict[str, int]:
        names = set(inspect(connection).get_table_names()) - {"alembic_version", "directory_changes"}
        counts = {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')) for name in sorted(names)}
        return {name: result.scalar_one() for name, result in counts.items()}

    return await store.run_bare(work)


def _sample(now: datetime) -> dict[str, list[dict[str, object]]]:
    actors = [_actor(number, name, now) for number, name in enumerate(ACTORS)]
    proposals = [_proposal(number, now) for number in range(6)]
    return {
        "actors": actors,
        "accounts": [{
            "id": "account-0", "actor_id": "actor-0", "email": "ana@example.org", "state": "active",
            "role": "admin", "created_at": now,
        }],
        "follows": [{
            "uri": "https://peer.example/follows/1", "id": "follow-0", "follower_id": "actor-1",
            "followed_id": "actor-0", "state": "accepted", "created_at": now,
        }],
        "proposals": proposals,
        "proposal_areas": [{"proposal_id": row["id"], "area": "A0301"} for row in proposals],
        "activities": [{
            "id": "activity-0", "uri": "https://home.example/activities/0", "actor_id": "actor-0",
            "type": "Create", "object_uri": "https://home.example/proposals/0", "body": b"{}",
            "is_public": True, "created_at": now,
        }],
        "deliveries": [
            {
                "activity_id": "activity-0", "actor_id": "actor-0", "host": f"{name}.example",
                "object_uri": "https://home.example/proposals/0", "inbox_url": f"https://{name}.example/inbox",
                "next_attempt_at": now, "created_at": now,
            }
            for name in ACTORS
        ],
        "inbox_activities": [_received(number, now) for number in range(5)],
    }


def _actor(number: int, name: str, now: datetime) -> dict[str, object]:
    uri = f"https://home.example/actors/{number}"
    return {
        "id": f"actor-{number}", "uri": uri, "is_local": number == 0, "type": "Person", "handle": name,
        "host": "home.example", "name": name.title(), "inbox_url": f"{uri}/inbox", "fields": [],
        "languages": ["en"], "also_known_as": [], "created_at": now, "updated_at": now,
    }


def _proposal(number: int, now: datetime) -> dict[str, object]:
    return {
        "id": f"proposal-{number}", "uri": f"https://home.example/proposals/{number}", "author_id": "actor-0",
        "is_local": True, "purpose": "offer", "title": "I can mentor", "content_html": "<p>Cataloguing</p>",
        "search_text": "i can mentor cataloguing", "areas": ["A0301"], "languages": ["en"], "modes": ["M1"],
        "places_count": 1, "audience": "public", "status": "open", "revision": 1, "published_at": now,
        "updated_at": now,
    }


def _received(number: int, now: datetime) -> dict[str, object]:
    return {
        "activity_hash": bytes([number]) * 32, "activity_uri": f"https://peer.example/activities/{number}",
        "type": "Create", "actor_uri": "https://peer.example/users/b",
        "signer_uri": "https://peer.example/users/b", "key_id": "https://peer.example/users/b#main-key",
        "host": "peer.example", "body": b"{}",
        "next_attempt_at": now + timedelta(minutes=number), "received_at": now,
    }
