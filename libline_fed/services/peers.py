"""Other servers, for admins: what is known of them, and what was decided."""

from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.peers import Peer, Policy, Verdict, normal_host
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.sanitize import clean_text
from libline_fed.storage import actors, deliveries, follows, peers, proposals, sessions
from libline_fed.storage.store import Tx

PER_LIST = 500
MAX_NOTE_CHARACTERS = 1_000
BLOCKED = "the server is blocked"


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
    """Decide about a server. A block also covers its sub-domains, but for those that are allowed by name.

    It ends every follow to and from there, lets go of what the follows brought, and cancels what waits to be
    sent; pages hide the rest as long as it lasts. Guests from there are signed out by anything but an
    allowance.
    Raises: InvalidInput.
    """
    name, note = normal_host(host), clean_text(note)
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
    if policy != Policy.ALLOWED:
        await sessions.remove_of_guests_at(tx, name)  # who is still welcome signs in again
    if policy == Policy.BLOCKED:
        await _part_from(tx, name, now)
    return await show(tx, name)


async def is_closed(tx: Tx, actor: Actor) -> bool:
    """Tell whether somebody's server is blocked or not allowed, so that nothing of it is shown."""
    return not actor.is_local and bool(await peers.judged(tx, {actor.host}, Verdict.BLOCKED))


async def _part_from(tx: Tx, name: str, now: datetime) -> None:
    known = await actors.at_host(tx, name)
    waiting = await peers.waiting(tx, name)
    blocked = await peers.judged(tx, {actor.host for actor in known} | set(waiting), Verdict.BLOCKED)
    for actor in known:
        if actor.host in blocked:
            await follows.remove_all_of(tx, actor.id)
            await proposals.drop_unsourced(tx, author_id=actor.id, actor_uri=actor.uri)
    for host in blocked.intersection(waiting):
        await deliveries.cancel(tx, host=host, reason=BLOCKED, now=now)
