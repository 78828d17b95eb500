"""Nobody changes the mentorship of others, and no partner speaks for our side: attempt by attempt."""

import pytest

from libline_fed.domain.mentorships import State
from tests.support.agreement_masks import PARTNERS, STRANGERS, Stage
from tests.support.agreement_scene import Scene, instance_of, set_scene
from tests.support.fediverse import Fediverse, Person

MAY_GROW = ("inbox_activities", "peers", "fetch_failures", "tombstones")
# A private message of somebody is a message, also when it claims to be more: what it claims is not so.
MAIL = ("posts", "post_recipients", "notifications", "posts_fts")
STRANGERS_BY_VERB = {
    verb: [name for name in STRANGERS if name.partition("-")[0] == verb]
    for verb in dict.fromkeys(name.partition("-")[0] for name in STRANGERS)
}
PARTNERS_BY_NAME = {
    who: [name for name in PARTNERS if name.partition("-")[0] == who] for who in ("ben", "dora", "cleo")
}


async def _strangers(world: Fediverse) -> dict[str, Person]:
    """Let three come who have no part in any of it, and be known."""
    strangers = {
        "same-host": world.meet("b.example", "mallory", "ben"),
        "host-of-the-mentor": world.meet("c.example", "mallory", "ben"),
        "other-host": world.meet("e.example", "eve", "ben"),
        "instance": instance_of(world, "b.example"),
    }
    for stranger in strangers.values():
        await world.receive(stranger, stranger.says("View", "https://lib.example"))
    return strangers


async def _attempt(scene: Scene, name: str, who: Person, document: dict[str, object]) -> str:
    """Make an attempt; return what is wrong with how it was met, or nothing."""
    world = scene.world
    but = (*MAY_GROW, *MAIL) if name.startswith("note") or "writes" in name else MAY_GROW
    before, tombs = await world.rows(*but), await _foreign_tombs(world, who)
    is_known = document["id"] in {said.get("id") for said in scene.said.values()}
    response = await world.send(who, document)
    await world.apply()
    after = await world.rows(*but)
    changed = [table for table in before if before[table] != after[table]]
    if changed or await _foreign_tombs(world, who) != tombs:
        return f"{name} changed {changed}"
    if response.status_code != 202 or is_known:
        return "" if response.status_code in {202, 400, 401} else f"{name}: {response.status_code}"
    state, reason = await world.state_of(str(document["id"]))
    is_mail = but != MAY_GROW and state == "applied"
    return "" if is_mail or (state in {"refused", "ignored"} and reason) else f"{name} is {state}"


async def _foreign_tombs(world: Fediverse, who: Person) -> list[str]:
    """Return what is buried that is not of this person: nobody buries what is another's."""
    return [row for row in (await world.rows())["tombstones"] if who.uri not in row]


@pytest.mark.parametrize("verb", STRANGERS_BY_VERB)
async def test_no_stranger_changes_a_mentorship(world: Fediverse, verb: str) -> None:
    scene = await set_scene(world)
    stage, strangers = await Stage.of(scene), await _strangers(world)
    met = [
        await _attempt(scene, f"{name} by {kind}", stranger, STRANGERS[name](stage, stranger))
        for name in STRANGERS_BY_VERB[verb]
        for kind, stranger in strangers.items()
    ]  # one after the other in one scene, which none of them may change
    assert [wrong for wrong in met if wrong] == []


@pytest.mark.parametrize("who", PARTNERS_BY_NAME)
async def test_no_partner_speaks_for_our_side(world: Fediverse, who: str) -> None:
    scene = await set_scene(world)
    stage = await Stage.of(scene)
    partner: Person = getattr(scene, who)
    met = [
        await _attempt(scene, name, partner, PARTNERS[name](stage)) for name in PARTNERS_BY_NAME[who]
    ]
    assert [wrong for wrong in met if wrong] == []


def test_the_tables_are_long() -> None:
    assert len(STRANGERS) >= 60
    assert len(PARTNERS) >= 50


async def test_what_the_partners_may_say_does_change_something(world: Fediverse) -> None:
    """The attempts fail for who makes them: the same documents of the right people are taken in."""
    scene = await set_scene(world)
    stage = await Stage.of(scene)
    for who, document in (
        (scene.dora, stage.update(scene.dora, "dora")),
        (scene.cleo, stage.yes(scene.cleo)),
        (scene.ben, scene.ben.says("Undo", scene.said["ben's offer"])),
        (scene.dora, stage.says_note(scene.dora, "Create", 20)),
    ):
        assert (await world.receive(who, document)).state == "applied"
    assert (await scene.mentorship(scene.ana, scene.dora)).state == State.ENDED_EARLY
    assert (await scene.mentorship(scene.zoe, scene.cleo)).state == State.INTRO
    assert (await scene.mentorship(scene.ana, scene.ben)).state == State.WITHDRAWN


async def test_a_yes_of_ours_in_their_accept_is_not_believed(world: Fediverse) -> None:
    scene = await set_scene(world)
    stage = await Stage.of(scene)
    yes = {"version": 1, "at": "2026-11-24T09:00:00Z"}
    document = stage.yes(scene.cleo, confirmations={"mentor": yes, "mentee": yes})
    assert (await world.receive(scene.cleo, document)).state == "applied"
    one = await scene.mentorship(scene.zoe, scene.cleo)
    assert (one.state, one.mentor_confirmed_version, one.mentee_confirmed_version) == ("intro", 1, None)


@pytest.mark.parametrize(
    "thread_uri",
    [
        "https://lib.example/threads/01a20cc8-8e80-7fa3-aeb9-042ec2d69c2a",
        "https://b.example/users/dora/threads/1",
        "https://lib.example/proposals/1",
        "https://e.example.evil.example/threads/1",
    ],
)
async def test_an_offer_that_names_a_thread_elsewhere_gets_one_of_its_own(
    world: Fediverse, thread_uri: str
) -> None:
    scene = await set_scene(world)
    eve = world.meet("e.example", "eve", "ben")
    document = scene.offer(eve, scene.other.uri, context=thread_uri)
    assert (await world.receive(eve, document)).state == "applied"
    assert (await scene.mentorship(scene.ana, eve)).thread_uri == document["id"]
    assert (await scene.mentorship(scene.ana, scene.dora)).thread_uri == scene.said["dora's offer"]["context"]
