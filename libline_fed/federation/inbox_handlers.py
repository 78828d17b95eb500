"""One handler per verb. A verb without effect here is accepted and ignored, on purpose and by name."""

from collections.abc import Awaitable, Callable

from libline_fed.activitypub.objects import ProposalDocument
from libline_fed.activitypub.values import uri_of
from libline_fed.domain.actors import Actor
from libline_fed.domain.follows import FollowState
from libline_fed.errors import RefusalReason
from libline_fed.federation import inbox_doors
from libline_fed.federation.inbox_agreements import (
    is_about_agreement,
    on_agreement_answer,
    on_agreement_update,
    on_completion,
    on_offer,
)
from libline_fed.federation.inbox_announces import is_directory, on_announced, on_unannounced
from libline_fed.federation.inbox_consortia import (
    is_about_members,
    on_invite,
    on_join,
    on_leave,
    on_member_change,
    on_membership_answer,
)
from libline_fed.federation.inbox_moves import on_move
from libline_fed.federation.inbox_notes import index, on_create, on_delete, on_update
from libline_fed.federation.inbox_work import APPLIED, Ready, Result, Work, ignored, refused
from libline_fed.ids import new_id
from libline_fed.sanitize import plain_text
from libline_fed.services import consortium_members, links, memberships, mentorship_ends
from libline_fed.services import follows as following
from libline_fed.services.notifications import notify
from libline_fed.storage import actors, follows, proposals, reactions, reports

Handler = Callable[[Work, Ready], Awaitable[Result]]
MAX_REPORT_CHARACTERS = 5_000
MAX_REACTION_CHARACTERS = 50


async def on_follow(work: Work, ready: Ready) -> Result:
    """Let somebody follow a member, or ask to."""
    follower = await _sender(work, ready)
    followed = await work.local(ready.activity.object_uri)
    if follower is None:
        return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
    if followed is None:
        return ignored(RefusalReason.UNKNOWN_OBJECT, ready.activity.object_uri or "")
    namesake = await follows.by_uri(work.tx, ready.activity.uri)
    if namesake is not None and namesake.follower_id != follower.id:
        return refused(RefusalReason.WRONG_OWNER, ready.activity.uri)
    if followed.uri == work.site.uris.instance_actor:
        return await _on_link_question(work, ready, follower)
    before = await follows.between(work.tx, follower.id, followed.id)
    state = await following.receive_follow(
        work.tx, work.site, uri=ready.activity.uri, follower=follower, followed=followed, now=work.now
    )
    if followed.type == "Group" and before is None and state is FollowState.ACCEPTED:
        await consortium_members.receive_follow(work.tx, group=followed, instance=follower, now=work.now)
    return refused(RefusalReason.NOT_FOR_US, "blocked") if state is FollowState.REJECTED else APPLIED


async def _on_link_question(work: Work, ready: Ready, peer: Actor) -> Result:
    """Let a server ask for a link; nobody else can follow the instance itself."""
    state = await links.receive_question(
        work.tx,
        work.site,
        uri=ready.activity.uri,
        peer=peer,
        note_text=plain_text(ready.activity.content_html),
        is_instance=ready.target is not None and ready.target.uri == peer.uri,
        now=work.now,
    )
    return refused(RefusalReason.NOT_FOR_US, peer.uri) if state is FollowState.REJECTED else APPLIED


async def on_accept(work: Work, ready: Ready) -> Result:
    """Take in a yes to a request or a follow made here, and list the offers that came with the latter."""
    about_offer = await on_agreement_answer(work, ready)
    if about_offer is not None:
        return about_offer
    about_member = await on_membership_answer(work, ready, is_yes=True)
    if about_member is not None:
        return about_member
    result = await _on_answer(work, ready, is_yes=True)
    if result is APPLIED and ready.backfill:
        author = await _sender(work, ready)
        assert author is not None
        for admitted in ready.backfill:
            await index(work, admitted, author, source="follow", by=author)
    return result


async def on_reject(work: Work, ready: Ready) -> Result:
    """Take in a no to a follow or a request made here, also a late one."""
    about_offer = await on_agreement_answer(work, ready)
    if about_offer is not None:
        return about_offer
    about_member = await on_membership_answer(work, ready, is_yes=False)
    return about_member or await _on_answer(work, ready, is_yes=False)


async def _on_answer(work: Work, ready: Ready, *, is_yes: bool) -> Result:
    followed = await _sender(work, ready)
    if followed is None:
        return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
    embedded = ready.activity.raw_object
    if embedded is not None and embedded.get("type") not in (None, "Follow"):
        return ignored(RefusalReason.NOT_FOR_US, f"an answer to {str(embedded.get('type'))[:40]}")
    follower = None
    if embedded is not None and uri_of(embedded.get("object")) == followed.uri:
        follower = await work.local(uri_of(embedded.get("actor")))
    is_news = await following.receive_answer(
        work.tx,
        is_yes=is_yes,
        follow_uri=ready.activity.object_uri,
        follower=follower,
        followed=followed,
        now=work.now,
    )
    if not is_news:
        return ignored(RefusalReason.NOT_PENDING, ready.activity.object_uri or "")
    if await _is_ours(work, ready, followed):
        await links.receive_answer(work.tx, work.site, peer=followed, is_yes=is_yes, now=work.now)
    return APPLIED


