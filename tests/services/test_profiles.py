"""Profiles in the terms of the vocabulary: what is kept, who may see it, and what never leaves."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from libline_fed.activitypub.parse import parse_actor
from libline_fed.activitypub.wire import dump_json
from libline_fed.domain.accounts import Role
from libline_fed.domain.profiles import ORGANISATION, ProfileDetails, profile_details_of
from libline_fed.domain.proposals import Draft
from libline_fed.errors import InvalidInput, Refusal
from libline_fed.services import actors, members, profiles, proposals, vocabulary
from libline_fed.services.documents import actor_document, proposal_document
from libline_fed.storage.tables import activities, metadata
from libline_fed.vocabulary import Scheme
from tests.support.details import one_of, terms
from tests.support.neighbours import follow, meet, said

FULL = ProfileDetails(
    stage="S4",
    tracks=("R03",),
    types_own=("T01", "T05"),
    credentials=("C3",),
    styles=("W02",),
    language_levels={"es": "fluent"},
    facts_shown="public",
    institution="Biblioteca <A>",
    country="AR",
    place_shown="public",
    accepts_own_institution=True,
)


@pytest.fixture
async def ana(add):
    """A member."""
    return await add("ana")


async def save(store, site, ana, now, details=FULL, type_="Person", languages=("es",)):
    return await store.write(
        lambda tx: actors.edit_profile(
            tx, site, actor_id=ana.actor.id, name="Ana", summary_text="", languages=languages, fields=[],
            is_discoverable=True, manually_approves_followers=False, details=details, type_=type_, now=now,
        )
    )  # fmt: skip


async def test_a_profile_keeps_what_is_said(store, site, ana, now):
    actor = await save(store, site, ana, now)
    assert profiles.facts(actor) == FULL
    kept = await store.write(
        lambda tx: actors.edit_profile(
            tx, site, actor_id=actor.id, name="Ana P", summary_text="", languages=["es"], fields=[],
            is_discoverable=True, manually_approves_followers=False, now=now,
        )
    )  # fmt: skip
    assert profiles.facts(kept) == FULL


async def test_everybody_sees_what_is_for_everybody_as_readable_lines(store, site, ana, now):
    actor = await save(store, site, ana, now)
    document = parse_actor(await store.read(lambda tx: actor_document(tx, site, actor)))
    assert not isinstance(document, Refusal)
    assert dict(document.fields) == {
        "Etapa profesional": "Especialista o responsable de equipo",
        "Función": "Bibliotecaria o bibliotecario",
        "Tipos de biblioteca": "Biblioteca pública, Biblioteca nacional",
        "Formación": "Maestría o máster",
        "Formas de trabajar": "Da ánimo",
        "Institución": "Biblioteca &lt;A&gt;",
        "País": "Argentina",
    }


@pytest.mark.parametrize(
    ("facts_shown", "place_shown", "lines_count"),
    [("members", "nobody", 0), ("members", "members", 0), ("public", "members", 5), ("members", "public", 2)],
)
async def test_what_is_not_for_everybody_does_not_leave(
    store, site, ana, now, facts_shown, place_shown, lines_count
):
    shown = replace(FULL, facts_shown=facts_shown, place_shown=place_shown)
    actor = await save(store, site, ana, now, details=shown)
    document = await store.read(lambda tx: actor_document(tx, site, actor))
    assert len(document["attachment"]) == lines_count
    for secret in ("Biblioteca", "Argentina", "S4", "R03"):
        assert (secret in str(document)) == (secret in str(document["attachment"]))


async def test_members_see_more_than_strangers_and_a_hidden_house_nobody(store, site, ana, now):
    shown = replace(FULL, facts_shown="members", place_shown="nobody")
    actor = await save(store, site, ana, now, details=shown)
    member, stranger = (profiles.facts_for(actor, is_member=who) for who in (True, False))
    assert (member.stage, member.institution, member.country) == ("S4", "", "")
    assert stranger == ProfileDetails()


async def test_a_library_is_an_organization_everywhere(store, site, ana, now):
    actor = await save(store, site, ana, now, type_=ORGANISATION)
    assert actor.type == ORGANISATION
    assert (await store.read(lambda tx: actor_document(tx, site, actor)))["type"] == ORGANISATION
    update = (await said(store, actor.id))[-1]
    assert (update["type"], update["object"]["type"]) == ("Update", ORGANISATION)


async def test_only_an_organisation_meets_as_one(store, site, ana, now):
    draft = Draft("offer", "Twin libraries", "x", areas=("A1004",), languages=("en",), modes=("M1",))
    draft = replace(draft, details=replace(draft.details, formats=("F7",)))
    with pytest.raises(InvalidInput) as refused:
        await store.write(lambda tx: proposals.add(tx, site, author=ana.actor, draft=draft, now=now))
    assert set(refused.value.fields) == {"formats"}
    library = await save(store, site, ana, now, type_=ORGANISATION)
    added = await store.write(lambda tx: proposals.add(tx, site, author=library, draft=draft, now=now))
    assert added.facts.formats == ("F7",)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"stage": "S9"}, "stage"),
        ({"tracks": ("S1",)}, "tracks"),
        ({"types_own": ("x-unknown",)}, "types_own"),
        ({"credentials": ("",)}, "credentials"),
        ({"styles": ("W01", "W02", "W03", "W04", "W05", "W06")}, "styles"),
        ({"facts_shown": "nobody"}, "facts_shown"),
        ({"place_shown": "friends"}, "place_shown"),
        ({"language_levels": {"es": "best"}}, "language_levels"),
        ({"institution": "x" * 121}, "institution"),
        ({"country": "ZZ"}, "country"),
        ({"country": "ar"}, "country"),
    ],
)
async def test_what_is_not_of_the_lists_is_refused(store, site, ana, now, changed, field):
    with pytest.raises(InvalidInput) as refused:
        await save(store, site, ana, now, details=replace(FULL, **changed))
    assert set(refused.value.fields) == {field}


async def test_nobody_becomes_a_group_or_a_server(store, site, ana, now):
    for type_ in ("Group", "Application", "Service"):
        with pytest.raises(InvalidInput) as refused:
            await save(store, site, ana, now, type_=type_)
        assert set(refused.value.fields) == {"type"}


async def test_all_mistakes_are_named_at_once(store, site, ana, now):
    wrong = replace(FULL, stage="S9", country="ZZ")
    with pytest.raises(InvalidInput) as refused:
        await store.write(
            lambda tx: actors.edit_profile(
                tx, site, actor_id=ana.actor.id, name="x" * 101, summary_text="", languages=["es"],
                fields=[], is_discoverable=True, manually_approves_followers=False, details=wrong, now=now,
            )
        )  # fmt: skip
    assert set(refused.value.fields) == {"name", "stage", "country"}


async def test_terms_of_the_instance_itself_are_offered_and_keep_their_label(store, site, add, ana, now):
    admin = await add("ruth", role=Role.ADMIN)
    term = {"scheme": "style", "broader_id": "W01", "labels": {"en": "With tea", "es": "Con mate"}}
    await store.write(lambda tx: vocabulary.add(tx, by=admin.account, term_id="x-tea", now=now, **term))
    actor = await save(store, site, ana, now, details=replace(FULL, styles=("x-tea",)))
    assert profiles.facts(actor).label(Scheme.STYLE, "x-tea", "es") == "Con mate"
    assert "Con mate" in str(await store.read(lambda tx: actor_document(tx, site, actor)))


def test_countries_are_named_in_every_language():
    for language, name in (("en", "Germany"), ("es", "Alemania"), ("fr", "Allemagne"), ("ar", "ألمانيا")):
        assert ("DE", name) in profiles.countries(language)
    assert not {"EU", "UN", "ZZ"} & {code for code, _ in profiles.countries("en")}
    assert 240 <= len(profiles.countries("en")) <= 260


@given(
    st.builds(
        ProfileDetails,
        stage=one_of(Scheme.STAGE),
        tracks=terms(Scheme.ROLE),
        types_own=terms(Scheme.TYPE),
        credentials=terms(Scheme.CREDENTIAL),
        styles=terms(Scheme.STYLE, max_size=5),
        language_levels=st.dictionaries(st.sampled_from(["en", "es"]), st.sampled_from(["basic", "fluent"])),
        facts_shown=st.sampled_from(["members", "public"]),
        institution=st.text(max_size=20),
        country=st.sampled_from(["", "AR", "KE"]),
        place_shown=st.sampled_from(["nobody", "members", "public"]),
        accepts_own_institution=st.booleans(),
    )
)
def test_a_profile_reads_back_from_its_row(details: ProfileDetails) -> None:
    assert profile_details_of(details.stored()) == details


_nonsense = (
    st.none()
    | st.booleans()
    | st.text()
    | st.lists(st.integers() | st.text())
    | st.dictionaries(st.text(), st.integers() | st.text())
)


@given(st.dictionaries(st.sampled_from([*ProfileDetails.__dataclass_fields__]), _nonsense))
def test_a_row_that_makes_no_sense_reads_as_nothing_said(stored) -> None:
    read = profile_details_of(stored)
    assert profile_details_of(read.stored()) == read


# --- time -------------------------------------------------------------------------------------------


async def save_time(store, ana, zone="Africa/Nairobi", hours=((0, 540, 720),), target_count=2):
    return await store.write(
        lambda tx: profiles.save_time(
            tx, account_id=ana.account.id, zone=zone, hours=hours, target_count=target_count
        )
    )


async def test_a_week_is_saved_in_one_form_and_shared_only_as_minutes(store, ana, add, now):
    account = await save_time(store, ana, hours=([0, 600, 720], [0, 540, 600]))
    assert (account.zone, account.weekly_hours, account.target_count) == (
        "Africa/Nairobi",
        [[0, 540, 720]],
        2,
    )
    ben = await save_time(store, await add("ben"), zone="Europe/Madrid")
    assert profiles.overlap_minutes(account, ben, date(2026, 11, 23)) == 60
    assert "Nairobi" not in repr(account)
    assert "540" not in repr(account)


async def test_who_does_not_say_when_shares_nothing_known(store, ana, add):
    account = await save_time(store, ana)
    ben = (await add("ben")).account
    assert profiles.overlap_minutes(account, ben, date(2026, 11, 23)) is None
    empty = await save_time(store, ana, zone="", hours=())
    assert (empty.zone, empty.weekly_hours) == (None, [])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"hours": ((0, 540, 2000),)}, "hours"),
        ({"target_count": 0}, "target_count"),
        ({"target_count": 11}, "target_count"),
    ],
)
async def test_a_week_that_cannot_be_is_refused(store, ana, changed, field):
    with pytest.raises(InvalidInput) as refused:
        await save_time(store, ana, **changed)
    assert set(refused.value.fields) == {field}


async def test_zone_and_hours_are_in_no_document_and_in_no_other_table(store, site, ana, now):
    """A canary: the secrets are in the account's own row, and nowhere else in the whole database."""
    zone, minute = "Pacific/Chatham", 547
    account = await save_time(store, ana, zone=zone, hours=((3, minute, 913),))
    ben = await meet(store, "ben", "m.example", now)
    await follow(store, follower=ben, followed=ana.actor, now=now)
    actor = await save(store, site, ana, now)
    draft = Draft("offer", "Cataloguing", "x", areas=("A0301",), languages=("en",), modes=("M1",))
    proposal = await store.write(lambda tx: proposals.add(tx, site, author=actor, draft=draft, now=now))
    await store.write(
        lambda tx: proposals.set_places(tx, site, proposal.id, free_count=0, waiting_count=3, now=now)
    )
    documents = [
        await store.read(lambda tx: actor_document(tx, site, actor)),
        await store.read(lambda tx: proposal_document(tx, site, proposal, actor)),
    ]
    sent = list(await store.read(lambda tx: tx.scalars(select(activities.c.body))))
    assert len(sent) >= 4
    for body in (*map(dump_json, documents), *sent):
        assert b"Chatham" not in body
        assert b"hours" not in body.lower()
        assert f"{minute},913".encode() not in body
    for table in metadata.sorted_tables:
        rows = await store.read(lambda tx, t=table: tx.all(select(t)))
        assert table.name == "accounts" or "Chatham" not in str(rows), table.name
    member = await store.read(lambda tx: members.by_handle(tx, "ana"))
    assert (member.account.zone, account.weekly_hours) == (zone, [[3, minute, 913]])
