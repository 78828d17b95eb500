"""A blocked domain is closed at every door, in every spelling; with a list of allowed ones, all others.

One table: each way by which something of another server could come in, go out, or be shown.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing

import httpx
import pytest

from libline_fed.clock import FrozenClock
from libline_fed.config import Federation
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MemberState
from libline_fed.domain.peers import Policies, Verdict, normal_host
from libline_fed.errors import LibLineError, NotFound, PeerRefused, Refusal, RefusalReason
from libline_fed.federation.admit import Budget
from libline_fed.federation.delivery import DeliveryWorker, Hooks
from libline_fed.federation.delivery_hooks import InboxOwners
from libline_fed.federation.oauth import MastodonHomes
from libline_fed.federation.policies import PolicyBoard
from libline_fed.services import guests, peers, posts, proposals, seats
from libline_fed.storage import accounts, consortia, trust
from libline_fed.storage import peers as peers_rows
from libline_fed.storage import posts as post_rows
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Store, Tx
from tests.support.fediverse import US, Fediverse, fediverse
from tests.support.neighbours import follow, keep_post, list_offer, meet, queued

BLOCKED = ("b.example", "bücher.test")
SPELLINGS = (
    "b.example", "deep.sub.b.example", "b.example:8443", "xn--bcher-kva.test", "B.EXAMPLE", "b.example.",
    "ｂ.example", "BÜCHER.test", "www.bücher.test:8443",
)  # fmt: skip
STORED = SPELLINGS[:4]  # a host is stored in one spelling
MODES = (Federation.OPEN, Federation.ALLOWLIST)
REASONS = {RefusalReason.HOST_BLOCKED, RefusalReason.HOST_NOT_ALLOWED}
Door = Callable[[Fediverse, str], Awaitable[bool]]


class Names:
    """Looks no name up, and remembers which it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, host: str, _: int) -> list[str]:
        self.asked.append(host)
        raise PeerRefused("no name is looked up here")


async def is_refused(step: Awaitable[object]) -> bool:
    """Tell whether a step ends with a refusal of the server itself."""
    try:
        found = await step
    except LibLineError as error:
        return "blocked" in error.detail or "not-allowed" in error.detail
    return isinstance(found, Refusal) and found.reason in REASONS


async def inbox(world: Fediverse, host: str) -> bool:
    stranger = world.meet(host if host.isascii() else normal_host(host) or "", "ben")  # headers are ASCII
    return (await world.send(stranger, stranger.says("Like", US))).status_code == 403


async def sign_in(world: Fediverse, host: str) -> bool:
    homes = MastodonHomes(world.client, world.resolver, world.site, lambda: policies_of(world))
    return await is_refused(homes.find(f"@ben@{host}"))


def policies_of(world: Fediverse) -> Policies:
    return Policies(world.site.federation, world.policies)


DOORS: dict[str, Door] = {
    "the inbox": inbox,
    "signing in": sign_in,
    "fetching an object": lambda w, host: is_refused(w.admitter.fetched(f"https://{host}/x", Budget())),
    "fetching an actor": lambda w, host: is_refused(w.admitter.actor(f"https://{host}/x", Budget())),
    "fetching a key": lambda w, host: is_refused(w.admitter.key_owner(f"https://{host}/x#key", Budget())),
    "fetching a list": lambda w, host: is_refused(w.admitter.collection(f"https://{host}/x", Budget())),
    "a handle": lambda w, host: is_refused(w.resolver.find_actor(f"@ben@{host}")),
    "a handle, anew": lambda w, host: is_refused(w.resolver.find_again("ben", host)),
    "an address": lambda w, host: is_refused(w.resolver.find_object(f"https://{host}/x")),
    "the server itself": lambda w, host: is_refused(w.resolver.find_instance(host)),
    "the way into an account": lambda w, host: is_refused(
        w.resolver.subscribe_template(f"ben@{host}", is_person=True)
    ),
}


@pytest.fixture(params=MODES)
async def closed(
    request: pytest.FixtureRequest, store: Store, clock: FrozenClock
) -> AsyncIterator[Fediverse]:
    """Give an instance that blocks two domains, or allows another server only, and looks no name up."""
    mode, names = Federation(request.param), Names()
    is_open = mode is Federation.OPEN
    entries = dict.fromkeys(BLOCKED, "blocked") if is_open else {"ok.example": "allowed"}
    async with fediverse(store, clock, mode=mode, names=names) as world:
        await store.write(lambda tx: trust.note_mode(tx, mode))
        for host, policy in entries.items():
            await decide(store, host, policy, clock)
        world.policies.update(entries)
        yield world
    assert names.asked == []


async def decide(store: Store, host: str, policy: str, clock: FrozenClock) -> None:
    await store.write(lambda tx: peers.set_policy(tx, host, policy, "", now=clock.now()))


async def test_every_door_is_closed_before_a_name_is_looked_up(closed: Fediverse) -> None:
    before = await closed.counts()
    cases = {(door, host): is_shut for host in SPELLINGS for door, is_shut in DOORS.items()}
    found = {(door, host): await is_shut(closed, host) for (door, host), is_shut in cases.items()}
    assert [case for case, is_shut in found.items() if not is_shut] == []
    assert await closed.counts() == before


