"""What people of a random history do: mostly what makes sense where they stand, sometimes anything at all.

Whatever the service refuses with a sentence is refused; everything else that goes wrong fails the test.
"""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from libline_fed.domain.mentorships import Mentorship
from libline_fed.errors import LibLineError, PeerUnavailable
from libline_fed.services import (
    absences,
    actors,
    answers,
    blocks,
    mentorships,
    messages,
    questions,
    requests,
)
from libline_fed.services.requests import Words
from libline_fed.storage import accounts, rows
from libline_fed.storage import actors as actor_rows
from libline_fed.storage.mentorship_tables import mentorships as mentorship_table
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors as actor_table
from tests.mastodon_peer.actions import NotAllowed
from tests.mastodon_peer.outbound import Unreachable
from tests.mastodon_peer.people import Person as Guest
from tests.support.duo import Person
from tests.support.histories import History, Round, World, everybody

NOTHING = 96  # acts below this number are none
ANYTHING = 236  # acts from this number on are any at all
TWICE = 5  # each so many-eth press is a double click
OTHER_WORDS = Words("What about this instead?", {}, {"months": 3}, "en")
Act = Callable[["Doing"], Awaitable[Any]]


async def act(world: World, one: Round) -> None:
    """Let everybody do what a round says, before any of it arrives."""
    for at, history, person in everybody(world):
        number = one.acts[at] if at < len(one.acts) else 0
        if number < NOTHING:
            continue
        if isinstance(person, Guest):
            await act_as_guest(world, history, person, number)
        elif person.actor.uri not in world.gone:
            await Doing(world, history, person).do(number)


class Doing:
    """Somebody who is about to do something."""

    def __init__(self, world: World, history: History, person: Person) -> None:
        self.world = world
        self.history = history
        self.person = person
        self.row: Mentorship | None = None

    @property
    def today(self) -> date:
        """The day it is."""
        return self.world.now.date()

    @property
    def is_asker(self) -> bool:
        """Whether this person began, or would begin."""
        return self.person is self.history.asker

    async def do(self, number: int) -> None:
        """Do what a number stands for; a double click does it twice."""
        self.row = await latest(self.history, self.person)
        if number >= ANYTHING:
            name = WILD[(number - ANYTHING) % len(WILD)]
        else:
            listed = self.sensible()
            if not listed:
                return
            name = listed[(number - NOTHING) % len(listed)]
        if await self._try(name) and number % TWICE == 0:
            self.row = await latest(self.history, self.person)
            is_done_again = await self._try(name)
            is_too_late = self.row is not None and self.row.state == "superseded"  # by somebody faster
            assert is_done_again or is_too_late or name not in IDEMPOTENT, f"{name} pressed twice"

    async def _try(self, name: str) -> bool:
        try:
            await ACTS[name](self)
        except (LibLineError, PeerUnavailable) as error:
            self.world.tried[name, type(error).__name__] += 1
            return False
        self.world.tried[name, "done"] += 1
        return True

    def sensible(self) -> tuple[str, ...]:
        """Return what makes sense where they stand; some of it twice, to be done more often."""
        state = self.row.state if self.row is not None else ""
        if state == "proposed":
            is_mine = self.row is not None and self.row.asker == self.row.side_of(self.person.actor.id)
            return ("wait", "withdraw", "message") if is_mine else ANSWERS
        if state in SENSIBLE:
            return SENSIBLE[state]
        return ("ask", "ask", "draft", "question") if self.is_asker else ()

    # --- doing it ---------------------------------------------------------------------------------

    async def use(self, use_case: Any, **values: Any) -> None:
        """Run a use case on the mentorship that is there."""
        if self.row is not None:
            await self.person.do(use_case, self.row.id, **values)

    async def partner(self, tx: Tx) -> Any:
        """Return the other one, as this server knows them."""
        return await actor_rows.by_uri(tx, self.history.partner_uri(self.person))


