"""What people have written and not sent: it is kept on the server until it is sent or thrown away.

A page saves a draft whenever a form comes back with a problem or with "Save draft", shows it when the form is
opened again, and drops it in the transaction that makes the real thing. Nobody but its writer ever sees it.
"""

from datetime import datetime, timedelta

from libline_fed.errors import InvalidInput
from libline_fed.sanitize import clean_text
from libline_fed.storage import drafts
from libline_fed.storage.store import Tx

KEPT = timedelta(days=90)
MAX_FIELDS = 200
MAX_CHARACTERS = 20_000  # more than any form of ours takes
MAX_LISTED = 50

Data = dict[str, str | list[str]]


async def save(tx: Tx, person_id: str, kind: str, key: str, data: Data, now: datetime) -> None:
    """Keep what a person has written in a form of a kind; `key` says about what ("" if there is one only).

    `person_id` is the actor's, so that guests have drafts too. `data` is what the form sent, by field.

    Raises: InvalidInput if it is more than any form of ours can hold.
    """
    cleaned: Data = {
        name: clean_text(value) if isinstance(value, str) else [clean_text(item) for item in value]
        for name, value in data.items()
    }
    size = sum(len(name) + sum(map(len, value)) for name, value in cleaned.items())
    if len(cleaned) > MAX_FIELDS or size > MAX_CHARACTERS:
        raise InvalidInput({"": "That is too much text to keep. Make it shorter."})
    await drafts.put(tx, person_id, kind, key, cleaned, now)


async def load(tx: Tx, person_id: str, kind: str, key: str) -> Data | None:
    """Return what was kept, or None."""
    return await drafts.get(tx, person_id, kind, key)


async def listed(tx: Tx, person_id: str, kind: str) -> list[tuple[str, datetime]]:
    """Return (key, when it was kept) of a person's drafts of a kind, newest first."""
    return await drafts.keys(tx, person_id, kind, limit=MAX_LISTED)


async def drop(tx: Tx, person_id: str, kind: str, key: str) -> None:
    """Throw a draft away; that there is none is fine too."""
    await drafts.remove(tx, person_id, kind, key)


async def drop_all(tx: Tx, person_id: str) -> None:
    """Throw away every draft of a person who leaves."""
    await drafts.remove_of(tx, person_id)


async def drop_old(tx: Tx, *, now: datetime) -> int:
    """Throw away what nobody has touched for 90 days; returns how many."""
    return await drafts.remove_before(tx, now - KEPT)