async def _is_ours(work: Work, ready: Ready, followed: Actor) -> bool:
    """Tell whether the instance itself, not a member, had asked what is answered."""
    instance_uri = work.site.uris.instance_actor
    ours = await work.actor(instance_uri)
    mine = await follows.between(work.tx, ours.id, followed.id) if ours is not None else None
    asker_uri = uri_of((ready.activity.raw_object or {}).get("actor"))
    return mine is not None and (mine.uri == ready.activity.object_uri or asker_uri == instance_uri)


async def on_undo(work: Work, ready: Ready) -> Result:
    """Take back a Follow, Like, Announce, Block or Offer: embedded or named by its id."""
    about_offer = await on_agreement_answer(work, ready)
    if about_offer is not None:
        return about_offer
    actor = await _sender(work, ready)
    if actor is None:
        return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
    uri = ready.activity.object_uri
    raw = ready.activity.raw_object or {}
    if raw and uri_of(raw.get("actor")) not in (None, actor.uri):
        return refused(RefusalReason.WRONG_OWNER, uri or "")
    what = raw.get("type")
    announced_uri = uri_of(raw.get("object")) if what == "Announce" else None
    if announced_uri is not None and await is_directory(work.tx, work.site.uris.instance_actor, actor):
        return await on_unannounced(work, actor, announced_uri)
    if what in ("Follow", None) and await _unfollow(work, actor, uri, uri_of(raw.get("object"))):
        return APPLIED
    if what in ("Like", "EmojiReact", "Announce", None):
        kind = None if what is None else "announce" if what == "Announce" else "like"
        if await _unreact(work, actor, uri=uri, kind=kind, object_uri=uri_of(raw.get("object"))):
            return APPLIED
    if what in ("Block", None):
        blocked = await work.local(uri_of(raw.get("object")))
        blocked_id = blocked.id if blocked is not None else None
        if await follows.remove_block(work.tx, blocker_id=actor.id, blocked_id=blocked_id, uri=uri):
            return APPLIED
    return ignored(RefusalReason.UNKNOWN_OBJECT, uri or "")


async def _unfollow(work: Work, actor: Actor, uri: str | None, followed_uri: str | None) -> bool:
    known = await follows.by_uri(work.tx, uri) if uri is not None else None
    followed = await work.local(followed_uri)
    if known is not None and known.follower_id == actor.id:
        followed = (await actors.by_ids(work.tx, (known.followed_id,))).get(known.followed_id)
    if followed is None:
        return False
    known = await follows.between(work.tx, actor.id, followed.id)
    if not await following.receive_unfollow(work.tx, follower=actor, followed=followed):
        return False
    if followed.uri == work.site.uris.instance_actor:
        was_linked = known is not None and known.state == FollowState.ACCEPTED
        await links.receive_end(work.tx, work.site, peer=actor, was_linked=was_linked, now=work.now)
    return True


async def _unreact(
    work: Work, actor: Actor, *, uri: str | None, kind: str | None, object_uri: str | None
) -> bool:
    about_uri = object_uri or await reactions.object_of(work.tx, actor_id=actor.id, uri=uri)
    if not await reactions.remove(
        work.tx, actor_id=actor.id, uri=uri, kind=kind, object_uri=object_uri
    ):
        return False
    await inbox_doors.on_unlike(work, actor, question_uri=about_uri)
    return True


async def on_like(work: Work, ready: Ready) -> Result:
    """Remember that somebody likes something of ours."""
    return await _react(work, ready, kind="like")


async def on_announce(work: Work, ready: Ready) -> Result:
    """List what a directory passes on; from people, remember that they pass ours on."""
    if ready.verdict is not None:
        directory = await _sender(work, ready)
        if directory is None or not await is_directory(
            work.tx, work.site.uris.instance_actor, directory
        ):
            return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
        return await on_announced(work, ready, directory)
    return await _react(work, ready, kind="announce")


async def _react(work: Work, ready: Ready, *, kind: str) -> Result:
    actor = await _sender(work, ready)
    uri = ready.activity.object_uri
    if actor is None:
        return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
    if uri is None or not work.site.uris.is_local(uri):
        return ignored(RefusalReason.NOT_FOR_US, "not about anything here")
    proposal = (await proposals.by_uris(work.tx, (uri,))).get(uri)
    content = plain_text(ready.activity.content_html)[:MAX_REACTION_CHARACTERS]
    if proposal is None and kind == "like":
        answered = await inbox_doors.on_like(
            work, actor, uri=ready.activity.uri, question_uri=uri, content=content
        )
        if answered is not None:
            return answered
    if proposal is None or proposal.audience != "public":
        return ignored(RefusalReason.UNKNOWN_OBJECT, uri)
    if await follows.is_blocked(work.tx, blocker_id=proposal.author_id, blocked_id=actor.id):
        return refused(RefusalReason.NOT_FOR_US, "blocked")
    is_new = await reactions.add(
        work.tx,
        uri=ready.activity.uri,
        kind=kind,
        actor_id=actor.id,
        object_uri=uri,
        content=content,
        now=work.now,
    )
    if not is_new:
        return ignored(RefusalReason.OUTDATED, "known already")
    await notify(
        work.tx,
        account_actor_id=proposal.author_id,
        kind=kind,
        from_actor_id=actor.id,
        subject_uri=uri,
        now=work.now,
    )
    return APPLIED


