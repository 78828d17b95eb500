"""A member's own data as an archive: JSON for programs, one HTML page for people, and the signed records.

Only what is the member's, or was written to them and may still be read by them: every row is looked at again
when the archive is made. No keys, passwords or links, and of other people nothing but their public address.
"""

import asyncio
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from libline_fed import __version__
from libline_fed.domain.accounts import Member
from libline_fed.domain.actors import Actor
from libline_fed.errors import Conflict, NotFound
from libline_fed.services import mentorship_views
from libline_fed.services.limits import Limits, Rule
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.site import Site
from libline_fed.storage import accounts, exports
from libline_fed.storage.store import Store, Tx

FORMAT = "libline-export"
VERSION = 1
DATA_FILE = "export.json"
PAGE_FILE = "index.html"
KEPT = timedelta(hours=24)
MAX_ARCHIVE_BYTES = 200_000_000
PER_ACCOUNT = Rule("export-account", 86_400, 10)

Data = dict[str, Any]
Readable = Callable[[Data, Member], str]  # writes the page; the edges know languages and templates

# What only the server of one of them knows: the other is told of an ordinary end.
_TOLD_AS = {"ended-safety": "ended-early", "end-for-safety": "end-early"}


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that waits to be fetched."""

    id: str
    created_at: datetime
    expires_at: datetime


# --- making -----------------------------------------------------------------------------------------


async def make(
    store: Store, site: Site, limiter: Limits, *, account_id: str, readable: Readable, now: datetime
) -> Archive:
    """Make the archive of a member and keep it for a day, in place of any earlier one.

    Raises: TooManyTries; NotFound; Conflict if it is too large.
    """
    await limiter.demand(PER_ACCOUNT, account_id, now=now)
    archive = await build(store, site, account_id=account_id, readable=readable, now=now)
    expires_at = now + KEPT
    export_id = await store.write(
        lambda tx: exports.put(tx, account_id=account_id, archive=archive, now=now, expires_at=expires_at)
    )
    return Archive(export_id, now, expires_at)


async def build(store: Store, site: Site, *, account_id: str, readable: Readable, now: datetime) -> bytes:
    """Return the archive of a member as the bytes of a zip file; keeps nothing.

    Raises: NotFound; Conflict if it is too large.
    """
    member, data, documents = await store.read(lambda tx: collect(tx, site, account_id=account_id, now=now))
    archive = await asyncio.to_thread(lambda: _packed(data, documents, readable(data, member), now))
    if len(archive) > MAX_ARCHIVE_BYTES:
        raise Conflict(
            f"an archive of {len(archive)} bytes",
            safe="There is too much data for this page. Ask the people who run this server for it.",
        )
    return archive


async def latest(tx: Tx, account_id: str, *, now: datetime) -> Archive | None:
    """Return the archive that waits to be fetched, or None."""
    found = await exports.latest(tx, account_id, now)
    return Archive(*found) if found else None


async def fetch(tx: Tx, export_id: str, *, account_id: str, now: datetime) -> bytes:
    """Return the bytes of one's own archive.

    Raises: NotFound, alike for what is over, somebody else's, and not there.
    """
    archive = await exports.archive_of(tx, export_id, account_id=account_id, now=now)
    if archive is None:
        raise NotFound(f"no archive {export_id} of account {account_id}")
    return archive


async def drop_old(tx: Tx, *, now: datetime) -> int:
    """Delete archives whose day is over; returns how many."""
    return await exports.drop_old(tx, now)


# --- collecting -------------------------------------------------------------------------------------


async def collect(
    tx: Tx, site: Site, *, account_id: str, now: datetime
) -> tuple[Member, Data, dict[str, bytes]]:
    """Return a member, all their data, and the documents to put beside it by file name.

    Raises: NotFound.
    """
    member = await accounts.member(tx, account_id)
    if member is None:
        raise NotFound(f"no account {account_id}")
    actor = member.actor
    documents: dict[str, bytes] = {}
    mentorships = [
        await _mentorship(tx, view, actor, documents) for view in await mentorship_views.list_for(tx, actor)
    ]
    data: Data = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": now,
        "made_by": f"LibLine {__version__}",
        "server": site.uris.base_url,
        "actor": actor.uri,
        "account": await exports.account(tx, account_id),
        "profile": await exports.profile(tx, actor.id),
        "mentorships": mentorships,
        **await exports.of_actor(tx, actor.id, actor.uri),
        **await exports.of_account(tx, account_id),
        "posts": await exports.posts_to(tx, actor.id),
    }
    return member, data, documents


async def _mentorship(tx: Tx, view: MentorshipView, me: Actor, documents: dict[str, bytes]) -> Data:
    mentorship, partner = view.mentorship, view.partner
    parts = await exports.of_mentorship(tx, mentorship.id, me.id)
    for record in parts["records"]:
        record["file"] = f"records/{record.pop('id')}.json"
        documents[record["file"]] = record.pop("document")
    is_mine = mentorship.changed_by == view.me
    for event in parts["events"]:
        if event["by"] != view.me:
            event["event"] = _TOLD_AS.get(event["event"], event["event"])
            event["state_after"] = _TOLD_AS.get(event["state_after"], event["state_after"])
    return {
        "agreement_uri": mentorship.agreement_uri,
        "me": view.me,
        "partner": {"uri": partner.uri, "address": f"@{partner.acct}", "name": partner.display_name},
        "state": mentorship.state if is_mine else _TOLD_AS.get(mentorship.state, mentorship.state),
        "proposal_uri": mentorship.proposal_uri,
        "title": mentorship.proposal_title,
        "purpose": mentorship.purpose,
        "areas": list(view.proposal.areas) if view.proposal is not None else [],
        "asked_by": mentorship.asker,
        "message_text": mentorship.message_text,
        "answers": mentorship.answers,
        "language": mentorship.language,
        "terms": mentorship.terms,
        # Reasons are private to who gave them, and contacts are not ours to hand on.
        "reason": mentorship.reason if is_mine else None,
        "reason_text": mentorship.reason_text if is_mine else "",
        "my_contact": mentorship.mentor_contact if view.me == "mentor" else mentorship.mentee_contact,
        "sent_at": mentorship.sent_at,
        "decided_at": mentorship.decided_at,
        "started_at": mentorship.started_at,
        "ends_on": mentorship.ends_on,
        "paused_until_on": mentorship.paused_until_on,
        "ended_at": mentorship.ended_at,
        "archived_at": mentorship.archived_at,
        "created_at": mentorship.created_at,
        **parts,
    }


# --- packing ----------------------------------------------------------------------------------------


def _packed(data: Data, documents: dict[str, bytes], page: str, now: datetime) -> bytes:
    """Write the zip file; every file in it bears the moment of the export."""
    files = {
        DATA_FILE: orjson.dumps(data, option=orjson.OPT_INDENT_2),
        PAGE_FILE: page.encode(),
        **documents,
    }
    folder = f"libline-{data['profile']['handle']}-{now:%Y-%m-%d}"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", date_time=now.timetuple()[:6])
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return packed.getvalue()
