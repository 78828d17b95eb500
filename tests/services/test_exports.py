"""The archive of a member's own data: all of it, nobody else's, no secrets, for a day."""

import io
import json
import time
import zipfile
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, insert, select, update

from libline_fed.domain.accounts import Member
from libline_fed.errors import NotFound
from libline_fed.ids import hash_token, new_id
from libline_fed.services import exports, follows, proposals, records
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.limits import Limits, TooManyTries
from libline_fed.services.mentorship_views import view_of
from libline_fed.services.site import Site
from libline_fed.storage import accounts
from libline_fed.storage import exports as export_rows
from libline_fed.storage.member_tables import exports as export_table
from libline_fed.storage.mentorship_tables import (
    feedback,
    goals,
    logbook,
    mentorships,
    messages,
    thanks,
)
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import metadata
from tests.services.conftest import Add
from tests.services.test_records import DRAFT
from tests.support.ended import add_mentorship, add_talk

# Why the other tables and columns stay here. A new one must be put here or into `HANDED_OUT`.
NOT_A_PERSONS = {
    "fetch_failures", "form_tokens", "inbox_activities", "instance", "oauth_attempts", "oauth_clients",
    "peers", "rate_windows", "remote_keys", "spare_keys", "tombstones", "vocabulary_terms", "deliveries",
    "advice", "advice_lists", "cohorts", "consortia", "consortium_items", "consortium_members", "crawls",
    "crawl_items", "directory_changes", "link_notes", "need_counts", "need_sources", "published_advice",
    "trusted_consortia",
}  # fmt: skip
SECRET = {"actor_keys", "tokens", "mails"}  # keys; links; letters, which hold links
SAID_ELSEWHERE = {
    "proposal_areas",  # with the proposals
    "proposal_languages",
    "proposal_sources",
    "proposal_search",
    "post_recipients",  # with the posts
    "reactions",  # of people elsewhere
    "mentorships",  # field by field: see `_mentorship`
    "exports",  # the archive itself
    "mentorship_arrivals",  # what other servers have announced; told once it has arrived
}
INTERNAL = {  # numbers of this database, and what is made from other columns
    "id", "actor_id", "account_id", "author_id", "mentorship_id", "proposal_id", "person_id", "member_id",
    "is_local", "is_here", "search_text", "revision", "version", "answer_version", "answer_to_version",
    "answer_uri", "from_actor_id", "follower_id", "followed_id", "blocker_id", "blocked_id", "thanked_id",
    "old_actor_id", "new_actor_id", "changed_by", "detail", "body", "uri", "host", "waiting_count", "url",
    "context_uri", "is_sensitive", "is_taken", "from_actor_uri", "thread_uri", "question_uri",
    "guest_actor_id", "told_until_number", "group_id", "request_id", "offer_id", "coordinator_id",
}  # fmt: skip
OF_THE_ACTOR = {  # addresses on this server, which its document shows
    "acct_host", "inbox_url", "shared_inbox_url", "outbox_url", "followers_uri", "featured_url",
    "proposals_url", "gone_at", "fetched_at",
}  # fmt: skip
WITHHELD = {
    "accounts.password_hash", "accounts.calendar_token_hash", "sessions.token_hash", "sessions.csrf_token",
    "sessions.data", "records.share_token_hash", "saved_searches.feed_token_hash",
}  # fmt: skip


def test_every_table_and_column_is_handed_out_or_has_a_reason_to_stay() -> None:
    known = NOT_A_PERSONS | SECRET | SAID_ELSEWHERE | set(export_rows.HANDED_OUT)
    assert set(metadata.tables) == known
    for name in export_rows.HANDED_OUT:
        table = metadata.tables[name]
        handed_out = {column.name for column in export_rows.columns_of(table)}
        rest = {column.name for column in table.columns} - handed_out - INTERNAL
        rest -= {column for column in rest if f"{name}.{column}" in WITHHELD}
        rest -= OF_THE_ACTOR if name in {"actors", "proposals", "posts"} else set()
        assert rest == set(), f"{name}: {rest}"
        assert not {f"{name}.{column}" for column in handed_out} & WITHHELD
        assert not {column for column in handed_out if "hash" in column or "encrypted" in column}


