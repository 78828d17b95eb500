"""Goals of a mentorship: written by one of the two, seen by both, on both servers."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from libline_fed import vocabulary
from libline_fed.activitypub.objects import Admitted, NoteDocument
from libline_fed.activitypub.private_notes import MAX_VERSION, Item, OwnNote
from libline_fed.activitypub.private_texts import Words
from libline_fed.domain.actors import Actor
from libline_fed.domain.goals import (
    MAX_GOALS,
    MAX_MILESTONES,
    MAX_TITLE_CHARACTERS,
    Goal,
    GoalContent,
    GoalState,
    check_goal,
    stored_milestones,
    ticked,
)
from libline_fed.errors import Conflict, InvalidInput, NotFound, Refusal, RefusalReason
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_line, clean_text, linkify_text
from libline_fed.services import mentorships, private_notes
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import goals
from libline_fed.storage.store import Tx


async def add(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, content: GoalContent, now: datetime
) -> Goal:
    """Write a goal down.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    await private_notes.require_running(tx, pair)
    content = _cleaned(content)
    check_goal(content)
    if await goals.count_of(tx, mentorship_id, person.id) >= MAX_GOALS:
        raise InvalidInput({"": "You have written 20 goals. Delete one before you add another."})
    goal_id = new_id(now)
    await goals.add(
        tx,
        {
            "id": goal_id,
            "uri": site.uris.message(goal_id),
            "mentorship_id": mentorship_id,
            "author_id": person.id,
            "created_at": now,
            "updated_at": now,
            **_columns(content, None, now),
        },
    )
    made = await goals.by_id(tx, goal_id)
    assert made is not None
    await _share(tx, site, pair, person, made, is_new=True, now=now)
    return made


async def edit(
    tx: Tx,
    site: Site,
    *,
    person: Actor,
    mentorship_id: str,
    goal_id: str,
    content: GoalContent,
    now: datetime,
) -> Goal:
    """Change one's own goal; what is the same changes nothing.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair, before = await _own(tx, person, mentorship_id, goal_id)
    content = _cleaned(content)
    check_goal(content)
    return await _put(tx, site, pair, person, before, content, now)


async def set_state(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, goal_id: str, state: str, now: datetime
) -> Goal:
    """Say that a goal is reached or given up, or take it up again.

    Raises: NotFound, Conflict.
    """
    pair, before = await _own(tx, person, mentorship_id, goal_id)
    content = replace(before.content, state=GoalState(state).value)
    return await _put(tx, site, pair, person, before, content, now)


async def tick(
    tx: Tx,
    site: Site,
    *,
    person: Actor,
    mentorship_id: str,
    goal_id: str,
    milestone_id: str,
    done_on: date | None,
    now: datetime,
) -> Goal:
    """Tick a milestone, or with None take the tick away.

    Raises: NotFound, Conflict.
    """
    pair, before = await _own(tx, person, mentorship_id, goal_id)
    content = ticked(before.content, milestone_id, done_on=done_on)
    if content is None:
        raise NotFound(f"no milestone {milestone_id[:40]} in goal {goal_id}")
    return await _put(tx, site, pair, person, before, content, now)


async def remove(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, goal_id: str, now: datetime
) -> None:
    """Delete one's own goal on both servers.

    Raises: NotFound.
    """
    pair = await locked(tx, mentorship_id, person)
    known = await _find(tx, pair, goal_id, person)
    await goals.change(tx, known.id, **_emptied(now))
    await private_notes.retract(tx, site, pair, person, known.uri, now=now)


async def listed(tx: Tx, view: MentorshipView) -> list[Goal]:
    """List the goals of a mentorship, oldest first."""
    return await goals.of_mentorship(tx, view.mentorship.id)


async def get(tx: Tx, view: MentorshipView, goal_id: str) -> Goal:
    """Return one goal.

    Raises: NotFound.
    """
    found = await goals.by_id(tx, goal_id)
    if found is None or found.mentorship_id != view.mentorship.id or found.deleted_at is not None:
        raise NotFound(f"no goal {goal_id} in this mentorship")
    return found


async def receive(
    tx: Tx, site: Site, pair: Pair, *, author: Actor, admitted: Admitted[NoteDocument], now: datetime
) -> Refusal | None:
    """Take in a goal of the partner's, or its newer version; None means that it was news."""
    note = admitted.document
    item = note.item
    assert item is not None
    assert isinstance(item.content, GoalContent)
    known = await goals.by_uri(tx, note.uri)
    if known is None:
        if await goals.count_of(tx, pair.mentorship.id, author.id) >= MAX_GOALS:
            return Refusal(RefusalReason.TOO_LARGE, "too many goals")
        goal_id = new_id(now)
        await goals.add(
            tx,
            {
                "id": goal_id,
                "uri": note.uri,
                "mentorship_id": pair.mentorship.id,
                "author_id": author.id,
                "created_at": min(note.published_at or now, now),
                "updated_at": now,
                "version": item.version,
                **_columns(item.content, None, now),
            },
        )
    else:
        if known.author_id != author.id or known.mentorship_id != pair.mentorship.id:
            return Refusal(RefusalReason.WRONG_OWNER, note.uri)
        if known.deleted_at is not None or item.version <= known.version:
            return Refusal(RefusalReason.OUTDATED, note.uri)
        goal_id = known.id
        columns = _columns(item.content, known, now)
        await goals.change(tx, known.id, version=item.version, updated_at=now, **columns)
    await mentorships.alive(tx, pair.mentorship.id, now=now)
    await private_notes.tell_partner(tx, site, pair, author, "goal", "goals", goal_id, now=now)
    return None


