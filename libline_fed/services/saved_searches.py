"""Searches that members keep, with a name and a way to be told of what is new."""

from datetime import datetime

from libline_fed.domain.saved_searches import (
    MAX_SAVED,
    SavedSearch,
    TellsBy,
    checked_name,
    checked_tells_by,
    stored,
)
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import Viewer
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.ids import hash_token, new_id, new_token
from libline_fed.services import addresses
from libline_fed.services.site import Site
from libline_fed.storage import accounts, actors, saved_searches
from libline_fed.storage.store import Tx

MAX_TOKEN_CHARACTERS = 100


async def add(
    tx: Tx,
    *,
    account_id: str,
    search: Search,
    name: str,
    tells_by: str,
    now: datetime,
    saved_id: str | None = None,
) -> SavedSearch:
    """Keep a search. What is there now is known: only what comes later is told.

    `saved_id` is given where its address must be known before: see `form_tokens.claim`.
    Raises: InvalidInput, also for the twenty-first; NotFound without such an account.
    """
    name, way = checked_name(name), checked_tells_by(tells_by)
    if await accounts.locked(tx, account_id) is None:  # two at once count one after the other
        raise NotFound(f"no account {account_id}")
    if await saved_searches.count_of(tx, account_id) >= MAX_SAVED:
        raise InvalidInput({"name": "You have 20 saved searches, and cannot have more. Delete one first."})
    return await saved_searches.add(
        tx,
        {
            "id": saved_id or new_id(now),
            "account_id": account_id,
            "name": name,
            "query": stored(search),
            "tells_by": way.value,
            "told_until_number": await saved_searches.last_number(tx),
            "created_at": now,
        },
    )


async def listed(tx: Tx, account_id: str) -> list[SavedSearch]:
    """Return a member's saved searches, by name."""
    return await saved_searches.of_account(tx, account_id)


async def get(tx: Tx, saved_id: str, *, account_id: str) -> SavedSearch:
    """Return one's own saved search.

    Raises: NotFound, alike for somebody else's.
    """
    found = await saved_searches.by_id(tx, saved_id)
    if found is None or found.account_id != account_id:
        raise NotFound(f"no saved search {saved_id} of this account")
    return found


async def change(tx: Tx, saved_id: str, *, account_id: str, name: str, tells_by: str) -> SavedSearch:
    """Rename one's own saved search, or be told in another way; a feed that is not wanted any more ends.

    Who begins to want mail hears of what comes from now on.
    Raises: InvalidInput; NotFound.
    """
    before = await get(tx, saved_id, account_id=account_id)
    name, way = checked_name(name), checked_tells_by(tells_by)
    values: dict[str, object] = {"name": name, "tells_by": way.value}
    if way is TellsBy.MAIL and before.tells_by != TellsBy.MAIL:
        values["told_until_number"] = await saved_searches.last_number(tx)
    if way is not TellsBy.FEED:
        values["feed_token_hash"] = None
    return await saved_searches.change(tx, saved_id, **values)


async def renew_feed(tx: Tx, site: Site, saved_id: str, *, account_id: str) -> str:
    """Give one's own saved search a new secret address for its feed; return it. The old one ends.

    Raises: NotFound.
    """
    await get(tx, saved_id, account_id=account_id)
    token = new_token()
    await saved_searches.change(
        tx, saved_id, feed_token_hash=hash_token(token), tells_by=TellsBy.FEED.value
    )
    return addresses.saved_feed_url(site, token)


async def remove(tx: Tx, saved_id: str, *, account_id: str) -> None:
    """Delete one's own saved search.

    Raises: NotFound.
    """
    await get(tx, saved_id, account_id=account_id)
    await saved_searches.remove(tx, saved_id)


async def by_feed_token(tx: Tx, token: str) -> SavedSearch | None:
    """Return the saved search whose feed has a secret address, or None."""
    if not (0 < len(token) <= MAX_TOKEN_CHARACTERS and token.isascii()):
        return None
    return await saved_searches.by_feed_token(tx, hash_token(token))


async def viewer_of(tx: Tx, saved: SavedSearch) -> Viewer | None:
    """Return who looks when a saved search is looked at; None if its owner may not any more."""
    account = await accounts.by_id(tx, saved.account_id)
    actor = await actors.by_id(tx, account.actor_id) if account is not None else None
    if account is None or actor is None or not account.is_active or not actor.is_usable:
        return None
    return Viewer(actor, is_member=True)
