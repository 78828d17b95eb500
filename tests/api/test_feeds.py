"""Feeds: well-formed, complete and stable, whatever stands in a title; the private one is for its owner."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from libline_fed.api import atom
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search
from libline_fed.services import members, saved_searches
from libline_fed.storage import follows
from tests.api.conftest import ApiWorld
from tests.support.neighbours import list_offer
from tests.support.pages import BASE_URL, DRAFT

HOSTILE = "</title><script>alert(1)</script> & ]]> \"q\" 'a' العربية 目録 \U0001f4da"
ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def parsed(text: bytes | str) -> ET.Element:
    """Parse a feed and check what RFC 4287 §4.1 demands of it."""
    feed = ET.fromstring(text)
    assert feed.tag == f"{ATOM}feed"
    for node in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(node.findall(f"{ATOM}{name}")) == 1, name
            assert said(node, name), name
        assert MOMENT.fullmatch(said(node, "updated"))
        relations = [link.get("rel") for link in node.findall(f"{ATOM}link")]
        assert len(set(relations)) == len(relations)
        assert "alternate" in relations
    for entry in feed.findall(f"{ATOM}entry"):
        author = entry.find(f"{ATOM}author")
        assert author is not None
        assert said(author, "name")
        assert MOMENT.fullmatch(said(entry, "published"))
        assert entry.find(f"{ATOM}summary") is not None
        for category in entry.findall(f"{ATOM}category"):
            assert set(category.keys()) == {"term", "scheme", "label"}
    ids = [said(entry, "id") for entry in feed.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    return feed


def said(node: ET.Element, name: str) -> str:
    """Return the text of a child."""
    return node.findtext(f"{ATOM}{name}") or ""


def titles(feed: ET.Element) -> list[str]:
    """Return the titles of the entries, first to last."""
    return [said(entry, "title") for entry in feed.findall(f"{ATOM}entry")]


def link(node: ET.Element, relation: str) -> str:
    """Return the address of a relation below this site, or nothing."""
    found = [one.get("href", "") for one in node.findall(f"{ATOM}link") if one.get("rel") == relation]
    return found[0].removeprefix(BASE_URL) if found else ""


async def test_a_list_is_a_feed(api: ApiWorld) -> None:
    ana = await api.pages.add_member("ana")
    first = await api.pages.publish(ana.actor, DRAFT)
    await api.pages.publish(ana.actor, replace(DRAFT, title="Other", areas=("A0302",), language="es"))
    response = await api.get("/feeds/mentors.atom?area=A0301&utm=x&page=zero")
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"].startswith("public")
    assert "set-cookie" not in response.headers
    feed = parsed(response.content)
    assert said(feed, "title") == "Mentors · Test Library"
    assert said(feed, "subtitle") == "A library & <friends>"
    assert feed.get(LANG) == "en"
    assert link(feed, "self") == "/feeds/mentors.atom?area=A0301"
    assert link(feed, "alternate") == "/mentors?area=A0301"
    entry = feed.findall(f"{ATOM}entry")[0]
    assert (said(entry, "id"), said(entry, "title")) == (first.uri, "Cataloguing with RDA")
    assert link(entry, "alternate") == f"/proposals/{first.id}"
    assert said(entry, "summary") == "One hour a month, online."
    assert said(entry, "updated") == said(entry, "published") == said(feed, "updated")
    assert [one.get("term") for one in entry.findall(f"{ATOM}category")] == ["A0301"]
    again = await api.get("/feeds/mentors.atom?area=A0301", if_none_match=response.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    whole = parsed((await api.get("/feeds/mentors.atom?lang=es")).content)
    assert titles(whole) == ["Other", "Cataloguing with RDA"]
    assert whole.findall(f"{ATOM}entry")[0].get(LANG) == "es"
    assert whole.get(LANG) == "es"
    assert titles(parsed((await api.get("/feeds/requests.atom")).content)) == []
    head = await api.client.head("/feeds/mentors.atom")
    assert (head.status_code, head.content) == (200, b"")


async def test_an_area_has_a_feed_of_both_kinds(api: ApiWorld) -> None:
    ana = await api.pages.add_member("ana")
    for number, purpose in enumerate((Purpose.OFFER, Purpose.REQUEST, Purpose.OFFER)):
        await api.pages.publish(ana.actor, replace(DRAFT, title=f"N{number}", purpose=purpose))
    await api.pages.publish(ana.actor, replace(DRAFT, title="Elsewhere", areas=("A0302",)))
    feed = parsed((await api.get("/feeds/topics/A0301.atom?area=A0302")).content)
    assert titles(feed) == ["N2", "N1", "N0"]
    assert link(feed, "alternate") == "/topics/A0301"
    for area in ("A9999", "A03", "x"):
        assert (await api.get(f"/feeds/topics/{area}.atom")).status_code == 404, area


async def test_a_long_feed_comes_in_pages(api: ApiWorld) -> None:
    ana = await api.pages.add_member("ana")
    for number in range(21):
        await api.pages.publish(ana.actor, replace(DRAFT, title=f"N{number}"))
    first = parsed((await api.get("/feeds/mentors.atom")).content)
    assert titles(first) == [f"N{number}" for number in range(20, 0, -1)]
    second = parsed((await api.get(link(first, "next"))).content)
    assert titles(second) == ["N0"]
    assert (link(second, "previous"), link(second, "next")) == ("/feeds/mentors.atom", "")
    assert said(first, "id") == said(second, "id")  # one feed in several documents


async def test_no_text_breaks_a_feed(api: ApiWorld) -> None:
    mallory = await api.pages.add_remote("mallory", "m.example", name=HOSTILE)
    await list_offer(api.pages.store, mallory, "1", api.pages.clock.now(), title=HOSTILE)
    ana = await api.pages.add_member("ana")
    await api.pages.publish(ana.actor, replace(DRAFT, title=HOSTILE[:120], body_text=HOSTILE * 20))
    response = await api.get("/feeds/mentors.atom")
    assert b"<script" not in response.content
    feed = parsed(response.content)
    assert titles(feed) == [HOSTILE[:120], HOSTILE]
    assert len(said(feed.findall(f"{ATOM}entry")[0], "summary")) == 500
    assert feed.findtext(f"{ATOM}entry[2]/{ATOM}author/{ATOM}name") == HOSTILE[:100].rstrip()


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1b", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_cannot_hold_is_left_out(bad: str) -> None:
    when = datetime(2026, 11, 24, 9, 0, 5, 999_999, tzinfo=UTC)
    text = f"a{bad}b"
    entry = atom.Entry(
        uri=text, url=text, title=text, summary=text, published_at=when, updated_at=when, author_name=text,
        author_url=text, language=text, categories=[atom.Category(text, text, text)],
    )  # fmt: skip
    feed = atom.Feed(text, text, text, "en", {"self": text, "alternate": text}, [entry])
    read = parsed(atom.write(feed, generator="LibLine"))
    assert titles(read) == ["ab"]
    assert said(read, "updated") == "2026-11-24T09:00:05Z"


async def test_the_private_feed_shows_what_its_owner_sees(api: ApiWorld) -> None:
    ana, ben = await api.pages.add_member("ana"), await api.pages.add_member("ben")
    for audience in ("public", "network", "instance"):
        await api.pages.publish(ana.actor, replace(DRAFT, title=audience, audience=audience))
    search = Search(purpose=Purpose.OFFER, areas=("A0301",))
    now = api.pages.clock.now()
    saved = await api.pages.store.write(
        lambda tx: saved_searches.add(
            tx, account_id=ben.account.id, search=search, name="Cataloguers & <co>", tells_by="feed", now=now
        )
    )
    url = await api.pages.store.write(
        lambda tx: saved_searches.renew_feed(tx, api.pages.site, saved.id, account_id=ben.account.id)
    )
    path = url.removeprefix(BASE_URL)
    response = await api.get(path)
    feed = parsed(response.content)
    assert titles(feed) == ["instance", "network", "public"]
    assert said(feed, "title") == "Cataloguers & <co> · Test Library"
    assert said(feed, "id") == f"urn:uuid:{saved.id}"
    assert link(feed, "alternate") == "/mentors?area=A0301"
    assert response.headers["cache-control"] == "private, no-store"
    assert "access-control-allow-origin" not in response.headers
    assert "set-cookie" not in response.headers
    absent = await api.get("/feeds/saved/nothing.atom")
    other = await api.get("/feeds/nothing/at.all")
    assert (absent.status_code, absent.content) == (other.status_code, other.content)
    assert sorted(absent.headers.items()) == sorted(other.headers.items())

    await api.pages.store.write(
        lambda tx: follows.add_block(tx, blocker_id=ben.actor.id, blocked_id=ana.actor.id, uri=None, now=now)
    )
    assert titles(parsed((await api.get(path)).content)) == []
    admin = await api.pages.add_member("boss", members.Role.ADMIN)
    await api.pages.store.write(
        lambda tx: members.disable(tx, by=admin.account, account_id=ben.account.id, now=now)
    )
    ended = await api.get(path)
    assert (ended.status_code, ended.content) == (absent.status_code, absent.content)
