"""The private thread of a pair on two servers: who gets what, in whatever order, however often."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.routing import Route

from libline_fed.app import make_web_context
from libline_fed.clock import FrozenClock
from libline_fed.domain.goals import GoalContent
from libline_fed.domain.logbook import TalkContent
from libline_fed.domain.meetings import MeetingContent
from libline_fed.domain.messages import Message
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.federation.signatures import sign
from libline_fed.services import (
    blocks,
    goals,
    logbook,
    meetings,
    mentorship_views,
    mentorships,
    messages,
    outbox,
)
from libline_fed.storage import mentorships as rows
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import mails as mail_table
from libline_fed.web.site import routes
from tests.support.duo import Duo, Person, duo
from tests.support.pair import LEASE_S, Side, pair

PUBLIC = ("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public")


@pytest.fixture
async def two(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Duo]:
    async with pair(store, other_store, clock) as both:
        made = await duo(both)
        await made.begin()
        yield made


async def say(person: Person, text: str, **more: Any) -> Message:
    message: Message = await person.do(messages.write, (await person.only()).id, text=text, **more)
    return message


async def thread(person: Person) -> list[Message]:
    mentorship = await person.only()

    async def unit(tx: Tx) -> list[Message]:
        view = await mentorship_views.get(tx, mentorship.id, person=person.actor)
        return (await messages.thread(tx, view)).items

    return await person.side.read(unit)


async def texts(person: Person) -> list[str]:
    return [message.content_html for message in await thread(person)]


async def kinds(person: Person) -> list[str]:
    return [kind for kind, _ in await person.side.notices(person.actor) if kind == "mentorship-message"]


def documents(two: Duo, type_: str = "Create") -> list[dict[str, Any]]:
    return [
        letter.activity
        for letter in two.both.network.letters
        if letter.activity["type"] == type_ and "/messages/" in str(letter.activity["object"]["id"])
    ]


# --- the way there ------------------------------------------------------------------------------------


async def test_both_read_one_thread(two: Duo) -> None:
    asked = await say(two.ben, "Good morning!\n\nSee example.com <b>")
    await two.settle()
    two.both.clock.advance(seconds=60)
    (came,) = await thread(two.ana)
    answered = await say(two.ana, "Good morning, Ben.", reply_to_id=came.id)
    await two.settle()
    assert await texts(two.ana) == await texts(two.ben)
    link = '<a href="https://example.com" rel="nofollow noopener noreferrer ugc">example.com</a>'
    assert (await texts(two.ana))[0] == f"<p>Good morning!</p><p>See {link} &lt;b&gt;</p>"
    last = (await thread(two.ben))[-1]
    assert (last.uri, last.in_reply_to_uri) == (answered.uri, asked.uri)
    assert await kinds(two.ana) == await kinds(two.ben) == ["mentorship-message"]


async def test_a_message_is_a_direct_note_to_exactly_the_partner(two: Duo) -> None:
    await say(two.ben, "For your eyes.")
    await two.settle()
    (activity,) = documents(two)
    note, ana, ben = activity["object"], two.ana.actor, two.ben.actor
    assert (activity["to"], activity["cc"], note["to"], note["cc"]) == ([ana.uri], [], [ana.uri], [])
    assert note["attributedTo"] == activity["actor"] == ben.uri
    assert not {"bto", "bcc", "audience"} & (set(note) | set(activity))
    assert not any(word in str(activity) for word in PUBLIC)
    assert "followers" not in str(activity)
    assert note["tag"] == [{"type": "Mention", "href": ana.uri, "name": "@ana@a.example"}]
    assert note["context"] == note["conversation"] == (await two.ben.only()).thread_uri
    assert "For your eyes." in note["content"]
    assert note["contentMap"] == {"en": note["content"]}
    (letter,) = [one for one in two.both.network.letters if one.activity["id"] == activity["id"]]
    assert letter.url == ana.inbox_url


async def test_nothing_private_can_be_fetched(two: Duo) -> None:
    """Neither unsigned nor signed, by whomever, in whatever form: private is push-only."""
    written = await say(two.ben, "For your eyes.")
    await two.settle()
    activity_uri = documents(two)[0]["id"]
    thread_uri = (await two.ben.only()).thread_uri
    own = two.both.b if thread_uri.startswith("https://b.example") else two.both.a
    side, key = two.both.a, await two.both.a.instance.keyring.signing_key(two.ana.actor.id)
    for uri, host in ((written.uri, two.both.b), (activity_uri, two.both.b), (thread_uri, own)):
        random = uri[:-12] + "0123456789ab"
        answers = set()
        for address in (uri, random):
            for accept in ("application/activity+json", "text/html", "*/*"):
                assert host.app is not None
                async with httpx.AsyncClient(transport=httpx.ASGITransport(host.app)) as http:
                    plain = await http.get(address, headers={"accept": accept})
                    signed = await http.get(
                        address,
                        headers=sign(
                            "GET",
                            address,
                            key_id=side.site.uris.main_key(two.ana.actor.uri),
                            private_key=key,
                            now=side.clock.now(),
                        )
                        | {"accept": accept},
                    )
                    head = await http.head(address, headers={"accept": accept})
                    with_extension = await http.get(f"{address}.json", headers={"accept": accept})
                for response in (plain, signed, head, with_extension):
                    assert response.status_code == 404, (address, accept)
                    assert "For your eyes" not in response.text
                answers.add((accept, plain.text, signed.text))
        assert len(answers) == 3  # the real address and the made-up one look the same


async def test_the_text_goes_nowhere_but_to_the_two(two: Duo) -> None:
    """A word that stands in everything a pair shares is in no answer to anybody else, at any open address."""
    canary = "canary-8f3b"
    mine = await two.ben.only()
    written = await say(two.ben, f"The {canary} sings.")
    day = two.both.clock.now()
    await two.ben.do(goals.add, mine.id, content=GoalContent(f"Feed the {canary}"))
    await two.ben.do(logbook.add, mine.id, content=TalkContent(day.date(), 45, canary, is_shared=True))
    times = (day + timedelta(days=1),)
    await two.ben.do(meetings.propose, mine.id, content=MeetingContent(times, 30, place_text=canary))
    await two.settle()
    message_id, tried = written.uri.rpartition("/")[2], 0
    for side in two.both:
        people = [one for one in (two.ana.actor, two.ben.actor) if one.host == side.host]
        ids = [mine.id, (await two.ana.only()).id, message_id, two.offer.id, *(one.id for one in people)]
        assert side.app is not None
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(side.app), base_url=side.base_url
        ) as http:
            for path in sorted(open_paths(side, ids)):
                for accept in ("text/html", "application/activity+json"):
                    response = await http.get(path, headers={"accept": accept})
                    assert canary not in response.text, path
                    tried += 1
    assert tried > 300
    for person in (two.ana, two.ben):
        assert canary not in str(await person.side.notices(person.actor))
    mails = await two.both.a.read(lambda tx: tx.all(select(mail_table)))
    assert mails
    assert canary not in str(mails)


def open_paths(side: Side, ids: list[str]) -> set[str]:
    """Return every address that is open to all, with every id in it that there is."""
    context = make_web_context(side.instance)
    listed = [route.path for route in routes(context) if isinstance(route, Route)]
    listed += ["/actor", "/actors/{id}/outbox?page=1", "/actors/{id}/featured"]
    listed += ["/actors/{id}/proposals?page=1"]
    listed += ["/activities/{id}", "/messages/{id}", "/threads/{id}", "/agreements/{id}", "/nodeinfo/2.1"]
    paths = set()
    for path in listed:
        for one in ids:
            filled = re.sub(r"\{(id|item)\}", one, path).replace("{handle}", "ana")
            paths.add(re.sub(r"\{\w+(:\w+)?\}", "x", filled))
    return paths


# --- whatever the network does --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble", ["duplicate", "reorder", "both", "lost answer", "killed sender", "killed receiver"]
)
async def test_a_message_its_edit_and_its_deletion_end_alike_whatever_happens(two: Duo, trouble: str) -> None:
    both, b = two.both, two.both.b
    if trouble in ("duplicate", "both"):
        both.duplicate(b)
    if trouble in ("reorder", "both"):
        both.reorder(b)
    if trouble == "lost answer":
        both.lose_answers(b, 2)
    first, second = await say(two.ben, "One"), await say(two.ben, "Two")
    mentorship = await two.ben.only()
    if trouble == "killed sender":
        await both.crash(b, "sent")
        await both.restart(b)
    if trouble == "killed receiver":
        await b.deliver()
        await both.crash(both.a, "leased")
        await both.restart(both.a)
    await two.ben.do(messages.edit, mentorship.id, message_id=first.id, text="One, better")
    await two.ben.do(messages.edit, mentorship.id, message_id=first.id, text="One, best")
    await two.ben.do(messages.delete, mentorship.id, message_id=second.id)
    await two.settle()
    await both.later(seconds=LEASE_S + 1)
    await both.later(hours=2)
    await both.later(hours=12)
    found = {message.uri: message for message in await thread(two.ana)}
    assert found[first.uri].content_html == "<p>One, best</p>"
    assert second.uri not in found or found[second.uri].content_html == ""
    assert len(found) <= 2
    mine = {message.uri: message for message in await thread(two.ben)}
    assert mine[first.uri].edited_at == found[first.uri].edited_at
    assert "Two" not in str(await thread(two.ana))


async def test_a_message_that_never_left_is_never_heard_of(two: Duo) -> None:
    written = await say(two.ben, "Oh no")
    await two.ben.do(messages.delete, (await two.ben.only()).id, message_id=written.id)
    await two.settle()
    assert await thread(two.ana) == []
    assert documents(two, "Delete") == []


async def test_what_was_under_way_for_long_still_comes(two: Duo) -> None:
    two.both.cut(two.both.b)
    await say(two.ben, "From a boat")
    await two.both.later(days=2)
    two.both.mend(two.both.b)
    await two.both.later(hours=13)
    assert await texts(two.ana) == ["<p>From a boat</p>"]


# --- who may not ----------------------------------------------------------------------------------------


async def test_nobody_else_gets_into_the_thread(two: Duo) -> None:
    """A third person of the partner's own server names the thread, the message and the member."""
    written = await say(two.ana, "Between us")
    await two.settle()
    cleo = await two.both.b.member("cleo")
    known = await two.both.b.know(two.ana.actor)
    now, thread_uri = two.both.clock.now(), (await two.ana.only()).thread_uri
    forged = {
        "id": "https://b.example/messages/01a20cc8-8e80-7f6a-9516-d6af75a901ff",
        "type": "Note",
        "attributedTo": cleo.uri,
        "to": [known.uri],
        "cc": [],
        "inReplyTo": written.uri,
        "context": thread_uri,
        "conversation": thread_uri,
        "content": "<p>Let me in</p>",
        "tag": [{"type": "Mention", "href": known.uri, "name": "@ana@a.example"}],
    }

    async def forge(tx: Tx) -> None:
        for type_ in ("Create", "Update"):
            await outbox.tell(
                tx,
                two.both.b.site,
                actor=cleo,
                whom=known,
                type_=type_,
                object_=forged,
                object_uri=str(forged["id"]),
                now=now,
            )

    await two.both.b.write(forge)
    await two.settle()
    assert await texts(two.ana) == ["<p>Between us</p>"]
    assert await texts(two.ben) == ["<p>Between us</p>"]
    assert await kinds(two.ana) == []
    told = await two.both.a.notices(two.ana.actor)
    assert ("message", str(forged["id"])) in told  # a private message of a stranger, and nothing more
    assert not any("Let me in" in subject or "Between us" in subject for _, subject in told)


