"""The whole way of signing in: our pages, our OAuth client, and a server that behaves as Mastodon does."""

from dataclasses import replace

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.storage.store import Store
from libline_fed.web.site import pages
from tests.support.pages import DRAFT, Page, pages_world
from tests.support.sign_in import answer_in, sign_in_world


@pytest.mark.parametrize("is_old", [False, True])
async def test_somebody_with_a_mastodon_account_signs_in_and_out(
    store: Store, clock: FrozenClock, is_old: bool
) -> None:
    async with sign_in_world(store, clock) as servers, pages_world(store, clock) as world:
        world.app = pages(replace(world.context, homes=servers.homes))
        mastodon = servers.meet("m.example", "carla")
        if is_old:
            mastodon.behaviour.become_old()
        ana = await world.add_member("ana")
        offer = await world.publish(ana.actor, DRAFT)
        browser = world.browser()

        form = await browser.get(f"/guest/sign-in?next=/proposals/{offer.id}")
        leaving = await browser.submit(form, "/guest/sign-in", handle="@carla@m.example")
        link = next(link["href"] for link in leaving.links if "/oauth/authorize?" in link["href"])
        # what the person does there: log in, read, allow
        async with servers.network.client() as http:
            consent = Page(await http.get(link)).form("/oauth/authorize")
            values = dict(consent.values) | {"username": "carla", "decision": "allow"}
            back = (await http.post("https://m.example/oauth/authorize", data=values)).headers["location"]

        assert back.startswith("https://lib.example/guest/return/m.example?")
        returned = await browser.get(back.removeprefix("https://lib.example"))
        assert "You come from this server: m.example" in returned.text
        home = await browser.submit(returned, "/guest/return/m.example")
        assert str(home.response.url) == f"https://lib.example/proposals/{offer.id}"
        assert "You are signed in as a guest." in home.text
        assert mastodon.oauth.tokens == {}
        assert len(mastodon.oauth.revoked) == 1

        again = await browser.submit(home, "/logout")
        assert "You are logged out." in again.text
        assert (await browser.get(back.removeprefix("https://lib.example"))).response.status_code == 400
        assert answer_in(back).code not in await servers.everything()