async def latest(history: History, person: Person) -> Mentorship | None:
    """Return where a pair stands now on a person's server: the latest about their proposal."""

    columns = mentorship_table.c
    partner_id = select(actor_table.c.id).where(actor_table.c.uri == history.partner_uri(person))
    is_theirs = or_(
        and_(columns.mentor_id == person.actor.id, columns.mentee_id == partner_id.scalar_subquery()),
        and_(columns.mentee_id == person.actor.id, columns.mentor_id == partner_id.scalar_subquery()),
    )
    statement = (
        select(mentorship_table)
        .where(columns.proposal_uri == history.proposal.uri, is_theirs)
        .order_by(columns.id.desc())
        .limit(1)
    )
    row = await person.side.read(lambda tx: tx.first(statement))
    one = rows.to(Mentorship, row) if row is not None else None
    is_secret = one is not None and one.state == "draft" and one.asker != one.side_of(person.actor.id)
    return None if is_secret else one


# --- what there is to do ----------------------------------------------------------------------------


async def _ask(doing: Doing) -> None:
    await doing.person.ask(doing.history.proposal.uri)


async def _draft(doing: Doing) -> None:
    made = await doing.person.start(doing.history.proposal.uri)
    await doing.person.do(requests.save_draft, made.id, words=Words("Not yet"))


async def _question(doing: Doing) -> None:
    row = doing.row
    if row is None or row.state not in ("draft", "question"):
        row = await doing.person.start(doing.history.proposal.uri)
    await doing.person.do(questions.ask, row.id, text="Do you know MARC as well?")


async def _wait(doing: Doing) -> None:
    del doing


async def _change_terms(doing: Doing) -> None:
    months = 1 + doing.world.now.day % 6
    values = {"goal": f"{doing.person.actor.handle}: {months}", "months": months, "mode": "M1"}
    await doing.use(mentorships.change_terms, values=values)


async def _confirm(doing: Doing) -> None:
    version = doing.row.terms_version if doing.row is not None else 0
    await doing.use(mentorships.confirm, terms_version=version, contact=doing.person.actor.handle)


async def _pause(doing: Doing) -> None:
    await doing.use(mentorships.pause, until_on=doing.today + timedelta(days=7 + doing.world.now.day))


async def _extend(doing: Doing) -> None:
    before = doing.row.ends_on if doing.row is not None else None
    await doing.use(mentorships.extend, ends_on=max(before or doing.today, doing.today) + timedelta(days=40))


async def _holiday(doing: Doing) -> None:
    from_on = doing.today + timedelta(days=doing.world.now.day % 5)
    until_on, actor_id, now = from_on + timedelta(days=12), doing.person.actor.id, doing.world.now
    await doing.person.side.write(
        lambda tx: absences.add(tx, actor_id=actor_id, from_on=from_on, until_on=until_on, now=now)
    )


async def _block(doing: Doing) -> None:
    site, now, person = doing.person.side.site, doing.world.now, doing.person.actor

    async def unit(tx: Tx) -> None:
        partner = await doing.partner(tx)
        if partner is not None:
            await blocks.block(tx, site, person=person, partner=partner, now=now)

    await doing.person.side.write(unit)


async def _unblock(doing: Doing) -> None:
    async def unit(tx: Tx) -> None:
        partner = await doing.partner(tx)
        if partner is not None:
            await blocks.unblock(tx, person=doing.person.actor, partner=partner)

    await doing.person.side.write(unit)


async def _delete_account(doing: Doing) -> None:
    """Delete the account: seldom, and not while old letters wait, which only the old key could sign anew."""
    world, side, actor, now = doing.world, doing.person.side, doing.person.actor, doing.world.now
    way = world.both.network.way(side.host)
    if actor.uri in world.gone or way.is_held or way.waiting or world.now.day % 3:
        return

    async def unit(tx: Tx) -> None:
        account = await accounts.by_actor(tx, actor.id)
        assert account is not None
        await actors.delete_account(tx, side.site, account_id=account.id, actor_id=actor.id, now=now)

    await side.write(unit)
    world.gone.add(actor.uri)


async def _pause_all(doing: Doing) -> None:
    site, now, actor_id = doing.person.side.site, doing.world.now, doing.person.actor.id

    async def unit(tx: Tx) -> None:
        account = await accounts.by_actor(tx, actor_id)
        assert account is not None
        change = absences.resume_all if account.is_paused else absences.pause_all
        await change(tx, site, account_id=account.id, now=now)

    await doing.person.side.write(unit)


