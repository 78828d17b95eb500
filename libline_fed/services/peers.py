"""Other servers, for admins: what is known of them, and what was decided."""

from datetime import datetime

from libline_fed.domain.peers import Peer, Policy, normal_host
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.storage import actors, follows, peers
from libline_fed.storage.store import Tx

PER_LIST = 500
MAX_NOTE_CHARACTERS = 1_000


async def list_peers(tx: Tx, *, policy: str | None = None) -> list[Peer]:
    """List servers by name, 500 at most."""
    return await peers.list_peers(tx, policy=policy, limit=PER_LIST)


async def show(tx: Tx, host: str) -> Peer:
    """Return what is known of a server.

    Raises: NotFound.
    """
    found = await peers.get(tx, normal_host(host) or "")
    if found is None:
        raise NotFound(f"nothing is known of {host[:200]}")
    return found


async def set_policy(tx: Tx, host: str, policy: str, note: str, *, now: datetime) -> Peer:
    """Decide about a server. A block ends every follow to and from it and its sub-domains.

    What waits for a blocked server is cancelled by the delivery worker when its turn comes.
    Raises: InvalidInput.
    """
    name = normal_host(host)
    problems = {}
    if name is None:
        problems["host"] = "Write the name of a server, such as library.example."
    if policy not in list(Policy):
        problems["policy"] = "Choose one of the list."
    if len(note) > MAX_NOTE_CHARACTERS:
        problems["note"] = "The note is too long: 1,000 characters at most."
    if problems or name is None:
        raise InvalidInput(problems)
    await peers.set_policy(tx, name, policy, note, now)
    if policy == Policy.BLOCKED:
        for actor in await actors.at_host(tx, name):
            await follows.remove_all_of(tx, actor.id)
    return await show(tx, name)
