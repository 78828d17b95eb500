"""Lets whole servers talk, in this process, and keeps what they say: the examples of docs/protocol.md.

Nothing here writes a message. Ana (a.example) mentors Ben and Dora (b.example) and Carla, who is on a
Mastodon-like server; every example is a letter that went over the network of the tests. Ids are replaced by
ones that stay the same.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from libline_fed.clock import FrozenClock
from libline_fed.domain.feedback import FeedbackContent
from libline_fed.domain.goals import GoalContent, milestones_from
from libline_fed.domain.logbook import TalkContent
from libline_fed.domain.meetings import MeetingContent
from libline_fed.services import (
    absences,
    answers,
    feedback,
    goals,
    logbook,
    meetings,
    mentorships,
    messages,
    questions,
    requests,
    thanks,
)
from libline_fed.services.requests import Words
from libline_fed.storage import meetings as meeting_rows
from libline_fed.storage import migrate
from libline_fed.storage.store import Store, Tx
from tests.support.door import door
from tests.support.duo import WORDS, Duo, Person, duo
from tests.support.pair import DRAFT, Pair, pair

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TERMS = {"goal": "Catalogue 200 maps", "months": 4, "mode": "M4", "frequency": "Q3", "is_confidential": True}
CONTACT = "ben@mail.example"
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
Document = dict[str, Any]


@dataclass
class Record:
    """What was said, by the name of the example."""

    both: Pair
    kept: dict[str, Document] = field(default_factory=dict)
    _heard_count: int = 0

    async def keep(self, *names: str) -> None:
        """Let everything arrive, and keep the letters since the last time under these names, in order."""
        await self.both.settle()
        await self._check()
        letters = self.both.network.letters[self._heard_count :]
        self._heard_count = len(self.both.network.letters)
        told = [one.activity for one in letters]
        assert len(told) == len(names), (names, [(one["type"], one.get("actor")) for one in told])
        self.kept |= dict(zip(names, told, strict=True))
        self.both.clock.advance(seconds=60)

    async def _check(self) -> None:
        """Check that the other server took in what was said."""
        for side in self.both:
            for row in await side.received():
                assert row.state in {"applied", "ignored"}, (row.type, row.reason, row.detail)

    async def drop(self) -> None:
        """Let everything arrive, and keep none of it."""
        await self.both.settle()
        self._heard_count = len(self.both.network.letters)
        self.both.clock.advance(seconds=60)


@cache
def examples() -> dict[str, Document]:
    """Return the examples by name; made once."""
    said = asyncio.run(_all())
    return dict(json.loads(_with_lasting_ids(json.dumps(said))))


async def _all() -> dict[str, Document]:
    said: dict[str, Document] = {}
    async with _servers() as both:
        said |= await _between_servers(both)
    async with _servers() as both:
        said |= await _with_mastodon(both)
    return said


@asynccontextmanager
async def _servers() -> AsyncIterator[Pair]:
    with TemporaryDirectory() as folder:
        a, b = await _store(Path(folder), "a"), await _store(Path(folder), "b")
        try:
            async with pair(a, b, FrozenClock(NOW)) as both:
                yield both
        finally:
            for store in (a, b):
                await store.close()


async def _store(folder: Path, name: str) -> Store:
    store = await Store(f"sqlite+aiosqlite:///{folder / name}.sqlite3").open()
    await migrate.upgrade(store, backup_dir=folder, now=NOW)
    return store


# --- between two servers of ours --------------------------------------------------------------------


async def _between_servers(both: Pair) -> dict[str, Document]:
    two = await duo(both, places_count=3)
    record = Record(both)
    await record.drop()
    await _ask(two, record)
    await _answer_otherwise(two, record)
    await _agree(two, record)
    await _work(two, record)
    await _end(two, record)
    await _look_back(two, record)
    return record.kept


async def _ask(two: Duo, record: Record) -> None:
    """A question first; then a request, while Ana is about to be away."""
    draft = await two.ben.start(two.offer.uri)
    await two.ben.do(questions.ask, draft.id, text="Is a village library fine?")
    await record.keep("question")
    await two.ana.do(messages.write, (await two.ana.only()).id, text="It is!")
    await record.keep("answer-to-a-question")
    today = two.both.clock.now().date()
    await two.both.a.write(
        lambda tx: absences.add(
            tx,
            actor_id=two.ana.actor.id,
            from_on=today + timedelta(days=1),
            until_on=today + timedelta(days=5),
            now=two.both.clock.now(),
        )
    )
    await two.ben.do(requests.send, draft.id, words=replace(WORDS, terms=TERMS))
    await record.keep("offer", "wait")


async def _answer_otherwise(two: Duo, record: Record) -> None:
    """Dora gets another proposal and a no; then she takes a second request back, and asks in vain."""
    dora = Person(two.both.b, await two.both.b.member("dora"))
    await dora.change_account(primer_done_at=two.both.clock.now(), target_count=3)
    await record.drop()
    await dora.ask(two.offer.uri)
    await record.drop()
    hers = await _with(two.ana, dora)
    words = Words("Could we meet every two months?", terms={"frequency": "Q5"})
    await two.ana.do(requests.counter, hers.id, words=words)
    await record.keep("counter-offer")
    await dora.do(answers.decline, (await dora.only()).id, reason="not-now", note="After the summer.")
    await record.keep("reject")
    again = await dora.ask(two.offer.uri)
    await record.drop()
    await dora.do(answers.withdraw, again.id)
    await record.keep("undo")


async def _with(person: Person, partner: Person) -> Any:
    """Return a person's latest mentorship with a partner."""
    known = await person.side.know(partner.actor)
    found = await person.mentorships()
    return [one for one in found if known.id in {one.mentor_id, one.mentee_id}][-1]