ACTS: dict[str, Act] = {
    "wait": _wait,
    "ask": _ask,
    "draft": _draft,
    "question": _question,
    "send": _ask,
    "message": lambda doing: doing.use(messages.write, text="How are you?"),
    "withdraw": lambda doing: doing.use(answers.withdraw),
    "accept": lambda doing: doing.use(answers.accept),
    "accept as the last": lambda doing: doing.use(answers.accept, is_last=True),
    "decline": lambda doing: doing.use(answers.decline, reason="not-now", note="Sorry."),
    "counter": lambda doing: doing.use(requests.counter, words=OTHER_WORDS),
    "keep": lambda doing: doing.use(mentorships.keep),
    "change terms": _change_terms,
    "confirm": _confirm,
    "leave": lambda doing: doing.use(mentorships.leave),
    "pause": _pause,
    "resume": lambda doing: doing.use(mentorships.resume),
    "extend": _extend,
    "complete": lambda doing: doing.use(mentorships.complete),
    "object": lambda doing: doing.use(mentorships.object_to_end),
    "revive": lambda doing: doing.use(mentorships.revive),
    "end early": lambda doing: doing.use(mentorships.end_early, reason="A new job"),
    "holiday": _holiday,
    "block": _block,
    "unblock": _unblock,
    "delete account": _delete_account,
    "pause all": _pause_all,
}
IDEMPOTENT = frozenset({"ask", "send", "accept", "decline", "confirm", "complete", "end early", "leave"})
ANSWERS = ("accept", "accept", "accept", "decline", "counter", "message", "accept as the last", "wait")
SENSIBLE: dict[str, tuple[str, ...]] = {
    "draft": ("send", "send", "question", "withdraw"),
    "question": ("send", "message", "withdraw", "decline"),
    "intro": ("confirm", "confirm", "confirm", "change terms", "message", "keep", "leave"),
    "active": ("message", "wait", "pause", "extend", "complete", "end early"),
    "paused": ("resume", "wait", "extend", "complete", "end early"),
    "completed": ("object", "wait"),
    "lapsed": ("revive", "wait"),
}
WILD = (
    *("accept", "decline", "withdraw", "counter", "change terms", "confirm", "leave", "pause", "resume"),
    *("extend", "complete", "object", "revive", "end early", "holiday", "holiday", "pause all"),
    *("unblock", "block", "delete account"),
)


# --- people without LibLine -------------------------------------------------------------------------


async def act_as_guest(world: World, history: History, guest: Guest, number: int) -> None:
    """Let somebody on Mastodon do something; what Mastodon or the network does not allow is not done."""
    mine = history.asked.actor
    name = GUESTS_ACTS[number % len(GUESTS_ACTS)]
    try:
        told = await guest.messages(mine.uri)
        polls = [toot for toot in told if toot.options]
        if name == "ask" or not told:
            await guest.reply(await guest.toot(history.proposal.uri), "I would like to learn RDA.", "direct")
        elif name in {"vote yes", "vote no"} and polls:
            await guest.vote(polls[-1], 0 if name == "vote yes" else 1)
        elif name == "favourite":
            await guest.favourite(told[-1])
        elif name == "unfavourite":
            await guest.unfavourite(told[-1])
        else:
            await guest.reply(told[-1], name)
    except (NotAllowed, Unreachable) as error:
        world.tried[f"guest: {name}", type(error).__name__] += 1
        return
    world.tried[f"guest: {name}", "done"] += 1


GUESTS_ACTS = (
    "ask",
    "vote yes",
    "yes",
    "favourite",
    "vote yes",
    "Hello again.",
    "vote no",
    "no",
    "STOP",
    "unfavourite",
)


# --- a round ----------------------------------------------------------------------------------------


async def play_round(world: World, one: Round) -> None:
    """Play one round: disturb, act, die, let arrive what may, let time pass."""
    world.disturb(one.fault)
    await act(world, one)
    await world.crash(one.crash)
    await world.settle()
    world.mend()
    if one.jump_h:
        await world.later(one.jump_h)


async def play_end(world: World) -> None:
    """Let everything arrive, and sixty days pass."""
    world.let_go()
    await world.settle()
    while await world.queued_count():  # what failed is tried again, each time later
        await world.later(15)
    for _ in range(3):
        await world.later(20 * 24)
