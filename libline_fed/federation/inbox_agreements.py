"""Handlers of what LibLine servers say about mentorships: Offer, and Accept, Reject, Undo, Update of one."""

from collections.abc import Awaitable
from typing import Any

from libline_fed.activitypub.agreements import is_agreement, parse_agreement, parse_offered, parse_wait
from libline_fed.activitypub.objects import Activity
from libline_fed.activitypub.urls import same_origin
from libline_fed.activitypub.values import line_of, types_of, uri_of
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorship_steps import StepRefused
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation.inbox_work import APPLIED, Ready, Result, Work, ignored, refused
from libline_fed.services import agreements_received, ends_received, offers_received
from libline_fed.services.agreements_received import Said
from libline_fed.storage import mentorships

MAX_REASON_CHARACTERS = 40
# Nothing is wrong with the sender when a message comes twice or late: it is ignored, not refused.
_HARMLESS = frozenset(
    {
        RefusalReason.OUTDATED,
        RefusalReason.NOT_PENDING,
        RefusalReason.UNKNOWN_OBJECT,
        RefusalReason.TOMBSTONED,
        RefusalReason.STALE,
        RefusalReason.NOT_FOR_US,
    }
)


def is_about_agreement(activity: Activity) -> bool:
    """Tell whether an activity embeds an Agreement or its completion: commands of the signer, not documents.

    They are not stored as documents of another server, so nothing needs to be fetched or admitted.
    """
    document = activity.raw_object
    if activity.type in {"Offer", "Update", "Move"}:
        return is_agreement(document)
    return activity.type == "Create" and document is not None and is_completion(document)


def is_completion(document: Any) -> bool:
    """Tell whether an object is FEP-0837's confirmation: a Document in the context of an agreement."""
    return (
        "Document" in types_of(document.get("type"))
        and document.get("content") is None
        and (uri_of(document.get("context")) is not None)
    )


async def on_offer(work: Work, ready: Ready) -> Result:
    """Take in a request, an answer to one, or a counter-proposal."""
    sender = await _sender(work, ready)
    offered = parse_offered(ready.activity)
    if isinstance(offered, Refusal):
        return _result(offered)
    if sender is None:
        return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
    said = _said(ready, sender)
    return await _result_of(offers_received.offer(work.tx, work.site, said, offered, now=work.now))


async def on_agreement_update(work: Work, ready: Ready) -> Result:
    """Take in how things stand on the other server."""
    sender = await _sender(work, ready)
    if sender is None:
        return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
    said = _said(ready, sender)
    longer = parse_wait(ready.activity.raw_object)
    if longer is not None:
        return await _result_of(offers_received.wait(work.tx, said, *longer, now=work.now))
    agreement = parse_agreement(ready.activity.raw_object)
    if isinstance(agreement, Refusal):
        return _result(agreement)
    return await _result_of(agreements_received.update(work.tx, work.site, said, agreement, now=work.now))


async def on_completion(work: Work, ready: Ready) -> Result:
    """Take in the confirmation of a completed agreement."""
    sender = await _sender(work, ready)
    document = ready.activity.raw_object or {}
    agreement_uri = uri_of(document.get("context"))
    if sender is None or agreement_uri is None:
        return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
    uri, author_uri = document.get("id"), document.get("attributedTo")
    is_own = uri is None or same_origin(uri, sender.uri)
    if not is_own or (author_uri is not None and uri_of(author_uri) != sender.uri):
        return refused(RefusalReason.WRONG_OWNER, ready.activity.object_uri or "")
    return await _result_of(
        ends_received.completed(work.tx, work.site, sender, agreement_uri, now=work.now)
    )


async def on_agreement_answer(work: Work, ready: Ready) -> Result | None:
    """Take in a yes, a no or an Undo if it is about an Offer of a mentorship; None if it is not."""
    activity = ready.activity
    if activity.type == "Undo" and (taken := await _on_undo_accept(work, ready)) is not None:
        return taken
    uri = _offer_uri(activity)
    if uri is None:
        return None
    known = await mentorships.by_offer_uri(work.tx, uri) or await mentorships.by_thread_uri(work.tx, uri)
    embedded = activity.raw_object or {}
    if known is None and embedded.get("type") != "Offer":
        return None
    sender = await _sender(work, ready)
    if sender is None:
        return refused(RefusalReason.ACTOR_SUSPENDED, activity.actor_uri)
    said = _said(ready, sender)
    reason = line_of(activity.raw.get("reason"), MAX_REASON_CHARACTERS)
    if activity.type == "Undo":
        if uri_of(embedded.get("actor")) not in (None, sender.uri):
            return refused(RefusalReason.WRONG_OWNER, uri)
        thread_uri = uri_of(embedded.get("context"))
        return await _result_of(
            agreements_received.undo(work.tx, work.site, said, uri, thread_uri, reason, now=work.now)
        )
    if activity.type == "Reject":
        return await _result_of(
            agreements_received.reject(work.tx, work.site, said, uri, reason, now=work.now)
        )
    agreement = parse_agreement(activity.raw.get("result"))
    if isinstance(agreement, Refusal):
        return _result(agreement)
    return await _result_of(
        agreements_received.accept(work.tx, work.site, said, uri, agreement, now=work.now)
    )


async def _on_undo_accept(work: Work, ready: Ready) -> Result | None:
    """Take in that a yes to an Offer of ours is taken back; None if it is another yes, or no yes at all."""
    embedded, accept_uri = ready.activity.raw_object or {}, ready.activity.object_uri
    sender = await _sender(work, ready)
    if sender is None or embedded.get("type") not in (None, "Accept"):
        return None
    if uri_of(embedded.get("actor")) not in (None, sender.uri):
        return refused(RefusalReason.WRONG_OWNER, accept_uri or "")
    offer_uri = uri_of(embedded.get("object"))
    refusal = await ends_received.undo_accept(
        work.tx, work.site, sender, offer_uri, accept_uri, now=work.now
    )
    is_unknown = refusal is not None and refusal.reason is RefusalReason.UNKNOWN_OBJECT
    return None if is_unknown else _result(refusal)


def _offer_uri(activity: Activity) -> str | None:
    embedded = activity.raw_object
    if embedded is not None and embedded.get("type") not in (None, "Offer"):
        return None
    return activity.object_uri


def _said(ready: Ready, sender: Actor) -> Said:
    activity = ready.activity
    return Said(sender, activity.uri, activity.published_at, activity.content_html)


async def _sender(work: Work, ready: Ready) -> Actor | None:
    actor = await work.actor(ready.activity.actor_uri)
    return actor if actor is not None and actor.is_usable and not actor.is_local else None


async def _result_of(taking_in: Awaitable[Refusal | None]) -> Result:
    try:
        return _result(await taking_in)
    except StepRefused as error:
        return ignored(RefusalReason.NOT_PENDING, error.detail)


def _result(refusal: Refusal | None) -> Result:
    if refusal is None:
        return APPLIED
    return (ignored if refusal.reason in _HARMLESS else refused)(refusal.reason, refusal.detail)
