"""A forged owner or id changes nothing."""

import pytest

from libline_fed.storage import proposals as proposal_rows
from tests.support.fediverse import PUBLIC, Fediverse

FORGERIES = [
    (verb, field)
    for verb in ("Create", "Update")
    for field in (
        "attributedTo-other",
        "attributedTo-ours",
        "attributedTo-list",
        "attributedTo-number",
        "attributedTo-missing",
        "id-other-host",
        "id-ours",
        "id-number",
        "id-list",
        "id-missing",
        "intent-of-another",
        "type-list",
        "object-list",
        "object-nested",
    )
]


@pytest.mark.parametrize(("verb", "field"), FORGERIES)
@pytest.mark.parametrize("kind", ["note", "offer"])
async def test_a_forged_owner_or_id_changes_nothing(
    world: Fediverse, verb: str, field: str, kind: str
) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    cleo = world.meet("c.example", "cleo", "ben")
    await world.follow(ana, ben)
    own = await world.own_offer(ana)
    victim = cleo.offer(7) if kind == "offer" else cleo.note(7)
    await world.follow(ana, cleo)
    await world.receive(cleo, cleo.says("Create", victim))
    document = ben.offer(1) if kind == "offer" else ben.note(1)
    forged = {
        "attributedTo-other": {"attributedTo": cleo.uri},
        "attributedTo-ours": {"attributedTo": ana.uri},
        "attributedTo-list": {"attributedTo": [ben.uri, cleo.uri]},
        "attributedTo-number": {"attributedTo": 1},
        "attributedTo-missing": {"attributedTo": None},
        "id-other-host": {"id": victim["id"]},
        "id-ours": {"id": own.uri},
        "id-number": {"id": 1},
        "id-list": {"id": [victim["id"]]},
        "id-missing": {"id": None},
        "intent-of-another": {"publishes": ben.offer(1)["publishes"] | {"id": f"{victim['id']}#primary"}},
        "type-list": {"type": ["Person", "Note"]},
    }.get(field, {})
    sent: object = document | forged
    if field == "object-list":
        sent = [document, victim]
    if field == "object-nested":
        sent = ben.says("Create", {"type": "Create", "object": victim})
    if kind == "note" and field == "intent-of-another":
        sent = document | {"attributedTo": cleo.uri}
    world.served[victim["id"]] = 404
    tables = ("posts", "proposals", "proposal_areas", "notifications", "actors", "tombstones")
    before = {name: count for name, count in (await world.counts()).items() if name in tables}
    response = await world.send(ben, ben.says(verb, sent))
    await world.apply()
    assert response.status_code in {202, 400, 401}
    after = {name: count for name, count in (await world.counts()).items() if name in tables}
    if (kind, field, verb) == ("offer", "intent-of-another", "Create"):
        before["posts"] += 1  # without an intent of its own it is a post of its author, and no offer
    assert after == before
    kept = await world.store.read(lambda tx: proposal_rows.by_uris(tx, (victim["id"], own.uri)))
    titles = {"Ours", "Offer 7"} if kind == "offer" else {"Ours"}
    assert {proposal.title for proposal in kept.values()} == titles
    assert PUBLIC in victim["to"]
