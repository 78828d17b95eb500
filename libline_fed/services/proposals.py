"""Offers and requests: written here, sent to followers elsewhere, found in the directory."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from libline_fed.domain.accounts import Account
from libline_fed.domain.actors import Actor
from libline_fed.domain.peers import Verdict
from libline_fed.domain.proposals import (
    Audience,
    Draft,
    Marker,
    Proposal,
    Status,
    check_status_change,
    is_widened,
    marked,
    status_by_places,
)
from libline_fed.domain.viewers import Viewer
from libline_fed.errors import Conflict, Forbidden, InvalidInput, NotFound
from libline_fed.ids import new_id
from libline_fed.services import proposal_news
from libline_fed.services.proposal_columns import checked_columns
from libline_fed.services.site import Site
from libline_fed.storage import accounts, actors, peers, proposals, tombstones
from libline_fed.storage import directory as directory_rows
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class Listed:
    """A proposal and who wrote it."""

    proposal: Proposal
    author: Actor


# --- writing ----------------------------------------------------------------------------------------


async def add(
    tx: Tx, site: Site, *, author: Actor, draft: Draft, now: datetime, proposal_id: str | None = None
) -> Proposal:
    """Publish an offer or request; a public one goes to the author's followers and is pinned.

    `proposal_id` is given where its address must be known before: see `form_tokens.claim`. One of somebody
    who has paused everything is paused, too.

    Raises: InvalidInput; Conflict if the author has moved to another server.
    """
    _must_be_here(author)
    values = await checked_columns(tx, draft, author, now)
    proposal_id = proposal_id or new_id(now)
    is_paused = await _is_paused(tx, author)
    if is_paused:
        values["details"] = marked(values["details"], Marker.PAUSED_ALL)
    uri = site.uris.proposal(proposal_id)
    proposal = await proposals.add_local(
        tx,
        {
            "id": proposal_id,
            "uri": uri,
            "url": uri,
            "author_id": author.id,
            "is_local": True,
            "purpose": draft.purpose,
            "status": (Status.PAUSED if is_paused else Status.OPEN).value,
            "revision": 1,
            "places_free_count": draft.places_count,
            "published_at": now,
            "updated_at": now,
            **values,
        },
    )
    await proposal_news.send(tx, site, "Create", proposal, author, now)
    if not is_paused:
        await proposal_news.pin(tx, site, proposal, author, now, is_pinned=True)
    return proposal


async def edit(
    tx: Tx, site: Site, *, proposal_id: str, author_id: str, draft: Draft, now: datetime
) -> Proposal:
    """Change a proposal; its purpose stays.

    Raises: InvalidInput, NotFound, Forbidden.
    """
    before, author = await _mine(tx, proposal_id, author_id)
    draft = replace(draft, purpose=before.purpose)
    values = await checked_columns(tx, draft, author, now, unchanged_until=before)
    if not is_widened(before.audience, draft.audience):
        raise InvalidInput(
            {
                "audience": "This was already sent to other servers. "
                "Delete it and write a new one for fewer people."
            }
        )
    values |= await _seated(tx, replace(before, places_count=draft.places_count), values["details"])
    if any(values[name] != getattr(before, name) for name in ("title", "body_text", "language")):
        values["edited_at"] = now  # Mastodon then shows it as edited; other changes are silent
    proposal = await proposals.change(tx, before.id, now, **values)
    await proposal_news.send_change(tx, site, before, proposal, author, now)
    return proposal


async def set_status(
    tx: Tx, site: Site, *, proposal_id: str, author_id: str, status: str, now: datetime
) -> Proposal:
    """Open, pause, fill or close a proposal; the same status again changes nothing.

    Raises: NotFound, Forbidden, Conflict.
    """
    before, author = await _mine(tx, proposal_id, author_id)
    if before.status == status:
        return before
    check_status_change(before.status, status)
    plain = marked(before.details, None)
    if status != Status.OPEN:
        return await become(tx, site, before, author, now=now, status=Status(status), details=plain)
    _must_be_here(author)
    if await _is_paused(tx, author):
        raise Conflict("all is paused", safe="You have paused everything. End that pause first.")
    is_free = await proposals.held_count(tx, before.id) < before.places_count
    if before.status == Status.FULL and not is_free:
        raise Conflict("no free place", safe="All places are taken. Offer more places first.")
    return await become(tx, site, before, author, now=now, status=Status(status), details=plain)


def _must_be_here(author: Actor) -> None:
    if author.moved_to_uri is not None:
        raise Conflict(
            f"{author.uri} has moved",
            safe="You have moved to another server. Write there with your new account.",
        )


async def become(
    tx: Tx,
    site: Site,
    before: Proposal,
    author: Actor,
    *,
    now: datetime,
    status: Status,
    details: dict[str, Any],
) -> Proposal:
    """Give a locked local proposal another status and details, and tell those who have it.

    An open one without a free place is full.
    """
    moved = replace(before, status=status.value)
    proposal = await proposals.change(tx, before.id, now, **await _seated(tx, moved, details))
    await proposal_news.send_change(tx, site, before, proposal, author, now)
    return proposal


async def set_places(
    tx: Tx, site: Site, proposal_id: str, *, free_count: int, waiting_count: int, now: datetime
) -> Proposal | None:
    """Note how many places of a local proposal are free and how many requests wait, and tell others.

    An open one without a free place becomes full. It opens again once there is one, if it was this that
    filled it and not its author. The text keeps its date, so that nobody is shown an edit.

    Returns None if the proposal is gone: there is nothing left to count.
    """
    before = await proposals.by_id(tx, proposal_id, is_locked=True)
    author = await actors.by_id(tx, before.author_id) if before is not None else None
    if before is None or author is None or not before.is_local:
        return None
    free_count, waiting_count = max(0, free_count), max(0, waiting_count)
    status, marker = status_by_places(before, free_count)
    values = {
        "places_free_count": free_count,
        "waiting_count": waiting_count,
        "status": status,
        "details": marked(before.details, marker),
    }
    if all(getattr(before, name) == value for name, value in values.items()):
        return before
    proposal = await proposals.change(tx, before.id, now, **values)
    await proposal_news.send_change(tx, site, before, proposal, author, now)
    return proposal


async def delete(tx: Tx, site: Site, *, proposal_id: str, author_id: str, now: datetime) -> None:
    """Delete a proposal everywhere; its address answers that it is gone.

    Raises: NotFound, Forbidden.
    """
    before, author = await _mine(tx, proposal_id, author_id)
    await take_back(tx, site, before, author, now=now)


async def take_back(tx: Tx, site: Site, proposal: Proposal, author: Actor, *, now: datetime) -> None:
    """Delete a local proposal and tell those who have it."""
    await proposal_news.withdraw(tx, site, proposal, author, now=now)
    await tombstones.add(
        tx,
        proposal.uri,
        former_type="Note" if proposal.audience == Audience.PUBLIC else None,
        owner_uri=author.uri,
        now=now,
    )
    await proposals.remove(tx, proposal.id)


async def close_expired(tx: Tx, site: Site, *, now: datetime) -> int:
    """Close what is still open after its last day; returns how many."""
    expired = await proposals.expired(tx, now.date())
    authors = await actors.by_ids(tx, {proposal.author_id for proposal in expired})
    for proposal in expired:
        author = authors[proposal.author_id]
        details = marked(proposal.details, None)
        await become(tx, site, proposal, author, now=now, status=Status.CLOSED, details=details)
    return len(expired)


# --- reading ----------------------------------------------------------------------------------------


async def get(tx: Tx, proposal_id: str, *, viewer: Account | None) -> Listed:
    """Return a proposal that the viewer may read.

    Raises: NotFound, alike for what is private and what is not there.
    """
    proposal = await proposals.by_id(tx, proposal_id)
    author = await actors.by_id(tx, proposal.author_id) if proposal is not None else None
    if (
        proposal is None
        or author is None
        or not _may_read(proposal, author, viewer)
        or await _is_blocked(tx, author)
    ):
        raise NotFound(f"no proposal {proposal_id} for this viewer")
    return Listed(proposal, author)


async def find(tx: Tx, proposal_id: str) -> Proposal:
    """Return a proposal for the operator, whoever may read it.

    Raises: NotFound.
    """
    proposal = await proposals.by_id(tx, proposal_id)
    if proposal is None:
        raise NotFound(f"no proposal {proposal_id}")
    return proposal


async def own(tx: Tx, author_id: str) -> list[Listed]:
    """List an author's proposals in every state, newest first."""
    author = await actors.by_id(tx, author_id)
    if author is None:
        return []
    return [Listed(proposal, author) for proposal in await proposals.of_author(tx, author_id)]


