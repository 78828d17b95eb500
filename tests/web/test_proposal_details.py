"""Offers and requests with all they can say: written, kept as a draft, sent twice, shown, paused together."""

from dataclasses import replace
from datetime import date

import pytest

from libline_fed.domain.accounts import Role
from libline_fed.domain.proposal_details import Details
from libline_fed.services import absences, drafts, proposals, vocabulary
from tests.support.pages import DRAFT, Page, PagesWorld
from tests.web.test_proposals import WRITTEN

ALL = WRITTEN | {
    "areas": ["A0303", "", "A0301"],
    "area_levels": ["2", "", "3"],
    "languages": ["en", "es", ""],
    "language_levels": ["fluent", "", ""],
    "goals": ["G06", "G12"],
    "not_help_text": "Money.",
    "formats": ["F1", "F2"],
    "frequency": "Q4",
    "months": "0",
    "answer_days": "3",
    "stage": "S4",
    "types_own": ["T01"],
    "styles": ["W02"],
}


@pytest.fixture
async def ana(world: PagesWorld):
    """A member with a browser."""
    member = await world.add_member("ana")
    return member, await world.member_browser("ana")


async def mine(world: PagesWorld, member):
    return await world.store.read(lambda tx: proposals.own(tx, member.actor.id))


async def test_everything_that_is_said_is_kept_and_shown(world: PagesWorld, ana) -> None:
    member, browser = ana
    shown = await browser.submit(await browser.get("/proposals/new?purpose=offer"), "/proposals/new", **ALL)
    [listed] = await mine(world, member)
    assert listed.proposal.areas == ["A0303", "A0301"]
    assert listed.proposal.languages == ["en", "es", "qu"]
    assert listed.proposal.facts == Details(
        levels={"A0303": 2, "A0301": 3},
        goals=("G06", "G12"),
        language_levels={"en": "fluent"},
        formats=("F1", "F2"),
        frequency="Q4",
        months=0,
        answer_days=3,
        stage="S4",
        types_own=("T01",),
        styles=("W02",),
        not_help_text="Money.",
    )
    for seen in (
        "Cataloguing (RDA, MARC) · deep",
        "English (fluent)",
        "First leadership role",
        "A single talk",
        "Every month",
        "2 of 2 places free",
        "3 days",
        "Specialist or supervisor",
        "Public library",
        "Encouraging",
        "Money.",
    ):
        assert seen in shown.text
    card = await browser.get("/mentors")
    for seen in ("Goals: First leadership role", "2 places", "answers within 3 days"):
        assert seen in card.text


async def test_the_form_shows_again_what_was_said(world: PagesWorld, ana) -> None:
    member, browser = ana
    await browser.submit(await browser.get("/proposals/new?purpose=offer"), "/proposals/new", **ALL)
    [listed] = await mine(world, member)
    before = listed.proposal.facts
    path = f"/proposals/{listed.proposal.id}/edit"
    await browser.submit(await browser.get(path), path)
    [listed] = await mine(world, member)
    assert listed.proposal.facts == before
    assert listed.proposal.edited_at is None


async def test_a_request_ranks_its_areas_and_wishes(world: PagesWorld, ana) -> None:
    member, browser = ana
    page = await browser.get("/proposals/new?purpose=request")
    assert not [attrs for _, attrs in page.elements if attrs.get("name") in {"area_levels", "not_help_text"}]
    wishes = {"stages_wished": ["peer", "+1"], "types_wished": ["same", "T05"], "area_levels": ["3", "3"]}
    shown = await browser.submit(page, "/proposals/new", **WRITTEN | wishes)
    [listed] = await mine(world, member)
    assert (listed.proposal.areas, listed.proposal.facts.levels) == (["A0303", "A0301"], {})
    for seen in ("at the same stage", "one stage ahead", "the same kind of library", "National library"):
        assert seen in shown.text


async def test_what_is_wrong_in_a_folded_part_is_in_sight(world: PagesWorld, ana) -> None:
    _, browser = ana
    too_many = ["W01", "W02", "W03", "W04", "W05", "W06"]
    wrong = ALL | {"answer_days": "99", "styles": too_many, "goals": ["G99"]}
    page = await browser.submit(await browser.get("/proposals/new?purpose=offer"), "/proposals/new", **wrong)
    assert page.response.status_code == 422
    targets = [link["href"] for link in page.links if link["href"].startswith("#")]
    assert targets == ["#main", "#goals", "#answer_days", "#styles"]
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in targets} <= set(ids)
    folded = [attrs for tag, attrs in page.elements if tag == "details" and attrs.get("class") == "group"]
    assert [("open" in attrs) for attrs in folded] == [False, True, True, True, False]  # areas, aims, …


