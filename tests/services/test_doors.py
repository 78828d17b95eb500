"""The other door when things happen at once: each answer counts once, one question is open in a thread."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from libline_fed.clock import FrozenClock
from libline_fed.domain.doors import Answer, DoorQuestion, How, QuestionKind, QuestionState
from libline_fed.errors import Conflict, StoreBusy
from libline_fed.ids import new_id
from libline_fed.services import door_answers, door_requests, door_talk, mentorships
from libline_fed.services.door_requests import Asking
from libline_fed.storage import doors
from libline_fed.storage.mentorship_tables import door_questions
from libline_fed.storage.mentorship_tables import mentorships as mentorship_table
from libline_fed.storage.store import Store, Tx
from tests.support.door import TERMS, Door, door
from tests.support.pair import pair


@pytest.fixture
async def one(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Door]:
    async with pair(store, other_store, clock) as both, door(both, clock) as made:
        yield made


async def at_once(one: Door, *units: Any) -> list[Any]:
    """Run units side by side; what the database could not do at once is tried again."""

    async def run(unit: Any) -> Any:
        while True:
            try:
                return await one.side.write(unit)
            except (StoreBusy, Conflict):
                await asyncio.sleep(0.01)

    return list(await asyncio.gather(*(run(unit) for unit in units)))


async def open_question(one: Door) -> DoorQuestion:
    mine = await one.latest()
    found = await one.side.read(lambda tx: doors.open_in(tx, mine.thread_uri))
    assert found is not None
    return found


@pytest.mark.parametrize("second", [Answer.YES, Answer.NO])
async def test_of_two_answers_at_once_one_counts(one: Door, second: Answer) -> None:
    await one.ask()
    await one.accept()
    question, now, count = await open_question(one), one.both.clock.now(), len(await one.told())

    def answer(what: Answer, how: How) -> Any:
        return lambda tx: door_answers.answer_question(tx, one.side.site, question, what, how, now=now)

    counted = await at_once(one, answer(Answer.YES, How.VOTE), answer(second, How.WORD))
    assert sorted(counted) == [False, True]
    await one.settle()
    assert await one.states() in (["active"], ["ended-intro"])
    assert len(await one.told()) == count + 1


async def test_of_two_comments_at_once_one_is_asked_about(one: Door) -> None:
    person, now = await one.person(), one.both.clock.now()

    def ask(number: int) -> Any:
        return lambda tx: door_requests.ask_to_register(
            tx,
            one.side.site,
            proposal=one.offer,
            member=one.ana,
            person=person,
            comment_uri=f"{person.uri}/statuses/{number}",
            language="en",
            now=now,
        )

    assert sorted(await at_once(one, *(ask(number) for number in range(4)))) == [False] * 3 + [True]
    await one.settle()
    assert len(await one.told()) == 1


async def test_of_two_messages_at_once_one_is_the_request(one: Door) -> None:
    person, now = await one.person(), one.both.clock.now()

    def register(number: int) -> Any:
        asking = Asking(f"{person.uri}/statuses/{number}", "Please", "<p>Please</p>", "en")
        return lambda tx: door_requests.register(
            tx, one.side.site, proposal=one.offer, member=one.ana, person=person, asking=asking, now=now
        )

    made = await at_once(one, register(1), register(2), register(1))
    assert len({found.id for found in made}) == 1
    counted = select(func.count()).select_from(mentorship_table)
    assert await one.side.read(lambda tx: tx.scalar(counted)) == 1
    await one.settle()
    assert len(await one.told()) == 1


async def test_an_answer_and_the_end_of_time_at_once_have_one_outcome(one: Door) -> None:
    await one.ask()
    await one.accept()
    question = await open_question(one)
    late = question.expires_at + timedelta(seconds=1)

    async def tick(tx: Tx) -> int:
        return await door_answers.tick(tx, one.side.site, now=late)

    async def answer(tx: Tx) -> bool:
        return await door_answers.answer_question(tx, one.side.site, question, Answer.YES, How.VOTE, now=late)

    await at_once(one, tick, answer)
    again = await one.side.read(lambda tx: doors.by_uri(tx, question.question_uri))
    assert again is not None
    is_active = await one.states() == ["active"]
    assert again.state == (QuestionState.ANSWERED if is_active else QuestionState.EXPIRED)


async def test_a_new_question_takes_the_place_of_the_open_one(one: Door) -> None:
    person, now = await one.person(), one.both.clock.now()
    talk = door_talk.Door(
        one.ana, person, one.side.site.uris.thread(new_id(now)), "en", "RDA", proposal=one.offer
    )

    async def ask(tx: Tx) -> bool:
        return await door_talk.ask(
            tx, one.side.site, talk, QuestionKind.REGISTER, "Well?", expires_at=now + timedelta(1), now=now
        )

    assert await one.side.write(ask)
    assert await one.side.write(ask)
    states = select(door_questions.c.state).order_by(door_questions.c.id)
    assert await one.side.read(lambda tx: tx.scalars(states)) == ["cancelled", "open"]


async def test_a_step_that_cannot_be_taken_any_more_is_answered_in_words(one: Door) -> None:
    await one.ask()
    await one.accept()
    question, now, mine = await open_question(one), one.both.clock.now(), await one.latest()

    async def unit(tx: Tx) -> None:
        await tx.execute(
            mentorship_table.update().where(mentorship_table.c.id == mine.id).values(state="declined")
        )
        assert await door_answers.answer_question(tx, one.side.site, question, Answer.YES, How.VOTE, now=now)

    await one.side.write(unit)
    await one.settle()
    assert "not possible any more" in (await one.last()).text


async def test_everything_is_said_in_the_language_of_the_request(one: Door) -> None:
    await one.ask("Bonjour, j’aimerais apprendre.", language="fr-CA")
    await one.accept()
    await one.vote(0)
    await one.do(mentorships.complete)
    told = await one.told()
    assert {toot.language for toot in told} == {"fr"}
    assert all(toot.text.endswith("Message automatique de Library A.") for toot in told)
    assert TERMS["goal"] in (await one.question()).text
