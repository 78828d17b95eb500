"""Records of mentorships: who gets one, when, what it says, and who can read it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from libline_fed.activitypub.credential_checks import Outcome, are_of_one_mentorship
from libline_fed.domain.accounts import Member
from libline_fed.domain.mentorships import Side
from libline_fed.domain.proposals import Draft
from libline_fed.domain.records import Ending
from libline_fed.errors import Conflict, NotFound
from libline_fed.ids import new_id
from libline_fed.services import mentorship_views, proposals, records
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.records import Choices, OwnRecord
from libline_fed.services.site import Site
from libline_fed.storage import actors
from libline_fed.storage import records as record_rows
from libline_fed.storage.mentorship_tables import logbook
from libline_fed.storage.mentorship_tables import records as record_table
from libline_fed.storage.store import Store, Tx
from tests.services.conftest import Add
from tests.support import independent_verifier
from tests.support.ended import add_mentorship, add_talk

DRAFT = Draft("offer", "Cataloguing", "A text.", "en", ("A0301", "A1003"), ("en",), ("M1",))
Ended = Callable[..., Awaitable[tuple[MentorshipView, MentorshipView]]]


@pytest.fixture
async def ana(site: Site, store: Store, add: Add, now: datetime) -> Member:
    """A mentor of an instance that has its own actor."""
    await store.write(lambda tx: ensure_instance_actor(tx, site, now=now))
    return await add("ana")


@pytest.fixture
async def ben(ana: Member, add: Add) -> Member:
    """Her mentee."""
    return await add("ben")


@pytest.fixture
def ended(store: Store, site: Site, ana: Member, ben: Member, now: datetime) -> Ended:
    """Make a mentorship of the two that is over, and return it as each of them sees it."""

    async def make(**columns: Any) -> tuple[MentorshipView, MentorshipView]:
        async def unit(tx: Tx) -> tuple[MentorshipView, MentorshipView]:
            offer = await proposals.add(tx, site, author=ana.actor, draft=DRAFT, now=now)
            made = await add_mentorship(
                tx, mentor=ana.actor, mentee=ben.actor, proposal=offer, now=now, **columns
            )
            return (
                await mentorship_views.view_of(tx, made, ana.actor),
                await mentorship_views.view_of(tx, made, ben.actor),
            )

        return await store.write(unit)

    return make


@pytest.fixture
def issue(store: Store, site: Site, now: datetime) -> Callable[..., Awaitable[OwnRecord]]:
    """Issue a record, by default a week after the end."""

    async def make(
        view: MentorshipView, choices: Choices | None = None, at: datetime | None = None
    ) -> OwnRecord:
        moment = at or now + timedelta(days=7)
        return await store.write(
            lambda tx: records.issue(tx, site, view=view, choices=choices, now=moment)
        )

    return make


Issue = Callable[..., Awaitable[OwnRecord]]


async def test_each_of_the_two_gets_a_record_that_holds(
    store: Store, site: Site, ended: Ended, issue: Issue, now: datetime
) -> None:
    of_ana, of_ben = await ended()
    for minutes, person, days in ((60, of_ana.person, 0), (50, of_ben.person, 0), (45, of_ben.person, 7)):
        at = now - timedelta(days=days)  # of a day that both noted, the longer counts
        await store.write(lambda tx, m=minutes, p=person, at=at: add_talk(tx, of_ana.mentorship, p, m, at))
    forgotten = await store.write(lambda tx: add_talk(tx, of_ana.mentorship, of_ana.person, 500, now))
    await store.write(
        lambda tx: tx.execute(
            update(logbook).where(logbook.c.id == forgotten).values(deleted_at=now)
        )
    )
    mine, yours = await issue(of_ana), await issue(of_ben)
    assert mine.record.role is Side.MENTOR
    assert yours.record.role is Side.MENTEE
    assert mine.record.subject_uri == of_ana.person.uri
    assert mine.record.minutes == yours.record.minutes == 105
    assert mine.record.areas == ("A0301", "A1003")
    assert mine.record.ending is Ending.COMPLETED
    assert mine.record.ended_on == now.date()
    assert mine.record.started_on == (now - timedelta(days=100)).date()
    assert mine.record.uri == f"https://lib.example/records/{mine.stored.id}"
    assert are_of_one_mentorship(mine.record, yours.record)
    for own in (mine, yours):
        checked = await store.read(
            lambda tx, own=own: records.check(tx, site, own.stored, now=now + timedelta(days=8))
        )
        assert checked.holds
        assert checked.outcome_of("issuer") is Outcome.GOOD
        assert independent_verifier.verify(own.stored.document)["issuer"]["name"] == site.name


async def test_a_record_holds_nothing_that_somebody_wrote(ended: Ended, issue: Issue, store: Store) -> None:
    of_ana, of_ben = await ended(
        message_text="canary-message",
        reason_text="canary-reason",
        answers={"why": "canary-answer"},
        terms={"goal": "canary-goal"},
        mentee_contact="canary-contact",
    )
    for view in (of_ana, of_ben):
        own = await issue(view)
        text = own.stored.document.decode()
        assert "canary" not in text
        assert view.partner.uri not in text
        assert view.partner.handle not in json.loads(text)["credentialSubject"].values()
        assert (view.mentorship.agreement_uri or "?") not in text


async def test_a_partner_is_named_only_if_both_want_it(ended: Ended, issue: Issue) -> None:
    everything = Choices(names_host=True, names_partner=True)
    of_ana, of_ben = await ended()
    without = await issue(of_ana)
    assert (without.record.partner_host, without.record.partner_name) == (None, None)
    unagreed = await issue(of_ana, everything)
    assert (unagreed.record.partner_host, unagreed.record.partner_name) == ("lib.example", None)
    agreed = replace(
        of_ben, mentorship=replace(of_ben.mentorship, terms={**of_ben.mentorship.terms, "may_name": True})
    )
    assert (await issue(agreed, everything)).record.partner_name == "ana"
    assert (await issue(agreed)).record.partner_name is None, "what may be said need not be said"


async def test_a_completed_mentorship_waits_for_objections(
    ended: Ended, issue: Issue, store: Store, now: datetime
) -> None:
    of_ana, _ = await ended()
    for days in (0, 6.99):
        with pytest.raises(Conflict, match="can be had from"):
            await issue(of_ana, at=now + timedelta(days=days))
    assert await store.read(lambda tx: tx.scalar(select(func.count()).select_from(record_table))) == 0
    early = await store.read(lambda tx: records.prospect(tx, of_ana))
    assert not early.is_available(now)
    assert early.is_available(now + timedelta(days=7))
    assert await issue(of_ana, at=now + timedelta(days=7))


@pytest.mark.parametrize(
    ("state", "ending"), [("ended-early", Ending.ENDED_EARLY), ("lapsed", Ending.LAPSED)]
)
async def test_who_ended_early_keeps_the_credit(
    ended: Ended, issue: Issue, now: datetime, state: str, ending: Ending
) -> None:
    of_ana, _ = await ended(state=state)
    assert (await issue(of_ana, at=now)).record.ending is ending


@pytest.mark.parametrize(
    "state", ["draft", "proposed", "declined", "intro", "active", "paused", "ended-intro", "ended-safety"]
)
async def test_there_is_no_record_of_what_did_not_take_place(
    ended: Ended, issue: Issue, state: str
) -> None:
    of_ana, _ = await ended(state=state)
    with pytest.raises(Conflict, match="no record"):
        await issue(of_ana)


async def test_a_server_speaks_only_for_its_own(
    store: Store, site: Site, ended: Ended, issue: Issue, now: datetime
) -> None:
    _, of_ben = await ended()
    elsewhere = replace(of_ben.mentee, is_local=False, host="m.example", uri="https://m.example/users/ben")
    there = replace(of_ben, mentee=elsewhere, mentorship=replace(of_ben.mentorship, channel="libline"))
    with pytest.raises(Conflict, match="server of their own"):
        await issue(there)
    guest = replace(there, mentorship=replace(of_ben.mentorship, channel="note"))
    own = await issue(guest)
    assert own.record.subject_uri == "https://m.example/users/ben"
    assert own.record.issuer_uri == "https://lib.example/actor"


async def test_a_new_record_takes_the_place_of_the_old_one(
    store: Store, ended: Ended, issue: Issue, now: datetime
) -> None:
    of_ana, _ = await ended()
    first = await issue(of_ana)
    token = await store.write(lambda tx: records.share(tx, first.stored.id, person=of_ana.person))
    await store.write(lambda tx: add_talk(tx, of_ana.mentorship, of_ana.person, 30, now))
    again = await issue(of_ana, at=now + timedelta(days=9))
    assert again.stored.id == first.stored.id
    assert again.record.minutes == 30
    assert again.record.issued_at == now + timedelta(days=9)
    shown = await store.read(lambda tx: records.by_link(tx, first.stored.id, token))
    assert shown.record.minutes == 30
    assert len(await store.read(lambda tx: records.own(tx, of_ana.person))) == 1


async def test_a_link_opens_one_record_until_it_is_taken_back(
    store: Store, ended: Ended, issue: Issue, now: datetime
) -> None:
    of_ana, of_ben = await ended()
    mine, yours = await issue(of_ana), await issue(of_ben)

    async def opens(record_id: str, token: str) -> bool:
        try:
            found = await store.read(lambda tx: records.by_link(tx, record_id, token))
        except NotFound:
            return False
        return found.stored.id == record_id

    for token in ("", "none", new_id(now)):
        assert not await opens(mine.stored.id, token)
    token = await store.write(lambda tx: records.share(tx, mine.stored.id, person=of_ana.person))
    assert await opens(mine.stored.id, token)
    assert not await opens(yours.stored.id, token)
    assert not await opens(mine.stored.id, token[:-1])
    assert not await opens(new_id(now), token)
    second = await store.write(lambda tx: records.share(tx, mine.stored.id, person=of_ana.person))
    assert not await opens(mine.stored.id, token), "the former link is dead"
    assert await opens(mine.stored.id, second)
    await store.write(lambda tx: records.unshare(tx, mine.stored.id, person=of_ana.person))
    assert not await opens(mine.stored.id, second)
    third = await store.write(lambda tx: records.share(tx, mine.stored.id, person=of_ana.person))
    await store.write(lambda tx: actors.change(tx, of_ana.person.id, now, suspended_at=now))
    assert not await opens(mine.stored.id, third), "who is suspended shows nothing"


async def test_only_the_owner_has_and_shares_a_record(
    store: Store, ended: Ended, issue: Issue, add: Add
) -> None:
    of_ana, of_ben = await ended()
    mine = await issue(of_ana)
    stranger = await add("cleo")
    for person in (of_ben.person, stranger.actor):
        for use in (records.get, records.share, records.unshare):
            with pytest.raises(NotFound):
                await store.write(lambda tx, use=use, p=person: use(tx, mine.stored.id, person=p))
    assert await store.read(lambda tx: records.own(tx, of_ben.person)) == []


async def test_the_secret_of_a_link_is_stored_nowhere(
    store: Store, ended: Ended, issue: Issue
) -> None:
    of_ana, _ = await ended()
    mine = await issue(of_ana)
    token = await store.write(lambda tx: records.share(tx, mine.stored.id, person=of_ana.person))
    stored = await store.read(lambda tx: record_rows.by_id(tx, mine.stored.id))
    assert stored is not None
    assert token not in repr(stored)
    row = await store.read(lambda tx: tx.first(select(record_table)))
    assert row is not None
    assert token not in repr(tuple(row))