async def of_author(tx: Tx, author_id: str, viewer: Viewer, *, now: datetime) -> list[Listed]:
    """List what an author offers and asks for now to somebody who has opened the author's page."""
    found = await directory_rows.of_author(tx, author_id, viewer, now.date())
    return [Listed(proposal, author) for proposal, author in found]


# --- inside -----------------------------------------------------------------------------------------


async def _mine(tx: Tx, proposal_id: str, author_id: str) -> tuple[Proposal, Actor]:
    proposal = await proposals.by_id(tx, proposal_id, is_locked=True)
    author = await actors.by_id(tx, author_id)
    if proposal is None or author is None or not proposal.is_local:
        raise NotFound(f"no proposal {proposal_id} here")
    if proposal.author_id != author.id:
        if proposal.audience != Audience.PUBLIC:
            raise NotFound(f"no proposal {proposal_id} for {author_id}")
        raise Forbidden(f"{author_id} does not own {proposal_id}")
    return proposal, author


async def _is_paused(tx: Tx, author: Actor) -> bool:
    account = await accounts.by_actor(tx, author.id)
    return account is not None and account.is_paused


async def _seated(tx: Tx, proposal: Proposal, details: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that follow from the places that are taken: how many are left, and the status."""
    free_count = max(0, proposal.places_count - await proposals.held_count(tx, proposal.id))
    status, marker = status_by_places(replace(proposal, details=details), free_count)
    return {"places_free_count": free_count, "status": status, "details": marked(details, marker)}


async def _is_blocked(tx: Tx, author: Actor) -> bool:
    return not author.is_local and bool(await peers.judged(tx, {author.host}, Verdict.BLOCKED))


def _may_read(proposal: Proposal, author: Actor, viewer: Account | None) -> bool:
    if viewer is not None and viewer.actor_id == proposal.author_id:
        return True
    if not author.is_usable:
        return False
    return proposal.audience == Audience.PUBLIC or (viewer is not None and viewer.is_active)
