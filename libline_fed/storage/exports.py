"""Queries for the archive of a member's own data: every row that is theirs, column by column.

What is listed is handed out, what is not stays. A test knows why each other column stays, so that a new one
must be put on one of the lists. The archives themselves are kept in `exports` for a day.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, delete, or_, select, true

from libline_fed.ids import is_id, new_id
from libline_fed.storage.consortium_tables import consortium_coordinators, suggestion_wishes, suggestions
from libline_fed.storage.directory_tables import saved_searches
from libline_fed.storage.member_tables import absences, drafts, exports
from libline_fed.storage.mentorship_tables import (
    door_questions,
    feedback,
    goals,
    imported_mentorships,
    logbook,
    meetings,
    mentorship_events,
    mentorship_moves,
    messages,
    records,
    thanks,
)
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import (
    accounts,
    activities,
    actors,
    blocks,
    follows,
    notifications,
    post_recipients,
    posts,
    proposals,
    reports,
    sessions,
)

Rows = list[dict[str, Any]]

HANDED_OUT = {
    "accounts": "email email_confirmed_at state role language sign_up_reason created_at last_login_at zone "
    "weekly_hours target_count primer_done_at is_paused",
    "actors": "uri type handle host name summary_text summary_html url icon_url fields languages "
    "also_known_as moved_to_uri manually_approves_followers is_discoverable details published_at created_at "
    "updated_at suspended_at",
    "sessions": "created_at seen_at expires_at",
    "saved_searches": "name query tells_by told_at created_at",
    "consortium_coordinators": "added_at",
    "suggestions": "created_at",
    "suggestion_wishes": "wish changed_at",
    "absences": "from_on until_on created_at",
    "drafts": "kind key data updated_at",
    "proposals": "uri purpose title body_text content_html language areas languages modes places_count "
    "places_free_count open_until_on audience status revision details published_at edited_at updated_at",
    "activities": "uri type object_uri is_public created_at",
    "reports": "content_text object_uris created_at closed_at",
    "follows": "state created_at accepted_at",
    "blocks": "created_at",
    "notifications": "kind event subject_uri created_at read_at",
    "posts": "uri type title content_html language visibility in_reply_to_uri published_at edited_at "
    "received_at",
    "messages": "uri in_reply_to_uri body_text content_html language published_at edited_at deleted_at "
    "received_at read_at",
    "goals": "uri title body_text goal_type milestones due_on state version created_at updated_at done_at "
    "deleted_at",
    "logbook": "uri held_on minutes notes_text is_shared version created_at updated_at deleted_at",
    "meetings": "uri times minutes mode place_text is_cancelled state starts_at answer_starts_at created_at "
    "updated_at",
    "feedback": "answers body_text created_at opened_at",
    "thanks": "note_uri text content_html language state created_at updated_at published_at",
    "records": "id document is_shared created_at",
    "imported_mentorships": "agreement_uri source_uri partner_uri partner_name side state title started_on "
    "ended_on document created_at",
    "mentorship_events": "event by state_before state_after created_at",
    "mentorship_moves": "state created_at decided_at",
    "door_questions": "kind language state answer answered_how asked_at reminded_at expires_at answered_at",
}


def columns_of(table: Table) -> tuple[Column[Any], ...]:
    """Return the columns of a table that are handed out."""
    return tuple(table.c[name] for name in HANDED_OUT[table.name].split())


async def account(tx: Tx, account_id: str) -> dict[str, Any]:
    """Return an account without its secrets."""
    return (await _rows(tx, accounts, accounts.c.id == account_id))[0]


async def profile(tx: Tx, actor_id: str) -> dict[str, Any]:
    """Return what a member says of themselves."""
    return (await _rows(tx, actors, actors.c.id == actor_id))[0]


async def of_account(tx: Tx, account_id: str) -> dict[str, Rows]:
    """Return the rows of an account, by what they are."""
    return {
        "sessions": await _rows(tx, sessions, sessions.c.account_id == account_id),
        "saved_searches": await _rows(tx, saved_searches, saved_searches.c.account_id == account_id),
        "coordinated_consortia": await _rows(
            tx,
            consortium_coordinators,
            consortium_coordinators.c.account_id == account_id,
            other=consortium_coordinators.c.group_id,
        ),
        "notifications": await _rows(
            tx, notifications, notifications.c.account_id == account_id, other=notifications.c.from_actor_id
        ),
    }


async def of_actor(tx: Tx, actor_id: str, actor_uri: str) -> dict[str, Rows]:
    """Return the rows of a member's actor, by what they are; those of mentorships are apart."""
    return {
        "absences": await _rows(tx, absences, absences.c.actor_id == actor_id),
        "drafts": await _rows(tx, drafts, drafts.c.person_id == actor_id),
        "proposals": await _rows(tx, proposals, proposals.c.author_id == actor_id),
        "following": await _rows(
            tx, follows, follows.c.follower_id == actor_id, other=follows.c.followed_id
        ),
        "followers": await _rows(
            tx, follows, follows.c.followed_id == actor_id, other=follows.c.follower_id
        ),
        "suggestions": await _rows(
            tx, suggestions, suggestions.c.member_id == actor_id, other=suggestions.c.coordinator_id
        ),
        "suggestions_made": await _rows(
            tx, suggestions, suggestions.c.coordinator_id == actor_id, other=suggestions.c.member_id
        ),
        "suggestion_wishes": await _rows(tx, suggestion_wishes, suggestion_wishes.c.actor_id == actor_id),
        "blocks": await _rows(tx, blocks, blocks.c.blocker_id == actor_id, other=blocks.c.blocked_id),
        "activities": await _rows(tx, activities, activities.c.actor_id == actor_id),
        "reports": await _rows(tx, reports, reports.c.from_actor_uri == actor_uri),
        "imported_mentorships": await _rows(
            tx,
            imported_mentorships,
            imported_mentorships.c.actor_id == actor_id,
            imported_mentorships.c.is_taken.is_(True),
        ),
    }


