"""Many presses of buttons at once, by several connections and several processes.

As a program, `python -m tests.support.presses DATABASE_URL BASE_URL PERSON_ID NOW ID…` lets one person accept
everything named, each twice, and prints how often what came of it.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import orjson

from libline_fed.activitypub.uris import Uris
from libline_fed.config import Federation, Registration
from libline_fed.domain.mentorship_steps import StepRefused
from libline_fed.errors import StoreBusy
from libline_fed.sealing import Sealer
from libline_fed.services import answers
from libline_fed.services.keys import Keyring
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.site import Site
from libline_fed.storage import actors
from libline_fed.storage.store import Store, Tx

PATIENCE_COUNT = 20  # so often somebody tries again who is told that the server is busy


async def press(store: Store, unit: Callable[[Tx], Awaitable[Any]], said: Counter[str]) -> Any:
    """Press a button, again if the server is busy; note what came of it."""
    for _ in range(PATIENCE_COUNT):
        try:
            done = await store.write(unit)
        except StepRefused as error:
            said[error.safe] += 1
            return None
        except StoreBusy:
            said["busy"] += 1
            continue
        said[done.mentorship.state if isinstance(done, MentorshipView) else "done"] += 1
        return done
    raise AssertionError("always busy")


async def accept_all(
    stores: Sequence[Store], site: Site, person_id: str, ids: Sequence[str], *, now: datetime
) -> Counter[str]:
    """Accept everything at once, each twice, through several connections to one database."""
    said: Counter[str] = Counter()
    person = await stores[0].read(lambda tx: actors.by_id(tx, person_id))
    assert person is not None

    def accepting(mentorship_id: str) -> Callable[[Tx], Awaitable[Any]]:
        return lambda tx: answers.accept(tx, site, person=person, mentorship_id=mentorship_id, now=now)

    twice = [one for one in ids for _ in range(2)]
    await asyncio.gather(
        *(press(stores[at % len(stores)], accepting(one), said) for at, one in enumerate(twice))
    )
    return said


async def main(database_url: str, base_url: str, person_id: str, now: str, *ids: str) -> None:
    """Accept as one process of several."""
    store = await Store(database_url).open()
    site = Site(
        uris=Uris(base_url),
        keyring=Keyring(store, Sealer("the secret key of an instance in a test")),
        name="Library A",
        description="",
        contact_email="",
        registration=Registration.OPEN,
        federation=Federation.OPEN,
        default_language="en",
        is_https=True,
    )
    said = await accept_all([store], site, person_id, ids, now=datetime.fromisoformat(now))
    await store.close()
    sys.stdout.write(orjson.dumps(dict(said)).decode())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
