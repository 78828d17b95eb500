"""What people without LibLine send: private messages, comments, votes and favourites that decide."""

from collections.abc import Awaitable, Callable, Sequence

from libline_fed.activitypub.objects import NoteDocument, Visibility
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorship_steps import StepRefused
from libline_fed.errors import Conflict, LibLineError, RefusalReason, StoreBusy
from libline_fed.federation.inbox_work import APPLIED, Result, Work, ignored, refused
from libline_fed.services import doors, remote_posts
from libline_fed.services.remote_posts import Arrival
from libline_fed.storage import reactions


async def on_note(work: Work, arrival: Arrival, before: Sequence[Arrival]) -> Result | None:
    """Take in a post that asks or answers; None for one that is to be kept as the post it is.

    `before` are the posts that came with it, earlier, and are not stored yet.
    """
    if remote_posts.visibility(arrival) is not Visibility.DIRECT:
        await _on_comment(work, arrival)
        return None
    if not arrival.recipients:
        return None

    async def take() -> Result | None:
        is_taken = await doors.receive_private(work.tx, work.site, arrival, before, now=work.now)
        return APPLIED if is_taken else None

    return await _apart(work, take)


async def _on_comment(work: Work, arrival: Arrival) -> None:
    """Ask who comments on an open proposal, once, whether that is a request."""
    proposal = work.known.proposals.get(arrival.admitted.document.in_reply_to_uri or "")
    if proposal is not None and arrival.replied_to is not None:
        await doors.receive_comment(work.tx, work.site, arrival, proposal, now=work.now)


async def on_vote(work: Work, note: NoteDocument, voter: Actor) -> Result:
    """Take in a vote; it counts in a poll that asked this person, and nowhere else."""

    async def take() -> Result | None:
        is_taken = await doors.receive_vote(work.tx, work.site, note, voter, now=work.now)
        return APPLIED if is_taken else None

    return await _apart(work, take) or ignored(RefusalReason.NOT_FOR_US, "a vote, and no poll of ours")


async def on_edit(work: Work, note: NoteDocument, author: Actor) -> Result | None:
    """Take in the newer text of a request that waits; None for any other post."""
    is_taken = await doors.receive_edit(work.tx, note=note, person=author, now=work.now)
    return APPLIED if is_taken else None


async def on_delete(work: Work, uri: str, owner: Actor) -> Result | None:
    """Take a request back whose message was deleted; None for any other post."""

    async def take() -> Result | None:
        is_taken = await doors.receive_deletion(work.tx, work.site, uri=uri, person=owner, now=work.now)
        return APPLIED if is_taken else None

    return await _apart(work, take)


async def on_like(work: Work, actor: Actor, *, uri: str, question_uri: str, content: str) -> Result | None:
    """Take in a favourite of a question; None if it is about none that asked this person."""
    is_news = await doors.receive_like(
        work.tx, question_uri=question_uri, person=actor, content=content, now=work.now
    )
    if is_news is None:
        return None
    await reactions.add(
        work.tx,
        uri=uri,
        kind="like",
        actor_id=actor.id,
        object_uri=question_uri,
        content=content,
        now=work.now,
    )
    return APPLIED if is_news else ignored(RefusalReason.NOT_PENDING, question_uri)


async def on_unlike(work: Work, actor: Actor, *, question_uri: str | None) -> None:
    """Forget a favourite that was taken back in time."""
    if question_uri is not None:
        await doors.receive_unlike(work.tx, question_uri=question_uri, person=actor)


async def _apart(work: Work, take: Callable[[], Awaitable[Result | None]]) -> Result | None:
    """Do something that may be refused half-way without spoiling the batch around it."""
    try:
        async with work.tx.savepoint():
            return await take()
    except StepRefused as error:
        return ignored(RefusalReason.NOT_PENDING, error.detail)
    except LibLineError as error:
        if isinstance(error, Conflict | StoreBusy):
            raise
        return refused(RefusalReason.NOT_FOR_US, error.detail)