async def posts_to(tx: Tx, actor_id: str) -> Rows:
    """Return what people of other servers wrote to a member, `who` being the author, oldest first.

    Left out: who is suspended, gone or blocked by the member, since the pages do not show them either.
    """
    blocked = select(blocks.c.blocked_id).where(blocks.c.blocker_id == actor_id)
    statement = (
        select(*columns_of(posts), actors.c.uri.label("who"))
        .join(post_recipients, post_recipients.c.post_id == posts.c.id)
        .join(actors, actors.c.id == posts.c.author_id)
        .where(
            post_recipients.c.actor_id == actor_id,
            actors.c.suspended_at.is_(None),
            actors.c.gone_at.is_(None),
            posts.c.author_id.not_in(blocked),
        )
        .order_by(posts.c.id)
    )
    return await _found(tx, statement)


async def of_mentorship(tx: Tx, mentorship_id: str, actor_id: str) -> dict[str, Rows]:
    """Return what belongs to a mentorship and one of its people may see, by what it is.

    Rows that somebody wrote have `by_me`. Of the other's there are no deleted words, no notes that are not
    shared, no sealed feedback, and no thanks that were taken back.
    """

    async def shared(table: Table, is_visible: ColumnElement[bool]) -> Rows:
        mine = table.c.author_id == actor_id
        statement = select(*columns_of(table), mine.label("by_me")).where(
            table.c.mentorship_id == mentorship_id, or_(mine, is_visible)
        )
        return await _found(tx, statement.order_by(table.c.id))

    async def of_both(table: Table, *conditions: ColumnElement[bool]) -> Rows:
        return await _rows(tx, table, table.c.mentorship_id == mentorship_id, *conditions)

    talks = await shared(logbook, logbook.c.deleted_at.is_(None))
    for talk in talks:
        if not talk["by_me"] and not talk["is_shared"]:
            talk["notes_text"] = ""
    offered = (thanks.c.thanked_id == actor_id) & (thanks.c.state != "withdrawn")
    asked_or_named = or_(door_questions.c.actor_id == actor_id, door_questions.c.member_id == actor_id)
    return {
        "messages": await shared(messages, messages.c.deleted_at.is_(None)),
        "goals": await shared(goals, goals.c.deleted_at.is_(None)),
        "talks": talks,
        "meetings": await shared(meetings, true()),
        "feedback": await shared(feedback, feedback.c.opened_at.is_not(None)),
        "thanks": await shared(thanks, offered),
        "events": await of_both(mentorship_events),
        "records": await of_both(records, records.c.actor_id == actor_id),
        "moves": await of_both(mentorship_moves),
        "questions": await of_both(door_questions, asked_or_named),
    }


async def _rows(
    tx: Tx, table: Table, *conditions: ColumnElement[bool], other: Column[Any] | None = None
) -> Rows:
    """Return the columns that are handed out; with `other`, also the URI of the actor it points to."""
    statement = select(*columns_of(table)).where(*conditions)
    if other is not None:
        statement = statement.add_columns(actors.c.uri.label("who")).outerjoin_from(
            table, actors, actors.c.id == other
        )
    order = [table.c.id] if "id" in table.c else list(table.primary_key)
    return await _found(tx, statement.order_by(*order))


async def _found(tx: Tx, statement: Select[Any]) -> Rows:
    return [
        {str(name): value for name, value in row.items()} for row in (await tx.execute(statement)).mappings()
    ]


# --- archives ---------------------------------------------------------------------------------------


async def put(tx: Tx, *, account_id: str, archive: bytes, now: datetime, expires_at: datetime) -> str:
    """Keep an archive in place of any earlier one of the account; return its id."""
    await tx.execute(delete(exports).where(exports.c.account_id == account_id))
    values = {"id": new_id(now), "account_id": account_id, "archive": archive}
    await tx.execute(tx.insert(exports).values(**values, created_at=now, expires_at=expires_at))
    return str(values["id"])


async def archive_of(tx: Tx, export_id: str, *, account_id: str, now: datetime) -> bytes | None:
    """Return an account's archive while it is kept, or None."""
    if not is_id(export_id):
        return None
    condition = (exports.c.id == export_id, exports.c.account_id == account_id, exports.c.expires_at > now)
    archive: bytes | None = await tx.scalar(select(exports.c.archive).where(*condition))
    return archive


async def latest(tx: Tx, account_id: str, now: datetime) -> tuple[str, datetime, datetime] | None:
    """Return id, birth and end of an account's archive, or None."""
    statement = select(exports.c.id, exports.c.created_at, exports.c.expires_at).where(
        exports.c.account_id == account_id, exports.c.expires_at > now
    )
    row = await tx.first(statement)
    return (row.id, row.created_at, row.expires_at) if row else None


async def drop_old(tx: Tx, now: datetime) -> int:
    """Delete archives whose day is over; returns how many."""
    return (await tx.execute(delete(exports).where(exports.c.expires_at <= now))).rowcount
