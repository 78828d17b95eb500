"""Guests on both databases: what is kept while they sign in, and what ends their sessions."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from libline_fed.activitypub.objects import Admitted
from libline_fed.config import Federation
from libline_fed.domain.actors import Actor
from libline_fed.domain.guests import Answer, Problem
from libline_fed.domain.proposals import Draft
from libline_fed.domain.sessions import Opened, SignedIn
from libline_fed.sealing import Sealer
from libline_fed.services import guests, peers, proposals, remote_actors, requests, sessions, upkeep
from libline_fed.services.guests import ClientForgotten, SignIn
from libline_fed.services.limits import GUEST_PER_CLIENT, Limits, TooManyTries
from libline_fed.services.site import Site
from libline_fed.storage import actors, mentorships
from libline_fed.storage import guests as stored
from libline_fed.storage.member_tables import oauth_attempts, oauth_clients
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import sessions as session_table
from tests.services.conftest import CLIENT, Add
from tests.support.homes import FakeHomes
from tests.support.pages import remote_person
from tests.support.sign_in import problem_of

BROWSER = "a secret of one browser"


@pytest.fixture
def homes() -> FakeHomes:
    """The servers of guests."""
    return FakeHomes()


@pytest.fixture
def sign_in(store: Store, site: Site, limiter: Limits, sealer: Sealer, homes: FakeHomes) -> SignIn:
    """Signing in with accounts of other servers."""
    return SignIn(store, site, limiter, sealer, homes)


async def know(store: Store, handle: str, host: str, now: datetime) -> Actor:
    """Store somebody of another server."""
    document = remote_person(handle, host)
    return await store.write(
        lambda tx: actors.put_remote(tx, Admitted(document, host, "fetched"), acct_host=None, now=now)
    )


@pytest.fixture
async def carla(store: Store, homes: FakeHomes, now: datetime) -> Actor:
    """Somebody who may sign in as carla@m.example; each code that begins with hers is hers."""
    found = await know(store, "carla", "m.example", now)
    homes.people["carla@m.example"] = found
    homes.codes |= {f"carla-{number}": found for number in range(40)}
    return found


async def begin(sign_in: SignIn, now: datetime, *, next_path: str = "/guest", client: str = CLIENT) -> str:
    """Begin to sign in as carla@m.example; return the state."""
    departure = await sign_in.begin(
        handle="carla@m.example", browser=BROWSER, client=client, next_path=next_path, now=now
    )
    return parse_qs(urlsplit(departure.url).query)["state"][0]


async def finish(
    sign_in: SignIn, state: str, now: datetime, *, code: str = "carla-0", browser: str = BROWSER
) -> tuple[Opened, str]:
    """Come back with a code."""
    answer = Answer(host="m.example", state=state, code=code)
    return await sign_in.finish(answer, browser=browser, old_token=None, now=now)


async def whole(sign_in: SignIn, now: datetime, *, code: str = "carla-0") -> Opened:
    """Sign in from beginning to end."""
    opened, _ = await finish(sign_in, await begin(sign_in, now), now, code=code)
    return opened


async def load(store: Store, opened: Opened, now: datetime) -> SignedIn | None:
    """Return the session behind a cookie, as a page would."""
    return await store.read(lambda tx: sessions.load(tx, opened.token, now=now))


async def count(store: Store, table: object) -> int:
    """Count rows."""
    return len(await store.read(lambda tx: tx.all(select(table))))  # type: ignore[call-overload]


async def test_a_guest_goes_on_where_the_sign_in_began(
    sign_in: SignIn, store: Store, carla: Actor, now: datetime
) -> None:
    state = await begin(sign_in, now, next_path="/proposals/7?x=1")
    opened, following = await finish(sign_in, state, now)
    assert following == "/proposals/7?x=1"
    found = await load(store, opened, now)
    assert found is not None
    assert found.guest == carla
    assert found.account is found.actor is None
    assert found.session.guest_actor_id == carla.id


async def test_secrets_are_sealed_or_hashed_while_somebody_is_away(
    sign_in: SignIn, store: Store, homes: FakeHomes, carla: Actor, now: datetime
) -> None:
    state = await begin(sign_in, now)
    await finish(sign_in, await begin(sign_in, now), now)
    ((_, verifier),) = homes.exchanged
    rows = [
        *await store.read(lambda tx: tx.all(select(oauth_attempts))),
        *await store.read(lambda tx: tx.all(select(oauth_clients))),
    ]
    assert len(rows) == 2
    for secret in (state, verifier, BROWSER, "secret of client-1"):
        assert secret not in str(rows)


async def test_every_attempt_has_a_state_and_a_verifier_of_its_own(
    sign_in: SignIn, homes: FakeHomes, carla: Actor, now: datetime
) -> None:
    states = {await begin(sign_in, now) for _ in range(3)}
    assert len(states) == 3
    for number, state in enumerate(sorted(states)):
        await finish(sign_in, state, now, code=f"carla-{number}")
    verifiers = {verifier for _, verifier in homes.exchanged}
    assert len(verifiers) == 3
    assert all(43 <= len(verifier) <= 128 for verifier in verifiers)  # RFC 7636 §4.1


async def test_looking_at_an_answer_uses_nothing_up(
    sign_in: SignIn, homes: FakeHomes, carla: Actor, now: datetime
) -> None:
    answer = Answer(host="m.example", state=await begin(sign_in, now), code="carla-0")
    for _ in range(2):
        assert await sign_in.peek(answer, browser=BROWSER, now=now) == carla
    assert await problem_of(sign_in.peek(answer, browser="another", now=now)) is Problem.OVER
    late = now + timedelta(minutes=10)
    assert await problem_of(sign_in.peek(answer, browser=BROWSER, now=late)) is Problem.OVER
    for changed, problem in (
        ({"host": "evil.example"}, Problem.MIX_UP),
        ({"issuer": "https://evil.example"}, Problem.MIX_UP),
        ({"state": "x"}, Problem.OVER),
        ({"error": "access_denied"}, Problem.DENIED),
        ({"error": "server_error"}, Problem.NOT_CONFIRMED),
    ):
        other = replace(answer, **changed)
        assert await problem_of(sign_in.peek(other, browser=BROWSER, now=now)) is problem, changed
    assert homes.exchanged == []
    await sign_in.finish(answer, browser=BROWSER, old_token=None, now=now)


@pytest.mark.parametrize("issuer", ["https://m.example", "https://m.example/"])
async def test_a_server_that_promises_its_issuer_must_send_it(
    sign_in: SignIn, homes: FakeHomes, carla: Actor, now: datetime, issuer: str
) -> None:
    homes.sends_issuer = True
    without = Answer(host="m.example", state=await begin(sign_in, now), code="carla-0")
    assert await problem_of(sign_in.peek(without, browser=BROWSER, now=now)) is Problem.MIX_UP
    answer = replace(without, issuer=issuer)
    await sign_in.finish(answer, browser=BROWSER, old_token=None, now=now)


async def test_a_double_click_opens_one_session(
    sign_in: SignIn, store: Store, carla: Actor, now: datetime
) -> None:
    state = await begin(sign_in, now)
    first, second = await asyncio.gather(finish(sign_in, state, now), finish(sign_in, state, now))
    assert first == second
    assert await count(store, session_table) == 1
    assert await problem_of(finish(sign_in, state, now)) is Problem.OVER


async def test_of_two_answers_to_one_attempt_one_counts(
    sign_in: SignIn, store: Store, carla: Actor, now: datetime
) -> None:
    state = await begin(sign_in, now)
    results = await asyncio.gather(
        finish(sign_in, state, now, code="carla-1"),
        finish(sign_in, state, now, code="carla-2"),
        return_exceptions=True,
    )
    assert sum(isinstance(result, tuple) for result in results) == 1
    assert await count(store, session_table) == 1


async def test_another_person_than_was_looked_for_gets_no_session(
    sign_in: SignIn, store: Store, homes: FakeHomes, carla: Actor, now: datetime
) -> None:
    homes.codes["dana"] = await know(store, "dana", "m.example", now)
    state = await begin(sign_in, now)
    assert await problem_of(finish(sign_in, state, now, code="dana")) is Problem.MISMATCH
    assert await count(store, session_table) == 0


async def test_signing_in_never_reaches_the_account_of_a_member(
    sign_in: SignIn, store: Store, homes: FakeHomes, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    document = remote_person("ana", "m.example", also_known_as=(ana.actor.uri,), name="Ana")
    same = await store.write(
        lambda tx: actors.put_remote(tx, Admitted(document, "m.example", "fetched"), acct_host=None, now=now)
    )
    homes.people["carla@m.example"] = homes.codes["carla-0"] = same
    found = await load(store, await whole(sign_in, now), now)
    assert found is not None
    assert found.account is found.actor is None
    assert found.guest == same
    homes.codes["local"] = ana.actor
    assert await problem_of(whole(sign_in, now, code="local")) is Problem.MISMATCH


async def test_the_cookie_that_the_browser_had_before_dies(
    sign_in: SignIn, store: Store, carla: Actor, now: datetime
) -> None:
    planted = await store.write(lambda tx: sessions.open_session(tx, now=now))
    answer = Answer(host="m.example", state=await begin(sign_in, now), code="carla-0")
    opened, _ = await sign_in.finish(answer, browser=BROWSER, old_token=planted.token, now=now)
    assert opened.token != planted.token
    assert await load(store, planted, now) is None
    assert await load(store, opened, now) is not None


async def test_a_guest_is_asked_again_after_seven_days(
    sign_in: SignIn, store: Store, carla: Actor, now: datetime
) -> None:
    opened = await whole(sign_in, now)
    end = now + timedelta(days=7)
    assert await load(store, opened, end - timedelta(seconds=1)) is not None
    assert await load(store, opened, end) is None


async def test_logging_out_ends_a_guests_session(
    sign_in: SignIn, store: Store, carla: Actor, now: datetime
) -> None:
    opened = await whole(sign_in, now)
    await store.write(lambda tx: sessions.close(tx, opened.token))
    assert await load(store, opened, now) is None


@pytest.mark.parametrize("host", ["m.example", "example"])
@pytest.mark.parametrize("policy", ["blocked", "silenced"])
async def test_a_rule_against_a_server_ends_the_sessions_of_its_people_for_good(
    sign_in: SignIn, store: Store, site: Site, carla: Actor, now: datetime, host: str, policy: str
) -> None:
    opened = await whole(sign_in, now)
    await store.write(lambda tx: peers.set_policy(tx, "other.example", policy, "", now=now))
    assert await load(store, opened, now) is not None
    assert await store.read(lambda tx: guests.may_stay(tx, site, carla))
    await store.write(lambda tx: peers.set_policy(tx, host, policy, "", now=now))
    assert not await store.read(lambda tx: guests.may_stay(tx, site, carla))
    assert await load(store, opened, now) is None
    await store.write(lambda tx: peers.set_policy(tx, host, "default", "", now=now))
    assert await load(store, opened, now) is None
    assert (
        await problem_of(finish(sign_in, await begin(sign_in, now), now, code="x")) is Problem.NOT_CONFIRMED
    )
    assert await load(store, await whole(sign_in, now, code="carla-1"), now) is not None


async def test_members_stay_logged_in_when_a_server_is_blocked(store: Store, add: Add, now: datetime) -> None:
    ana = await add("ana")
    opened = await store.write(lambda tx: sessions.open_session(tx, account=ana.account, now=now))
    await store.write(lambda tx: peers.set_policy(tx, "lib.example", "blocked", "", now=now))
    assert await load(store, opened, now) is not None


async def test_with_a_list_of_allowed_servers_others_may_not_stay(
    store: Store, site: Site, carla: Actor, now: datetime
) -> None:
    closed = replace(site, federation=Federation.ALLOWLIST)
    assert not await store.read(lambda tx: guests.may_stay(tx, closed, carla))
    await store.write(lambda tx: peers.set_policy(tx, "m.example", "allowed", "", now=now))
    assert await store.read(lambda tx: guests.may_stay(tx, closed, carla))


async def test_a_deleted_actor_is_signed_out_and_cannot_come_back(
    sign_in: SignIn, store: Store, site: Site, carla: Actor, now: datetime
) -> None:
    opened, state = await whole(sign_in, now), await begin(sign_in, now)
    await store.write(lambda tx: remote_actors.end(tx, site, carla, now=now))
    assert await load(store, opened, now) is None
    assert await count(store, session_table) == 0
    assert await problem_of(finish(sign_in, state, now, code="carla-1")) is Problem.NOT_WELCOME
    assert await count(store, session_table) == 0


async def test_a_suspended_actor_may_not_act(
    sign_in: SignIn, store: Store, carla: Actor, now: datetime
) -> None:
    opened = await whole(sign_in, now)
    await store.write(lambda tx: actors.change(tx, carla.id, now, suspended_at=now))
    assert await load(store, opened, now) is None
    state = await begin(sign_in, now)
    assert await problem_of(finish(sign_in, state, now, code="carla-1")) is Problem.NOT_WELCOME


async def test_two_who_begin_at_once_use_one_registration(
    sign_in: SignIn, store: Store, homes: FakeHomes, carla: Actor, now: datetime
) -> None:
    states = await asyncio.gather(begin(sign_in, now), begin(sign_in, now))
    assert await count(store, oauth_clients) == 1
    for number, state in enumerate(states):
        await finish(sign_in, state, now, code=f"carla-{number}")
    assert {url for _, url in homes.registered} == {"https://lib.example/guest/return/m.example"}


async def test_a_newer_registration_is_not_replaced_by_a_slower_one(
    sign_in: SignIn, store: Store, homes: FakeHomes, carla: Actor, now: datetime
) -> None:
    await begin(sign_in, now)
    late = now + timedelta(days=30)
    await asyncio.gather(begin(sign_in, late), begin(sign_in, late))
    kept = await store.read(lambda tx: stored.client(tx, "m.example"))
    assert kept is not None
    assert kept.created_at == late
    assert len(homes.registered) >= 2


async def test_a_forgotten_registration_is_made_anew_next_time(
    sign_in: SignIn, store: Store, homes: FakeHomes, carla: Actor, now: datetime
) -> None:
    homes.codes["lost"] = ClientForgotten("invalid_client")
    state = await begin(sign_in, now)
    assert await problem_of(finish(sign_in, state, now, code="lost")) is Problem.NOT_CONFIRMED
    assert await count(store, oauth_clients) == 0
    await whole(sign_in, now)
    assert [host for host, _ in homes.registered] == ["m.example", "m.example"]


async def test_attempts_that_came_to_nothing_are_thrown_away(
    sign_in: SignIn, store: Store, site: Site, carla: Actor, now: datetime
) -> None:
    await begin(sign_in, now)
    assert (await store.write(lambda tx: upkeep.tidy(tx, site, now=now)))["sign_ins"] == 0
    late = now + timedelta(minutes=10)
    assert (await store.write(lambda tx: upkeep.tidy(tx, site, now=late)))["sign_ins"] == 1
    assert await count(store, oauth_attempts) == 0


async def test_nobody_makes_this_server_ask_others_without_end(
    sign_in: SignIn, homes: FakeHomes, carla: Actor, now: datetime
) -> None:
    for _ in range(GUEST_PER_CLIENT.max_count):
        await begin(sign_in, now)
    with pytest.raises(TooManyTries):
        await begin(sign_in, now)
    await begin(sign_in, now, client="198.51.100.9")


async def ask(
    store: Store, site: Site, mentor: Actor, mentee: Actor, now: datetime, **changed: object
) -> str:
    """Store a mentorship in some state; return its id."""
    local, offer = (mentor, "offer") if mentor.is_local else (mentee, "request")
    draft = Draft(offer, "Ours", "A text.", "en", ("A0301",), ("en",), ("M1",))

    async def unit(tx: Tx) -> str:
        proposal = await proposals.add(tx, site, author=local, draft=draft, now=now)
        row = requests.new_row(site, proposal=proposal, mentor=mentor, mentee=mentee, now=now)
        made = await mentorships.add(tx, {**row, "asker": "mentee", "changed_by": "mentee", **changed})
        assert made is not None
        return made.id

    return await store.write(unit)


async def test_what_waits_for_a_guests_word_is_a_notice_and_nothing_else_is(
    store: Store, site: Site, carla: Actor, add: Add, now: datetime
) -> None:
    ana = (await add("ana")).actor
    later = now + timedelta(minutes=1)

    async def notices(person: Actor) -> list[str]:
        found = await store.read(lambda tx: guests.waiting_for(tx, person))
        assert await store.read(lambda tx: guests.count_waiting(tx, person)) == len(found)
        return [view.mentorship.id for view in found]

    wish = await ask(store, site, carla, ana, later, state="proposed")
    offered = await ask(store, site, ana, carla, now, state="proposed", asker="mentor")
    terms = {"state": "intro", "terms_version": 2, "mentor_confirmed_version": 2, "terms_by": "mentor"}
    agreed = await ask(store, site, ana, carla, later, **terms, mentee_confirmed_version=1)
    await ask(store, site, ana, carla, now, state="proposed")  # the guest's own question
    await ask(store, site, ana, carla, now, **terms, mentee_confirmed_version=2)
    await ask(store, site, ana, carla, now, state="active", terms_version=1)
    await ask(store, site, ana, carla, now, state="draft", asker="mentor")
    assert await notices(carla) == [offered, *sorted([wish, agreed])]
    dana = await know(store, "dana", "m.example", now)
    assert await notices(dana) == []
