"""Mails about mentorships: in the member's language, one link, nothing private, and never too many."""

import re

import pytest
from sqlalchemy import select

from libline_fed.domain.mails import Mail
from libline_fed.domain.mentorship_steps import TABLE
from libline_fed.domain.mentorships import NUDGE_DAYS, REMINDER_DAYS
from libline_fed.services import accounts, answers, mentorship_mails, mentorships, messages, requests
from libline_fed.services.mails import one_line
from libline_fed.services.translations import translator
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import mails
from libline_fed.web.mentorship_texts import NOTICES_OF_BOTH, NOTICES_OF_PARTNER
from tests.support.mentoring import WORDS, Desk, Staged, desk
from tests.support.pages import BASE_URL, PagesWorld

WITHOUT_MAIL = {"question"}  # a question comes with a message, which has its own mail
BY_TIME = {f"reminder-{day}" for day in REMINDER_DAYS} | {f"nudge-{day}" for day in NUDGE_DAYS}


@pytest.fixture
async def staged(world: PagesWorld) -> Staged:
    return Staged(world, await world.add_member("ana"), await world.add_member("ben"))


async def sent(world: PagesWorld, handle: str) -> list[Mail]:
    """Return the mails to a member, oldest first."""

    async def unit(tx: Tx) -> list[Mail]:
        found = await tx.all(select(mails).order_by(mails.c.id))
        return [rows.to(Mail, row) for row in found if row.recipient == f"{handle}@mail.example"]

    return await world.store.read(unit)


def test_every_notice_of_the_table_has_a_mail_and_a_sentence() -> None:
    told = {rule.tells_mentor for rule in TABLE} | {rule.tells_mentee for rule in TABLE}
    told = (told | BY_TIME | {"started", "last-day", "pause-over", "place-free"}) - {""}
    assert told - WITHOUT_MAIL <= mentorship_mails.EVENTS
    notices = NOTICES_OF_PARTNER.keys() | NOTICES_OF_BOTH.keys()
    assert told | mentorship_mails.EVENTS <= notices
    assert not NOTICES_OF_PARTNER.keys() & NOTICES_OF_BOTH.keys()


@pytest.mark.parametrize("event", sorted(mentorship_mails.EVENTS))
def test_each_mail_names_the_site_and_the_partner_and_has_one_link(world: PagesWorld, event: str) -> None:
    text = mentorship_mails.text(
        world.site, event=event, mentorship_id="0-0", name="Kofi", translate=translator("en")
    )
    assert text is not None
    assert "%(" not in text.subject + text.body
    assert one_line(text.subject) == text.subject
    assert "Test Library" in text.subject
    assert "Kofi" in text.body
    links = re.findall(r"https?://\S+", text.body.partition("-- \n")[0])
    assert len(links) == 1
    assert links[0].startswith(f"{BASE_URL}/mentorships/0-0")
    assert links[0] in text.body.splitlines(), "a link stands alone on its line"
    assert max(len(line) for line in text.body.splitlines()) < 200


def test_every_sentence_passes_through_the_translation(world: PagesWorld) -> None:
    for event in mentorship_mails.EVENTS:
        text = mentorship_mails.text(
            world.site, event=event, mentorship_id="0-0", name="Kofi", translate=lambda said: f"«{said}»"
        )
        assert text is not None
        lines = [line for line in text.body.splitlines() if line.strip("- ") and "https://" not in line]
        assert all(line.startswith("«") for line in lines), (event, lines)


async def test_a_member_is_told_in_their_language_and_nothing_that_was_written_is_in_it(
    staged: Staged,
) -> None:
    world = staged.world
    await world.store.write(
        lambda tx: accounts.set_language(tx, account_id=staged.mentor.account.id, language="es")
    )
    mentorship_id = await staged.proposed("Canary title")
    await staged.do(messages.write, staged.mentee.actor, mentorship_id, text="canary message")
    request, message = await sent(world, "ana")
    for mail in (request, message):
        assert f"{BASE_URL}/mentorships/{mentorship_id}" in mail.text_body
        assert "canary" not in (mail.text_body + mail.subject).lower()
        for private in (WORDS.message_text, *WORDS.answers.values(), WORDS.terms["goal"]):
            assert str(private) not in mail.text_body
        assert "Este correo lo envió Test Library" in mail.text_body
    assert await sent(world, "ben") == [], "nobody is told what they did themselves"


