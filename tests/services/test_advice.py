"""Advice of consortia about servers: an admin decides, unless told otherwise, and keeps what was decided."""

from datetime import datetime, timedelta

import orjson
import pytest

from libline_fed.activitypub.objects import Admitted
from libline_fed.activitypub.parse import parse_actor
from libline_fed.domain.accounts import Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.block_lists import read_csv, read_json, write_json
from libline_fed.domain.consortia import MemberState
from libline_fed.errors import Conflict, InvalidInput, NotFound, Refusal
from libline_fed.services import advice, block_lists, consortia, peers, published_advice, trust
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.site import Site
from libline_fed.storage import actors
from libline_fed.storage import advice as advice_rows
from libline_fed.storage import consortia as consortium_rows
from libline_fed.storage.store import Store, Tx
from tests.services.conftest import Add


async def stand(store: Store, type_: str, uri: str, host: str, now: datetime, **more: object) -> Actor:
    """Store an actor of another server."""
    document = parse_actor(
        {
            "id": uri, "type": type_, "preferredUsername": uri.rpartition("/")[2].replace(".", "_"),
            "inbox": f"{uri}/inbox", "followers": f"{uri}/followers", **more,
        }
    )  # fmt: skip
    assert not isinstance(document, Refusal), document
    return await store.write(
        lambda tx: actors.put_remote(tx, Admitted(document, host, "signed"), acct_host=None, now=now)
    )


@pytest.fixture
async def group(store: Store, site: Site, now: datetime) -> Actor:
    """A consortium of another server that we and m.example are members of; its list is read."""
    uri = "https://c.example/groups/redbib"
    lists = {"blockedDomains": f"{uri}/blocked-domains.json", "members": f"{uri}/members"}
    made = await stand(store, "Group", uri, "c.example", now, **lists)
    beside = await stand(store, "Application", "https://m.example/actor", "m.example", now)

    async def unit(tx: Tx) -> None:
        us = await ensure_instance_actor(tx, site, now=now)
        for instance in (us, beside):
            await consortium_rows.put_membership(
                tx, group_id=made.id, instance_id=instance.id, state=MemberState.MEMBER, now=now
            )
        await advice.keep_up(tx, site, now=now)

    await store.write(unit)
    return made


async def read(store: Store, group: Actor, now: datetime, **said: str) -> None:
    """Let the list say something: host (dots as underscores) and severity."""
    listed = [{"domain": host.replace("_", "."), "severity": said[host], "reason": "Spam"} for host in said]
    reading = read_json(orjson.dumps(listed), "lib.example")
    await store.write(lambda tx: advice.receive(tx, group.id, reading, etag='"1"', now=now))


async def states(store: Store, site: Site, group: Actor) -> dict[str, tuple[str, str]]:
    found = await store.read(lambda tx: advice.counsel(tx, site, group.id))
    return {one.advice.host: (one.advice.state, one.policy) for one in found}


async def test_advice_changes_nothing_until_an_admin_confirms_it(
    store: Store, site: Site, group: Actor, now: datetime
) -> None:
    await read(store, group, now, bad_example="suspend", loud_example="silence")
    assert await states(store, site, group) == {
        "bad.example": ("open", "default"),
        "loud.example": ("open", "default"),
    }
    for host in ("bad.example", "loud.example"):
        await store.write(
            lambda tx, h=host: advice.confirm(tx, site, group_id=group.id, host=h, now=now)  # type: ignore[misc]
        )
    assert await states(store, site, group) == {
        "bad.example": ("confirmed", "blocked"),
        "loud.example": ("confirmed", "silenced"),
    }
    peer = await store.read(lambda tx: peers.show(tx, "bad.example"))
    assert peer.note == "Advised by @redbib@c.example. Spam"


async def test_what_was_decided_stays_when_the_list_says_it_again_and_returns_when_it_asks_for_more(
    store: Store, site: Site, group: Actor, now: datetime
) -> None:
    await read(store, group, now, bad_example="silence")
    await store.write(lambda tx: advice.dismiss(tx, group_id=group.id, host="bad.example", now=now))
    await read(store, group, now, bad_example="silence")
    assert await states(store, site, group) == {"bad.example": ("dismissed", "default")}
    await read(store, group, now, bad_example="suspend")
    assert await states(store, site, group) == {"bad.example": ("open", "default")}


