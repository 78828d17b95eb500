"""Moving to an account on another server: followers follow, mentorships go on if the partner agrees.

Who moves names the old account on the new server (FEP-7628, `alsoKnownAs`) and then moves away from the old
one. Partners are asked: with a yes their server points the agreement to the new account and tells both
servers of it (`Move(Agreement)`); with a no the mentorship ends without fault.
"""

from datetime import datetime
from typing import Any

from libline_fed.activitypub.contexts import AGREEMENT_CONTEXT
from libline_fed.activitypub.moves import MAX_AGREEMENTS, agreements_extra
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Channel, State
from libline_fed.domain.moves import MAX_ALIASES, MentorshipMove, MoveState
from libline_fed.domain.proposals import Status
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.services import answers, follows, mentorships, outbox, proposals, rehoming
from libline_fed.services.documents import actor_document
from libline_fed.services.mentorship_steps import tell_people
from libline_fed.services.outbox import PUBLIC
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import actors, moves
from libline_fed.storage import mentorships as mentorship_rows
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Tx

MAX_PROPOSALS = 500


# --- naming the old account, on the new server ------------------------------------------------------


async def add_alias(tx: Tx, site: Site, *, actor: Actor, alias: Actor, now: datetime) -> Actor:
    """Name another account as one's own, so that it can move here; naming it again changes nothing.

    Raises: InvalidInput for field `alias`.
    """
    if alias.id == actor.id or alias.is_local:
        raise InvalidInput({"alias": "Write the address of your account on another server."})
    if alias.uri in actor.also_known_as:
        return actor
    if len(actor.also_known_as) >= MAX_ALIASES:
        raise InvalidInput({"alias": "You have named 10 accounts. Remove one before you add another."})
    return await _rename(tx, site, actor, [*actor.also_known_as, alias.uri], now)


async def remove_alias(tx: Tx, site: Site, *, actor: Actor, alias_uri: str, now: datetime) -> Actor:
    """No longer name another account as one's own."""
    if alias_uri not in actor.also_known_as:
        return actor
    return await _rename(tx, site, actor, [uri for uri in actor.also_known_as if uri != alias_uri], now)


async def _rename(tx: Tx, site: Site, actor: Actor, aliases: list[str], now: datetime) -> Actor:
    changed = await actors.change(tx, actor.id, now, also_known_as=aliases)
    await _announce(tx, site, changed, now)
    return changed


async def addresses(tx: Tx, actor: Actor) -> tuple[list[tuple[str, Actor | None]], Actor | None]:
    """Return the accounts that a member has named, each with who it is if known, and where they moved."""
    target_uri = actor.moved_to_uri or ""
    known = await actors.by_uris(tx, [*actor.also_known_as, target_uri])
    return [(uri, known.get(uri)) for uri in actor.also_known_as], known.get(target_uri)


# --- moving away, from the old server ---------------------------------------------------------------


async def move_out(tx: Tx, site: Site, *, actor: Actor, target: Actor, now: datetime) -> Actor:
    """Move a member's account to another server. `target` must have been fetched a moment ago.

    Offers close, open requests end, followers are sent on, and partners are asked whether to go on. To say it
    again tells everybody again.
    Raises: InvalidInput for field `address`; Conflict if the account has moved elsewhere before.
    """
    if target.id == actor.id or target.is_local:
        raise InvalidInput({"address": "Write the address of your new account on another server."})
    if actor.uri not in target.also_known_as:
        raise InvalidInput(
            {"address": "That account does not name this one as yours yet. Do that there first."}
        )
    if actor.moved_to_uri not in (None, target.uri):
        raise Conflict(
            f"{actor.uri} has moved to {actor.moved_to_uri}", safe="This account has moved already."
        )
    moved = await actors.change(tx, actor.id, now, moved_to_uri=target.uri)
    for proposal in await proposal_rows.of_author(tx, actor.id, limit=MAX_PROPOSALS):
        if proposal.status != Status.CLOSED:
            await proposals.set_status(
                tx, site, proposal_id=proposal.id, author_id=actor.id, status=Status.CLOSED, now=now
            )
    await _announce(tx, site, moved, now)
    await outbox.publish(
        tx,
        site,
        actor=moved,
        type_="Move",
        object_=actor.uri,
        object_uri=actor.uri,
        to=[actor.followers_uri] if actor.followers_uri else [PUBLIC],
        is_public=True,
        now=now,
        target=target.uri,
    )
    await follows.receive_move(tx, site, old=moved, new=target, now=now)
    await _leave_mentorships(tx, site, moved, target, now)
    return moved


