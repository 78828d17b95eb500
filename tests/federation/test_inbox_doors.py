"""The other door, message by message: a Mastodon-like server beside a LibLine one."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from libline_fed.clock import FrozenClock
from libline_fed.domain.doors import QuestionState
from libline_fed.services import answers, blocks, deliveries, mentorships, proposals, requests
from libline_fed.services.requests import Words
from libline_fed.storage import doors
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.mentorship_tables import door_questions
from libline_fed.storage.store import Store, Tx
from tests.mastodon_peer import documents
from tests.mastodon_peer.people import Toot
from tests.support.door import TERMS, Door, door
from tests.support.pair import DRAFT, LEASE_S, pair

OFFER = Words("How about every two months?", terms={"frequency": "Q5", **TERMS})


@pytest.fixture
async def one(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Door]:
    async with pair(store, other_store, clock) as both, door(both, clock) as made:
        yield made
        assert not [toot for toot in await made.carla.statuses(made.ana.uri) if toot.visibility == "limited"]
        queue = await made.side.read(deliveries.summarise)
        assert not {"queued", "dead"} & {state for state, count in queue.counts.items() if count}


async def questions(one: Door) -> list[tuple[str, str, str | None]]:
    """Return kind, state and answer of every question, oldest first."""
    asked = select(door_questions).order_by(door_questions.c.asked_at, door_questions.c.id)
    found = await one.side.read(lambda tx: tx.all(asked))
    return [(row.kind, row.state, row.answer) for row in found]


async def comment(one: Door, text: str, visibility: str = "public") -> Toot:
    """Let Carla answer the offer where all can read it."""
    sent = await one.carla.reply(await one.carla.toot(one.offer.uri), text, visibility)
    await one.settle()
    return sent


# --- asking -------------------------------------------------------------------------------------------


async def test_a_private_mention_with_the_address_of_the_offer_is_a_request(one: Door) -> None:
    text = f"{one.handle} I would like this: {one.offer.uri} please"
    await one.carla.private_mention(text)
    await one.settle()
    mine = await one.latest()
    assert (mine.state, mine.channel) == ("proposed", "note")
    assert mine.message_text.startswith("I would like this")
    assert await one.side.notices(one.ana) == [
        ("mentorship", f"{one.side.site.uris.mentorship(mine.id)}#{mine.version}")
    ]


async def test_a_private_mention_about_nothing_stays_a_message(one: Door) -> None:
    await one.carla.private_mention(f"{one.handle} Hello Ana, nice weather.")
    await one.settle()
    assert await one.mentorships() == []
    assert [kind for kind, _ in await one.side.notices(one.ana)] == ["message"]
    assert await one.told() == []


async def test_an_offer_of_somebody_who_is_not_addressed_is_not_asked_for(one: Door) -> None:
    ben = await one.side.member("ben")
    await one.carla.private_mention(f"@ben@{one.side.host} what do you think of {one.offer.uri}?")
    await one.settle()
    assert await one.mentorships() == []
    assert [kind for kind, _ in await one.side.notices(ben)] == ["message"]


async def test_what_is_asked_twice_is_one_request_and_a_message(one: Door) -> None:
    await one.ask("First words")
    await one.ask("And some more")
    assert await one.states() == ["proposed"]
    assert (await one.latest()).message_text == "First words"
    assert await one.thread() == ["<p>And some more</p>"]
    assert len(await one.told()) == 1


async def test_the_same_message_delivered_twice_is_one_request(one: Door) -> None:
    one.peer.faults.send_twice = 1
    await one.ask()
    assert await one.states() == ["proposed"]
    assert len(await one.told()) == 1


async def test_a_request_can_be_edited_and_taken_back_by_deleting_it(one: Door) -> None:
    sent = await one.ask("I would like to learn DRA.")
    one.both.clock.advance(seconds=60)
    await one.carla.edit(sent, f"{one.handle} I would like to learn RDA.")
    await one.settle()
    assert (await one.latest()).message_text == "I would like to learn RDA."
    await one.carla.delete(sent)
    await one.settle()
    assert await one.states() == ["withdrawn"]
    assert "taken back" in (await one.last()).text


async def test_a_closed_offer_is_answered_with_the_reason(one: Door) -> None:
    await one.side.write(
        lambda tx: proposals.set_status(
            tx, one.side.site, proposal_id=one.offer.id, author_id=one.ana.id, status="paused",
            now=one.both.clock.now(),
        )
    )  # fmt: skip
    await one.ask()
    assert await one.mentorships() == []
    assert [toot.text for toot in await one.told()] == [
        "@carla “Cataloguing with RDA” is not open for requests any more, so nothing was registered.\n"
        "Automatic message from Library A."
    ]


async def test_a_fourth_open_request_is_refused_with_the_reason(one: Door) -> None:
    for number in range(4):
        draft = replace(DRAFT, title=f"Offer {number}", places_count=2)
        one.offer = await one.side.offer(one.ana, draft)
        await one.ask()
    assert await one.states() == ["proposed"] * 3
    assert "three open requests" in (await one.last()).text


async def test_a_blocked_person_asks_in_vain(one: Door) -> None:
    person, now = await one.person(), one.both.clock.now()
    await one.side.write(lambda tx: blocks.block(tx, one.side.site, person=one.ana, partner=person, now=now))
    await one.ask()
    assert await one.mentorships() == []
    assert await one.told() == []


async def test_somebody_can_volunteer_for_a_request(one: Door) -> None:
    one.offer = await one.side.offer(one.ana, replace(DRAFT, purpose="request", title="Who helps with RDA?"))
    await one.ask("I can help you.")
    mine = await one.latest()
    assert (mine.asker, mine.mentee_id) == ("mentor", one.ana.id)
    assert "Your offer to mentor" in (await one.last()).text
    await one.accept()
    await one.vote(0)
    assert await one.states() == ["active"]


# --- commenting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
async def test_a_public_reply_stays_a_comment_and_is_asked_about_once(one: Door, visibility: str) -> None:
    await comment(one, "I would like this!", visibility)
    assert await one.mentorships() == []
    assert len(await one.comments()) == 1
    (question,) = await one.told()
    assert question.visibility == "direct"
    assert question.options == ["Yes, please", "No, thanks"]
    assert "Your vote is seen by Library A only." in question.text
    await comment(one, "Really!", visibility)
    assert len(await one.told()) == 1
    assert len(await one.comments()) == 2

    await one.vote(0)
    mine = await one.latest()
    assert (mine.state, mine.message_text) == ("proposed", "Really!")
    assert mine.thread_uri == question.conversation
    assert [toot.conversation for toot in await one.told()] == [question.conversation] * 2
    await one.accept()
    await one.vote(0)
    assert await one.states() == ["active"]


@pytest.mark.parametrize("how", ["vote", "word", "stop"])
async def test_a_no_registers_nothing_and_nobody_asks_again(one: Door, how: str) -> None:
    await comment(one, "Interesting")
    await (one.vote(1) if how == "vote" else one.say("no thanks" if how == "word" else "STOP"))
    assert await one.mentorships() == []
    assert "Nothing was registered" in (await one.last()).text
    count = len(await one.told())
    await comment(one, "Interesting all the same")
    assert len(await one.told()) == count == 2


async def test_an_unclear_answer_leaves_the_question_open_and_reaches_the_member(one: Door) -> None:
    await comment(one, "Interesting")
    await one.say("What does it cost?")
    assert await questions(one) == [("register", "open", None)]
    assert [kind for kind, _ in await one.side.notices(one.ana)] == ["reply", "message"]
    assert len(await one.told()) == 1
    await one.say("yes please")
    assert await one.states() == ["proposed"]


async def test_asking_privately_answers_the_question_whether_to_register(one: Door) -> None:
    await comment(one, "Interesting")
    await one.ask("Please take me.")
    assert await one.states() == ["proposed"]
    assert await questions(one) == [("register", "cancelled", None)]
    await one.vote(0)
    assert await one.states() == ["proposed"]
    assert "not open any more" in (await one.last()).text


async def test_deleting_the_comment_does_not_take_back_what_was_asked_in_private(one: Door) -> None:
    sent = await comment(one, "I would like this!")
    await one.vote(0)
    await one.carla.delete(sent)
    await one.settle()
    assert await one.comments() == []
    assert await one.states() == ["proposed"]


async def test_who_is_blocked_is_not_reminded(one: Door) -> None:
    await comment(one, "Interesting")
    person, now = await one.person(), one.both.clock.now()
    await one.side.write(lambda tx: blocks.block(tx, one.side.site, person=one.ana, partner=person, now=now))
    await one.later(days=3)
    assert len(await one.told()) == 1
    assert await questions(one) == [("register", "cancelled", None)]


async def test_a_bot_is_not_asked(one: Door) -> None:
    account = one.peer.local("carla")
    assert account is not None
    account.type = "Service"
    await comment(one, "I repeat everything")
    assert await one.told() == []


async def test_of_a_closed_offer_nothing_is_asked(one: Door) -> None:
    await one.carla.toot(one.offer.uri)
    await one.side.write(
        lambda tx: proposals.set_status(
            tx, one.side.site, proposal_id=one.offer.id, author_id=one.ana.id, status="paused",
            now=one.both.clock.now(),
        )
    )  # fmt: skip
    await comment(one, "Too late?")
    assert await one.told() == []


# --- what the member decides --------------------------------------------------------------------------


async def test_a_decline_is_told_with_reason_and_words(one: Door) -> None:
    await one.ask()
    await one.do(answers.decline, reason="not-now", note="Ask me again in May.")
    assert await one.states() == ["declined"]
    told = (await one.last()).text
    assert "cannot say yes" in told
    assert "now is not a good time" in told
    assert "Ask me again in May." in told


@pytest.mark.parametrize(("option", "state"), [(0, "intro"), (1, "declined")])
async def test_other_terms_are_asked_about_by_a_poll(one: Door, option: int, state: str) -> None:
    await one.ask()
    await one.do(requests.counter, words=OFFER)
    question = await one.question()
    assert "How about every two months?" in question.text
    assert TERMS["goal"] in question.text
    count = len(await one.told())
    await one.vote(option)
    assert await one.states() == [state]
    assert len(await one.told()) == count + 1


async def test_new_terms_replace_the_question_and_a_vote_in_the_old_one_is_too_late(one: Door) -> None:
    await one.ask()
    await one.accept()
    old = await one.question()
    await one.do(mentorships.change_terms, values=TERMS | {"months": 6})
    assert [state for _, state, _ in await questions(one)] == ["cancelled", "open"]
    await one.carla.vote(old, 0)
    await one.settle()
    assert await one.states() == ["intro"]
    assert "not open any more" in (await one.last()).text
    await one.vote(0)
    assert await one.states() == ["active"]
    assert (await one.latest()).terms["months"] == 6


async def test_terms_that_were_complete_are_asked_about_with_the_yes(one: Door) -> None:
    await one.ask()
    mine = await one.latest()
    await one.side.write(lambda tx: _set_terms(tx, mine.id, TERMS, one.both.clock.now()))
    await one.do(answers.accept)
    assert "says yes" in (await one.question()).text
    await one.vote(0)
    assert await one.states() == ["intro"]
    assert "still has to confirm" in (await one.last()).text
    await one.do(mentorships.confirm, terms_version=1)
    assert await one.states() == ["active"]
    assert "has begun" in (await one.last()).text


async def _set_terms(tx: Tx, mentorship_id: str, terms: dict[str, object], now: object) -> None:
    from libline_fed.storage import mentorships as rows

    await rows.change(tx, mentorship_id, now, terms=terms)  # type: ignore[arg-type]


async def test_every_step_of_a_running_mentorship_is_one_message(one: Door) -> None:
    await one.begin()
    day = one.both.clock.now().date()
    steps = [
        (mentorships.pause, {"until_on": day + timedelta(days=30)}, "until 24 December 2026"),
        (mentorships.resume, {}, "goes on"),
        (mentorships.extend, {"ends_on": day + timedelta(days=200)}, "now runs until 12 June 2027"),
        (mentorships.complete, {}, "is completed"),
    ]
    for use_case, values, words in steps:
        count = len(await one.told())
        await one.do(use_case, **values)
        told = await one.told()
        assert len(told) == count + 1
        assert words in told[-1].text
        assert "—" not in told[-1].text


async def test_an_early_end_and_words_are_told(one: Door) -> None:
    await one.begin()
    await one.write("See you on Monday.")
    assert (await one.last()).text == "@carla See you on Monday."
    await one.do(mentorships.end_early, reason="A private reason")
    assert "has ended the mentorship" in (await one.last()).text
    assert all("A private reason" not in toot.text for toot in await one.told())


async def test_the_last_place_goes_to_another_and_this_is_told_politely(
    store: Store, other_store: Store, clock: FrozenClock
) -> None:
    async with pair(store, other_store, clock) as both, door(both, clock, places_count=1) as one:
        await one.ask()
        dora = one.peer.person("dora")
        await dora.reply(await dora.toot(one.offer.uri), "I would like it, too")
        await one.settle()
        await one.do(answers.accept)  # the latest: Dora's
        assert sorted(await one.states()) == ["intro", "superseded"]
        assert "All places" in (await one.last()).text


# --- what the person decides --------------------------------------------------------------------------


async def test_stop_takes_a_request_back(one: Door) -> None:
    await one.ask()
    await one.say("stop")
    assert await one.states() == ["withdrawn"]
    assert len(await one.told()) == 2


async def test_stop_declines_other_terms(one: Door) -> None:
    await one.ask()
    await one.do(requests.counter, words=OFFER)
    await one.say("STOP")
    assert await one.states() == ["declined"]
    assert await questions(one) == [("counter", "cancelled", None)]


async def test_stop_leaves_an_intro_and_a_pause(one: Door) -> None:
    await one.ask()
    await one.accept()
    await one.say("STOP please")
    assert await one.states() == ["ended-intro"]
    await one.ask("Once more")
    await one.accept()
    await one.vote(0)
    await one.do(mentorships.pause, until_on=one.both.clock.now().date() + timedelta(days=9))
    await one.say("STOP")
    assert await one.states() == ["ended-intro", "ended-early"]


async def test_stop_needs_no_thread(one: Door) -> None:
    await one.begin()
    await one.carla.private_mention(f"{one.handle} STOP")
    await one.settle()
    assert await one.states() == ["ended-early"]


async def test_stop_where_nothing_runs_says_so_once(one: Door) -> None:
    await one.begin()
    await one.say("STOP")
    count = len(await one.told())
    await one.say("STOP")
    assert await one.states() == ["ended-early"]
    assert len(await one.told()) == count + 1
    assert "nothing to end" in (await one.last()).text


async def test_stop_as_an_answer_to_the_offer_itself_registers_nothing(one: Door) -> None:
    await one.ask("STOP")
    assert await one.mentorships() == []
    assert "nothing to end" in (await one.last()).text


async def test_words_before_and_after_the_yes_are_messages(one: Door) -> None:
    await one.ask("I would like to learn.")
    await one.say("By the way: only on Mondays.")
    await one.accept()
    await one.say("Maybe we could talk first?")
    assert await questions(one) == [("agree", "open", None)]
    await one.vote(0)
    sent = await one.say("Hello!")
    assert await one.thread() == [
        "<p>By the way: only on Mondays.</p>",
        "<p>Maybe we could talk first?</p>",
        "<p>Hello!</p>",
    ]
    await one.carla.private_mention(f"{one.handle} Without a thread")
    await one.settle()
    assert (await one.thread())[-1] == "<p>Without a thread</p>"
    one.both.clock.advance(seconds=60)
    await one.carla.edit(sent, f"{one.handle} Good day!")
    await one.settle()
    assert (await one.thread())[2] == "<p>Good day!</p>"
    await one.carla.delete(sent)
    await one.settle()
    assert (await one.thread())[2] == ""


async def test_an_answer_is_known_by_what_it_answers_when_no_thread_is_named(one: Door) -> None:
    """GoToSocial and Misskey send no `conversation`."""
    await one.ask()
    await one.accept()
    account, question = one.peer.local("carla"), await one.question()
    assert account is not None
    note = {
        "id": f"{account.uri}/statuses/1",
        "type": "Note",
        "attributedTo": account.uri,
        "content": "<p>yes</p>",
        "to": [one.ana.uri],
        "inReplyTo": question.uri,
        "tag": [{"type": "Mention", "href": one.ana.uri, "name": one.handle}],
    }
    create = documents.simple("Create", f"{note['id']}/activity", account, note) | {"to": [one.ana.uri]}
    await one.peer.outbound.deliver(account, create, {one.ana.inbox_url})
    await one.settle()
    assert await one.states() == ["active"]


async def test_nobody_else_can_answer_or_end(one: Door) -> None:
    await one.ask()
    await one.accept()
    question, mallory = await one.question(), one.peer.person("mallory")
    account = one.peer.local("mallory")
    assert account is not None
    known = one.peer.statuses[question.uri]
    await one.peer.outbound.deliver(
        account, documents.vote(account, 7, known, "Yes, I agree"), {one.ana.inbox_url}
    )
    like = documents.simple("Like", f"{account.uri}#likes/1", account, question.uri)
    await one.peer.outbound.deliver(account, like, {one.ana.inbox_url})
    note = {
        "id": f"{account.uri}/statuses/1",
        "type": "Note",
        "attributedTo": account.uri,
        "content": "<p>STOP</p>",
        "to": [one.ana.uri],
        "inReplyTo": question.uri,
        "conversation": question.conversation,
    }
    create = documents.simple("Create", f"{note['id']}/activity", account, note) | {"to": [one.ana.uri]}
    await one.peer.outbound.deliver(account, create, {one.ana.inbox_url})
    await one.later(seconds=601)
    assert await one.states() == ["intro"]
    assert await questions(one) == [("agree", "open", None)]
    assert await mallory.messages() == []


# --- favourites ---------------------------------------------------------------------------------------


async def test_a_favourite_can_be_taken_back_for_ten_minutes(one: Door) -> None:
    await one.ask()
    await one.accept()
    question = await one.question()
    await one.carla.favourite(question)
    await one.settle()
    await one.later(seconds=540)
    assert await one.states() == ["intro"]
    await one.carla.unfavourite(question)
    await one.settle()
    await one.later(seconds=3600)
    assert await one.states() == ["intro"]
    assert await questions(one) == [("agree", "open", None)]

    await one.carla.favourite(question)
    await one.settle()
    await one.later(seconds=660)
    assert await one.states() == ["active"]
    await one.carla.unfavourite(question)
    await one.later(seconds=660)
    assert await one.states() == ["active"]


async def test_a_vote_goes_before_a_favourite(one: Door) -> None:
    await one.ask()
    await one.accept()
    await one.carla.favourite(await one.question())
    await one.settle()
    await one.vote(1)
    await one.later(seconds=660)
    assert await one.states() == ["ended-intro"]


async def test_a_word_goes_before_a_favourite(one: Door) -> None:
    await one.ask()
    await one.accept()
    await one.carla.favourite(await one.question())
    await one.carla.reply(await one.question(), "no thanks")
    await one.settle()
    await one.later(seconds=660)
    assert await one.states() == ["ended-intro"]


@pytest.mark.parametrize(("content", "state"), [("👎", "intro"), ("👍", "active"), ("🎉", "intro")])
async def test_a_reaction_is_read_before_it_counts(one: Door, content: str, state: str) -> None:
    await one.ask()
    await one.accept()
    account, question = one.peer.local("carla"), await one.question()
    assert account is not None
    react = documents.simple("EmojiReact", f"{account.uri}#reacts/1", account, question.uri)
    await one.peer.outbound.deliver(account, react | {"content": content}, {one.ana.inbox_url})
    await one.settle()
    await one.later(seconds=660)
    assert await one.states() == [state]


async def test_favouriting_anything_else_decides_nothing(one: Door) -> None:
    await one.ask()
    await one.accept()
    first = (await one.told())[0]
    await one.carla.favourite(first)
    await one.carla.favourite(one.offer.uri)
    await one.settle()
    await one.later(seconds=660)
    assert await one.states() == ["intro"]


# --- time ---------------------------------------------------------------------------------------------


async def test_one_reminder_in_words_after_three_days_and_then_it_counts_as_no(one: Door) -> None:
    await one.ask()
    await one.accept()
    count = len(await one.told())
    await one.later(days=2)
    assert len(await one.told()) == count
    await one.later(days=1)
    await one.later(days=1)
    reminder = await one.last()
    assert len(await one.told()) == count + 1
    assert reminder.options == []
    assert "Reply YES or NO" in reminder.text
    assert "15 December 2026" in reminder.text
    await one.later(days=18)
    assert await one.states() == ["ended-intro"]
    assert "without an agreement" in (await one.last()).text
    assert [state for _, state, _ in await questions(one)] != ["open"]


async def test_a_reminder_can_be_answered(one: Door) -> None:
    await one.ask()
    await one.accept()
    await one.later(days=3)
    await one.say("yes")
    assert await one.states() == ["active"]


async def test_a_question_about_a_comment_ends_without_a_request(one: Door) -> None:
    await comment(one, "Interesting")
    await one.later(days=3)
    assert "nothing is registered" in (await one.last()).text
    await one.later(days=12)
    assert await questions(one) == [("register", QuestionState.EXPIRED, None)]
    assert await one.mentorships() == []
    assert len(await one.told()) == 2


async def test_a_request_without_an_answer_expires_and_this_is_told(one: Door) -> None:
    await one.ask()
    await one.later(days=11)
    assert await one.states() == ["expired"]
    assert "Nobody answered" in (await one.last()).text


async def test_other_terms_without_an_answer_expire(one: Door) -> None:
    await one.ask()
    await one.do(requests.counter, words=OFFER)
    await one.later(days=3)
    await one.later(days=8)
    assert await one.states() == ["expired"]
    assert [state for _, state, _ in await questions(one)] != ["open"]


# --- on the pages -------------------------------------------------------------------------------------


async def test_a_guest_who_decides_on_the_pages_gets_one_confirmation(one: Door) -> None:
    await one.ask()
    await one.accept()
    person, count = await one.person(), len(await one.told())
    version = (await one.latest()).terms_version
    await one.do(mentorships.confirm, person, terms_version=version)
    assert await one.states() == ["active"]
    assert len(await one.told()) == count + 1
    assert await questions(one) == [("agree", "cancelled", None)]
    await one.do(mentorships.end_early, person)
    assert "You have ended the mentorship" in (await one.last()).text


async def test_a_link_is_sent_only_to_those_who_follow(one: Door) -> None:
    await one.ask()
    await one.do(answers.accept)
    assert all("https://" not in toot.text for toot in await one.told())
    assert all(toot.content.count("href=") == 1 for toot in await one.told())  # the mention
    await one.carla.follow(one.handle)
    await one.settle()
    await one.do(mentorships.change_terms, values=TERMS)
    await one.vote(0)
    assert f"{one.side.base_url}/mentorships/" in (await one.last()).text


# --- on the way ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["drop_inbound", "refuse_inbound", "fail_after_storing"])
async def test_a_message_that_did_not_arrive_is_sent_again_and_shown_once(one: Door, fault: str) -> None:
    await one.carla.toot(one.offer.uri)
    setattr(one.peer.faults, fault, 1)
    await one.ask()
    await one.later(hours=2)
    assert len(await one.told()) == 1
    assert await one.states() == ["proposed"]


async def test_what_is_sent_to_a_dead_server_waits_until_it_is_back(one: Door) -> None:
    toot = await one.carla.toot(one.offer.uri)
    await one.both.crash(one.side)
    await one.carla.reply(toot, "I would like to learn RDA.")
    assert len(one.peer.outbound.waiting) == 1
    await one.both.restart(one.side)
    assert await one.peer.outbound.retry() == 0
    await one.settle()
    assert await one.states() == ["proposed"]


async def test_a_server_that_dies_with_a_vote_in_hand_counts_it_once(one: Door) -> None:
    await one.ask()
    await one.accept()
    count = len(await one.told())
    await one.carla.vote(await one.question(), 0)
    await one.both.crash(one.side, "leased")
    await one.both.restart(one.side)
    await one.later(seconds=LEASE_S + 1)
    assert await one.states() == ["active"]
    assert len(await one.told()) == count + 1


async def test_a_server_that_dies_after_a_message_was_sent_shows_it_once(one: Door) -> None:
    sent = await one.carla.reply(await one.carla.toot(one.offer.uri), "I would like to learn RDA.")
    while await one.side.apply():
        pass
    await one.both.crash(one.side, "sent")
    await one.both.restart(one.side)
    await one.later(seconds=LEASE_S + 1)
    assert [toot.in_reply_to for toot in await one.told()] == [sent.uri]
    assert one.peer.outcomes().count("known already") == 1


async def test_a_stop_that_overtakes_the_request_wins(one: Door) -> None:
    toot = await one.carla.toot(one.offer.uri)
    one.peer.faults.is_holding = True
    sent = await one.carla.reply(toot, "I would like to learn RDA.")
    await one.carla.reply(sent, f"{one.handle} STOP")
    assert await one.peer.outbound.release() == 0
    await one.settle()
    assert await one.mentorships() == []
    assert "nothing to end" in (await one.last()).text


async def test_a_deletion_that_overtakes_the_request_wins(one: Door) -> None:
    toot = await one.carla.toot(one.offer.uri)
    one.peer.faults.is_holding = True
    sent = await one.carla.reply(toot, "I would like to learn RDA.")
    await one.carla.delete(sent)
    await one.peer.outbound.release()
    await one.settle()
    assert await one.mentorships() == []


async def test_the_places_are_counted(one: Door) -> None:
    await one.begin()

    async def free(tx: Tx) -> int:
        found = await proposal_rows.by_id(tx, one.offer.id)
        assert found is not None
        return found.places_free_count

    assert await one.side.read(free) == 1
    await one.say("STOP")
    assert await one.side.read(free) == 2


async def test_one_question_is_open_in_a_thread(one: Door) -> None:
    await one.ask()
    await one.accept()
    mine = await one.latest()
    question = await one.side.read(lambda tx: doors.open_in(tx, mine.thread_uri))
    assert question is not None
    again = {
        **{column.name: getattr(question, column.name) for column in door_questions.columns},
        "id": "0" * 36,
        "question_uri": "https://a.example/messages/another",
    }
    assert not await one.side.write(lambda tx: doors.add(tx, again))