class Pair:
    """Ana and Ben, their mentorship, and an export of either."""

    def __init__(self, store: Store, site: Site, ana: Member, ben: Member, now: datetime) -> None:
        self.store, self.site, self.ana, self.ben, self.now = store, site, ana, ben, now

    async def data(self, member: Member) -> dict[str, Any]:
        """Return what the JSON of a member's archive holds."""
        files = await self.files(member)
        return dict(json.loads(files["export.json"]))

    async def files(self, member: Member) -> dict[str, bytes]:
        """Return the files of a member's archive by name."""
        archive = await exports.build(
            self.store, self.site, account_id=member.account.id, readable=_page, now=self.now
        )
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            assert opened.testzip() is None
            return {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}

    async def put(self, table: Table, author: Member, mentorship_id: str, **columns: Any) -> None:
        """Insert a row that somebody wrote."""
        row_id = new_id(self.now)
        usual = {
            "id": row_id,
            "mentorship_id": mentorship_id,
            "author_id": author.actor.id,
            "uri": f"https://lib.example/messages/{row_id}",
            "created_at": self.now,
            "updated_at": self.now,
        }
        values = {name: value for name, value in usual.items() if name in table.c}
        await self.store.write(lambda tx: tx.execute(insert(table).values(**values | columns)))


def _page(data: exports.Data, member: Member) -> str:
    return f"<p>{member.actor.handle} has {len(data['mentorships'])}</p>"


@pytest.fixture
async def pair(store: Store, site: Site, add: Add, now: datetime) -> Pair:
    await store.write(lambda tx: ensure_instance_actor(tx, site, now=now))
    return Pair(store, site, await add("ana"), await add("ben"), now)


@pytest.fixture
def begin(pair: Pair) -> Callable[..., Awaitable[str]]:
    """Insert a mentorship of the two; return its id."""

    async def make(**columns: Any) -> str:
        made = await pair.store.write(
            lambda tx: add_mentorship(
                tx, mentor=pair.ana.actor, mentee=pair.ben.actor, now=pair.now, **columns
            )
        )
        return made.id

    return make


Begin = Callable[..., Awaitable[str]]


async def test_an_archive_has_data_a_page_and_records(pair: Pair, begin: Begin) -> None:
    mentorship_id = await begin()
    later = pair.now + timedelta(days=7)

    async def issue(tx: Tx) -> records.OwnRecord:
        row = (await tx.all(select(mentorships)))[0]
        found = await exports_mentorship(tx, row.id, pair.ana)
        return await records.issue(tx, pair.site, view=found, now=later)

    own = await pair.store.write(issue)
    files = await pair.files(pair.ana)
    assert set(files) == {"export.json", "index.html", f"records/{own.stored.id}.json"}
    assert files[f"records/{own.stored.id}.json"] == own.stored.document
    assert files["index.html"] == b"<p>ana has 1</p>"
    data = json.loads(files["export.json"])
    assert (data["format"], data["version"]) == ("libline-export", 1)
    assert data["actor"] == pair.ana.actor.uri
    assert data["server"] == "https://lib.example"
    (one,) = data["mentorships"]
    assert one["me"] == "mentor"
    assert one["partner"] == {"uri": pair.ben.actor.uri, "address": "@ben@lib.example", "name": "ben"}
    assert one["terms"]["goal"] == "Learn RDA"
    assert one["records"][0]["file"] == f"records/{own.stored.id}.json"
    assert mentorship_id not in one["title"]


async def exports_mentorship(tx: Tx, mentorship_id: str, member: Member) -> Any:
    from libline_fed.storage import mentorships as rows

    found = await rows.by_id(tx, mentorship_id)
    assert found is not None
    return await view_of(tx, found, member.actor)


async def test_an_archive_holds_everything_of_the_member(pair: Pair, begin: Begin) -> None:
    mentorship_id = await begin(
        message_text="canary-request", answers={"why": "canary-why"}, mentor_contact="canary-contact"
    )
    for table, columns in (
        (messages, {"content_html": "<p>canary-message</p>", "is_local": True, "published_at": pair.now,
                    "received_at": pair.now}),
        (goals, {"title": "canary-goal", "milestones": [{"title": "canary-step"}], "state": "open"}),
        (logbook, {"held_on": pair.now.date(), "minutes": 30, "notes_text": "canary-notes"}),
        (feedback, {"answers": {"helped": "much"}, "body_text": "canary-feedback", "is_here": True}),
    ):  # fmt: skip
        await pair.put(table, pair.ana, mentorship_id, **columns)

    async def more(tx: Tx) -> None:
        await proposals.add(tx, pair.site, author=pair.ana.actor, draft=DRAFT, now=pair.now)
        await follows.follow(
            tx, pair.site, follower=pair.ana.actor, followed=pair.ben.actor, now=pair.now
        )

    await pair.store.write(more)
    data = await pair.data(pair.ana)
    text = json.dumps(data)
    for what in ("request", "why", "contact", "message", "goal", "step", "notes", "feedback"):
        assert f"canary-{what}" in text, what
    assert data["account"]["email"] == "ana@mail.example"
    assert data["profile"]["handle"] == "ana"
    assert [each["title"] for each in data["proposals"]] == ["Cataloguing"]
    assert [each["who"] for each in data["following"]] == [pair.ben.actor.uri]
    assert {each["type"] for each in data["activities"]} >= {"Create", "Add"}
    bens = await pair.data(pair.ben)
    assert [each["who"] for each in bens["followers"]] == [pair.ana.actor.uri]
    assert [each["kind"] for each in bens["notifications"]] == ["follow"]


