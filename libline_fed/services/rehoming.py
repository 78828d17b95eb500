"""Pointing a running mentorship to a new account: on the partner's server, the new one, and the old one."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from libline_fed.activitypub.moves import MovedAgreement, move_extras, parse_moved_agreement
from libline_fed.activitypub.parse import parse_activity
from libline_fed.activitypub.private_notes import OwnNote, build_private_note
from libline_fed.domain import agreements
from libline_fed.domain.actors import Actor
from libline_fed.domain.imports import ImportedMentorship
from libline_fed.domain.mentorships import INTRO_DAYS, RUNNING, Channel, Mentorship, Side, State
from libline_fed.domain.moves import MAX_MESSAGE_BYTES, MAX_WAITING, MOVED, Arrival, moved_uri
from libline_fed.errors import Conflict, Refusal, RefusalReason
from libline_fed.ids import new_id
from libline_fed.services import goals, logbook, mentorship_messages, outbox, private_notes, seats
from libline_fed.services.agreements_received import Said
from libline_fed.services.mentorship_steps import put, tell_people
from libline_fed.services.mentorship_views import columns_of, shared_of
from libline_fed.services.mentorships import whole_seconds
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import actors, arrivals, imports, mentorships, moves
from libline_fed.storage import goals as goal_rows
from libline_fed.storage import logbook as talk_rows
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Tx

EVENT = "rehome"


# --- on the partner's server ------------------------------------------------------------------------


async def point_to(tx: Tx, site: Site, pair: Pair, *, old: Actor, new: Actor, now: datetime) -> None:
    """Put the new account in the place of the old one, with everything it wrote.

    Raises: Conflict if the two have such a mentorship already.
    """
    before = pair.mentorship
    side = pair.side(old)
    partner = pair.actor(side.other)
    ids = {Side.MENTOR: before.mentor_id, Side.MENTEE: before.mentee_id, side: new.id}
    twin = await mentorships.open_one(
        tx, mentor_id=ids[Side.MENTOR], mentee_id=ids[Side.MENTEE], proposal_uri=before.proposal_uri
    )
    if twin is not None:
        raise Conflict(
            f"{twin.id} is the same with the new account",
            safe="You have the same mentorship with the new account already. End this one instead.",
        )
    columns: dict[str, Any] = {
        f"{side}_id": new.id,
        f"{side}_contact": "",
        "channel": _channel(new, partner),
        "agreement_uri": agreement_uri(site, before),
        "orphaned_at": None,
        "alive_at": now,
    }
    if side is Side.MENTOR:  # an own place of the old account, or none
        columns |= {"seat_proposal_id": None, "holds_seat": False}
    await put(tx, pair, columns, event=EVENT, by=side.other, now=now, detail={"from": old.uri, "to": new.uri})
    await moves.hand_over(tx, mentorship_id=before.id, old=old, new=new)
    pair.people = await seats.people(tx, pair.mentorship)


def agreement_uri(site: Site, mentorship: Mentorship) -> str:
    """Return how an agreement is named on the way; one between two members here may have no name yet."""
    return mentorship.agreement_uri or site.uris.agreement(mentorship.id)


async def refresh_seats(tx: Tx, site: Site, before: Mentorship, *, now: datetime) -> None:
    """Count the places of the offer anew that the mentorship was on before."""
    await seats.refresh(tx, site, before.seat_proposal_id, before.proposal_id, now=now)


def moved_agreement(
    pair: Pair, *, me: Actor, partner: Actor, old: Actor
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the Agreement as it is now, and what a `Move` of it has beside."""
    mentorship = pair.mentorship
    document = mentorship_messages.agreement_document(mentorship, me=me, partner=partner)
    bare = {name: value for name, value in document.items() if name != "@context"}
    extras = move_extras(
        origin_uri=old.uri,
        target_uri=partner.uri,
        mentor_uri=pair.actor(Side.MENTOR).uri,
        thread_uri=mentorship.thread_uri,
        title=mentorship.proposal_title,
        purpose=mentorship.purpose,
    )
    return bare, extras


async def tell_again(tx: Tx, site: Site, pair: Pair, person: Actor, *, now: datetime) -> None:
    """Send one's own goals and talks to the new server, after the Move and in the same line."""
    partner = pair.actor(pair.side(person).other)
    mentorship_id = pair.mentorship.id
    notes: list[OwnNote] = [
        *(
            goals.note_of(pair, person, goal)
            for goal in await goal_rows.of_mentorship(tx, mentorship_id)
            if goal.author_id == person.id
        ),
        *(
            logbook.note_of(pair, person, talk)
            for talk in await talk_rows.of_mentorships(tx, (mentorship_id,))
            if talk.author_id == person.id
        ),
    ]
    for note in notes:
        await outbox.publish(
            tx,
            site,
            actor=person,
            type_="Create",
            object_=build_private_note(note, private_notes.reader_of(partner)),
            object_uri=pair.mentorship.thread_uri,
            to=[partner.uri],
            inboxes=[(partner.host, partner.inbox_url)],
            is_public=False,
            now=now,
        )