async def test_others_find_no_thread_no_message_and_no_form(two: Duo) -> None:
    cleo = Person(two.both.a, await two.both.a.member("cleo"))
    written = await say(two.ana, "Between us")
    mentorship_id = (await two.ana.only()).id
    for use_case, more in (
        (messages.write, {"text": "Hello"}),
        (messages.edit, {"message_id": written.id, "text": "Hello"}),
        (messages.delete, {"message_id": written.id}),
    ):
        with pytest.raises(NotFound):
            await cleo.do(use_case, mentorship_id, **more)
    now = two.both.clock.now()
    with pytest.raises(NotFound):
        await two.both.a.write(
            lambda tx: messages.mark_read(
                tx, person=cleo.actor, mentorship_id=mentorship_id, until=now, now=now
            )
        )


async def test_only_ones_own_messages_can_be_changed(two: Duo) -> None:
    written = await say(two.ana, "Mine")
    await two.settle()
    (came,) = await thread(two.ben)
    for use_case, more in ((messages.edit, {"text": "Yours"}), (messages.delete, {})):
        with pytest.raises(NotFound):
            await two.ben.do(use_case, (await two.ben.only()).id, message_id=came.id, **more)
    assert await texts(two.ana) == ["<p>Mine</p>"]
    assert written.uri == came.uri


