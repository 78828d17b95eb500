"""The score of stored rows, on both databases: the published numbers, who reads what, what never counts."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from libline_fed.domain.actors import Actor
from libline_fed.domain.match_sentences import LANGUAGES
from libline_fed.domain.matching import Gate, Offering, Seeker
from libline_fed.domain.proposals import Proposal
from libline_fed.domain.sessions import Session
from libline_fed.ids import new_id
from libline_fed.services import matching, peers
from libline_fed.services.match_inputs import offering_of, seeker_of
from libline_fed.services.site import Site
from libline_fed.storage import actors, follows, proposals, sessions, tables
from libline_fed.storage import matching as rows
from libline_fed.storage.store import Store, Tx
from tests.services.conftest import Add
from tests.support import golden
from tests.support.ended import add_mentorship
from tests.support.neighbours import list_offer, meet

NEVER = {  # what a row may say besides, and what it must not change
    "title": "Another title",
    "body_text": "Other words",
    "content_html": "<p>Other words</p>",
    "search_text": "other words",
    "places_count": 40,
    "revision": 9,
    "url": "https://lib.example/other",
}


async def put(
    store: Store, author: Actor, now: datetime, *, purpose: str = "offer", **values: Any
) -> Proposal:
    """Store a proposal of a member here."""
    proposal_id = new_id(now)
    columns = {
        "id": proposal_id,
        "uri": f"https://lib.example/proposals/{proposal_id}",
        "author_id": author.id,
        "is_local": True,
        "purpose": purpose,
        "title": "A title",
        "body_text": "",
        "content_html": "",
        "search_text": "",
        "language": None,
        "areas": ["A0301"],
        "languages": ["en"],
        "modes": ["M1"],
        "places_count": 1,
        "places_free_count": 1,
        "audience": "public",
        "status": "open",
        "revision": 1,
        "published_at": now,
        "updated_at": now,
        "details": {},
    }
    return await store.write(lambda tx: proposals.add_local(tx, columns | values))


def columns_of_seeker(seeker: Seeker) -> dict[str, Any]:
    """Return a published seeker as the columns of a request."""
    return {
        "areas": list(seeker.areas),
        "languages": list(seeker.languages),
        "modes": sorted(seeker.modes),
        "details": details_of(seeker)
        | {
            "stages_wished": sorted(seeker.stages_wished),
            "types_wished": sorted(seeker.types_wished),
        },
    }


def columns_of_offering(offering: Offering) -> dict[str, Any]:
    """Return a published offering as the columns of an offer."""
    levels = {area: level for area, level in offering.areas.items() if level is not None}
    return {
        "areas": list(offering.areas),
        "languages": list(offering.languages),
        "modes": sorted(offering.modes),
        "places_free_count": offering.places_free if offering.places_free is not None else 1,
        "waiting_count": offering.pending_count,
        "details": details_of(offering) | {"levels": levels},
    }


def details_of(side: Seeker | Offering) -> dict[str, Any]:
    levels = {tag: level for tag, level in side.languages.items() if level is not None}
    details = {
        "goals": sorted(side.goals),
        "language_levels": levels,
        "formats": sorted(side.formats),
        "frequency": side.frequency,
        "stage": side.stage,
        "types_own": sorted(side.types),
        "styles": sorted(side.styles),
    }
    return {name: value for name, value in details.items() if value}


async def inputs(store: Store, *stored: Proposal) -> list[rows.ProposalInput]:
    found = await store.read(lambda tx: rows.by_ids(tx, [proposal.id for proposal in stored]))
    by_id = {row.id: row for row in found}
    return [by_id[proposal.id] for proposal in stored]


async def set_hours(store: Store, mentee: Actor, mentor: Actor, minutes: int | None) -> None:
    """Let two members share some minutes of the week, or state nothing."""
    theirs = [] if minutes is None else [[1, 0, minutes or 60]]
    for actor, hours in ((mentor, theirs), (mentee, [[1, 0, 1_440]] if minutes else [[2, 0, 60]])):
        await store.write(
            lambda tx, actor=actor, hours=hours: tx.execute(
                update(tables.accounts)
                .where(tables.accounts.c.actor_id == actor.id)
                .values(weekly_hours=hours, zone="UTC")
            )
        )


async def test_stored_pairs_have_the_published_numbers(store: Store, add: Add, now: datetime) -> None:
    mentee, mentor = (await add("ana")).actor, (await add("ben")).actor
    for minute, pair in enumerate(golden.scored_pairs()):
        later = now + timedelta(minutes=minute)
        await put(store, mentee, later, purpose="request", **columns_of_seeker(pair.seeker))
        offer = await put(store, mentor, later, **columns_of_offering(pair.offering))
        await set_hours(store, mentee, mentor, pair.offering.overlap_minutes)
        explained = (
            await store.read(
                lambda tx, offer=offer, later=later: matching.explain_for(tx, mentee, [offer], now=later)
            )
        )[offer.id]
        assert explained.score is not None, pair.name
        found = golden.result_of(explained.score)
        if pair.offering.places_free is None:  # a row always has a number of places
            assert found["fit"] == pair.expected["fit"], pair.name
            assert found["components"] == pair.expected["components"], pair.name
        else:
            assert found == {key: pair.expected[key] for key in found}, pair.name
            sentences = {language: explained.sentence(language) for language in LANGUAGES}
            assert sentences == pair.expected["sentences"], pair.name


async def test_hours_are_compared_in_each_ones_own_zone(store: Store, add: Add, now: datetime) -> None:
    mentee, mentor = (await add("ana")).actor, (await add("ben")).actor
    await put(store, mentee, now, purpose="request", modes=["M4"])
    offer = await put(store, mentor, now, modes=["M4", "M1"])

    async def line(zone: str | None, hours: Any) -> str:
        for actor, its_zone, its_hours in ((mentee, "America/Lima", [[0, 540, 720]]), (mentor, zone, hours)):
            await store.write(
                lambda tx, actor=actor, its_zone=its_zone, its_hours=its_hours: tx.execute(
                    update(tables.accounts)
                    .where(tables.accounts.c.actor_id == actor.id)
                    .values(weekly_hours=its_hours, zone=its_zone)
                )
            )
        explained = await store.read(lambda tx: matching.explain_for(tx, mentee, [offer], now=now))
        return explained[offer.id].sentence("en")

    assert "2 shared hours a week." in await line("Africa/Nairobi", [[0, 1_020, 1_140]])  # 14 to 16 UTC
    assert "1 shared hour a week." in await line("Africa/Nairobi", [[0, 960, 1_080]])
    assert "No shared hours" in await line("Africa/Nairobi", [[1, 1_020, 1_140]])
    for zone, hours in ((None, [[0, 0, 600]]), ("Nowhere/Land", [[0, 0, 600]]), ("UTC", []), ("UTC", [3])):
        assert "time, language level" in await line(zone, hours), "not stated"


@pytest.mark.parametrize("name", ["language", "mode", "format"])
async def test_stored_pairs_have_the_published_gates(
    store: Store, add: Add, now: datetime, name: str
) -> None:
    mentee, mentor = (await add("ana")).actor, (await add("ben")).actor
    pair = next(pair for pair in golden.pairs() if pair.expected["gates"] == [name])
    await put(store, mentee, now, purpose="request", **columns_of_seeker(pair.seeker))
    offer = await put(store, mentor, now, **columns_of_offering(pair.offering))
    explained = await store.read(lambda tx: matching.explain_for(tx, mentee, [offer], now=now))
    assert explained[offer.id].gates == (Gate(name),)
    assert explained[offer.id].sentence("en") == pair.expected["sentences"]["en"]


async def test_nothing_else_in_a_row_changes_a_score(store: Store, add: Add, now: datetime) -> None:
    mentee, mentor = await add("ana"), await add("ben")
    pair = next(pair for pair in golden.pairs() if pair.name == "worked example")
    await put(store, mentee.actor, now, purpose="request", **columns_of_seeker(pair.seeker))
    offer = await put(store, mentor.actor, now, **columns_of_offering(pair.offering))
    plain = await store.read(lambda tx: matching.explain_for(tx, mentee.actor, [offer], now=now))

    async def change(tx: Tx) -> None:
        later = now + timedelta(hours=1)
        await tx.execute(update(tables.proposals).values(**NEVER, edited_at=later, updated_at=later))
        said = {"credentials": ["C4"], "tracks": ["R05"], "country": "KE", "gender": "f", "age": 61}
        await tx.execute(
            update(tables.actors).values(
                type="Organization",
                name="Somebody Else",
                summary_html="<p>Other words</p>",
                summary_text="Other words",
                icon_url="https://lib.example/face.png",
                fields=[["Pronouns", "she"]],
                languages=["fr"],
                also_known_as=["https://m.example/users/x"],
                is_discoverable=True,
                details=said,
            )
        )
        await tx.execute(
            update(tables.accounts).values(role="admin", language="ar", sign_up_reason="x", target_count=9)
        )

    await store.write(change)
    changed = await store.read(lambda tx: matching.explain_for(tx, mentee.actor, [offer], now=now))
    assert changed == plain
    assert plain[offer.id].score is not None
    assert (plain[offer.id].score.fit, plain[offer.id].score.rank_permille) == (71, 621)


async def test_what_a_proposal_leaves_open_the_profile_says(store: Store, add: Add, now: datetime) -> None:
    mentee, mentor = (await add("ana")).actor, (await add("ben")).actor
    said = {"stage": "S4", "types_own": ["T02"], "styles": ["W03"], "language_levels": {"en": "fluent"}}
    await store.write(lambda tx: actors.change(tx, mentor.id, now, details=said))
    silent = await put(store, mentor, now)
    own = await put(store, mentor, now, details={"stage": "S3", "styles": ["W01"]})
    first, second = [offering_of(row) for row in await inputs(store, silent, own)]
    assert (first.stage, first.types, first.styles) == ("S4", {"T02"}, {"W03"})
    assert first.languages == {"en": "fluent"}
    assert (second.stage, second.styles) == ("S3", {"W01"})
    (row,) = await inputs(store, silent)
    assert offering_of(row, is_for_member=False).stage is None, "the profile shows this to members only"
    public = said | {"facts_shown": "public"}
    await store.write(lambda tx: actors.change(tx, mentor.id, now, details=public))
    (row,) = await inputs(store, silent)
    assert offering_of(row, is_for_member=False).stage == "S4"
    assert mentee.details == {}


async def test_terms_of_others_count_as_their_broader_ones(store: Store, add: Add, now: datetime) -> None:
    mentor = (await add("ben")).actor
    details = {
        "levels": {"x-bookbus": 3, "A0699": 2},
        "goals": ["x-first-strike", "G07"],
        "named": {"x-bookbus": {"broader": "A0406"}, "x-first-strike": {"broader": "G10"}},
    }
    areas = ["x-bookbus", "A0699", "https://o.example/term/9"]
    offer = await put(store, mentor, now, areas=areas, details=details)
    (row,) = await inputs(store, offer)
    offering = offering_of(row)
    assert offering.areas == {"A0406": 3, "A06": 2, "https://o.example/term/9": None}
    assert offering.goals == {"G10", "G07"}


async def test_a_longer_list_of_areas_from_elsewhere_does_not_pay(
    store: Store, add: Add, now: datetime
) -> None:
    mentor = (await add("ben")).actor
    areas = [f"A{group:02}01" for group in range(1, 11)]
    (row,) = await inputs(store, await put(store, mentor, now, areas=areas))
    assert list(offering_of(row).areas) == areas[:8]
    assert list(seeker_of(row).areas) == areas[:5]


@pytest.mark.parametrize(
    "details",
    [
        {"levels": 3, "goals": "G01", "language_levels": ["en"], "named": [1], "styles": {"W01": 1}},
        {"levels": {"A0301": 1.5}, "stage": ["S1"], "types_wished": "same", "frequency": 4, "formats": None},
        {"levels": {"A0301": True}, "stages_wished": ["+9"], "named": {"A0301": {"broader": 7}}},
    ],
)
async def test_nonsense_in_a_row_is_not_stated(
    store: Store, add: Add, now: datetime, details: dict[str, Any]
) -> None:
    ana, ben = (await add("ana")).actor, (await add("ben")).actor
    await put(store, ana, now, purpose="request", details=details)
    offer = await put(store, ben, now, details=details)
    explained = await store.read(lambda tx: matching.explain_for(tx, ana, [offer], now=now))
    assert explained[offer.id].sentence("en") == (
        "72 — covers Cataloguing (RDA, MARC). Mail suits both. 1 place free, nobody waiting. Not stated: "
        "goals, library type and stage, language level, working style."
    )


# --- lists ------------------------------------------------------------------------------------------


def uris(matches: list[matching.Match]) -> list[str]:
    return [match.listed.proposal.uri for match in matches]


async def test_mentors_are_listed_for_the_latest_open_request_or_a_chosen_one(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, ben = (await add("ana")).actor, (await add("ben")).actor
    assert await store.read(lambda tx: matching.rank(tx, site, person=ana, now=now)) is None
    older = await put(store, ana, now, purpose="request", areas=["A0801"])
    later = now + timedelta(minutes=1)
    newer = await put(store, ana, later, purpose="request", areas=["A0601"])
    closed = await put(store, ana, later + timedelta(minutes=1), purpose="request", status="closed")
    fits_newer = await put(store, ben, now, areas=["A0601"])
    fits_older = await put(store, ben, later, areas=["A0801"])

    async def ranked(request_id: str | None = None) -> matching.Matches | None:
        return await store.read(
            lambda tx: matching.rank(tx, site, person=ana, request_id=request_id, now=later)
        )

    found = await ranked()
    assert found is not None
    assert found.request.id == newer.id
    assert uris(found.ready) == [fits_newer.uri, fits_older.uri]
    assert [match.is_wildcard for match in found.ready] == [False, True]
    assert found.ready[0].listed.author == ben
    assert found.ready[0].explained.sentence("es").startswith("72 — cubre Primera infancia")
    found = await ranked(older.id)
    assert found is not None
    assert uris(found.ready) == [fits_older.uri, fits_newer.uri]
    assert await ranked(closed.id) is None
    assert await ranked(fits_newer.id) is None


async def test_busy_offers_are_apart_and_full_ones_among_them(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, ben = (await add("ana")).actor, (await add("ben")).actor
    await put(store, ana, now, purpose="request")
    ready = await put(store, ben, now, waiting_count=1)
    busy = await put(store, ben, now, waiting_count=2)
    full = await put(store, ben, now, status="full", places_free_count=1)
    for status in ("paused", "closed"):
        await put(store, ben, now, status=status)
    await put(store, ben, now, open_until_on=(now - timedelta(days=1)).date())
    found = await store.read(lambda tx: matching.rank(tx, site, person=ana, limit=1, now=now))
    assert found is not None
    assert uris(found.ready) == [ready.uri]
    assert (found.ready_count, found.busy_count, len(found.busy)) == (1, 2, 1)
    found = await store.read(lambda tx: matching.rank(tx, site, person=ana, now=now))
    assert found is not None
    assert set(uris(found.busy)) == {busy.uri, full.uri}


async def test_only_what_somebody_may_read_is_compared(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, ben = (await add("ana")).actor, (await add("ben")).actor
    guest = await meet(store, "carla", "m.example", now)
    for person in (ana, guest):
        await put(store, person, now, purpose="request", is_local=person.is_local)
    made = {
        audience: await put(store, ben, now, audience=audience)
        for audience in ("public", "network", "instance")
    }

    async def seen(person: Actor) -> set[str]:
        found = await store.read(lambda tx: matching.rank(tx, site, person=person, now=now))
        assert found is not None
        return set(uris(found.ready))

    assert await seen(ana) == {proposal.uri for proposal in made.values()}
    assert await seen(guest) == {made["public"].uri}


@pytest.mark.parametrize("policy", ["silenced", "blocked"])
async def test_offers_of_hidden_servers_and_of_the_gone_are_left_out(
    store: Store, site: Site, add: Add, now: datetime, policy: str
) -> None:
    ana, ben = (await add("ana")).actor, (await add("ben")).actor
    await put(store, ana, now, purpose="request", areas=["A0301"], languages=[], modes=[])
    far = await meet(store, "amina", "m.example", now)
    listed = await list_offer(store, far, "one", now)
    assert isinstance(listed, Proposal)
    local = await put(store, ben, now)

    async def seen() -> set[str]:
        found = await store.read(lambda tx: matching.rank(tx, site, person=ana, now=now))
        assert found is not None
        return set(uris([*found.ready, *found.busy]))

    assert await seen() == {listed.uri, local.uri}
    await store.write(lambda tx: peers.set_policy(tx, "m.example", policy, "", now=now))
    assert await seen() == {local.uri}
    await store.write(lambda tx: actors.change(tx, ben.id, now, suspended_at=now))
    assert await seen() == set()


@pytest.mark.parametrize("is_blocker", [True, False])
async def test_who_blocks_or_is_blocked_is_left_out_and_nobody_is_told(
    store: Store, site: Site, add: Add, now: datetime, is_blocker: bool
) -> None:
    ana, ben = (await add("ana")).actor, (await add("ben")).actor
    request = await put(store, ana, now, purpose="request")
    offer = await put(store, ben, now)
    blocker, blocked = (ana, ben) if is_blocker else (ben, ana)
    await store.write(
        lambda tx: follows.add_block(tx, blocker_id=blocker.id, blocked_id=blocked.id, uri=None, now=now)
    )
    found = await store.read(lambda tx: matching.rank(tx, site, person=ana, now=now))
    assert found is not None
    assert (found.ready_count, found.busy_count) == (0, 0)
    for person, shown in ((ana, offer), (ben, request)):
        explained = await store.read(
            lambda tx, person=person, shown=shown: matching.explain_for(tx, person, [shown], now=now)
        )
        assert explained[shown.id].gates == (Gate.BLOCKED,)
        assert explained[shown.id].sentence("en") == ""


async def test_colleagues_are_left_out_unless_both_want_it(store: Store, add: Add, now: datetime) -> None:
    ana, ben = (await add("ana")).actor, (await add("ben")).actor
    await put(store, ana, now, purpose="request")
    offer = await put(store, ben, now)

    async def gates(of_ana: dict[str, Any], of_ben: dict[str, Any]) -> tuple[Gate, ...]:
        for person, said in ((ana, of_ana), (ben, of_ben)):
            await store.write(
                lambda tx, person=person, said=said: actors.change(tx, person.id, now, details=said)
            )
        explained = await store.read(lambda tx: matching.explain_for(tx, ana, [offer], now=now))
        assert explained[offer.id].gates == () or explained[offer.id].sentence("en") == ""
        return explained[offer.id].gates

    house = {"institution": "Biblioteca  Pública de Quito"}
    same = {"institution": "biblioteca publica de quito"}
    agreed = {"accepts_own_institution": True}
    assert await gates(house, same) == (Gate.CONFLICT,)
    assert await gates(house | agreed, same) == (Gate.CONFLICT,)
    assert await gates(house | agreed, same | agreed) == ()
    assert await gates(house, {"institution": "Another house"}) == ()
    assert await gates({}, {}) == ()


@pytest.mark.parametrize("state", ["draft", "question", "proposed", "intro", "active", "paused"])
async def test_mentors_whom_one_has_asked_are_left_out(
    store: Store, site: Site, add: Add, now: datetime, state: str
) -> None:
    ana, ben, chi = [(await add(handle)).actor for handle in ("ana", "ben", "chi")]
    await put(store, ana, now, purpose="request")
    asked, other = await put(store, ben, now), await put(store, chi, now)
    await store.write(
        lambda tx: add_mentorship(tx, mentor=ben, mentee=ana, proposal=asked, state=state, now=now)
    )
    found = await store.read(lambda tx: matching.rank(tx, site, person=ana, now=now))
    assert found is not None
    assert uris(found.ready) == [other.uri]


# --- suggestions ------------------------------------------------------------------------------------


async def test_three_others_are_suggested_when_an_offer_falls_through(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, ben, chi, dora = [(await add(handle)).actor for handle in ("ana", "ben", "chi", "dora")]
    fallen = await put(store, ben, now, areas=["A0601"], status="full")
    twin = await put(store, ben, now, areas=["A0601"])
    declined = await put(store, dora, now, areas=["A0601"])
    near = await put(store, chi, now, areas=["A0602"])
    same = await put(store, chi, now, areas=["A0601"])
    busy = await put(store, chi, now, areas=["A0601"], waiting_count=2)
    far = await put(store, chi, now, areas=["A0901"])
    other_language = await put(store, chi, now, areas=["A0601"], languages=["fr"])
    for mentor, proposal, state in ((ben, fallen, "superseded"), (dora, declined, "declined")):
        await store.write(
            lambda tx, mentor=mentor, proposal=proposal, state=state: add_mentorship(
                tx, mentor=mentor, mentee=ana, proposal=proposal, state=state, now=now
            )
        )

    async def suggested(like: str | None, **options: Any) -> list[str]:
        return uris(
            await store.read(
                lambda tx: matching.suggestions(
                    tx, site, mentee=ana, like_proposal_id=like, now=now, **options
                )
            )
        )

    assert await suggested(fallen.id) == [same.uri, near.uri, far.uri]
    assert await suggested(fallen.id, limit=1) == [same.uri]
    assert await suggested(None) == []
    assert await suggested(new_id(now)) == []
    await put(store, ana, now, purpose="request", areas=["A0901"], languages=["fr", "en"])
    wanted = await suggested(fallen.id)
    assert wanted[0] == far.uri
    assert len(wanted) == 3
    assert not {fallen.uri, twin.uri, declined.uri, busy.uri} & set(wanted)
    assert other_language.uri in await suggested(fallen.id, limit=9)


async def test_suggestions_do_not_take_the_mentors_facts_for_the_mentees(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ben, chi = (await add("ben")).actor, (await add("chi")).actor
    mentee = await meet(store, "carla", "m.example", now)
    house = {"institution": "One house", "stage": "S5", "types_own": ["T01"], "facts_shown": "public"}
    for person in (ben, chi):
        await store.write(lambda tx, person=person: actors.change(tx, person.id, now, details=house))
    fallen = await put(store, ben, now)
    other = await put(store, chi, now)
    members_only = await put(store, chi, now, audience="instance")
    found = await store.read(
        lambda tx: matching.suggestions(tx, site, mentee=mentee, like_proposal_id=fallen.id, now=now)
    )
    assert uris(found) == [other.uri]
    assert members_only.uri not in uris(found)


# --- reason lines -----------------------------------------------------------------------------------


async def test_nothing_is_explained_to_somebody_who_looks_for_nothing(
    store: Store, add: Add, now: datetime
) -> None:
    ana, ben = (await add("ana")).actor, (await add("ben")).actor
    offer = await put(store, ben, now)
    assert await store.read(lambda tx: matching.explain_for(tx, ana, [offer], now=now)) == {}
    assert await store.read(lambda tx: matching.explain_for(tx, ben, [offer], now=now)) == {}
    assert await store.read(lambda tx: matching.explain_for(tx, ben, [], now=now)) == {}


async def test_a_mentor_reads_how_a_request_fits_the_best_of_the_own_offers(
    store: Store, add: Add, now: datetime
) -> None:
    ana, ben = (await add("ana")).actor, (await add("ben")).actor
    request = await put(store, ana, now, purpose="request", areas=["A0601"])
    await put(store, ben, now, areas=["A0901"])
    await put(store, ben, now, areas=["A0601"], details={"levels": {"A0601": 3}})
    await put(store, ben, now, areas=["A0601"], languages=["fr"])
    explained = await store.read(lambda tx: matching.explain_for(tx, ben, [request], now=now))
    assert explained[request.id].sentence("en").startswith("100 — covers Early years and families (deep).")
    assert explained[request.id].sentence("en", is_hidden=True).startswith("Covers Early years")


async def test_numbers_stay_hidden_as_long_as_the_session_lives(
    store: Store, add: Add, now: datetime
) -> None:
    values = {
        "token_hash": "a" * 64,
        "account_id": (await add("ana")).account.id,
        "csrf_token": "x",
        "data": {"kept": 1},
        "created_at": now,
        "seen_at": now,
        "expires_at": now + timedelta(days=1),
    }
    session: Session = await store.write(lambda tx: sessions.add(tx, values))
    assert not matching.hides_scores(session)
    assert not matching.hides_scores(None)
    await store.write(lambda tx: matching.set_scores_hidden(tx, session, is_hidden=True))
    found = await store.read(lambda tx: sessions.signed_in(tx, "a" * 64))
    assert found is not None
    assert matching.hides_scores(found.session)
    assert found.session.data["kept"] == 1
