"""A whole mentorship with somebody who only has a Mastodon account, from the first question to STOP."""

from collections.abc import AsyncIterator

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.doors import LANGUAGES
from libline_fed.services import mentorships
from libline_fed.storage.store import Store
from tests.support.door import TERMS, WORDS, door
from tests.support.pair import Pair, pair


@pytest.fixture
async def both(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Pair]:
    async with pair(store, other_store, clock) as made:
        yield made


async def test_asked_in_a_private_mention_agreed_by_poll_ended_by_stop(
    both: Pair, clock: FrozenClock
) -> None:
    async with door(both, clock, language="es") as one:
        await one.ask("Hola Ana, me gustaría aprender RDA.", language="es")
        mine = await one.latest()
        assert (mine.state, mine.channel, mine.asker) == ("proposed", "note", "mentee")
        assert mine.message_text == "Hola Ana, me gustaría aprender RDA."
        (confirmed,) = await one.told()
        assert "ha llegado a Ana Pérez" in confirmed.text
        assert "STOP" in confirmed.text
        assert confirmed.language == "es"

        await one.accept()
        question = await one.question()
        assert question.options == ["Sí, acepto", "No, gracias"]
        assert TERMS["goal"] in question.text
        assert await one.states() == ["intro"]

        await one.vote(0)
        assert await one.states() == ["active"]
        assert "ha empezado" in (await one.last()).text

        await one.say("¿Cuándo empezamos?")
        await one.write("El lunes.")
        assert await one.thread() == ["<p>¿Cuándo empezamos?</p>", "<p>El lunes.</p>"]
        assert (await one.last()).text == "@carla El lunes."

        await one.say("STOP")
        assert await one.states() == ["ended-early"]
        assert "Has terminado la mentoría" in (await one.last()).text
        assert len(await one.told()) == 6  # reached, yes, question, begun, one of Ana's own, ended
        assert await one.peer.outbound.retry() == 0


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_same_with_words_in_each_language(both: Pair, clock: FrozenClock, language: str) -> None:
    yes, _, stop = WORDS[language]
    async with door(both, clock, language=language) as one:
        await one.ask()
        await one.accept()
        question = await one.question()
        await one.carla.reply(question, yes)
        await one.settle()
        assert await one.states() == ["active"]
        assert all(toot.language == language for toot in await one.told())
        await one.say(stop)
        assert await one.states() == ["ended-early"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_no_in_each_language_ends_getting_to_know_each_other(
    both: Pair, clock: FrozenClock, language: str
) -> None:
    async with door(both, clock, language=language) as one:
        await one.ask()
        await one.accept()
        await one.carla.reply(await one.question(), WORDS[language][1])
        await one.settle()
        assert await one.states() == ["ended-intro"]


async def test_the_same_with_a_favourite(both: Pair, clock: FrozenClock) -> None:
    async with door(both, clock) as one:
        await one.ask()
        await one.accept()
        await one.carla.favourite(await one.question())
        await one.settle()
        assert await one.states() == ["intro"]
        count = len(await one.told())
        await one.later(seconds=601)
        assert await one.states() == ["active"]
        assert len(await one.told()) == count + 1
        await one.do(mentorships.complete)
        assert "completed" in (await one.last()).text