def _channel(new: Actor, partner: Actor) -> str:
    """Return how the new account is reached: a server that lists proposals speaks our language."""
    if new.is_local and partner.is_local:
        return Channel.LOCAL.value
    return Channel.LIBLINE.value if new.is_local or new.proposals_url is not None else Channel.NOTE.value


# --- on the new server, and on the old one ----------------------------------------------------------


async def receive(
    tx: Tx, site: Site, said: Said, moved: MovedAgreement, *, message: Mapping[str, Any], now: datetime
) -> Refusal | None:
    """Take in that a partner elsewhere goes on with a new account: begin here, or let it go from here.

    `message` is the whole activity, to be read again if the old account's server has not spoken yet.
    """
    known = await actors.by_uris(tx, (moved.origin_uri, moved.target_uri))
    old, new = known.get(moved.origin_uri), known.get(moved.target_uri)
    one = await mentorships.by_agreement_uri(tx, moved.agreement.uri)
    if one is not None:
        if new is not None and one.side_of(new.id) is not None:
            return Refusal(RefusalReason.OUTDATED, "known already")
        return await _let_go(tx, site, one, said, old, moved, now)
    if new is None or not new.is_local or not new.is_usable:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, moved.target_uri)
    if moved.origin_uri not in new.also_known_as:
        return Refusal(RefusalReason.WRONG_OWNER, f"{new.uri} does not name {moved.origin_uri}")
    shared = moved.agreement.shared
    if moved.mentor_uri not in (said.sender.uri, new.uri) or shared is None or shared.state not in RUNNING:
        return Refusal(RefusalReason.BAD_SHAPE, "a mentor who is neither of the two, or nothing that runs")
    if len(orjson.dumps(message)) > MAX_MESSAGE_BYTES:
        return Refusal(RefusalReason.BAD_SHAPE, "an Agreement that is too large to keep")
    if await arrivals.count_unvouched(tx, new.id) >= MAX_WAITING:
        return Refusal(RefusalReason.NOT_FOR_US, "too much waits already")
    await arrivals.note(
        tx,
        actor_id=new.id,
        agreement_uri=moved.agreement.uri,
        partner_uri=said.sender.uri,
        origin_uri=moved.origin_uri,
        message=dict(message),
        now=now,
    )
    return await begin_expected(tx, site, new, now=now, agreement_uri=moved.agreement.uri)


async def receive_word(
    tx: Tx, site: Site, *, old: Actor, new: Actor, agreements: list[tuple[str, str]], now: datetime
) -> None:
    """Take in which (agreement, partner) the server of an old account names; begin with who was first.

    The caller has proven that the old account says so, and that the new one names it.
    """
    for uri, partner_uri in agreements if new.is_local else ():
        await arrivals.note(
            tx, actor_id=new.id, agreement_uri=uri, partner_uri=partner_uri, origin_uri=old.uri, now=now
        )
    await begin_expected(tx, site, new, now=now)


async def begin_expected(
    tx: Tx, site: Site, person: Actor, *, now: datetime, agreement_uri: str | None = None
) -> Refusal | None:
    """Begin with what partners have said, as far as somebody may be expected to come with it.

    That is so if the old account's server has named agreement and partner, or the person has taken both from
    the archive of that account: else anybody who knows an old address could come with a mentorship.
    """
    refusal: Refusal | None = Refusal(RefusalReason.NOT_FOR_US, "the old server has not said so yet")
    for arrival in await arrivals.heard(tx, person.id):
        if agreement_uri not in (None, arrival.agreement_uri) or not await _is_expected(tx, arrival):
            continue
        assert arrival.message is not None
        activity = parse_activity(arrival.message)
        moved = activity if isinstance(activity, Refusal) else parse_moved_agreement(activity)
        sender = await actors.by_uri(tx, arrival.partner_uri)
        if isinstance(moved, Refusal) or sender is None or not sender.is_usable:
            continue
        refusal = await _begin(tx, site, sender, moved, person, now)
        await arrivals.remove(tx, arrival.id)
    return refusal


async def _is_expected(tx: Tx, arrival: Arrival) -> bool:
    if arrival.is_vouched:
        return True
    brought = await imports.taken(tx, actor_id=arrival.actor_id, agreement_uri=arrival.agreement_uri)
    came_with = (brought.partner_uri, brought.source_uri) if brought is not None else None
    return came_with == (arrival.partner_uri, arrival.origin_uri)


