"""Nobody acts as somebody else: every verb, every field one could forge, from the same host and another."""

import pytest

from tests.support.fediverse import Fediverse
from tests.support.masks import ATTEMPTS, Scene, set_scene

MAY_GROW = ("inbox_activities", "peers", "fetch_failures")
VERBS = {
    verb: [name for name in ATTEMPTS if name.partition("-")[0] == verb]
    for verb in dict.fromkeys(name.partition("-")[0] for name in ATTEMPTS)
}


async def _attempt(scene: Scene, name: str, attacker: str) -> str:
    """Make an attempt; return what is wrong with how it was met, or nothing."""
    world, person = scene.world, scene.attackers[attacker]
    before = await world.rows(*MAY_GROW)
    document = ATTEMPTS[name](scene, person)
    response = await world.send(person, document)
    await world.apply()
    if await world.rows(*MAY_GROW) != before:
        return f"{name} by {attacker} changed something"
    if response.status_code == 202:
        state, reason = await world.state_of(document["id"])
        return "" if state in {"refused", "ignored"} and reason else f"{name} by {attacker} is {state}"
    return "" if response.status_code in {400, 401} else f"{name} by {attacker}: {response.status_code}"


@pytest.mark.parametrize("verb", list(VERBS))
async def test_no_attempt_to_act_as_another_changes_a_row(world: Fediverse, verb: str) -> None:
    scene = await set_scene(world)
    met = [
        await _attempt(scene, name, attacker) for name in VERBS[verb] for attacker in scene.attackers
    ]  # one after the other in one scene, which none of them may change
    assert [wrong for wrong in met if wrong] == []


def test_the_table_of_attempts_is_long() -> None:
    assert len(ATTEMPTS) >= 60
    assert set(VERBS) >= {"create", "update", "delete", "undo", "accept", "reject", "follow", "move"}