async def test_only_a_library_meets_as_one_and_is_asked_no_career(world: PagesWorld, ana) -> None:
    _, browser = ana
    assert "Organisation to organisation" not in (await browser.get("/proposals/new?purpose=offer")).text
    await browser.fill("/settings", type="Organization", name="City Library")
    page = await browser.get("/proposals/new?purpose=offer")
    assert "Organisation to organisation" in page.text
    assert not [attrs for _, attrs in page.elements if attrs.get("name") == "stage"]
    shown = await browser.submit(page, "/proposals/new", **ALL | {"formats": ["F7"], "stage": ""})
    assert "Organisation to organisation" in shown.text
    assert "library or association" in (await browser.get("/@ana")).text


async def test_terms_of_this_server_can_be_chosen_and_found(world: PagesWorld, ana) -> None:
    _, browser = ana
    admin = await world.add_member("ruth", Role.ADMIN)
    await world.store.write(
        lambda tx: vocabulary.add(
            tx, by=admin.account, term_id="x-braille", scheme="area", broader_id="A0405",
            labels={"en": "Braille", "es": "Braille"}, now=world.clock.now(),
        )
    )  # fmt: skip
    page = await browser.get("/proposals/new?purpose=offer")
    shown = await browser.submit(
        page, "/proposals/new", **ALL | {"areas": ["x-braille"], "area_levels": ["3"]}
    )
    assert "Braille · deep" in shown.text
    assert "Braille" in (await browser.get("/mentors?area=A0405")).text


# --- drafts and repeats -------------------------------------------------------------------------------


async def kept(world: PagesWorld, member, key: str):
    return await world.store.read(lambda tx: drafts.load(tx, member.actor.id, "proposal", key))


async def test_a_draft_waits_on_the_server_until_it_is_published(world: PagesWorld, ana) -> None:
    member, browser = ana
    page = await browser.get("/proposals/new?purpose=offer")
    half = {"title": "Half a thought", "areas": ["A0301"], "area_levels": ["3"], "places_count": "many"}
    back = await browser.submit(page, "/proposals/new", draft="keep", **half)
    assert "Your draft is kept" in back.text
    assert await mine(world, member) == []
    assert "not published yet" in (await browser.get("/my-proposals")).text
    other = await world.member_browser("ana")
    again = await other.get("/proposals/new?purpose=offer")
    assert again.described("title")["value"] == "Half a thought"
    assert again.described("places_count")["value"] == "many"
    assert ("area_levels", "3") in again.form("/proposals/new").values
    assert "This is your draft" in again.text
    data = await kept(world, member, "new-offer")
    assert not {"csrf", "form_token", "draft", "purpose"} & set(data)
    await other.submit(again, "/proposals/new", **WRITTEN)
    assert await kept(world, member, "new-offer") is None
    assert len(await mine(world, member)) == 1


async def test_offers_requests_and_changes_have_drafts_of_their_own(world: PagesWorld, ana) -> None:
    member, browser = ana
    listed = await world.publish(member.actor, DRAFT)
    edit = f"/proposals/{listed.id}/edit"
    for path, action in (
        ("/proposals/new?purpose=offer", "/proposals/new"),
        ("/proposals/new?purpose=request", "/proposals/new"),
        (edit, edit),
    ):
        await browser.submit(await browser.get(path), action, draft="keep", title=f"In {path}")
        assert (await browser.get(path)).described("title")["value"] == f"In {path}"
    assert (await mine(world, member))[0].proposal.title == DRAFT.title
    await browser.submit(await browser.get(edit), edit, draft="drop")
    assert (await browser.get(edit)).described("title")["value"] == DRAFT.title
    assert await kept(world, member, listed.id) is None


async def test_what_was_refused_is_there_on_return(world: PagesWorld, ana) -> None:
    _, browser = ana
    page = await browser.get("/proposals/new?purpose=offer")
    refused = await browser.submit(page, "/proposals/new", **WRITTEN | {"areas": []})
    assert refused.response.status_code == 422
    again = await browser.get("/proposals/new?purpose=offer")
    assert again.described("title")["value"] == WRITTEN["title"]


async def test_nobody_sees_the_draft_of_another(world: PagesWorld, ana) -> None:
    _, browser = ana
    await browser.submit(
        await browser.get("/proposals/new?purpose=offer"), "/proposals/new", draft="keep", title="Secret plan"
    )
    await world.add_member("ben")
    other = await world.member_browser("ben")
    for path in ("/proposals/new?purpose=offer", "/my-proposals", "/mentors"):
        assert "Secret plan" not in (await other.get(path)).response.text


async def test_more_than_can_be_kept_is_still_on_the_page(world: PagesWorld, ana) -> None:
    member, browser = ana
    page = await browser.get("/proposals/new?purpose=offer")
    long = WRITTEN | {"body_text": "x" * 30_000}
    refused = await browser.submit(page, "/proposals/new", **long)
    assert refused.response.status_code == 422
    assert "x" * 30_000 in refused.response.text
    assert await kept(world, member, "new-offer") is None