async def on_block(work: Work, ready: Ready) -> Result:
    """Respect that somebody blocks a member: following and mentorships end both ways."""
    actor = await _sender(work, ready)
    blocked = await work.local(ready.activity.object_uri)
    if actor is None or blocked is None:
        return ignored(RefusalReason.UNKNOWN_OBJECT, ready.activity.object_uri or "")
    await following.receive_block(
        work.tx, blocker=actor, blocked=blocked, uri=ready.activity.uri, now=work.now
    )
    await mentorship_ends.for_safety(
        work.tx, work.site, person=actor, partner_id=blocked.id, now=work.now
    )
    return APPLIED


async def on_flag(work: Work, ready: Ready) -> Result:
    """Keep a report for the moderators; nothing follows from it by itself."""
    about = [uri for uri in ready.activity.object_uris if work.site.uris.is_local(uri)]
    if not about:
        return ignored(RefusalReason.NOT_FOR_US, "a report about nothing here")
    await reports.add(
        work.tx,
        id=new_id(work.now),
        uri=ready.activity.uri,
        from_actor_uri=ready.activity.actor_uri,
        host=ready.row.host,
        content_text=plain_text(ready.activity.content_html)[:MAX_REPORT_CHARACTERS],
        object_uris=about,
        created_at=work.now,
    )
    return APPLIED


async def on_add(work: Work, ready: Ready) -> Result:
    """List a proposal that its author pins and that was missed."""
    author = await _sender(work, ready)
    if author is not None and is_about_members(ready.activity, author):
        return await on_member_change(work, ready, is_added=True)
    if author is None or ready.activity.target_uri != author.featured_url:
        return ignored(RefusalReason.NOT_FOR_US, ready.activity.target_uri or "")
    if ready.document is None or not isinstance(ready.document.document, ProposalDocument):
        return ignored(RefusalReason.NOT_FOR_US, "nothing new")
    if ready.document.document.note.author_uri != author.uri:
        return refused(RefusalReason.WRONG_OWNER, ready.activity.object_uri or "")
    return await index(work, ready.document, author, source="follow", by=author)


async def on_remove(work: Work, ready: Ready) -> Result:
    """Take in that a consortium has a member less; an unpinned proposal tells its new state in an Update."""
    actor = await _sender(work, ready)
    if actor is not None and is_about_members(ready.activity, actor):
        return await on_member_change(work, ready, is_added=False)
    return await on_nothing(work, ready)


async def on_nothing(work: Work, ready: Ready) -> Result:
    """Accept a verb without effect here: the object's own state comes in an Update, or we do not do this."""
    del work
    return ignored(RefusalReason.NOT_FOR_US, f"{ready.activity.type} has no effect here")


async def on_create_of_any(work: Work, ready: Ready) -> Result:
    """Take in what is made: a proposal, or the confirmation of a completed agreement."""
    is_completion = is_about_agreement(ready.activity)
    return await (on_completion if is_completion else on_create)(work, ready)


async def on_update_of_any(work: Work, ready: Ready) -> Result:
    """Take in what is changed: an actor, a proposal, a post or an agreement."""
    is_agreement = is_about_agreement(ready.activity)
    result = await (on_agreement_update if is_agreement else on_update)(work, ready)
    actor = await _sender(work, ready)
    if result is APPLIED and actor is not None and ready.activity.object_uri == actor.uri:
        await memberships.receive_update(work.tx, work.site, group=actor, now=work.now)
    return result


async def _sender(work: Work, ready: Ready) -> Actor | None:
    actor = await work.actor(ready.activity.actor_uri)
    return actor if actor is not None and actor.is_usable and not actor.is_local else None


HANDLERS: dict[str, Handler] = {
    "Create": on_create_of_any,
    "Update": on_update_of_any,
    "Delete": on_delete,
    "Follow": on_follow,
    "Accept": on_accept,
    "Reject": on_reject,
    "Undo": on_undo,
    "Like": on_like,
    "EmojiReact": on_like,  # Akkoma, Misskey's kin (FEP-c0e0)
    "Announce": on_announce,
    "Block": on_block,
    "Flag": on_flag,
    "Move": on_move,
    "Add": on_add,
    "Remove": on_remove,
    "Offer": on_offer,
    "Join": on_join,
    "Leave": on_leave,
    "Invite": on_invite,
    "QuoteRequest": on_nothing,  # no answer means no
    "FeatureRequest": on_nothing,
    "ReplyRequest": on_nothing,
    "LikeRequest": on_nothing,
}
