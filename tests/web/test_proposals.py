"""Offers and requests through the pages: written, changed, paused, closed, deleted, listed and read."""

from dataclasses import replace

import pytest

from libline_fed.domain.consortia import left_out_of
from libline_fed.domain.proposals import Audience
from libline_fed.ids import new_id
from libline_fed.services import consortia, proposals
from libline_fed.storage import proposals as proposal_rows
from tests.support.pages import DRAFT, PagesWorld

WRITTEN: dict[str, str | list[str]] = {
    "title": "Help with authority control",
    "body_text": "I can give an hour a week.\n\nSee https://docs.example/authority for what I mean.",
    "areas": ["A0303", "A0301"],
    "languages": ["en", "es"],
    "more_languages": "qu",
    "modes": ["M1", "M4"],
    "places_count": "2",
    "open_until_on": "2027-03-31",
    "language": "en",
    "audience": "public",
}


async def test_a_member_writes_changes_and_deletes_an_offer(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    page = await browser.get("/proposals/new")
    assert page.headings == ["What would you like to do?"]
    shown = await browser.submit(
        await browser.get("/proposals/new?purpose=offer"), "/proposals/new", **WRITTEN
    )
    assert shown.headings == ["Help with authority control"]
    for seen in (
        "It is published.",
        "Offers mentoring",
        "Quechua",
        "31 March 2027",
        "Authority control and identifiers",
    ):
        assert seen in shown.text
    assert any(link["href"] == "https://docs.example/authority" for link in shown.links)
    path = shown.response.url.path
    form = await browser.get(f"{path}/edit")
    assert form.described("title")["value"] == WRITTEN["title"]
    assert form.described("more_languages")["value"] == "qu"
    changed = await browser.submit(form, f"{path}/edit", title="Help with name authorities")
    assert changed.headings == ["Help with name authorities"]
    for action, sentence in (
        ("pause", "It is paused."),
        ("reopen", "It is open again."),
        ("close", "It is closed."),
    ):
        assert sentence in (await browser.fill(f"{path}/{action}")).text
    listed = await browser.get("/my-proposals")
    assert "Help with name authorities" in listed.text
    gone = await browser.fill(f"{path}/delete")
    assert "It is deleted" in gone.text
    assert (await browser.get(path)).response.status_code == 404


async def test_each_wrong_field_gets_one_sentence_and_the_text_is_kept(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    wrong = {
        **WRITTEN,
        "title": "x" * 121,
        "areas": [],
        "modes": [],
        "places_count": "many",
        "open_until_on": "soon",
        "languages": [],
        "more_languages": "klingonish!",
        "audience": "nobody",
    }
    page = await browser.submit(await browser.get("/proposals/new?purpose=offer"), "/proposals/new", **wrong)
    assert page.response.status_code == 422
    assert page.described("title")["value"] == "x" * 121
    assert page.described("places_count")["value"] == "many"
    kept = dict(page.form("/proposals/new").values)
    assert kept["body_text"] == str(WRITTEN["body_text"])
    targets = [
        link["href"] for link in page.links if link["href"].startswith("#") and link["href"] != "#main"
    ]
    assert targets == [
        "#title",
        "#areas",
        "#languages",
        "#modes",
        "#places_count",
        "#open_until_on",
        "#audience",
    ]
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(target[1:] in ids for target in targets)


async def test_a_request_has_no_places_and_takes_fewer_areas(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    page = await browser.get("/proposals/new?purpose=request")
    areas = ["A0101", "A0102", "A0103", "A0104", "A0105", "A0106"]
    values = {**WRITTEN, "areas": areas, "places_count": "1"}
    refused = await browser.submit(page, "/proposals/new", **values)
    assert "Choose 5 areas at most." in refused.text
    shown = await browser.submit(refused, "/proposals/new", areas=areas[:5])
    assert "Looks for a mentor" in shown.text


async def test_what_is_for_members_looks_absent_to_visitors(world: PagesWorld) -> None:
    member = await world.add_member("ana")
    private = await world.publish(member.actor, replace(DRAFT, audience=Audience.INSTANCE, title="Canary"))
    for language in ("en", "ar"):
        visitor = world.browser(language=language)
        hidden = await visitor.raw_get(f"/proposals/{private.id}")
        absent = await visitor.raw_get(f"/proposals/{new_id(world.clock.now())}")
        assert hidden.status_code == absent.status_code == 404
        assert hidden.text.replace(private.id, "") == absent.text.replace(
            absent.url.path.rpartition("/")[2], ""
        )
        headers = [dict(response.headers) for response in (hidden, absent)]
        assert headers[0] == headers[1]
    for path in ("/", "/mentors", "/@ana", "/mentors?text=canary"):
        assert "Canary" not in (await world.browser().get(path)).text
    await world.add_member("ben")
    assert "Canary" in (await (await world.member_browser("ben")).get("/mentors")).text


async def test_nobody_changes_somebody_elses(world: PagesWorld) -> None:
    member = await world.add_member("ana")
    await world.add_member("ben")
    proposal = await world.publish(member.actor, DRAFT)
    browser = await world.member_browser("ben")
    token = dict((await browser.get("/")).form("/logout").values)["csrf"]
    for action in ("edit", "delete", "pause", "close", "reopen"):
        path = f"/proposals/{proposal.id}/{action}"
        assert (await browser.get(path)).response.status_code == 404
        assert (await browser.post(path, {"csrf": token})).status_code == 404
    listed = await world.store.read(lambda tx: proposals.get(tx, proposal.id, viewer=None))
    assert listed.proposal == proposal


async def test_two_windows_do_not_undo_each_other_silently(world: PagesWorld) -> None:
    member = await world.add_member("ana")
    proposal = await world.publish(member.actor, DRAFT)
    browser = await world.member_browser("ana")
    path = f"/proposals/{proposal.id}"
    first, second = await browser.get(f"{path}/pause"), await browser.get(f"{path}/close")
    await browser.submit(second, f"{path}/close")
    late = await browser.submit(first, f"{path}/pause")
    assert late.response.status_code == 409
    assert "nothing was changed" in late.text


@pytest.mark.parametrize(
    ("path", "purpose", "other"), [("/mentors", "offer", "request"), ("/requests", "request", "offer")]
)
async def test_lists_are_filtered_and_come_in_tens(
    world: PagesWorld, path: str, purpose: str, other: str
) -> None:
    member = await world.add_member("ana")
    empty = await world.browser().get(path)
    assert any(link["href"].startswith("/proposals/new?purpose=") for link in empty.links)
    for number in range(12):
        area = "A0303" if number < 2 else "A0301"
        await world.publish(
            member.actor, replace(DRAFT, purpose=purpose, title=f"Núm. {number}", areas=(area,))
        )
    await world.publish(member.actor, replace(DRAFT, purpose=other, title="Of the other kind"))
    browser = world.browser()
    first = await browser.get(path)
    assert first.text.count("Núm.") == 10
    assert "12 open" in first.text
    following = next(link["href"] for link in first.links if link.get("rel") == "next")
    second = await browser.get(following)
    assert second.text.count("Núm.") == 2
    assert "Of the other kind" not in first.text + second.text
    assert (await browser.get(f"{path}?area=A0303")).text.count("Núm.") == 2
    assert (await browser.get(f"{path}?text=num.+11")).text.count("Núm.") == 1
    assert (await browser.get(f"{path}?language=es")).text.count("Núm.") == 10
    nothing = await browser.get(f"{path}?language=zu")
    assert "Nothing fits these filters" in nothing.text


async def test_a_hashtag_leads_to_its_area(world: PagesWorld) -> None:
    response = await world.browser().raw_get("/tags/authoritycontrol")
    assert response.headers["location"] == "/topics/A0303"
    assert (await world.browser().raw_get("/tags/other")).headers["location"] == "/mentors?text=other"


async def test_a_page_names_its_form_for_programs(world: PagesWorld) -> None:
    member = await world.add_member("ana")
    proposal = await world.publish(member.actor, DRAFT)
    browser = world.browser()
    for path, uri in ((f"/proposals/{proposal.id}", proposal.uri), ("/@ana", member.actor.uri)):
        page = await browser.get(path)
        assert page.response.headers["link"] == f'<{uri}>; rel="alternate"; type="application/activity+json"'
        assert "Accept" in page.response.headers["vary"]
        alternates = [
            attrs for tag, attrs in page.elements if tag == "link" and attrs.get("rel") == "alternate"
        ]
        assert [attrs["href"] for attrs in alternates] == [uri]


async def test_an_author_keeps_an_offer_out_of_a_consortium(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    page = await browser.get("/proposals/new?purpose=offer")
    assert "Keep this out of" not in page.text  # there is no consortium
    group = await world.store.write(
        lambda tx: consortia.create(
            tx, world.site, handle="redbib", name="Red", account=None, now=world.clock.now()
        )
    )
    page = await browser.get("/proposals/new?purpose=offer")
    shown = await browser.submit(page, "/proposals/new", **WRITTEN | {"groups_left_out": [group.uri]})
    (offer,) = await world.store.read(proposal_rows.open_here)
    assert left_out_of(offer.details) == (group.uri,)
    form = await browser.get(f"/proposals/{offer.id}/edit")
    assert any(("groups_left_out", group.uri) in one.values for one in form.forms)
    await browser.submit(form, f"/proposals/{offer.id}/edit", title="Changed")
    (offer,) = await world.store.read(proposal_rows.open_here)
    assert (offer.title, left_out_of(offer.details)) == ("Changed", (group.uri,))
    await browser.submit(form, f"/proposals/{offer.id}/edit", groups_left_out=[])
    (offer,) = await world.store.read(proposal_rows.open_here)
    assert left_out_of(offer.details) == ()
    assert shown.headings == ["Help with authority control"]
