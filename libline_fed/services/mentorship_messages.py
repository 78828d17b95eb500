"""What the other server, or a person without LibLine, is told of each step of a mentorship.

All of it is private: to the other of the pair, in the personal inbox, and never there to fetch.
"""

from datetime import datetime
from html import escape
from typing import Any

from libline_fed.activitypub.agreements import (
    build_agreement,
    build_completion,
    build_offered,
    build_wait,
)
from libline_fed.activitypub.contexts import AGREEMENT_CONTEXT
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Channel, Mentorship
from libline_fed.ids import new_id
from libline_fed.sanitize import linkify_text
from libline_fed.services import door_mirror, outbox
from libline_fed.services.mentorship_views import shared_of
from libline_fed.services.plain_partners import is_plain
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx

# The three questions as other software shows them, in front of the answers.
QUESTIONS = {
    "en": {"why": "Why you", "by_when": "What by when", "tried": "What I have tried"},
    "es": {"why": "Por qué tú", "by_when": "Qué y para cuándo", "tried": "Qué he intentado"},
    "fr": {"why": "Pourquoi vous", "by_when": "Quoi et pour quand", "tried": "Ce que j’ai essayé"},
    "ar": {"why": "لماذا أنت", "by_when": "ماذا ومتى", "tried": "ما الذي جرّبته"},
}


async def send_offer(
    tx: Tx,
    site: Site,
    mentorship: Mentorship,
    *,
    me: Actor,
    partner: Actor,
    before: str | None,
    now: datetime,
) -> None:
    """Send the Offer of a request or of a counter-proposal; `before` is the Offer that it answers."""
    assert mentorship.offer_uri is not None
    assert mentorship.expires_at is not None
    if mentorship.channel == Channel.NOTE:
        event = "counter" if before is not None else "send"
        if before is not None:  # FEP-0837 knows no answer but yes and no; the message tells the rest
            await _say(tx, site, mentorship, me, partner, "Reject", before, now, reason="other")
        await door_mirror.mirror(
            tx, site, mentorship=mentorship, me=me, partner=partner, event=event, now=now
        )
        return
    extra: dict[str, Any] = {
        "target": mentorship.proposal_uri,
        "content": request_html(mentorship),
        "context": mentorship.thread_uri,
    }
    if before is not None:
        extra["inReplyTo"] = before
    if mentorship.language is not None:
        extra["contentMap"] = {mentorship.language: extra["content"]}
    offered = build_offered(
        proposal_uri=mentorship.proposal_uri,
        version=mentorship.version,
        message_html=linkify_text(mentorship.message_text),
        answers=mentorship.answers,
        terms=mentorship.terms,
        expires_at=mentorship.expires_at,
    )
    activity_id = mentorship.offer_uri.rpartition("/")[2]
    await _say(tx, site, mentorship, me, partner, "Offer", offered, now, activity_id=activity_id, **extra)


async def send_accept(
    tx: Tx, site: Site, mentorship: Mentorship, *, me: Actor, partner: Actor, now: datetime
) -> None:
    """Send the yes, with the agreement as its result (FEP-0837)."""
    assert mentorship.offer_uri is not None
    result = _agreement(mentorship, me, partner)
    await _say(tx, site, mentorship, me, partner, "Accept", mentorship.offer_uri, now, result=result)
    if mentorship.channel == Channel.NOTE:
        await door_mirror.mirror(
            tx, site, mentorship=mentorship, me=me, partner=partner, event="accept", now=now
        )


async def send_reject(
    tx: Tx,
    site: Site,
    mentorship: Mentorship,
    *,
    me: Actor,
    partner: Actor,
    event: str,
    now: datetime,
) -> None:
    """Send the no: a person's, or that it has expired or no place is left."""
    extra: dict[str, Any] = {"reason": mentorship.reason or "other"}
    if mentorship.reason_text:
        extra["content"] = linkify_text(mentorship.reason_text)
    object_ = mentorship.offer_uri or mentorship.thread_uri
    await _say(tx, site, mentorship, me, partner, "Reject", object_, now, **extra)
    if mentorship.channel == Channel.NOTE:
        await door_mirror.mirror(
            tx, site, mentorship=mentorship, me=me, partner=partner, event=event, now=now
        )


async def send_undo(
    tx: Tx, site: Site, mentorship: Mentorship, *, me: Actor, partner: Actor, reason: str, now: datetime
) -> None:
    """Take the Offer back."""
    if mentorship.channel == Channel.NOTE:
        await door_mirror.mirror(
            tx, site, mentorship=mentorship, me=me, partner=partner, event="withdraw", now=now
        )
        return
    offer = {
        "type": "Offer",
        "id": mentorship.offer_uri or mentorship.thread_uri,
        "actor": me.uri,
        "target": mentorship.proposal_uri,
        "context": mentorship.thread_uri,
    }
    await _say(tx, site, mentorship, me, partner, "Undo", offer, now, reason=reason)


