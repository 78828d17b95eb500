"""The mail "tell me when": what is new in a member's saved searches, at most once a day.

Nobody is told twice: how far a member knows what came moves on in the transaction that queues the mail.
Numbers are given when a proposal comes, but on PostgreSQL a lower one may become visible after a higher one.
So only what came a while ago is told: by then every transaction that could bring a lower number is over.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from libline_fed.domain.saved_searches import MAX_TOLD, TOLD_EVERY, SavedSearch, TellsBy
from libline_fed.errors import NotFound
from libline_fed.ids import first_id_at, is_id
from libline_fed.sanitize import clean_line
from libline_fed.services import addresses, mails
from libline_fed.services.mail_texts import Text, compose
from libline_fed.services.saved_searches import viewer_of
from libline_fed.services.site import Site
from libline_fed.services.translations import N_, Translate, translator
from libline_fed.storage import accounts, directory, saved_searches
from libline_fed.storage.store import Store, Tx

STOP_PURPOSE = "end mails about saved searches"  # what the key of the links in mails is derived for
SETTLED = timedelta(minutes=15)  # longer than any transaction takes
MAX_TITLE_CHARACTERS = 100
_LINK_SIGN = re.compile(r"(?<=\S)([.:/@])(?=\S)")  # mail programs make links of what is around it
_TITLES = N_("New in your saved searches")
_SAYS = N_("Somebody new fits what you look for at %(site)s:")
_STOP = N_("No more of these mails? Open this page and press the button:")

Found = tuple[SavedSearch, list[str]]  # a saved search and the titles that are new in it


async def tell_all(store: Store, site: Site, *, key: bytes, now: datetime) -> int:
    """Queue the mails of all members who have something new, one transaction each; return how many."""
    told_count = 0
    for account_id in await store.read(lambda tx: due(tx, now=now)):
        told_count += await store.write(
            partial(tell, site=site, account_id=account_id, key=key, now=now)
        )
    return told_count


async def due(tx: Tx, *, now: datetime) -> list[str]:
    """Return the accounts that may have something new to be told."""
    until = await _settled_number(tx, now)
    return await saved_searches.accounts_to_tell(tx, until=until, before=now - TOLD_EVERY)


async def tell(tx: Tx, site: Site, account_id: str, *, key: bytes, now: datetime) -> bool:
    """Queue the mail of one member, if there is something new and none went out for a day; tells if so.

    `key` is the instance's secret for `STOP_PURPOSE`. What the member may not see, their own proposals, and
    those of people with a block between them are left out.
    """
    if await accounts.locked(tx, account_id) is None:  # two processes tell one after the other
        return False
    saved = [one for one in await saved_searches.of_account(tx, account_id) if one.tells_by == TellsBy.MAIL]
    told_at = max((one.told_at for one in saved if one.told_at is not None), default=None)
    viewer = await viewer_of(tx, saved[0]) if saved else None
    if viewer is None or (told_at is not None and told_at > now - TOLD_EVERY):
        return False
    until = await _settled_number(tx, now)
    found: list[Found] = []
    seen: set[str] = set()
    for one in saved:
        fresh = await directory.fresh(
            tx,
            one.search,
            viewer,
            today=now.date(),
            numbers=(one.told_until_number, until),
            first_id=first_id_at(one.created_at),
            limit=MAX_TOLD,
        )
        new = [proposal for proposal, _ in fresh if proposal.id not in seen][: MAX_TOLD - len(seen)]
        seen |= {proposal.id for proposal in new}
        if new:
            found.append((one, [title_in_mail(proposal.title) for proposal in new]))
        at = now if new else None
        await saved_searches.move_on(
            tx, one.id, until=max(until, one.told_until_number), told_at=at
        )
    account = await accounts.by_id(tx, account_id)
    if not found or account is None:
        return False
    translate = translator(account.language, site.default_language)
    written = text(site, found, stop=stop_token(key, account_id), translate=translate)
    await mails.send(tx, account.email, written, now=now)
    return True


def text(site: Site, found: Sequence[Found], *, stop: str, translate: Translate) -> Text:
    """Return the mail: by saved search the new titles and the link to the list."""
    sections = [
        "\n".join(
            [saved.name, *(f"  - {title}" for title in titles), f"  {_list_url(site, saved)}"]
        )
        for saved, titles in found
    ]
    stopping = f"{translate(_STOP)}\n{addresses.stop_url(site, stop)}"
    return compose(site, translate, translate(_TITLES), translate(_SAYS), *sections, stopping)


def title_in_mail(title: str) -> str:
    """Return a title on one line that no mail program makes a link of."""
    return _LINK_SIGN.sub(r"\1 ", clean_line(title, MAX_TITLE_CHARACTERS))


def stop_token(key: bytes, account_id: str) -> str:
    """Return what the link that ends a member's mails carries; it works for good and needs no login."""
    return f"{account_id}.{hmac.digest(key, account_id.encode(), 'sha256').hex()}"


def account_of(key: bytes, token: str) -> str:
    """Return whose mails a link ends.

    Raises: NotFound if it is none of ours.
    """
    account_id = token.partition(".")[0]
    if not is_id(account_id) or not hmac.compare_digest(
        token.encode(), stop_token(key, account_id).encode()
    ):
        raise NotFound("not a link of ours")
    return account_id


async def stop(tx: Tx, account_id: str) -> None:
    """End a member's mails about saved searches; once more changes nothing."""
    await saved_searches.silence(tx, account_id)


async def _settled_number(tx: Tx, now: datetime) -> int:
    return await saved_searches.number_before(tx, first_id_at(now - SETTLED))


def _list_url(site: Site, saved: SavedSearch) -> str:
    return f"{site.uris.base_url}{addresses.list_path(saved.search)}"
