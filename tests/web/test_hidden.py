"""What somebody may not see is in none of the lists, counts, choices and mails that they get."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal
from libline_fed.domain.searches import Search
from libline_fed.services import blocks, peers, saved_search_mails, saved_searches
from libline_fed.storage import actors, mails
from libline_fed.storage import proposals as rows
from libline_fed.storage.store import Tx
from tests.support.neighbours import offer_by
from tests.support.pages import DRAFT, PagesWorld

EVERYBODY = frozenset({"visitor", "guest", "member"})
MEMBERS = frozenset({"member"})
NOBODY: frozenset[str] = frozenset()
AUDIENCES = {"public": EVERYBODY, "network": MEMBERS, "instance": MEMBERS}
STATES = {"open": True, "full": True, "paused": False, "closed": False, "past its day": False}
TROUBLES = ("author suspended", "author gone", "server silenced", "server blocked", "blocked", "blocking")


class Hiding:
    """Offers, each in an area of its own, and who may see them."""

    def __init__(self, world: PagesWorld) -> None:
        self.world = world
        self.expected: dict[str, frozenset[str]] = {}  # by title
        self.area_of: dict[str, str] = {}

    def title(self, name: str, seen_by: frozenset[str]) -> tuple[str, str]:
        """Note a case; return its title and area."""
        title = f"Canary: {name}."
        area = f"A{1 + len(self.area_of) // 6:02d}{1 + len(self.area_of) % 6:02d}"
        self.expected[title], self.area_of[title] = seen_by, area
        return title, area

    async def local(
        self, author: Actor, name: str, seen_by: frozenset[str], audience: str = "public"
    ) -> Proposal:
        """Publish an offer of a member."""
        title, area = self.title(name, seen_by)
        return await self.world.publish(author, replace(DRAFT, title=title, areas=(area,), audience=audience))

    async def remote(self, author: Actor, name: str, seen_by: frozenset[str]) -> None:
        """Store an offer of somebody elsewhere."""
        title, area = self.title(name, seen_by)
        now = self.world.clock.advance(seconds=1)
        offer = offer_by(author, area, areas=(area,), title=title, name=title)
        await self.world.store.write(
            lambda tx: rows.put_remote(
                tx, offer, author, source="lookup", source_actor_uri=author.uri, now=now
            )
        )


async def fill(world: PagesWorld, member: Actor) -> Hiding:
    """Publish offers that differ in why they are seen or not."""
    hiding = Hiding(world)
    writer = (await world.add_member("writer")).actor
    now = world.clock.now()
    for audience, seen_by in AUDIENCES.items():
        await hiding.local(writer, f"for {audience}", seen_by, audience=audience)
    for state, is_listed in STATES.items():
        made = await hiding.local(writer, state, EVERYBODY if is_listed else NOBODY)
        values: dict[str, object] = {"status": state}
        if state == "past its day":
            values = {"open_until_on": (now - timedelta(days=1)).date()}
        await world.store.write(lambda tx, made=made, values=values: rows.change(tx, made.id, now, **values))
    people: dict[str, Actor] = {}
    for number, trouble in enumerate(TROUBLES):
        is_remote = trouble.startswith("server")
        handle, host = f"person{number}", f"s{number}.example"
        person = await world.add_remote(handle, host) if is_remote else (await world.add_member(handle)).actor
        people[trouble] = person
        seen_by = EVERYBODY - MEMBERS if trouble in {"blocked", "blocking"} else NOBODY
        await (hiding.remote if is_remote else hiding.local)(person, trouble, seen_by)
    await hiding.remote(await world.add_remote("fine", "fine.example"), "of another server", EVERYBODY)
    steps: dict[str, Callable[..., Awaitable[object]]] = {
        "author suspended": lambda tx, who: actors.change(tx, who.id, now, suspended_at=now),
        "author gone": lambda tx, who: actors.change(tx, who.id, now, gone_at=now),
        "server silenced": lambda tx, who: set_policy(tx, who.host, "silenced"),
        "server blocked": lambda tx, who: set_policy(tx, who.host, "blocked"),
        "blocked": lambda tx, who: blocks.block(tx, world.site, person=member, partner=who, now=now),
        "blocking": lambda tx, who: blocks.block(tx, world.site, person=who, partner=member, now=now),
    }

    async def set_policy(tx: Tx, host: str, policy: str) -> object:
        return await peers.set_policy(tx, host, policy, "", now=now)

    for trouble, step in steps.items():
        await world.store.write(lambda tx, step=step, who=people[trouble]: step(tx, who))
    return hiding


async def test_what_is_hidden_is_in_no_list_count_choice_or_mail(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    await world.store.write(
        lambda tx: saved_searches.add(
            tx, account_id=ana.account.id, search=Search(), name="All", tells_by="mail",
            now=world.clock.now(),
        )
    )  # fmt: skip
    hiding = await fill(world, ana.actor)
    readers = {
        "visitor": world.browser(),
        "guest": await world.guest_browser(),
        "member": await world.member_browser("ana"),
    }
    for role, browser in readers.items():
        seen = {title for title, roles in hiding.expected.items() if role in roles}
        lists = [await browser.get(f"/mentors?page={page}") for page in (1, 2, 3)]
        assert {title for title in hiding.expected if any(title in page.text for page in lists)} == seen, role
        assert f"{len(seen)} open offers" in lists[0].text, role
        found = await browser.get("/mentors?text=canary")
        assert f"{len(seen)} open offers" in found.text, role
        topics = {link["href"] for link in (await browser.get("/topics")).links}
        counted = {title for title, area in hiding.area_of.items() if f"/mentors?area={area}" in topics}
        assert counted == seen, role
        for title, area in hiding.area_of.items():
            assert (title in (await browser.get(f"/topics/{area}")).text) == (title in seen), (role, title)
        hosts = {attrs["value"] for tag, attrs in lists[0].elements if tag == "option"}
        assert "fine.example" in hosts
        assert hosts & {f"s{number}.example" for number in range(len(TROUBLES))} == set(), role
        home = (await browser.get("/")).text
        assert not [title for title in hiding.expected if title in home and title not in seen], role
    key = world.sealer.derive(saved_search_mails.STOP_PURPOSE)
    now = world.clock.advance(hours=1)
    await saved_search_mails.tell_all(world.store, world.site, key=key, now=now)
    told = await world.store.read(lambda tx: mails.list_all(tx, state=None, limit=9, offset=0))
    seen = {title for title, roles in hiding.expected.items() if "member" in roles}
    assert len(told) == 1
    assert {title for title in hiding.expected if title in told[0].text_body} == seen
