"""The interface in JSON: what it says, that it is documented, and how it refuses."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from libline_fed.api import operations
from libline_fed.api.parameters import SEARCH
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposal_details import Details
from libline_fed.domain.proposals import Draft
from libline_fed.domain.searches import PARAMETERS
from libline_fed.ids import new_id
from libline_fed.storage import proposals as proposal_rows
from tests.api.conftest import ApiWorld
from tests.support.json_schema import problems
from tests.support.neighbours import offer_by
from tests.support.pages import BASE_URL, DRAFT

HOSTILE = '<script>alert(1)</script> "quoted" \\ & &amp; {{7*7}}'
FULL = replace(
    DRAFT,
    details=Details(
        goals=("G01",),
        formats=("F1",),
        frequency="Q4",
        months=4,
        stage="S3",
        types_own=("T01",),
        answer_days=3,
    ),
)
NOT_FOR_PARAMETERS = {"overlap"}  # compares with the reader's own hours


async def published(api: ApiWorld, *drafts: Draft, handle: str = "ana") -> Actor:
    member = await api.pages.add_member(handle)
    for draft in drafts:
        await api.pages.publish(member.actor, draft)
    return member.actor


def links_of(header: str) -> dict[str, str]:
    found = {}
    for part in header.split(", "):
        url, _, relation = part.partition("; ")
        found[relation.removeprefix('rel="').removesuffix('"')] = url.strip("<>").removeprefix(BASE_URL)
    return found


async def test_every_answer_is_as_documented(api: ApiWorld) -> None:
    await published(api, FULL, replace(DRAFT, purpose="request", title="How to begin?"))
    document = await api.read("/api/openapi.json")
    assert document["openapi"] == "3.1.0"
    offer = (await api.read("/api/v1/mentors"))["items"][0]
    for path, operation in document["paths"].items():
        schema = operation["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        filled = path.replace("{id}", offer["id"]).replace("{scheme}", "goal")
        said = await api.read(filled)
        assert problems(said, schema, document) == [], path
        if isinstance(said.get("items"), list):
            assert said["items"], path
        refused = await api.get(f"{filled}?nothing=1")
        assert refused.status_code == 400, path
        schema = operation["get"]["responses"]["400"]["content"]["application/problem+json"]["schema"]
        assert problems(refused.json(), schema, document) == [], path
    assert document["servers"] == [{"url": BASE_URL}]


async def test_an_offer_is_told_whole(api: ApiWorld) -> None:
    author = await published(api, FULL)
    said = (await api.read("/api/v1/mentors?lang=fr"))["items"][0]
    assert (said["title"], said["text"]) == ("Cataloguing with RDA", "One hour a month, online.")
    assert said["html"] == "<p>One hour a month, online.</p>"
    assert (said["purpose"], said["status"], said["language"]) == ("offer", "open", "en")
    assert (said["languages"], said["months"], said["answer_days"]) == (["es", "en"], 4, 3)
    assert said["places"] == {"total_count": 2, "free_count": 2, "waiting_count": 0}
    assert [area["id"] for area in said["areas"]] == ["A0301"]
    assert said["areas"][0]["label"] != (await api.read("/api/v1/mentors"))["items"][0]["areas"][0]["label"]
    assert [said["stage"]["id"], said["frequency"]["id"], said["types"][0]["id"]] == ["S3", "Q4", "T01"]
    assert said["author"] == {
        "uri": author.uri, "name": "ana", "address": "@ana@lib.example", "host": "lib.example",
        "url": f"{BASE_URL}/@ana", "is_organisation": False, "is_local": True,
    }  # fmt: skip
    assert said["published_at"] == "2026-11-24T09:00:01Z"
    assert await api.read(f"/api/v1/proposals/{said['id']}?lang=fr") == said
    assert (await api.pages.browser().raw_get(urlsplit(said["url"]).path)).status_code == 200


async def test_parameters_are_those_of_the_pages(api: ApiWorld) -> None:
    assert {parameter.name for parameter in SEARCH} == set(PARAMETERS.values()) - NOT_FOR_PARAMETERS
    await published(api, replace(FULL, title="First"), replace(DRAFT, title="Second", areas=("A0302",)))
    asked = {
        "text=first": 1, "text=SECOND": 1, "text=nowhere": 0, "area=A0301": 1, "area=A0301&area=A0302": 2,
        "language=es": 2, "language=fr": 0, "mode=M1": 2, "mode=M5": 0, "format=F1": 1, "goal=G01": 1,
        "stage=S3": 1, "type=T01": 1, "place=PE": 0, "host=lib.example": 2, "host=other.example": 0,
        "free=1": 2, "via=https://group.example/g": 0, "sort=soonest": 2,
    }  # fmt: skip
    for query, count in asked.items():
        said = await api.read(f"/api/v1/mentors?{query}")
        assert said["total_count"] == count == len(said["items"]), query
    soonest = (await api.read("/api/v1/mentors?sort=soonest"))["items"]
    newest = (await api.read("/api/v1/mentors"))["items"]
    assert [item["title"] for item in soonest] == ["First", "Second"]
    assert [item["title"] for item in newest] == ["Second", "First"]
    assert (await api.read("/api/v1/requests"))["items"] == []


async def test_pages_lead_from_one_to_the_next(api: ApiWorld) -> None:
    await published(api, *(replace(DRAFT, title=f"Offer {number}") for number in range(5)))
    seen, path = [], "/api/v1/mentors?limit=2&area=A0301"
    while path:
        response = await api.get(path)
        seen += [item["title"] for item in response.json()["items"]]
        links = links_of(response.headers["link"])
        assert links["self"] == path
        assert links["first"] == "/api/v1/mentors?limit=2&area=A0301"
        path = links.get("next", "")
        assert response.json()["has_more"] is bool(path)
    assert seen == [f"Offer {number}" for number in (4, 3, 2, 1, 0)]
    assert links["prev"] == "/api/v1/mentors?limit=2&area=A0301&page=2"
    beyond = await api.get("/api/v1/mentors?page=1000")
    assert (beyond.json()["items"], beyond.json()["has_more"]) == ([], False)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("areas=A0301", "areas"),
        ("area=A9999", "area"),
        ("area=A03", "area"),
        ("language=x", "language"),
        ("mode=M9", "mode"),
        ("place=Peru", "place"),
        ("host=a%20b", "host"),
        ("via=javascript:alert(1)", "via"),
        ("free=yes", "free"),
        ("sort=match", "sort"),
        ("overlap=3", "overlap"),
        ("lang=de", "lang"),
        ("limit=51", "limit"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=%D9%A3", "limit"),
        ("page=1001", "page"),
        ("page=1&page=2", "page"),
        ("text=" + "x" * 201, "text"),
        ("&".join(f"language=e{letter}" for letter in "abcdefghijk"), "language"),
        ("text=" + "y" * 5_000, "query"),
        ("&".join("area=A0301" for _ in range(100)), "query"),
        ("%3Cscript%3E=1", "<script>"),
    ],
)
async def test_what_could_not_be_meant_is_refused(api: ApiWorld, query: str, parameter: str) -> None:
    response = await api.get(f"/api/v1/mentors?{query}")
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"] == "no-store"
    said = response.json()
    assert (said["type"], said["title"], said["status"]) == ("about:blank", "Bad Request", 400)
    assert [error["parameter"] for error in said["errors"]] == [parameter]
    assert said["errors"][0]["detail"]


async def test_it_says_who_brought_what(api: ApiWorld) -> None:
    carla = await api.pages.add_remote("carla", "m.example", name="Carla")
    group = await api.pages.add_remote("region", "c.example", type="Group", name="Coast Libraries")
    now = api.pages.clock.now()
    await api.pages.store.write(
        lambda tx: proposal_rows.put_remote(
            tx, offer_by(carla, "1"), carla, source="announce", source_actor_uri=group.uri, now=now
        )
    )
    said = (await api.read(f"/api/v1/mentors?via={group.uri}"))["items"][0]
    assert said["brought_by"] == [{"uri": group.uri, "name": "Coast Libraries", "kind": "consortium"}]
    assert (said["author"]["host"], said["author"]["is_local"]) == ("m.example", False)
    assert said["author"]["url"] == f"{BASE_URL}/people/{carla.id}"
    assert said["original_url"] == said["uri"] != said["url"]
    assert await api.read(f"/api/v1/proposals/{said['id']}") == said


async def test_hostile_texts_are_harmless(api: ApiWorld) -> None:
    await published(api, replace(DRAFT, title=HOSTILE, body_text=f"{HOSTILE} \x07 https://evil.example"))
    response = await api.get("/api/v1/mentors")
    said = response.json()["items"][0]
    assert said["title"] == HOSTILE
    assert "<script" not in said["html"]
    assert response.headers["content-type"] == "application/json"


async def test_scripts_of_any_site_may_read_and_nothing_else(api: ApiWorld) -> None:
    await published(api, DRAFT)
    got = await api.get("/api/v1/mentors", origin="https://library.example", cookie="session=x")
    assert got.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in got.headers
    assert got.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in got.headers
    asked = await api.client.options(
        "/api/v1/mentors",
        headers={"origin": "https://library.example", "access-control-request-method": "GET"},
    )
    assert (asked.status_code, asked.content) == (204, b"")
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    head = await api.client.head("/api/v1/mentors")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == got.headers["etag"]
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        refused = await api.client.request(method, "/api/v1/mentors")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS"), method
        assert refused.headers["content-type"] == "application/problem+json"


async def test_who_has_it_already_gets_no_body(api: ApiWorld) -> None:
    author = await published(api, DRAFT)
    first = await api.get("/api/v1/mentors")
    tag = first.headers["etag"]
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = await api.get("/api/v1/mentors", if_none_match=known)
        assert (again.status_code, again.content) == (304, b""), known
        assert again.headers["etag"] == tag
        assert again.headers["access-control-allow-origin"] == "*"
    await api.pages.publish(author, replace(DRAFT, title="Another"))
    changed = await api.get("/api/v1/mentors", if_none_match=tag)
    assert (changed.status_code, changed.json()["total_count"]) == (200, 2)


async def test_a_member_sees_here_what_everybody_sees(api: ApiWorld) -> None:
    await published(
        api, DRAFT, *(replace(DRAFT, title=name, audience=name) for name in ("network", "instance"))
    )
    browser = await api.pages.member_browser("ana")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    assert cookie
    said = await api.get("/api/v1/mentors", cookie=cookie)
    assert [item["title"] for item in said.json()["items"]] == ["Cataloguing with RDA"]
    assert said.content == (await api.get("/api/v1/mentors")).content


async def test_what_is_not_there_and_what_is_not_for_all_look_the_same(api: ApiWorld) -> None:
    author = await published(api)
    hidden = await api.pages.publish(author, replace(DRAFT, audience="instance"))
    seen: set[tuple[int, bytes]] = set()
    for path in (
        f"/api/v1/proposals/{hidden.id}",
        f"/api/v1/proposals/{new_id(api.pages.clock.now())}",
        "/api/v1/proposals/x",
        "/api/v1/proposals/%00",
        "/api/v1/nothing",
        "/api/",
        "/api/v2/mentors",
        "/api/v1/vocabulary/nothing",
    ):
        response = await api.get(path)
        seen.add((response.status_code, response.content))
    assert len(seen) == 1
    assert seen.pop()[0] == 404


async def test_topics_and_the_server_count_what_everybody_may_see(api: ApiWorld) -> None:
    await published(
        api, DRAFT, replace(DRAFT, purpose="request"), replace(DRAFT, areas=("A0302",), audience="instance")
    )
    topics: dict[str, Any] = {one["id"]: one for one in (await api.read("/api/v1/topics?lang=es"))["items"]}
    assert (topics["A0301"]["offers_count"], topics["A0301"]["requests_count"]) == (1, 1)
    assert topics["A0302"]["offers_count"] == 0
    assert topics["A0301"]["group"]
    assert topics["A0000"]["group"] == ""
    said = await api.read("/api/v1/instance")
    assert (said["offers_count"], said["requests_count"], said["members_count"]) == (1, 1, 1)
    assert (said["name"], said["registration"]) == ("Test Library", "open")
    goals = await api.read("/api/v1/vocabulary/goal")
    assert goals["items"][0]["id"] == "G01"
    assert goals["items"][0]["uri"].endswith("/goal/G01")
    await api.pages.publish((await api.pages.add_member("ben")).actor, DRAFT)
    assert (await api.read("/api/v1/instance"))["offers_count"] == 1  # counted less than a minute ago
    api.pages.clock.advance(seconds=61)
    assert (await api.read("/api/v1/instance"))["offers_count"] == 2


async def test_too_many_questions_from_one_network_wait(
    api: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PER_CLIENT", replace(operations.PER_CLIENT, max_count=2))
    statuses = [(await api.get("/api/v1/instance")).status_code for _ in range(2)]
    refused = await api.get("/feeds/mentors.atom")
    assert [*statuses, refused.status_code] == [200, 200, 429]
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 300
    api.pages.clock.advance(seconds=360)
    assert (await api.get("/api/v1/instance")).status_code == 200


async def test_an_ipv6_client_is_counted_by_its_network(
    api: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PER_CLIENT", replace(operations.PER_CLIENT, max_count=1))
    statuses = []
    for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", "2001:db8:1:3::1"):
        transport = httpx.ASGITransport(app=api.app, client=(address, 40_000))
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            forged = {"x-forwarded-for": f"198.51.100.{len(statuses)}"}
            statuses.append((await client.get("/api/v1/instance", headers=forged)).status_code)
    assert statuses == [200, 429, 200]
