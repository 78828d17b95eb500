"""Handlers of what moves: an account to another server, and an agreement that follows it."""

from libline_fed.activitypub.moves import parse_agreements, parse_moved_agreement
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation.inbox_agreements import is_about_agreement
from libline_fed.federation.inbox_work import APPLIED, Ready, Result, Work, ignored, refused
from libline_fed.services import follows, memberships, moves, rehoming
from libline_fed.services.agreements_received import Said

_HARMLESS = frozenset({RefusalReason.OUTDATED, RefusalReason.UNKNOWN_OBJECT, RefusalReason.NOT_FOR_US})


async def on_move(work: Work, ready: Ready) -> Result:
    """Take in that somebody, or an agreement, is elsewhere from now on."""
    if is_about_agreement(ready.activity):
        return await _on_agreement(work, ready)
    return await _on_account(work, ready)


async def _on_account(work: Work, ready: Ready) -> Result:
    """Follow somebody to a new address that names the old one as its own, and ask partners here.

    FEP-7628, push mode: only the old account itself may say so.
    """
    old = await work.actor(ready.activity.actor_uri)
    is_sender = old is not None and old.is_usable and not old.is_local
    if old is None or not is_sender or ready.activity.object_uri != old.uri:
        return refused(RefusalReason.WRONG_OWNER, ready.activity.object_uri or "")
    new = ready.target
    if new is None or old.uri not in new.also_known_as:
        return refused(RefusalReason.WRONG_OWNER, "the new address does not name the old one")
    await follows.receive_move(work.tx, work.site, old=old, new=new, now=work.now)
    if await memberships.receive_move(work.tx, work.site, old=old, new=new, now=work.now):
        return APPLIED
    await moves.receive(work.tx, work.site, old=old, new=new, now=work.now)
    named = parse_agreements(ready.activity)
    await rehoming.receive_word(work.tx, work.site, old=old, new=new, agreements=named, now=work.now)
    return APPLIED


async def _on_agreement(work: Work, ready: Ready) -> Result:
    """Take in that a partner goes on with the new account of somebody who was, or is now, a member here."""
    activity = ready.activity
    sender = await work.actor(activity.actor_uri)
    moved = parse_moved_agreement(activity)
    if isinstance(moved, Refusal):
        return refused(moved.reason, moved.detail)
    if sender is None or not sender.is_usable or sender.is_local:
        return refused(RefusalReason.ACTOR_SUSPENDED, activity.actor_uri)
    said = Said(sender, activity.uri, activity.published_at, activity.content_html)
    refusal = await rehoming.receive(work.tx, work.site, said, moved, message=activity.raw, now=work.now)
    if refusal is None:
        return APPLIED
    return (ignored if refusal.reason in _HARMLESS else refused)(refusal.reason, refusal.detail)
