"""The way into somebody's own account: the most exact intent, and nothing that leads to another household."""

import pytest

from libline_fed.activitypub.webfinger import Jrd, parse_jrd, way_in
from libline_fed.errors import Refusal

SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"
INTENT = "https://w3id.org/fep/3b86/"
USUAL = "https://m.example/authorize_interaction?uri={uri}"


def jrd_of(templates: dict[str, str]) -> Jrd:
    links = [{"rel": rel, "template": template} for rel, template in templates.items()]
    found = parse_jrd({"subject": "acct:me@m.example", "links": links})
    assert not isinstance(found, Refusal)
    return found


@pytest.mark.parametrize(
    ("templates", "person", "page"),
    [
        ({}, None, None),
        ({SUBSCRIBE: USUAL}, USUAL, USUAL),
        (
            {SUBSCRIBE: USUAL, f"{INTENT}Object": "https://m.example/o?x={object}"},
            "https://m.example/o?x={uri}",
            "https://m.example/o?x={uri}",
        ),
        (
            {SUBSCRIBE: USUAL, f"{INTENT}Follow": "https://m.example/f?x={object}"},
            "https://m.example/f?x={uri}",
            USUAL,
        ),
        ({f"{INTENT}Create": "https://m.example/share?text={content}"}, None, None),
        ({SUBSCRIBE: "https://social.m.example/i?u={uri}"},) + ("https://social.m.example/i?u={uri}",) * 2,
        (
            {f"{INTENT}Follow": "https://evil.example/f?x={object}", SUBSCRIBE: USUAL},
            USUAL,
            USUAL,
        ),
        ({SUBSCRIBE: "https://evilm.example/?u={uri}"}, None, None),
        ({SUBSCRIBE: "https://m.example.evil.test/?u={uri}"}, None, None),
        ({SUBSCRIBE: "https://m.example/?a={uri}&b={uri}"}, None, None),
        ({SUBSCRIBE: "https://m.example/?a={uri}&b={other}"}, None, None),
        ({SUBSCRIBE: "https://user@m.example/?u={uri}"}, None, None),
        ({SUBSCRIBE: "javascript:alert('{uri}')"}, None, None),
    ],
)
def test_the_most_exact_way_that_stays_in_the_household_is_taken(
    templates: dict[str, str], person: str | None, page: str | None
) -> None:
    jrd = jrd_of(templates)
    assert way_in(jrd, "m.example", is_person=True) == person
    assert way_in(jrd, "m.example", is_person=False) == page


@pytest.mark.parametrize(
    ("template_host", "handle_host", "is_one"),
    [
        ("social.bib.example", "bib.example", True),
        ("bib.example", "social.bib.example", True),
        ("a.bib.example", "b.bib.example", True),
        ("bib.example:8443", "bib.example", True),
        ("ana.github.io", "ben.github.io", False),
        ("a.co.uk", "b.co.uk", False),
        ("bib.example", "bib.test", False),
    ],
)
def test_a_household_ends_at_its_registrable_domain(
    template_host: str, handle_host: str, is_one: bool
) -> None:
    jrd = jrd_of({SUBSCRIBE: f"https://{template_host}/i?u={{uri}}"})
    assert (way_in(jrd, handle_host, is_person=True) is not None) is is_one