async def test_a_confirmed_block_outlives_the_advice_until_an_admin_lifts_it(
    store: Store, site: Site, group: Actor, now: datetime
) -> None:
    await read(store, group, now, bad_example="suspend", other_example="suspend")
    await store.write(lambda tx: advice.confirm(tx, site, group_id=group.id, host="bad.example", now=now))
    await read(store, group, now)
    assert await states(store, site, group) == {"bad.example": ("withdrawn", "blocked")}
    await read(store, group, now, bad_example="suspend")
    assert (await states(store, site, group))["bad.example"] == ("confirmed", "blocked"), "it is so already"
    await read(store, group, now)
    await store.write(lambda tx: advice.lift(tx, group_id=group.id, host="bad.example", now=now))
    assert await states(store, site, group) == {}
    assert (await store.read(lambda tx: peers.show(tx, "bad.example"))).policy == "default"


async def test_a_stronger_rule_of_our_own_is_not_made_milder(
    store: Store, site: Site, group: Actor, now: datetime
) -> None:
    await store.write(lambda tx: peers.set_policy(tx, "bad.example", "blocked", "ours", now=now))
    await read(store, group, now, bad_example="silence")
    assert await states(store, site, group) == {"bad.example": ("confirmed", "blocked")}
    assert (await store.read(lambda tx: peers.show(tx, "bad.example"))).note == "ours"


async def test_automatic_advice_leaves_what_is_close_to_the_admin(
    store: Store, site: Site, group: Actor, now: datetime
) -> None:
    await store.write(lambda tx: peers.set_policy(tx, "good.example", "allowed", "", now=now))
    await store.write(lambda tx: advice.set_automatic(tx, group_id=group.id, is_automatic=True, now=now))
    await read(
        store, group, now,
        bad_example="suspend", loud_example="silence", good_example="suspend", m_example="suspend",
        c_example="silence", lib_example="suspend", com="suspend", example="suspend",
    )  # fmt: skip
    assert await store.write(lambda tx: advice.apply_open(tx, site, group.id, now=now)) == 2
    assert await store.write(lambda tx: advice.apply_open(tx, site, group.id, now=now)) == 0
    assert await states(store, site, group) == {
        "bad.example": ("confirmed", "blocked"),
        "loud.example": ("confirmed", "silenced"),
        "c.example": ("open", "default"),
        "good.example": ("open", "allowed"),
        "m.example": ("open", "default"),
    }
    found = await store.read(lambda tx: advice.counsel(tx, site, group.id))
    assert {one.advice.host for one in found if one.is_close} == {"c.example", "m.example"}
    await store.write(lambda tx: advice.confirm(tx, site, group_id=group.id, host="m.example", now=now))
    assert (await states(store, site, group))["m.example"] == ("confirmed", "blocked"), "by hand"


async def test_a_list_is_due_once_a_day_and_sooner_after_a_failure(
    store: Store, site: Site, group: Actor, now: datetime
) -> None:
    async def due(at: datetime) -> list[str]:
        return [one.url for one, _ in await store.read(lambda tx: advice.due(tx, now=at))]

    url = "https://c.example/groups/redbib/blocked-domains.json"
    assert await due(now) == [url]
    await read(store, group, now)
    assert await due(now + timedelta(hours=23)) == []
    assert await due(now + timedelta(days=1)) == [url]
    await store.write(lambda tx: advice.fail(tx, group.id, "no answer", now=now))
    assert await due(now + timedelta(hours=1)) == [url]
    (source,) = await store.read(lambda tx: trust.sources(tx, site))
    assert source.list is not None
    assert source.list.last_error == "no answer"
    assert source.members_count == 2


async def test_who_leaves_reads_the_list_no_more_and_keeps_what_was_decided(
    store: Store, site: Site, group: Actor, now: datetime
) -> None:
    await read(store, group, now, bad_example="suspend", other_example="suspend")
    await store.write(lambda tx: advice.confirm(tx, site, group_id=group.id, host="bad.example", now=now))

    async def leave(tx: Tx) -> None:
        us = await ensure_instance_actor(tx, site, now=now)
        await consortium_rows.put_membership(
            tx, group_id=group.id, instance_id=us.id, state=MemberState.LEFT, now=now
        )
        await advice.keep_up(tx, site, now=now)

    await store.write(leave)
    assert await store.read(advice_rows.all_lists) == {}
    assert await states(store, site, group) == {"bad.example": ("withdrawn", "blocked")}