async def _leave_mentorships(tx: Tx, site: Site, actor: Actor, target: Actor, now: datetime) -> None:
    running: list[tuple[str, str]] = []
    for one in await mentorship_rows.of_actor(tx, actor.id):
        if one.is_over:
            continue
        pair = await locked(tx, one.id)
        partner = pair.actor(pair.side(actor).other)
        if not one.is_running:
            await _end_request(tx, site, pair, actor, now)
        elif not partner.is_local and one.channel != Channel.LIBLINE:
            await _end(tx, site, pair, actor, now)  # by messages nobody can point an agreement elsewhere
        else:
            running.append((rehoming.agreement_uri(site, one), partner.uri))
            if partner.is_local:
                await _ask(tx, site, pair, actor, target, now)
            else:
                await _tell(tx, site, actor, partner, target, now)
    if running and target.proposals_url is not None:
        # The new server believes nobody who comes with an agreement of which it has not heard from here.
        named = agreements_extra(running[:MAX_AGREEMENTS])
        await _tell(tx, site, actor, target, target, now, **{"@context": list(AGREEMENT_CONTEXT), **named})


async def _end_request(tx: Tx, site: Site, pair: Pair, actor: Actor, now: datetime) -> None:
    mentorship_id = pair.mentorship.id
    if pair.mentorship.asker == pair.side(actor):
        await answers.withdraw(tx, site, person=actor, mentorship_id=mentorship_id, now=now)
    elif pair.mentorship.state != State.DRAFT:
        await answers.decline(
            tx, site, person=actor, mentorship_id=mentorship_id, reason="other", now=now
        )


async def _tell(
    tx: Tx, site: Site, actor: Actor, reader: Actor, target: Actor, now: datetime, **extra: Any
) -> None:
    """Tell somebody elsewhere in person: the Move for followers does not reach who does not follow."""
    await outbox.publish(
        tx,
        site,
        actor=actor,
        type_="Move",
        object_=actor.uri,
        object_uri=actor.uri,
        to=[reader.uri],
        inboxes=[(reader.host, reader.inbox_url)],
        is_public=False,
        now=now,
        target=target.uri,
        **extra,
    )


async def _end(tx: Tx, site: Site, pair: Pair, person: Actor, now: datetime) -> None:
    """End a running mentorship without fault."""
    end = mentorships.leave if pair.mentorship.state == State.INTRO else mentorships.end_early
    await end(tx, site, person=person, mentorship_id=pair.mentorship.id, now=now)


async def _announce(tx: Tx, site: Site, actor: Actor, now: datetime) -> None:
    await outbox.publish(
        tx,
        site,
        actor=actor,
        type_="Update",
        object_=await actor_document(tx, site, actor),
        object_uri=actor.uri,
        to=[PUBLIC],
        cc=[actor.followers_uri] if actor.followers_uri else [],
        is_public=True,
        now=now,
    )


# --- the partner decides ----------------------------------------------------------------------------