async def test_a_block_stops_what_waits_and_what_comes_at_once(two: Duo) -> None:
    both, a = two.both, two.both.a
    both.cut(a)
    await say(two.ana, "Still in the queue")
    await say(two.ben, "On its way")
    await two.settle()
    now = both.clock.now()
    known = await a.know(two.ben.actor)
    await a.write(lambda tx: blocks.block(tx, a.site, person=two.ana.actor, partner=known, now=now))
    both.mend(a)
    await both.later(hours=6)
    await both.later(days=2)
    assert await texts(two.ben) == ["<p>On its way</p>"]
    assert await texts(two.ana) == ["<p>Still in the queue</p>"]
    assert await kinds(two.ana) == []
    with pytest.raises(Conflict):
        await say(two.ana, "One more")
    await say(two.ben, "One more")  # who is blocked sees an ordinary end, after which one may still write
    await two.settle()
    assert await texts(two.ana) == ["<p>Still in the queue</p>"]
    assert await kinds(two.ana) == []


# --- rules ----------------------------------------------------------------------------------------------


async def test_who_else_can_read_is_said_before_the_first_message_and_noted_once(two: Duo) -> None:
    mentorship = await two.ben.only()

    async def needs(tx: Tx) -> bool:
        view = await mentorship_views.get(tx, mentorship.id, person=two.ben.actor)
        return await messages.needs_notice(tx, view)

    assert await two.both.b.read(needs)
    with pytest.raises(InvalidInput) as refused:
        await say(two.ben, "Hello", is_informed=False)
    assert set(refused.value.fields) == {"is_informed"}
    await say(two.ben, "Hello", is_informed=True)
    await say(two.ben, "Hello again", is_informed=False)
    assert not await two.both.b.read(needs)
    happened = await two.both.b.read(lambda tx: rows.events(tx, mentorship.id))
    assert [one.by for one in happened if one.event == "privacy-notice"] == ["mentee"]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 5_001])