async def test_only_consortia_that_we_have_to_do_with_are_trusted(
    store: Store, site: Site, group: Actor, now: datetime
) -> None:
    stranger = await stand(store, "Group", "https://x.example/groups/x", "x.example", now)
    with pytest.raises(NotFound):
        await store.write(
            lambda tx: trust.set_trusted(tx, site, group_id=stranger.id, is_trusted=True, now=now)
        )
    await store.write(lambda tx: trust.set_trusted(tx, site, group_id=group.id, is_trusted=True, now=now))
    assert [one.is_trusted for one in await store.read(lambda tx: trust.sources(tx, site))] == [True]
    await store.write(lambda tx: trust.set_trusted(tx, site, group_id=group.id, is_trusted=False, now=now))
    assert [one.is_trusted for one in await store.read(lambda tx: trust.sources(tx, site))] == [False]


# --- the list of a consortium here ----------------------------------------------------------------------


async def test_coordinators_publish_a_list_that_its_members_read(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ines, ben = await add("ines", role=Role.COORDINATOR), await add("ben")
    await store.write(lambda tx: ensure_instance_actor(tx, site, now=now))
    made = await store.write(
        lambda tx: consortia.create(tx, site, handle="redbib", name="Red", account=ines.account, now=now)
    )
    hosted = await store.read(lambda tx: published_advice.run_by(tx, "redbib", ines.account))
    with pytest.raises(NotFound):
        await store.read(lambda tx: published_advice.run_by(tx, "redbib", ben.account))

    async def publish(host: str, severity: str = "blocked") -> None:
        await store.write(
            lambda tx: published_advice.publish(
                tx, site, hosted=hosted, host=host, severity=severity, reason="=Spam", now=now
            )
        )

    for host, severity, field in (
        ("no host", "blocked", "host"), ("lib.example", "blocked", "host"), ("example", "blocked", "host"),
        ("com", "silenced", "host"), ("bad.example", "allowed", "severity"), ("bad.example", "", "severity"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            await publish(host, severity)
        assert set(refused.value.fields) == {field}
    member = await stand(store, "Application", "https://a.m.example/actor", "a.m.example", now)
    await store.write(
        lambda tx: consortium_rows.put_membership(
            tx, group_id=made.id, instance_id=member.id, state=MemberState.MEMBER, now=now
        )
    )
    with pytest.raises(InvalidInput):
        await publish("m.example")
    await publish("Bad.Example.")
    await publish("loud.example", "silenced")
    raw = await store.read(lambda tx: published_advice.as_json(tx, "redbib"))
    assert raw == write_json(await store.read(lambda tx: published_advice.entries(tx, made.id)))
    assert [entry.host for entry in read_json(raw, "m.example").entries] == ["bad.example", "loud.example"]
    assert "bad.example,suspend,true,true,'=Spam,false" in await store.read(
        lambda tx: published_advice.as_csv(tx, "redbib")
    )
    await store.write(lambda tx: published_advice.withdraw(tx, hosted=hosted, host="bad.example"))
    with pytest.raises(NotFound):
        await store.write(lambda tx: published_advice.withdraw(tx, hosted=hosted, host="bad.example"))


# --- a list from a file ----------------------------------------------------------------------------------


async def test_a_list_from_a_file_is_shown_before_it_is_taken(
    store: Store, site: Site, group: Actor, now: datetime
) -> None:
    await store.write(lambda tx: peers.set_policy(tx, "good.example", "allowed", "", now=now))
    hosts = [f"bad{number}.example" for number in range(150)]
    rows = [f"{host},suspend\n" for host in [*hosts, "m.example", "good.example"]]
    text = "#domain,#severity\n" + "".join(rows)
    await store.write(lambda tx: block_lists.keep(tx, read_csv(text.encode(), "lib.example")))
    plan = await store.read(lambda tx: block_lists.kept(tx, site))
    assert plan is not None
    assert len(plan.changes) == 152
    assert {one.host for one in plan.changes if one.needs_hand} == {"m.example", "good.example"}
    assert await store.read(lambda tx: peers.list_peers(tx, policy="blocked")) == []
    await store.write(lambda tx: peers.set_policy(tx, "bad7.example", "silenced", "", now=now))
    with pytest.raises(Conflict):
        await block_lists.take_kept(store, site, mark=plan.mark, also=(), now=now)
    plan = await store.read(lambda tx: block_lists.kept(tx, site))
    assert plan is not None
    assert await block_lists.take_kept(store, site, mark=plan.mark, also={"m.example"}, now=now) == 151
    assert await store.read(lambda tx: block_lists.kept(tx, site)) is None
    with pytest.raises(Conflict):
        await block_lists.take_kept(store, site, mark=plan.mark, also=(), now=now)