async def test_of_the_other_there_is_only_what_one_may_still_see(pair: Pair, begin: Begin) -> None:
    mentorship_id = await begin(
        state="ended-early", changed_by="mentee", reason="other", reason_text="canary-reason",
        mentee_contact="canary-contact",
    )  # fmt: skip
    message = {"is_local": True, "published_at": pair.now, "received_at": pair.now}
    talk = {"held_on": pair.now.date(), "minutes": 30}
    for table, columns in (
        (messages, {**message, "content_html": "<p>shown-message</p>"}),
        (messages, {**message, "content_html": "<p>canary-deleted</p>", "deleted_at": pair.now}),
        (logbook, {**talk, "notes_text": "canary-notes"}),
        (logbook, {**talk, "notes_text": "shown-notes", "is_shared": True}),
        (goals, {"title": "canary-goal", "milestones": [], "state": "open", "deleted_at": pair.now}),
        (goals, {"title": "shown-goal", "milestones": [], "state": "open"}),
        (feedback, {"answers": {}, "body_text": "canary-sealed", "is_here": True}),
        (thanks, {"note_uri": "https://lib.example/n", "thanked_id": pair.ana.actor.id,
                  "text": "canary-thanks", "content_html": "<p>canary-thanks</p>", "state": "withdrawn"}),
    ):  # fmt: skip
        await pair.put(table, pair.ben, mentorship_id, **columns)
    text = json.dumps(await pair.data(pair.ana))
    assert "canary" not in text
    for what in ("message", "notes", "goal"):
        assert f"shown-{what}" in text, what
    assert text.count('"minutes": 30') == 2, "how long they talked, both know"
    await pair.store.write(lambda tx: tx.execute(update(feedback).values(opened_at=pair.now)))
    assert "canary-sealed" in json.dumps(await pair.data(pair.ana)), "opened is open"
    assert "canary-reason" in json.dumps(await pair.data(pair.ben)), "one's own reason is one's own"


async def test_nobody_learns_of_an_end_for_safety_from_an_archive(pair: Pair, begin: Begin) -> None:
    mentorship_id = await begin(state="ended-safety", changed_by="mentee")
    await pair.store.write(
        lambda tx: tx.execute(
            insert(metadata.tables["mentorship_events"]).values(
                id=new_id(pair.now),
                mentorship_id=mentorship_id,
                event="end-for-safety",
                by="mentee",
                state_before="active",
                state_after="ended-safety",
                version=4,
                detail={"why": "canary-detail"},
                created_at=pair.now,
            )
        )
    )
    anas, bens = await pair.data(pair.ana), await pair.data(pair.ben)
    assert "safety" not in json.dumps(anas)
    assert "canary" not in json.dumps(anas)
    assert anas["mentorships"][0]["state"] == "ended-early"
    assert bens["mentorships"][0]["state"] == "ended-safety"


async def test_no_secret_and_nothing_of_strangers_is_handed_out(
    pair: Pair, begin: Begin, add: Add, site: Site
) -> None:
    await begin()
    cleo = await add("cleo")
    await pair.store.write(
        lambda tx: add_mentorship(
            tx, mentor=cleo.actor, mentee=pair.ben.actor, now=pair.now, message_text="canary-strangers"
        )
    )
    keys = await pair.store.read(lambda tx: tx.all(select(metadata.tables["actor_keys"])))
    hashes = await pair.store.read(lambda tx: tx.scalars(select(metadata.tables["accounts"].c.password_hash)))
    for name, content in (await pair.files(pair.ana)).items():
        text = content.decode()
        assert "canary" not in text, name
        assert "ben@mail.example" not in text
        assert "cleo" not in text
        assert "PRIVATE KEY" not in text
        assert not any(hash_ in text for hash_ in hashes)
        assert not any(key.public_pem in text for key in keys)