async def send_update(
    tx: Tx,
    site: Site,
    mentorship: Mentorship,
    *,
    me: Actor,
    partner: Actor,
    event: str,
    now: datetime,
) -> None:
    """Send what both must agree on, as it is now."""
    if mentorship.channel == Channel.NOTE:
        await door_mirror.mirror(
            tx, site, mentorship=mentorship, me=me, partner=partner, event=event, now=now
        )
        return
    await _say(tx, site, mentorship, me, partner, "Update", _agreement(mentorship, me, partner), now)


async def send_wait(
    tx: Tx, site: Site, mentorship: Mentorship, *, me: Actor, partner: Actor, now: datetime
) -> None:
    """Tell the asker's server that our clock runs longer: the decider is away."""
    if mentorship.channel != Channel.LIBLINE:
        return
    assert mentorship.offer_uri is not None
    assert mentorship.expires_at is not None
    wait = build_wait(mentorship.offer_uri, mentorship.expires_at)
    await _say(tx, site, mentorship, me, partner, "Update", wait, now)


async def send_completion(
    tx: Tx, site: Site, mentorship: Mentorship, *, me: Actor, partner: Actor, now: datetime
) -> None:
    """Send the confirmation that FEP-0837 asks for once an agreement is fulfilled."""
    document = build_completion(
        agreement_uri=mentorship.agreement_uri or mentorship.thread_uri,
        actor_uri=me.uri,
        partner_uri=partner.uri,
        title="Mentorship completed",
        at=now,
    )
    # Made where the agreement was: only there may the confirmation have its address below it.
    if not site.uris.is_local(document["id"]):
        document["id"] = f"{site.uris.agreement(mentorship.id)}/completion"
    await _say(tx, site, mentorship, me, partner, "Create", document, now)


async def send_bare_reject(
    tx: Tx, site: Site, *, me: Actor, partner: Actor, offer_uri: str, reason: str, now: datetime
) -> None:
    """Answer an Offer that nothing was made of here."""
    extra: dict[str, Any] = {"@context": list(AGREEMENT_CONTEXT), "reason": reason}
    await outbox.publish(
        tx,
        site,
        actor=me,
        type_="Reject",
        object_=offer_uri,
        object_uri=offer_uri,
        to=[partner.uri],
        inboxes=[(partner.host, partner.inbox_url)],
        is_public=False,
        now=now,
        **extra,
    )


def request_html(mentorship: Mentorship) -> str:
    """Return a request as readers without LibLine see it: the message and the answered questions."""
    parts = [linkify_text(mentorship.message_text)] if mentorship.message_text.strip() else []
    questions = QUESTIONS.get((mentorship.language or "en")[:2], QUESTIONS["en"])
    for key, question in questions.items():
        answer = mentorship.answers.get(key, "").strip()
        if answer:
            parts.append(f"<p><strong>{escape(question)}</strong></p>{linkify_text(answer)}")
    return "".join(parts)


def agreement_document(mentorship: Mentorship, *, me: Actor, partner: Actor) -> dict[str, Any]:
    """Return the agreement as one of the two reads it."""
    return {"@context": list(AGREEMENT_CONTEXT), **_agreement(mentorship, me, partner)}


def _agreement(mentorship: Mentorship, me: Actor, partner: Actor) -> dict[str, Any]:
    is_mentor = me.id == mentorship.mentor_id
    return build_agreement(
        uri=mentorship.agreement_uri or mentorship.thread_uri,
        attributed_to_uri=me.uri if mentorship.actor_id(mentorship.decider) == me.id else partner.uri,
        offer_uri=mentorship.offer_uri or mentorship.thread_uri,
        proposal_uri=mentorship.proposal_uri,
        shared=shared_of(mentorship),
        contact=mentorship.mentor_contact if is_mentor else mentorship.mentee_contact,
    )


async def _say(  # noqa: PLR0913  an activity has these parts
    tx: Tx,
    site: Site,
    mentorship: Mentorship,
    me: Actor,
    partner: Actor,
    type_: str,
    object_: str | dict[str, Any],
    now: datetime,
    *,
    activity_id: str | None = None,
    **extra: Any,
) -> None:
    """Say something to the partner's server, if it understands. Kept in order by the thread's URI."""
    is_understood = mentorship.channel == Channel.LIBLINE or (me.is_local and await is_plain(tx, mentorship))
    if not is_understood:
        return
    await outbox.publish(
        tx,
        site,
        actor=me,
        type_=type_,
        object_=object_,
        object_uri=mentorship.thread_uri,
        to=[partner.uri],
        inboxes=[(partner.host, partner.inbox_url)],
        is_public=False,
        now=now,
        activity_id=activity_id or new_id(now),
        **{"@context": list(AGREEMENT_CONTEXT), **extra},
    )