async def test_a_message_has_between_one_and_five_thousand_characters(two: Duo, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await say(two.ben, text)
    assert set(refused.value.fields) == {"text"}


async def test_the_two_can_write_until_28_days_after_the_end(two: Duo) -> None:
    await two.ben.do(mentorships.end_early, (await two.ben.only()).id)
    await two.settle()
    two.both.clock.advance(days=27)
    await say(two.ben, "One last thing")
    await two.settle()
    assert await texts(two.ana) == ["<p>One last thing</p>"]
    two.both.clock.advance(days=2)
    with pytest.raises(Conflict) as refused:
        await say(two.ana, "And one more")
    assert "28 days" in refused.value.safe


async def test_reading_is_noted_up_to_what_was_shown(two: Duo) -> None:
    await say(two.ben, "One")
    await two.settle()
    shown_at = two.both.clock.now()
    two.both.clock.advance(seconds=5)
    await say(two.ben, "Two")
    await two.settle()
    mentorship_id = (await two.ana.only()).id
    side, now = two.both.a, two.both.clock.now()
    assert await side.read(lambda tx: messages.unread_counts(tx, two.ana.actor)) == {mentorship_id: 2}
    assert await kinds(two.ana) == ["mentorship-message"]  # one notice for two in a row
    marked = await side.write(
        lambda tx: messages.mark_read(
            tx, person=two.ana.actor, mentorship_id=mentorship_id, until=shown_at, now=now
        )
    )
    assert marked == 1
    assert await side.read(lambda tx: messages.unread_counts(tx, two.ana.actor)) == {mentorship_id: 1}
    assert await side.read(lambda tx: messages.unread_counts(tx, two.ben.actor)) == {}


async def test_a_long_thread_comes_in_pages(two: Duo) -> None:
    for number in range(45):
        two.both.clock.advance(seconds=1)
        await say(two.ben, f"Number {number}")
    mentorship = await two.ben.only()
    seen: list[str] = []

    async def page(tx: Tx, before_id: str | None) -> messages.Thread:
        view = await mentorship_views.get(tx, mentorship.id, person=two.ben.actor)
        return await messages.thread(tx, view, before_id=before_id)

    before_id: str | None = None
    for _ in range(3):
        found = await two.both.b.read(partial(page, before_id=before_id))
        seen = [message.body_text for message in found.items] + seen
        before_id = found.earlier_id
    assert before_id is None
    assert seen == [f"Number {number}" for number in range(45)]