async def test_a_draft_of_the_other_is_not_handed_out(pair: Pair, begin: Begin) -> None:
    await begin(state="draft", message_text="canary-draft", agreement_uri=None)
    assert "canary" not in json.dumps(await pair.data(pair.ana))
    assert "canary-draft" in json.dumps(await pair.data(pair.ben))


# --- keeping ----------------------------------------------------------------------------------------


async def test_an_archive_is_kept_for_a_day_and_only_for_its_owner(
    pair: Pair, limiter: Limits, begin: Begin
) -> None:
    made = await exports.make(
        pair.store, pair.site, limiter, account_id=pair.ana.account.id, readable=_page, now=pair.now
    )
    assert made.expires_at == pair.now + timedelta(hours=24)

    async def fetched(member: Member, hours: float, export_id: str = made.id) -> bytes | None:
        at = pair.now + timedelta(hours=hours)
        try:
            return await pair.store.read(
                lambda tx: exports.fetch(tx, export_id, account_id=member.account.id, now=at)
            )
        except NotFound:
            return None

    assert await fetched(pair.ana, 23.9) is not None
    assert await fetched(pair.ana, 24) is None
    assert await fetched(pair.ben, 1) is None
    assert await fetched(pair.ana, 1, new_id(pair.now)) is None
    assert await fetched(pair.ana, 1, "../etc/passwd") is None
    again = await exports.make(
        pair.store, pair.site, limiter, account_id=pair.ana.account.id, readable=_page, now=pair.now
    )
    assert await fetched(pair.ana, 1) is None, "there is one at a time"
    assert await fetched(pair.ana, 1, again.id) is not None
    gone = await pair.store.write(lambda tx: exports.drop_old(tx, now=pair.now + timedelta(hours=25)))
    assert gone == 1
    assert await pair.store.read(lambda tx: tx.all(select(export_table))) == []


async def test_archives_are_made_within_limits(pair: Pair, limiter: Limits) -> None:
    async def make() -> exports.Archive:
        return await exports.make(
            pair.store, pair.site, limiter, account_id=pair.ana.account.id, readable=_page, now=pair.now
        )

    for _ in range(exports.PER_ACCOUNT.max_count):
        await make()
    with pytest.raises(TooManyTries):
        await make()


async def test_who_leaves_leaves_no_archive_behind(pair: Pair, limiter: Limits) -> None:
    await exports.make(
        pair.store, pair.site, limiter, account_id=pair.ana.account.id, readable=_page, now=pair.now
    )
    await pair.store.write(lambda tx: accounts.remove(tx, pair.ana.account.id))
    assert await pair.store.read(lambda tx: tx.all(select(export_table))) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_ten_thousand_messages_are_handed_out_in_a_minute(pair: Pair, begin: Begin) -> None:
    mentorship_id = await begin()
    rows = [
        {
            "id": new_id(pair.now),
            "uri": f"https://lib.example/messages/{number}",
            "mentorship_id": mentorship_id,
            "author_id": pair.ana.actor.id,
            "is_local": True,
            "content_html": "<p>A message of the usual length, more or less.</p>",
            "published_at": pair.now,
            "received_at": pair.now,
        }
        for number in range(10_000)
    ]
    await pair.store.write(lambda tx: tx.execute(insert(messages), rows))
    began = time.monotonic()
    data = await pair.data(pair.ana)
    assert len(data["mentorships"][0]["messages"]) == 10_000
    assert time.monotonic() - began < 60


def test_the_token_of_a_link_is_only_ever_a_hash() -> None:
    assert hash_token("x") not in export_rows.HANDED_OUT["records"]
    assert "share_token_hash" not in export_rows.HANDED_OUT["records"]


async def test_talks_are_counted_alike_in_record_and_archive(pair: Pair, begin: Begin) -> None:
    mentorship_id = await begin()

    async def talk(tx: Tx) -> None:
        found = await exports_mentorship(tx, mentorship_id, pair.ana)
        await add_talk(tx, found.mentorship, pair.ana.actor, 45, pair.now)

    await pair.store.write(talk)
    (one,) = (await pair.data(pair.ben))["mentorships"]
    assert [each["minutes"] for each in one["talks"]] == [45]
