"""Real `Accept` headers of servers, browsers and tools."""

import pytest

from libline_fed.federation.negotiation import wants_activity

LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


@pytest.mark.parametrize(
    "accept",
    [
        "application/activity+json, application/ld+json",  # Mastodon, fetching
        f"application/activity+json, {LD}, text/html;q=0.1",  # Mastodon, searching a URL
        f"{LD},application/activity+json",  # GoToSocial
        f'application/activity+json, {LD}',  # Misskey
        "application/activity+json",  # Pleroma, Akkoma
        f'{LD}, application/activity+json;q=0.9, application/json;q=0.8',  # Fedify
        LD,  # ActivityPub §3.2
        "application/ld+json",  # without its profile
        'application/ld+json;profile=https://www.w3.org/ns/activitystreams',  # unquoted
        'application/ld+json; profile="http://www.w3.org/ns/activitystreams"',  # Friendica, years ago
        "APPLICATION/Activity+JSON; charset=utf-8",
        "text/html, application/activity+json;q=0.5",
        "application/activity+json;q=nonsense",
        "application/activity+json ; Q=1",
    ],
)
def test_servers_get_the_document(accept: str) -> None:
    assert wants_activity(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",  # curl
        "application/*",
        "application/json",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",  # Firefox
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
        "application/signed-exchange;v=b3;q=0.7",  # Chromium
        "application/activity+json;q=0, text/html",
        "application/activity+json; q=0.000",
        "text/html; note=application/activity+json",
        "application/activity+jsonp",
        "," * 2_000,
        "x" * 2_000 + ",application/activity+json",
    ],
)
def test_everybody_else_gets_the_page(accept: str) -> None:
    assert not wants_activity(accept)


def test_one_refused_form_does_not_refuse_the_other() -> None:
    assert wants_activity("application/activity+json;q=0, application/ld+json;q=0.3")
