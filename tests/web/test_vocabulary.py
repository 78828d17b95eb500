"""The vocabulary on pages and for programs, and the terms that an admin adds."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph, URIRef
from rdflib.namespace import RDF, SKOS
from sqlalchemy import update

from libline_fed import vocabulary
from libline_fed.domain.accounts import Role
from libline_fed.services import vocabulary as own_terms
from libline_fed.storage.tables import actors
from libline_fed.vocabulary import LABEL_LANGUAGES, Scheme
from libline_fed.web.vocabulary import FORMS, HTML, preferred
from tests.support.pages import BASE_URL, Browser, PagesWorld

FIRST_VIEW_BYTES = 25_000
NEW_TERM = {
    "term_id": "x-braille",
    "broader_id": "area:A0405",
    "label_en": "Braille",
    "label_es": "Braille (es)",
}
# rdflib's reader of JSON-LD uses what rdflib itself gives up.
rdflib_warns = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


async def admin_of(world: PagesWorld) -> Browser:
    """Return an admin's browser."""
    await world.add_member("ines", Role.ADMIN)
    return await world.member_browser("ines")


@pytest.mark.parametrize("language", LABEL_LANGUAGES)
async def test_every_term_stands_on_the_page_under_its_id_in_the_readers_language(
    world: PagesWorld, language: str
) -> None:
    page = await world.browser(language=language).get("/vocabulary")
    anchors = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(anchors) == len(set(anchors))
    for scheme in Scheme:
        assert vocabulary.scheme_title(scheme, language) in page.text
        for concept in vocabulary.concepts(scheme).concepts.values():
            assert concept.id in anchors
            assert concept.labels[language] in page.text
            assert concept.helps[language] in page.text
    targets = {link["href"].removeprefix("#") for link in page.links if link["href"].startswith("#")}
    assert targets - {"main"} == set(Scheme)
    assert targets <= set(anchors)


async def test_the_page_is_light(world: PagesWorld) -> None:
    response = await world.browser(language="ar").raw_get("/vocabulary")
    page_bytes = len(gzip.compress(response.content, 6))
    assert page_bytes + world.context.static.size_bytes("libline.css") <= FIRST_VIEW_BYTES


async def test_the_page_about_the_server_leads_to_the_vocabulary_and_that_to_its_other_forms(
    world: PagesWorld,
) -> None:
    browser = world.browser()
    assert "/vocabulary" in {link["href"] for link in (await browser.get("/about")).links}
    page = await browser.get("/vocabulary")
    paths = {path for path, _ in FORMS.values()}
    assert paths <= {link["href"] for link in page.links}
    alternates = {
        attrs["href"]: attrs["type"]
        for tag, attrs in page.elements
        if tag == "link" and attrs.get("rel") == "alternate"
    }
    assert alternates == {path: media_type for media_type, (path, _) in FORMS.items()}
    for path, media_type in alternates.items():
        assert (await browser.raw_get(path)).headers["content-type"].startswith(media_type)


@pytest.mark.parametrize("media_type", FORMS)
async def test_programs_get_the_form_they_ask_for(world: PagesWorld, media_type: str) -> None:
    path, _ = FORMS[media_type]
    browser = world.browser()
    asked = await browser.raw_get("/vocabulary", accept=f"{media_type}, text/html;q=0.5")
    direct = await browser.raw_get(path)
    assert asked.status_code == direct.status_code == 200
    assert asked.content == direct.content
    assert asked.headers["content-type"].startswith(media_type)
    assert asked.headers["content-location"] == path
    assert "Accept" in asked.headers["vary"]
    assert "set-cookie" not in direct.headers
    for response in (asked, direct):
        assert response.headers["cache-control"] == "public, max-age=3600"
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/vocabulary", *(path for path, _ in FORMS.values())])
async def test_who_has_it_already_gets_no_body(world: PagesWorld, path: str) -> None:
    browser = world.browser()
    first = await browser.raw_get(path)
    tag = first.headers["etag"]
    again = await browser.raw_get(path, if_none_match=f'"other", {tag}')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["cache-control"] == first.headers["cache-control"]
    other = await browser.raw_get(path, if_none_match='"other"')
    assert (other.status_code, other.content) == (200, first.content)


async def test_each_language_has_its_own_tag_and_a_members_page_has_none(world: PagesWorld) -> None:
    admin = await admin_of(world)
    english = await world.browser().raw_get("/vocabulary")
    spanish = await world.browser(language="es").raw_get("/vocabulary")
    assert english.headers["etag"] != spanish.headers["etag"]
    assert {"Cookie", "Accept-Language", "Accept"} <= set(english.headers["vary"].replace(" ", "").split(","))
    own = await admin.raw_get("/vocabulary", if_none_match=english.headers["etag"])
    assert (own.status_code, own.headers["cache-control"]) == (200, "no-store")
    assert "etag" not in own.headers