async def receive(tx: Tx, site: Site, *, old: Actor, new: Actor, now: datetime) -> int:
    """Ask the partners here of somebody who has moved; returns how many are asked.

    The caller has proven that the old account says so, and that the new one names it.
    """
    asked_count = 0
    for one in await mentorship_rows.of_actor(tx, old.id):
        if not one.is_running:
            continue
        pair = await locked(tx, one.id)
        partner = pair.actor(pair.side(old).other)
        if partner.is_local and partner.id != new.id:
            asked_count += await _ask(tx, site, pair, old, new, now)
    return asked_count


async def _ask(tx: Tx, site: Site, pair: Pair, old: Actor, new: Actor, now: datetime) -> bool:
    is_new = await moves.add(
        tx, mentorship_id=pair.mentorship.id, old_id=old.id, new_id_=new.id, now=now
    )
    if is_new:
        await tell_people(tx, site, pair, "moved", by=pair.side(old), now=now)
    return is_new


async def open_move(
    tx: Tx, *, person: Actor, mentorship_id: str
) -> tuple[MentorshipMove, Actor, Actor] | None:
    """Return the move that a person is to decide on, with the old and the new account, or None."""
    found = await moves.open_one(tx, mentorship_id)
    one = await mentorship_rows.by_id(tx, mentorship_id) if found is not None else None
    if found is None or one is None or not one.is_running or one.side_of(person.id) is None:
        return None
    if person.id == found.old_actor_id:  # who has moved does not decide
        return None
    known = await actors.by_ids(tx, (found.old_actor_id, found.new_actor_id))
    return found, known[found.old_actor_id], known[found.new_actor_id]


async def decide(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, is_yes: bool, now: datetime
) -> None:
    """Go on with the partner's new account, or end without fault.

    Raises: NotFound for who is not asked; Conflict if it was decided, or is over.
    """
    found = await open_move(tx, person=person, mentorship_id=mentorship_id)
    if found is None:
        one = await mentorship_rows.by_id(tx, mentorship_id)
        if one is None or one.side_of(person.id) is None:
            raise NotFound(f"no mentorship {mentorship_id} of {person.id}")
        raise Conflict("no open move", safe="There is nothing to decide here any more.")
    _, old, new = found
    # All three are held, in one order, before the pair is.
    await mentorship_rows.lock_people(tx, sorted({person.id, old.id, new.id}))
    pair = await locked(tx, mentorship_id, person)
    await moves.decide(tx, mentorship_id, MoveState.CONFIRMED if is_yes else MoveState.REFUSED, now)
    if not is_yes:
        await _end(tx, site, pair, person, now)
        return
    if not new.is_usable:
        raise Conflict(f"{new.uri} is gone", safe="The new account is not there any more.")
    before = pair.mentorship
    await rehoming.point_to(tx, site, pair, old=old, new=new, now=now)
    await _tell_servers(tx, site, pair, person, old, new, now)
    if old.is_local:  # its place was counted here
        await rehoming.refresh_seats(tx, site, before, now=now)


async def _tell_servers(
    tx: Tx, site: Site, pair: Pair, person: Actor, old: Actor, new: Actor, now: datetime
) -> None:
    """Tell the new account's server, which begins with it, and the old one's, which lets it go."""
    if pair.mentorship.channel == Channel.LOCAL:
        side = pair.side(new)
        await tell_people(tx, site, pair, "rehomed", by=side.other, now=now)
    readers = [actor for actor in (new, old) if not actor.is_local and actor.proposals_url is not None]
    object_, extras = rehoming.moved_agreement(pair, me=person, partner=new, old=old)
    for reader in readers:
        extra: dict[str, Any] = {"@context": list(AGREEMENT_CONTEXT), **extras}
        await outbox.publish(
            tx,
            site,
            actor=person,
            type_="Move",
            object_=object_,
            object_uri=pair.mentorship.thread_uri,
            to=[reader.uri],
            inboxes=[(reader.host, reader.inbox_url)],
            is_public=False,
            now=now,
            **extra,
        )
    if pair.mentorship.channel == Channel.LIBLINE:
        await rehoming.tell_again(tx, site, pair, person, now=now)