async def test_what_is_stored_already_gets_nothing_and_is_not_shown(closed: Fediverse) -> None:
    store, now = closed.store, closed.clock.now()
    ana = await closed.member("ana")
    people = [await known_well(closed, ana, host) for host in map(normal_host, STORED) if host is not None]
    await closed.own_offer(ana)
    owners = InboxOwners(store, closed.resolver)
    hooks = Hooks(lambda: policies_of(closed), owners.check, owners.drop)
    worker = DeliveryWorker(
        store, closed.client, closed.site.keyring, closed.clock, closed.site.uris, hooks=hooks
    )
    with closing(worker):
        assert await worker.run_once() == 0
    assert {one.state for one in await queued(store)} == {"cancelled"}
    assert await closed.listed() == ["Ours"]
    assert (await store.read(lambda tx: posts.timeline(tx, ana.id))).items == []
    for person in people:
        assert await store.read(lambda tx, one=person: shown(tx, closed, one, ana)) == []  # type: ignore[misc]
        with pytest.raises(LibLineError):
            await closed.resolver.find_actor(person.acct or "")
    assert now == closed.clock.now()


async def known_well(world: Fediverse, member: Actor, host: str) -> Actor:
    """Store somebody who follows a member and is followed, with an offer and a post."""
    now = world.clock.now()
    person = await meet(world.store, "ben", host, now)
    for pair in ((person, member), (member, person)):
        await follow(world.store, *pair, now)
    await list_offer(world.store, person, "theirs", now)
    await keep_post(world.store, person, "note", now)
    return person


async def shown(tx: Tx, world: Fediverse, person: Actor, reader: Actor) -> list[str]:
    """Name what of somebody would be shown or let in."""
    account = await accounts.by_actor(tx, reader.id)
    found = []
    if not await peers.is_closed(tx, person):
        found.append("profile")
    if await guests.may_stay(tx, world.site, person):
        found.append("guest")
    if not await seats.is_blocked(tx, reader, person):
        found.append("agreement")
    (offer,) = await proposal_rows.of_author(tx, person.id)
    note_uri = f"https://{person.host}/notes/note"
    note = (await post_rows.by_uris(tx, (note_uri,)))[note_uri]
    for what, step in (
        ("proposal", proposals.get(tx, offer.id, viewer=account)),
        ("post", posts.get(tx, note.id, account)),
    ):
        try:
            await step
        except NotFound:
            continue
        found.append(what)
    return found


# --- redirects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
async def test_a_redirect_does_not_lead_to_a_closed_server(
    store: Store, clock: FrozenClock, mode: Federation
) -> None:
    async with fediverse(store, clock, mode=mode) as world:
        world.policies.update({"ok.example": "allowed"} | dict.fromkeys(BLOCKED, "blocked"))
        start = "https://ok.example/.well-known/webfinger?resource=acct%3Aben%40ok.example"
        for host in ("b.example", "deep.sub.b.example", "b.example.", "xn--bcher-kva.test"):
            world.served[start] = lambda h=host: httpx.Response(301, headers={"Location": f"https://{h}/x"})
            with pytest.raises(NotFound):
                await world.resolver.find_again("ben", "ok.example")
        assert set(world.asked) == {start}


# --- the list, and the members of trusted consortia -----------------------------------------------------


async def join(
    store: Store, group: Actor, instance: Actor, state: MemberState, clock: FrozenClock
) -> None:
    await store.write(
        lambda tx: consortia.put_membership(
            tx, group_id=group.id, instance_id=instance.id, state=state, now=clock.now()
        )
    )


async def test_members_of_a_trusted_consortium_are_allowed_as_long_as_they_are_members(
    store: Store, clock: FrozenClock
) -> None:
    """In every process at once: `others` stands for the board of another one that shares the database."""
    now, member = clock.now(), MemberState.MEMBER
    group, m, n = [
        await meet(store, name, host, now)
        for name, host in (("redbib", "c.example"), ("m", "m.example"), ("n", "n.example:8443"))
    ]
    await store.write(lambda tx: trust.note_mode(tx, Federation.ALLOWLIST))
    await join(store, group, m, member, clock)
    await join(store, group, n, MemberState.ASKED, clock)
    others, stop = PolicyBoard(store, Federation.ALLOWLIST), asyncio.Event()
    running = asyncio.create_task(others.run(stop))

    async def verdicts() -> list[Verdict]:
        hosts = ("c.example", "m.example", "n.example:8443", "sub.m.example", "x.example")

        async def stored(tx: Tx) -> list[Verdict]:
            return [await peers_rows.verdict(tx, host, Federation.ALLOWLIST) for host in hosts]

        found = await store.read(stored)
        closed = await store.read(lambda tx: peers_rows.judged(tx, hosts, Verdict.BLOCKED))
        assert closed == {host for host, verdict in zip(hosts, found, strict=True) if not verdict.is_open}
        async with asyncio.timeout(5):
            while [others().verdict(host) for host in hosts] != found:
                await asyncio.sleep(0.01)
        return found

    no, yes = Verdict.NOT_ALLOWED, Verdict.ALLOWED
    assert await verdicts() == [no, no, no, no, no]
    await store.write(lambda tx: trust.add(tx, group, now))
    assert await verdicts() == [yes, yes, no, no, no]
    await join(store, group, n, member, clock)
    assert await verdicts() == [yes, yes, yes, no, no]
    await decide(store, "m.example", "blocked", clock)
    await decide(store, "n.example", "silenced", clock)
    assert await verdicts() == [yes, Verdict.BLOCKED, Verdict.SILENCED, Verdict.BLOCKED, no]
    await join(store, group, n, MemberState.LEFT, clock)
    assert await verdicts() == [yes, Verdict.BLOCKED, no, Verdict.BLOCKED, no]
    await store.write(lambda tx: trust.remove(tx, group, now))
    assert (await verdicts())[0] is no
    stop.set()
    await running