@rdflib_warns
async def test_an_own_term_appears_in_every_form_and_its_uri_leads_to_it(world: PagesWorld) -> None:
    admin, visitor = await admin_of(world), world.browser()
    before = {path: await visitor.raw_get(path) for path, _ in FORMS.values()}
    added = await admin.fill("/admin/vocabulary", **NEW_TERM)
    assert "The term is added. People here can choose it now." in added.text
    assert "Accessibility and disabled users" in added.text
    after = {path: await visitor.raw_get(path) for path, _ in FORMS.values()}
    for path, response in after.items():
        assert response.headers["etag"] != before[path].headers["etag"], path
    assert after["/vocabulary.json"].json()["local"][0]["label"] == {"en": "Braille", "es": "Braille (es)"}
    turtle = Graph().parse(data=after["/vocabulary.ttl"].text, format="turtle")
    json_ld = Graph().parse(data=after["/vocabulary.jsonld"].text, format="json-ld")
    assert set(turtle) == set(json_ld)
    own = URIRef(f"{BASE_URL}/vocabulary#x-braille")
    assert (own, RDF.type, SKOS.Concept) in turtle
    page = await world.browser(language="es").get("/vocabulary")
    assert "x-braille" in {attrs.get("id") for _, attrs in page.elements}
    assert "Braille (es)" in page.text


async def test_a_name_in_a_further_language_is_kept(world: PagesWorld) -> None:
    admin = await admin_of(world)
    await admin.fill(
        "/admin/vocabulary", **{**NEW_TERM, "label_es": ""}, other_language="sw", other_label="Nukta nundu"
    )
    (term,) = await world.store.read(own_terms.list_terms)
    assert term.labels == {"en": "Braille", "sw": "Nukta nundu"}


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("term_id", {"term_id": ""}),
        ("term_id", {"term_id": "Braille"}),
        ("broader_id", {"broader_id": ""}),
        ("broader_id", {"broader_id": "A0405"}),
        ("broader_id", {"broader_id": "area:A0405:x"}),
        ("broader_id", {"broader_id": "frequency:Q1"}),
        ("label_en", {"label_en": " ", "label_es": ""}),
        ("label_en", {"label_en": "a" * 81}),
        ("other_language", {"other_language": "klingon language", "other_label": "x"}),
        ("other_language", {"other_language": "", "other_label": "x"}),
    ],
)
async def test_a_mistake_is_shown_where_it_is_and_the_rest_is_kept(
    world: PagesWorld, field: str, changed: dict[str, str]
) -> None:
    admin = await admin_of(world)
    page = await admin.fill("/admin/vocabulary", **(NEW_TERM | changed))
    assert page.response.status_code == 422
    assert page.problem_of(field) == f"{field}-error"
    kept = dict(page.form("/admin/vocabulary").values)
    assert kept["label_es"] == (NEW_TERM | changed)["label_es"]
    assert kept["term_id"] == (NEW_TERM | changed)["term_id"]
    if field != "broader_id":
        assert kept["broader_id"] == "area:A0405"
    assert await world.store.read(own_terms.list_terms) == []


async def test_a_form_that_is_sent_twice_adds_one_term(world: PagesWorld) -> None:
    admin = await admin_of(world)
    page = await admin.get("/admin/vocabulary")
    for _ in range(2):
        sent = await admin.submit(page, "/admin/vocabulary", **NEW_TERM)
        assert "The term is added." in sent.text
    assert len(await world.store.read(own_terms.list_terms)) == 1


async def test_a_term_can_belong_to_all_that_it_may_and_to_nothing_else(world: PagesWorld) -> None:
    page = await (await admin_of(world)).get("/admin/vocabulary")
    offered = {
        attrs["value"] for tag, attrs in page.elements if tag == "option" and ":" in attrs.get("value", "")
    }
    assert offered == {
        f"{scheme}:{term_id}"
        for scheme in vocabulary.EXTENSIBLE_SCHEMES
        for term_id in vocabulary.concepts(scheme).concepts
        if term_id != "A0000"
    }


async def test_an_unused_term_is_removed_by_its_button(world: PagesWorld) -> None:
    admin = await admin_of(world)
    page = await admin.fill("/admin/vocabulary", **NEW_TERM)
    removed = await admin.submit(page, "/admin/vocabulary/x-braille/remove")
    assert "The term is removed." in removed.text
    assert await world.store.read(own_terms.list_terms) == []
    gone = await admin.submit(page, "/admin/vocabulary/x-braille/remove")
    assert gone.response.status_code == 404


async def test_a_term_that_somebody_uses_stays_and_the_page_says_why(world: PagesWorld) -> None:
    admin = await admin_of(world)
    page = await admin.fill("/admin/vocabulary", **NEW_TERM)
    member = await world.add_member("ana")
    used = update(actors).where(actors.c.id == member.actor.id).values(details={"areas": ["x-braille"]})
    await world.store.write(lambda tx: tx.execute(used))
    refused = await admin.submit(page, "/admin/vocabulary/x-braille/remove")
    assert refused.response.status_code == 409
    assert "People here use this term, so it stays." in refused.text
    assert len(await world.store.read(own_terms.list_terms)) == 1


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", HTML),
        ("*/*", HTML),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML),
        ("application/json", "application/json"),
        ("Application/LD+JSON; profile=x", "application/ld+json"),
        ("text/turtle;q=0.9, application/ld+json;q=0.8", "text/turtle"),
        ("application/*", "application/json"),
        ("text/*", HTML),
        ("text/html;q=0, text/*", "text/turtle"),
        ("text/html;q=0.2, */*;q=0.1, text/turtle", "text/turtle"),
        ("image/png", HTML),
        ("application/json;q=high", "application/json"),
        ("application/json;q=0", HTML),
    ],
)
def test_the_best_form_for_what_a_client_accepts(accept: str, expected: str) -> None:
    assert preferred(accept, (HTML, *FORMS)) == expected


@given(st.text())
def test_any_accept_header_gives_a_form(accept: str) -> None:
    assert preferred(accept, (HTML, *FORMS)) in {HTML, *FORMS}