async def _agree(two: Duo, record: Record) -> None:
    mine, theirs = await _with(two.ana, two.ben), await two.ben.only()
    await two.ana.do(answers.accept, mine.id)
    await record.keep("accept")
    await two.ana.do(mentorships.change_terms, mine.id, values={"months": 6, "end_rule": "In a last talk."})
    await record.keep("update-terms")
    version = (await two.ben.only()).terms_version
    await two.ben.do(mentorships.confirm, theirs.id, terms_version=version, contact=CONTACT)
    await record.keep("update-yes")


async def _work(two: Duo, record: Record) -> None:
    mine, theirs = await _with(two.ana, two.ben), await two.ben.only()
    clock = two.both.clock
    written = await two.ben.do(messages.write, theirs.id, text="Shall we begin with the maps?")
    await record.keep("message")
    await two.ben.do(messages.edit, theirs.id, message_id=written.id, text="Shall we begin with old maps?")
    await record.keep("message-edited")
    await two.ben.do(messages.delete, theirs.id, message_id=written.id)
    await record.keep("message-deleted")
    steps = milestones_from(["Read the rules", "Do ten"])
    due_on = date(2027, 3, 1)
    goal = GoalContent("Catalogue 200 maps", "Those in the cellar.", "G07", due_on, milestones=steps)
    await two.ben.do(goals.add, theirs.id, content=goal)
    await record.keep("goal")
    talk = TalkContent(clock.now().date(), 45, "We read the rules.", is_shared=True)
    await two.ben.do(logbook.add, theirs.id, content=talk)
    await record.keep("talk")
    times = tuple(clock.now().replace(minute=0, second=0) + timedelta(days=days) for days in (7, 8))
    meeting = await two.ana.do(
        meetings.propose, mine.id, content=MeetingContent(times, 60, "M4", "https://meet.example/maps")
    )
    await record.keep("meeting")
    found = await two.both.b.read(lambda tx: _meeting_id(tx, meeting.uri))
    await two.ben.do(meetings.choose, theirs.id, meeting_id=found, starts=times[0])
    await record.keep("meeting-answer")
    until_on = (clock.now() + timedelta(days=30)).date()
    await two.ana.do(mentorships.pause, mine.id, until_on=until_on)
    await record.keep("update-pause")
    await two.ben.do(mentorships.extend, theirs.id, ends_on=date(2027, 7, 1))
    await record.keep("update-later-end")


async def _meeting_id(tx: Tx, uri: str) -> str:
    found = await meeting_rows.by_uri(tx, uri)
    assert found is not None
    return found.id


async def _end(two: Duo, record: Record) -> None:
    mine, theirs = await _with(two.ana, two.ben), await two.ben.only()
    await two.ana.do(mentorships.complete, mine.id)
    await record.keep("update-completed", "completion")
    await two.ben.do(mentorships.object_to_end, theirs.id)
    await record.keep("update-objection")
    await two.ana.do(mentorships.complete, mine.id)
    await record.drop()


async def _look_back(two: Duo, record: Record) -> None:
    mine, theirs = await _with(two.ana, two.ben), await two.ben.only()
    words = FeedbackContent({"reached": "yes", "helped": "much", "again": "yes"}, "I learned a lot.")
    await two.ben.do(feedback.give, theirs.id, content=words)
    await record.keep("feedback-sealed")
    await two.ana.do(feedback.give, mine.id, content=replace(words, body_text="A pleasure."))
    await two.both.settle()
    record.kept["feedback"] = _latest_with(two.both, "feedback")
    await record.drop()
    await two.ben.do(thanks.wish, theirs.id, text="Ana showed me how to catalogue maps.")
    await record.keep("thanks")
    await two.ana.do(thanks.answer, mine.id, is_yes=True)
    await record.drop()
    record.kept["thanks-answer"] = _latest_with(two.both, "thanksAnswer")


def _latest_with(both: Pair, name: str) -> Document:
    """Return the latest letter whose object has a property."""
    told = [one.activity for one in both.network.letters]
    return [one for one in told if isinstance(one.get("object"), dict) and name in one["object"]][-1]


# --- with somebody who has no LibLine ---------------------------------------------------------------


async def _with_mastodon(both: Pair) -> dict[str, Document]:
    async with door(both, both.clock, draft=replace(DRAFT, title="Cataloguing with RDA")) as one:
        record = Record(both)
        await record.drop()
        await one.ask("I would like to learn RDA.")
        record.kept["door-request"] = _last(both, "m.example")
        record.kept["door-note"] = _last(both, "a.example")
        await one.accept()
        record.kept["door-poll"] = _last(both, "a.example")
        await one.vote(0)
        record.kept["door-vote"] = _last(both, "m.example")
        return record.kept


def _last(both: Pair, host: str) -> Document:
    """Return the latest letter of a server."""
    return [one.activity for one in both.network.letters if one.sender == host][-1]


# --- ids that stay ----------------------------------------------------------------------------------


def _with_lasting_ids(text: str) -> str:
    """Replace every id by one that says only how early it appears."""
    known: dict[str, str] = {}

    def lasting(match: re.Match[str]) -> str:
        return known.setdefault(match[0], f"019ab4c0-{len(known) + 1:04x}-7000-8000-000000000000")

    return _ID.sub(lasting, text)