async def test_a_double_click_publishes_once_and_leads_to_the_same_page(world: PagesWorld, ana) -> None:
    member, browser = ana
    page = await browser.get("/proposals/new?purpose=offer")
    first = await browser.submit(page, "/proposals/new", **WRITTEN)
    second = await browser.submit(page, "/proposals/new", **WRITTEN)
    assert first.response.url.path == second.response.url.path
    assert len(await mine(world, member)) == 1
    another = await browser.submit(
        await browser.get("/proposals/new?purpose=offer"), "/proposals/new", **WRITTEN
    )
    assert another.response.url.path != first.response.url.path
    assert len(await mine(world, member)) == 2


async def test_a_form_that_came_back_can_be_sent_once_more(world: PagesWorld, ana) -> None:
    member, browser = ana
    page = await browser.get("/proposals/new?purpose=offer")
    refused = await browser.submit(page, "/proposals/new", **WRITTEN | {"title": ""})
    tokens = [dict(found.form("/proposals/new").values)["form_token"] for found in (page, refused)]
    assert tokens[0] == tokens[1]
    for _ in range(2):
        await browser.submit(refused, "/proposals/new", **WRITTEN)
    assert len(await mine(world, member)) == 1


# --- what is shown ------------------------------------------------------------------------------------


async def count(world: PagesWorld, proposal_id: str, free: int, waiting: int) -> None:
    await world.store.write(
        lambda tx: proposals.set_places(
            tx, world.site, proposal_id, free_count=free, waiting_count=waiting, now=world.clock.now()
        )
    )


@pytest.mark.parametrize(
    ("free", "waiting", "seen", "unseen"),
    [
        (2, 0, "2 of 2 places free", "waiting list"),
        (1, 2, "busy, with a waiting list", "full"),
        (0, 3, "full, with a waiting list", "busy"),
    ],
)
async def test_places_and_waiting_are_shown(world: PagesWorld, ana, free, waiting, seen, unseen) -> None:
    member, browser = ana
    proposal = await world.publish(member.actor, replace(DRAFT, places_count=2))
    await count(world, proposal.id, free, waiting)
    page = await browser.get(f"/proposals/{proposal.id}")
    assert seen in page.text
    assert unseen not in page.text
    assert (f"{waiting} wait" in page.text) is (waiting > 0)


async def test_audiences_can_be_widened_and_only_wider_ones_are_offered(world: PagesWorld, ana) -> None:
    member, browser = ana
    proposal = await world.publish(member.actor, replace(DRAFT, audience="network"))
    path = f"/proposals/{proposal.id}"
    assert "members of linked servers only" in (await browser.get(path)).text
    page = await browser.get(f"{path}/edit")
    offered = [attrs["value"] for _, attrs in page.elements if attrs.get("name") == "audience"]
    assert offered == ["public", "network"]
    assert (await world.browser().get(path)).response.status_code == 404
    await browser.submit(page, f"{path}/edit", audience="public")
    assert (await world.browser().get(path)).response.status_code == 200


async def test_an_absence_is_shown_on_proposals_and_profile(world: PagesWorld, ana) -> None:
    member, browser = ana
    proposal = await world.publish(member.actor, DRAFT)
    now = world.clock.now()
    await world.store.write(
        lambda tx: absences.add(
            tx, actor_id=member.actor.id, from_on=now.date(), until_on=date(2026, 12, 4), now=now
        )
    )
    for path in (f"/proposals/{proposal.id}", "/@ana"):
        assert "Away until 4 December 2026" in (await world.browser().get(path)).text
    assert "You are away until 4 December 2026" in (await browser.get("/my-proposals")).text


async def test_one_button_pauses_everything_and_one_ends_it(world: PagesWorld, ana) -> None:
    member, browser = ana
    proposal = await world.publish(member.actor, DRAFT)
    page = await browser.get("/my-proposals")
    paused = await browser.submit(page, "/my-proposals/pause")
    assert "Everything is paused" in paused.text
    assert DRAFT.title not in (await world.browser().get("/mentors")).text
    assert "Open again" not in paused.text  # only the end of the pause opens it
    refused = await browser.submit(
        await browser.get(f"/proposals/{proposal.id}/reopen"), f"/proposals/{proposal.id}/reopen"
    )
    assert refused.response.status_code == 409
    assert "You have paused everything" in refused.text
    resumed = await browser.submit(paused, "/my-proposals/resume")
    assert "is open again" in resumed.text
    assert DRAFT.title in (await world.browser().get("/mentors")).text


async def test_somebody_elses_words_stay_words(world: PagesWorld, ana) -> None:
    member, browser = ana
    hostile = "<script>alert(1)</script>"
    details = Details(not_help_text=hostile)
    proposal = await world.publish(member.actor, replace(DRAFT, details=details))
    page: Page = await browser.get(f"/proposals/{proposal.id}")
    assert hostile not in page.response.text
    assert "&lt;script&gt;" in page.response.text