async def receive_delete(tx: Tx, *, author: Actor, uri: str, now: datetime) -> bool | None:
    """Delete what its author deleted elsewhere; None if it is no goal of theirs, False if it was deleted."""
    known = await goals.by_uri(tx, uri)
    if known is None or known.author_id != author.id:
        return None
    if known.deleted_at is not None:
        return False
    await goals.change(tx, known.id, **_emptied(now))
    return True


# --- inside -----------------------------------------------------------------------------------------


async def _own(tx: Tx, person: Actor, mentorship_id: str, goal_id: str) -> tuple[Pair, Goal]:
    pair = await locked(tx, mentorship_id, person)
    known = await _find(tx, pair, goal_id, person)
    await private_notes.require_running(tx, pair)
    return pair, known


async def _find(tx: Tx, pair: Pair, goal_id: str, person: Actor) -> Goal:
    found = await goals.by_id(tx, goal_id)
    if (
        found is None
        or found.mentorship_id != pair.mentorship.id
        or found.author_id != person.id
        or found.deleted_at is not None
    ):
        raise NotFound(f"no goal {goal_id} of {person.id}")
    return found


async def _put(
    tx: Tx, site: Site, pair: Pair, person: Actor, before: Goal, content: GoalContent, now: datetime
) -> Goal:
    if content == before.content:
        return before
    if before.version >= MAX_VERSION:
        raise Conflict("a version beyond all measure")
    changed = await goals.change(
        tx, before.id, version=before.version + 1, updated_at=now, **_columns(content, before, now)
    )
    await _share(tx, site, pair, person, changed, is_new=False, now=now)
    return changed


async def _share(
    tx: Tx, site: Site, pair: Pair, person: Actor, goal: Goal, *, is_new: bool, now: datetime
) -> None:
    note = note_of(pair, person, goal, updated_at=None if is_new else now)
    await mentorships.alive(tx, pair.mentorship.id, now=now)
    await private_notes.send(tx, site, pair, person, note, is_new=is_new, now=now)
    await private_notes.tell_partner(tx, site, pair, person, "goal", "goals", goal.id, now=now)


def note_of(pair: Pair, person: Actor, goal: Goal, *, updated_at: datetime | None = None) -> OwnNote:
    """Return a goal as the Note that the partner's server gets."""
    return OwnNote(
        uri=goal.uri,
        author_uri=person.uri,
        thread_uri=pair.mentorship.thread_uri,
        content_html=linkify_text(Words(pair.mentorship.language).goal(goal.content)),
        published_at=goal.created_at,
        updated_at=updated_at,
        item=Item(goal.content, goal.version),
    )


def _cleaned(content: GoalContent) -> GoalContent:
    """Return what was typed without what cannot be seen, and only terms that there are."""
    is_known = content.goal_type is not None and vocabulary.is_term(vocabulary.Scheme.GOAL, content.goal_type)
    steps = [
        replace(each, title=clean_line(each.title, MAX_TITLE_CHARACTERS + 1)) for each in content.milestones
    ]
    return replace(
        content,
        title=clean_line(content.title, MAX_TITLE_CHARACTERS + 1),
        body_text=clean_text(content.body_text).strip(),
        goal_type=content.goal_type if is_known else None,
        milestones=tuple(each for each in steps if each.title)[: MAX_MILESTONES + 1],
    )


def _columns(content: GoalContent, before: Goal | None, now: datetime) -> dict[str, Any]:
    is_done = content.state == GoalState.DONE
    done_at = before.done_at if before is not None else None
    return {
        "title": content.title,
        "body_text": content.body_text,
        "goal_type": content.goal_type,
        "due_on": content.due_on,
        "state": content.state,
        "milestones": stored_milestones(content.milestones),
        "done_at": (done_at or now) if is_done else None,
    }


def _emptied(now: datetime) -> dict[str, Any]:
    return {"title": "", "body_text": "", "milestones": [], "deleted_at": now, "updated_at": now}