async def test_the_link_of_a_mail_opens_a_page_with_buttons_after_a_login(world: PagesWorld) -> None:
    two: Desk = await desk(world)
    await two.ask()
    (mail,) = await sent(world, "ana")
    path = re.findall(rf"{BASE_URL}(/mentorships/\S+)", mail.text_body)[0]
    browser = world.browser()
    asked = await browser.get(path)
    assert asked.response.url.path == "/login"
    inside = await browser.submit(
        asked, "/login", email="ana@mail.example", password="four quiet reading rooms"
    )
    assert inside.headings == [two.offer.title]
    buttons = [link["href"].rpartition("/")[2] for link in inside.links if "button" in link.get("class", "")]
    assert buttons[:3] == ["accept", "counter", "decline"]
    assert (await two.mentorship()).state == "proposed", "opening it changed nothing"


async def test_messages_bring_one_mail_a_day(staged: Staged) -> None:
    mentorship_id = await staged.intro("Offer")
    before = len(await sent(staged.world, "ana"))
    for hours in (0, 1, 5):
        staged.world.clock.advance(hours=hours)
        await staged.do(messages.write, staged.mentee.actor, mentorship_id, text=f"Good day {hours}")
    assert len(await sent(staged.world, "ana")) == before + 1


async def test_what_goes_on_and_off_brings_at_most_ten_mails_a_day(staged: Staged) -> None:
    mentorship_id = await staged.intro("Offer")
    for number in range(15):
        await staged.do(
            mentorships.change_terms,
            staged.mentor.actor,
            mentorship_id,
            values={"goal": f"Goal {number}", "months": 3, "mode": "M1"},
        )
    subjects = [mail.subject for mail in await sent(staged.world, "ben")]
    assert len(subjects) == mentorship_mails.MAX_PER_DAY
    staged.world.clock.advance(days=1)
    await staged.do(mentorships.leave, staged.mentor.actor, mentorship_id)
    assert len(await sent(staged.world, "ben")) == mentorship_mails.MAX_PER_DAY + 1


async def test_the_whole_way_is_told_once_each(staged: Staged) -> None:
    mentorship_id = await staged.proposed("Offer")
    await staged.do(requests.send, staged.mentee.actor, mentorship_id, words=WORDS)
    await staged.later(days=3)
    await staged.later(days=4)
    await staged.later(seconds=1)
    await staged.do(answers.accept, staged.mentor.actor, mentorship_id)
    subjects = [mail.subject.partition(": ")[2] for mail in await sent(staged.world, "ana")]
    assert subjects == [
        "Somebody asks you for mentoring",
        "A request waits for your answer",
        "A request will expire soon",
    ]
    assert [mail.subject.partition(": ")[2] for mail in await sent(staged.world, "ben")] == [
        "Your request was accepted"
    ]


async def test_a_name_that_reads_like_a_link_is_not_put_into_a_mail(world: PagesWorld) -> None:
    for name in ("Win at https://evil.example", "evil.example/x", "a@b.example", "evil.example", "\u202e"):
        actor = await world.add_remote(f"kofi{len(name)}", "m.example", name=name)
        assert mentorship_mails.name_in_mail(actor) == f"@kofi{len(name)}@m.example"
    plain = await world.add_remote("noor", "m.example", name="Noor J. Ünal")
    assert mentorship_mails.name_in_mail(plain) == "Noor J. Ünal"


async def test_who_cannot_log_in_gets_no_mail(staged: Staged) -> None:
    from libline_fed.storage import accounts as account_rows

    await staged.world.store.write(
        lambda tx: account_rows.change(tx, staged.mentor.account.id, state="disabled")
    )
    await staged.proposed("Offer")
    assert await sent(staged.world, "ana") == []