async def _let_go(
    tx: Tx, site: Site, one: Mentorship, said: Said, old: Actor | None, moved: MovedAgreement, now: datetime
) -> Refusal | None:
    """End a mentorship here that goes on elsewhere: no credit and no feedback here, both follow there."""
    if old is None or not old.is_local or one.side_of(old.id) is None or old.moved_to_uri != moved.target_uri:
        return Refusal(RefusalReason.WRONG_OWNER, "nobody here has moved there")
    if one.side_of(said.sender.id) is None:
        return Refusal(RefusalReason.WRONG_OWNER, moved.agreement.uri)
    if not one.is_running:
        return Refusal(RefusalReason.OUTDATED, one.state)
    pair = await locked(tx, one.id)
    side = pair.side(said.sender)
    shared = agreements.step(
        shared_of(pair.mentorship), State.ENDED_INTRO, by=side, at=whole_seconds(said.published_at or now)
    )
    columns = columns_of(shared) | {"reason": MOVED}
    await put(tx, pair, columns, event=EVENT, by=side, now=now, detail={"to": moved.target_uri})
    await refresh_seats(tx, site, pair.mentorship, now=now)
    await tell_people(tx, site, pair, "rehomed", by=side, now=now)
    return None


async def _begin(
    tx: Tx, site: Site, sender: Actor, moved: MovedAgreement, new: Actor, now: datetime
) -> Refusal | None:
    """Make the row of a mentorship that somebody here had on another server."""
    shared = moved.agreement.shared
    assert shared is not None
    mentor, mentee = (sender, new) if moved.mentor_uri == sender.uri else (new, sender)
    await mentorships.lock_people(tx, (mentor.id, mentee.id))
    if await seats.is_blocked(tx, new, sender):
        return Refusal(RefusalReason.NOT_FOR_US, "blocked")
    proposal = (await proposal_rows.by_uris(tx, (moved.agreement.proposal_uri or "",))).get(
        moved.agreement.proposal_uri or ""
    )
    decider = Side.MENTOR if moved.agreement.attributed_to_uri == mentor.uri else Side.MENTEE
    side = Side.MENTOR if sender.id == mentor.id else Side.MENTEE
    made = await mentorships.add(
        tx,
        {
            "id": new_id(now),
            "agreement_uri": moved.agreement.uri,
            "offer_uri": moved.agreement.offer_uri,
            "thread_uri": moved.thread_uri,
            "proposal_id": proposal.id if proposal is not None else None,
            "proposal_uri": moved.agreement.proposal_uri,
            "proposal_title": moved.title,
            "purpose": moved.purpose,
            "mentor_id": mentor.id,
            "mentee_id": mentee.id,
            "channel": Channel.LIBLINE.value,
            "asker": decider.other.value,
            "answers": {},
            f"{side}_contact": moved.agreement.contact or "",
            "decided_at": shared.standing.at,
            "intro_ends_at": now + timedelta(days=INTRO_DAYS) if shared.state == State.INTRO else None,
            "alive_at": now,
            "created_at": now,
            "updated_at": now,
            **columns_of(shared),
        },
    )
    if made is None:
        return Refusal(RefusalReason.OUTDATED, "such a mentorship is here already")
    await mentorships.add_event(
        tx, made, event=EVENT, by=side, state_before=made.state, now=now, detail={"from": moved.origin_uri}
    )
    await _take_along(tx, made, new, now)
    await tell_people(tx, site, await locked(tx, made.id), "rehomed", by=side, now=now)
    return None


async def catch_up(tx: Tx, person: Actor, *, now: datetime) -> None:
    """Put in what somebody took from the archive only after the mentorship had begun here."""
    for one in await imports.of_actor(tx, person.id, is_taken=True):
        found = await mentorships.by_agreement_uri(tx, one.agreement_uri)
        if one.mentorship_id is None and found is not None and found.side_of(person.id) is not None:
            await _take_along(tx, found, person, now)


async def _take_along(tx: Tx, mentorship: Mentorship, person: Actor, now: datetime) -> None:
    """Put in the goals and talks that the person wrote and has brought along; the partner sends their own."""
    assert mentorship.agreement_uri is not None
    brought = await imports.taken(tx, actor_id=person.id, agreement_uri=mentorship.agreement_uri)
    if brought is None:
        return
    await imports.attach(tx, brought.id, mentorship.id)
    common = {"mentorship_id": mentorship.id, "author_id": person.id, "created_at": now, "updated_at": now}

    def uri_of(item: dict[str, Any]) -> str:
        return moved_uri(item["uri"], old_actor_uri=brought.source_uri, new_actor_uri=person.uri)

    for goal in _mine(brought, "goals"):
        await goal_rows.add(
            tx,
            {
                "id": new_id(now),
                "uri": uri_of(goal),
                "title": goal["title"],
                "body_text": goal["body_text"],
                "goal_type": goal["goal_type"],
                "milestones": goal["milestones"],
                "version": goal["version"],
                "state": goal["state"],
                "due_on": _day(goal["due_on"]),
                "done_at": now if goal["state"] == "done" else None,
                **common,
            },
        )
    for talk in _mine(brought, "talks"):
        await talk_rows.add(
            tx,
            {
                "id": new_id(now),
                "uri": uri_of(talk),
                "held_on": _day(talk["held_on"]),
                "minutes": talk["minutes"],
                "notes_text": talk["notes_text"],
                "is_shared": talk["is_shared"],
                "version": talk["version"],
                **common,
            },
        )


def _mine(brought: ImportedMentorship, what: str) -> list[dict[str, Any]]:
    return [each for each in brought.document[what] if each["by_me"]]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
