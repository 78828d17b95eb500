"""A whole mentorship with somebody who only has a Mastodon account, from the first question to STOP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.doors import LANGUAGES
from libline_fed.services import answers, mentorships
from libline_fed.storage.store import Store
from tests.mastodon_peer.people import Person, Toot
from tests.mastodon_peer.remote import ProcessPeer
from tests.support.door import TERMS, WORDS, door
from tests.support.live_door import LiveMember
from tests.support.pair import Pair, pair
from tests.support.processes import LiveInstance


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


async def test_the_same_between_real_processes_that_break_on_the_way(tmp_path: Path) -> None:
    libline = LiveInstance(tmp_path / "libline", delivery_lease_s=10)
    peer = ProcessPeer(tmp_path / "peer.log")
    try:
        await asyncio.to_thread(libline.start)
        ana = LiveMember(libline, libline.add_member("ana"))
        offer_uri = libline.add_offer("ana", "Cataloguing with RDA")
        carla = await peer.person("carla", language="fr")
        await carla.reply(await carla.toot(offer_uri), "Bonjour, j’aimerais apprendre.")
        await asyncio.to_thread(ana.wait_for, "proposed")
        await asyncio.to_thread(ana.do, answers.accept)
        await peer.ask("faults", delay_s=0.2, send_twice=9)
        await asyncio.to_thread(ana.do, mentorships.change_terms, values=TERMS)
        question = await _poll(carla, ana.uri)
        assert question.options == ["Oui, d’accord", "Non, merci"]
        await carla.vote(question, 0)
        await asyncio.to_thread(libline.kill)
        await asyncio.to_thread(libline.serve)
        await asyncio.to_thread(ana.wait_for, "active")
        await carla.reply(question, "Fin !")
        await asyncio.to_thread(ana.wait_for, "ended-early")
        while not (told := await carla.messages(ana.uri))[-1].text.startswith("@carla Vous avez mis fin"):
            await asyncio.sleep(0.1)
        assert len({toot.uri for toot in told}) == len(told)
    finally:
        libline.stop()
        peer.stop()


async def _poll(carla: Person, author_uri: str) -> Toot:
    async with asyncio.timeout(60):
        while True:
            for toot in await carla.messages(author_uri):
                if toot.options:
                    return toot
            await asyncio.sleep(0.1)
