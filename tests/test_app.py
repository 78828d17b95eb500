"""The whole application: every part in its place, started and stopped as a server does it."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select, text, update

from libline_fed.app import Instance, create_app
from libline_fed.clock import SystemClock
from libline_fed.config import Federation, Settings
from libline_fed.domain.peers import Policy, Verdict
from libline_fed.errors import StoreBusy
from libline_fed.federation.failures import FailureAnswers
from libline_fed.sealing import BrokenSecret, SealBroken
from libline_fed.services import members, peers, proposals
from libline_fed.storage import actors, keys
from libline_fed.storage import tables as t
from libline_fed.storage.migrate import SchemaMismatch
from libline_fed.storage.store import Store
from tests.support.serving import ACTIVITY, DRAFT

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
SECRET = "a secret key that only this test knows"
SECURITY_HEADERS = ("content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options")


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an instance on a migrated database of either engine."""
    return Settings(
        base_url="https://lib.example",
        data_dir=tmp_path / "data",
        database_url=SecretStr(database_url),
        secret_key=SecretStr(SECRET),
    )


@asynccontextmanager
async def served(
    settings: Settings, *, client: tuple[str, int] = ("127.0.0.1", 5)
) -> AsyncIterator[httpx.AsyncClient]:
    """Start the application and give a client of it."""
    app = create_app(settings)
    async with app.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, client=client)
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as asking:
            yield asking


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Instance]:
    """Open an instance as a command does."""
    instance = await Instance(settings).open()
    try:
        yield instance
    finally:
        await instance.close()


async def add_ana(settings: Settings) -> tuple[str, str]:
    """Add a member with an offer; return the URIs of both."""
    async with opened(settings) as instance:
        now = instance.clock.now()
        await instance.keyring.prepare(now=now)
        member, _ = await instance.store.write(
            lambda tx: members.add(
                tx, instance.site, handle="ana", email="ana@mail.example", password_hash="x", role="member",
                by=None, now=now,
            )
        )  # fmt: skip
        proposal = await instance.store.write(
            lambda tx: proposals.add(tx, instance.site, author=member.actor, draft=DRAFT, now=now)
        )
    return member.actor.uri, proposal.uri


async def test_one_address_is_a_page_for_people_and_a_document_for_servers(settings: Settings) -> None:
    actor_uri, proposal_uri = await add_ana(settings)
    async with served(settings) as client:
        for _ in range(2):  # from the database, then from memory
            for path, uri in (("/@ana", actor_uri), (proposal_uri, proposal_uri)):
                document = await client.get(path, headers={"accept": ACTIVITY})
                assert document.json()["id"] == uri
                page = await client.get(path, headers={"accept": BROWSER})
                assert page.status_code == 200
                assert page.headers["content-type"].startswith("text/html")
                assert "Accept" in page.headers["vary"]
                assert "Accept" in document.headers["vary"]
        by_id = await client.get(actor_uri, headers={"accept": BROWSER})
        assert (by_id.status_code, by_id.headers["location"]) == (302, "/@ana")


async def test_every_answer_carries_the_security_headers(settings: Settings) -> None:
    actor_uri, _ = await add_ana(settings)
    async with served(settings) as client:
        etag = (await client.get("/actor")).headers["etag"]
        answers = [
            await client.get("/actor"),
            await client.get("/actor", headers={"if-none-match": etag}),
            await client.get(actor_uri, headers={"accept": ACTIVITY}),
            await client.get("/.well-known/webfinger?resource=acct:ana@lib.example"),
            await client.get("/activities/none"),
            await client.get("/"),
            await client.get("/nothing"),
            await client.get("/healthz"),
            await client.get("/inbox"),
            await client.post("/inbox"),
            await client.get("/api/v1/mentors"),
            await client.get("/feeds/saved/none.atom"),
        ]
        framed = await client.get("/embed/mentors")
    statuses = [200, 304, 200, 200, 404, 200, 404, 200, 405, 415, 200, 404]
    assert [answer.status_code for answer in answers] == statuses
    assert "frame-ancestors *" in framed.headers["content-security-policy"]
    assert "x-frame-options" not in framed.headers
    for answer in answers:
        for name in (*SECURITY_HEADERS, "strict-transport-security"):
            assert len(answer.headers.get_list(name)) == 1, (answer.url, name)


async def test_without_federation_nothing_of_it_is_there(settings: Settings) -> None:
    actor_uri, proposal_uri = await add_ana(settings)
    async with served(settings.model_copy(update={"federation": Federation.OFF})) as client:
        paths = ["/.well-known/webfinger?resource=acct:ana@lib.example", "/.well-known/nodeinfo", "/actor"]
        paths += ["/nodeinfo/2.1", "/.well-known/host-meta", "/inbox", f"{actor_uri}/outbox"]
        for path in paths:
            assert (await client.get(path, headers={"accept": ACTIVITY})).status_code == 404, path
        assert (await client.post("/inbox")).status_code in {403, 404, 405}
        page = await client.get(proposal_uri, headers={"accept": ACTIVITY})
        assert page.headers["content-type"].startswith("text/html")
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/api/v1/mentors")).json()["total_count"] == 1


async def test_a_path_with_nul_is_simply_not_there(settings: Settings) -> None:
    async with served(settings) as client:
        for path in ("/actors/%00", "/actors/%00/inbox", "/@a%00", "/proposals/%00", "/tags/%00x", "/%00"):
            for accept in (ACTIVITY, BROWSER):
                assert (await client.get(path, headers={"accept": accept})).status_code == 404, path
            assert (await client.post(path)).status_code in {403, 404, 405}  # 403: a form without its token


# --- health ---------------------------------------------------------------------------------------


async def test_ready_means_database_schema_and_workers(settings: Settings) -> None:
    async with served(settings) as client:
        assert (await client.get("/healthz")).text == "ok\n"
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"ready": True})
        other = await Store(settings.resolved_database_url()).open()
        await other.write(lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = '9999'")))
        await other.close()
        ahead = await client.get("/readyz")
        assert ahead.status_code == 503
        assert "schema" in ahead.json()
        assert (await client.get("/healthz")).status_code == 200


async def test_a_worker_that_fails_is_told_and_the_rest_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("a mistake in the mail worker")

    monkeypatch.setattr("libline_fed.mail.sender.MailWorker.run", broken)
    async with served(settings) as client:
        async with asyncio.timeout(5):
            while (answer := await client.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.01)
        assert "mail" in answer.json()["workers"]
        assert "mistake" not in answer.text
        assert (await client.get("/actor")).status_code == 200


async def test_metrics_are_for_this_machine(settings: Settings) -> None:
    async with served(settings) as client:
        await client.post("/inbox", content=b"x", headers={"content-type": "text/plain"})
        shown = await client.get("/metrics")
        assert 'libline_inbox_refused_total{reason="bad-media-type"}' in shown.text
        assert 'libline_deliveries{state="queued"} 0.0' in shown.text
        # A proxy on the same machine speaks for others.
        assert (await client.get("/metrics", headers={"x-forwarded-for": "192.0.2.1"})).status_code == 404
    async with served(settings, client=("192.0.2.1", 5)) as client:
        assert (await client.get("/metrics")).status_code == 404


async def test_metrics_are_for_who_has_the_token(settings: Settings) -> None:
    with_token = settings.model_copy(update={"metrics_token": SecretStr("let me see")})
    async with served(with_token, client=("192.0.2.1", 5)) as client:
        right, wrong = "Bearer let me see", ("Bearer let me", "", "Bearer é", "let me see")
        for given, status in ((right, 200), *((each, 404) for each in wrong)):
            answer = await client.get("/metrics", headers={"authorization": given.encode()})
            assert answer.status_code == status, given


# --- failures -------------------------------------------------------------------------------------


async def failing(error: Exception) -> httpx.Response:
    async def app(*_: Any) -> None:
        raise error

    transport = httpx.ASGITransport(app=FailureAnswers(app))
    async with httpx.AsyncClient(transport=transport, base_url="https://lib.example") as client:
        return await client.get("/actor")


async def test_a_mistake_of_ours_is_a_500_without_a_word_about_it() -> None:
    answer = await failing(ValueError("CANARY in a message"))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/json"
    assert "CANARY" not in answer.text
    assert "Traceback" not in answer.text


async def test_a_busy_database_asks_to_come_back() -> None:
    answer = await failing(StoreBusy("database is locked: CANARY"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "CANARY" not in answer.text


async def test_a_busy_database_is_a_503_on_documents(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: Any) -> None:
        raise StoreBusy("locked")

    async with served(settings) as client:
        monkeypatch.setattr(Store, "read", busy)
        answer = await client.get("/actor/outbox")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "database" in ready.json()
        monkeypatch.undo()


# --- the instance ---------------------------------------------------------------------------------


async def test_a_secret_key_is_made_once_and_for_this_user_only(settings: Settings, tmp_path: Path) -> None:
    without = settings.model_copy(update={"secret_key": None})
    async with opened(without) as instance:
        first = await instance.keyring.signing_key(instance.instance_actor_id)
    path = tmp_path / "data" / "secret-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = path.read_text()
    assert len(made.strip()) >= 32
    async with opened(without) as instance:
        again = await instance.keyring.signing_key(instance.instance_actor_id)
    assert path.read_text() == made
    assert first.private_numbers() == again.private_numbers()
    assert [each.name for each in path.parent.iterdir() if each.name.startswith("secret")] == ["secret-key"]


async def test_another_secret_key_is_noticed_at_the_start(settings: Settings, tmp_path: Path) -> None:
    async with opened(settings):
        assert not (tmp_path / "data" / "secret-key").exists()  # it was given
    with pytest.raises(SealBroken):
        await Instance(settings.model_copy(update={"secret_key": None})).open()


async def test_a_damaged_secret_key_is_not_replaced(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret-key"
    path.parent.mkdir()
    for content in (b"", b"short\n", b"\xff" * 40):
        path.write_bytes(content)
        with pytest.raises(BrokenSecret):
            await Instance(settings.model_copy(update={"secret_key": None})).open()
        assert path.read_bytes() == content


async def test_a_database_without_schema_is_refused(empty_database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(empty_database_url))
    with pytest.raises(SchemaMismatch) as refused:
        await Instance(settings).open()
    assert "libline migrate" in refused.value.safe


async def test_the_instance_actor_is_made_once(settings: Settings) -> None:
    async with opened(settings) as first:
        spare_count = await first.store.read(keys.count_spare)
    async with opened(settings) as second:
        assert second.instance_actor_id == first.instance_actor_id
        assert await second.store.read(keys.count_spare) == spare_count
        found = await second.store.read(lambda tx: actors.by_uri(tx, "https://lib.example/actor"))
        assert found is not None
        assert found.type == "Application"


async def test_the_first_admin_gets_a_link(settings: Settings) -> None:
    async with opened(settings) as instance:
        link = await instance.first_admin_link()
        assert link is not None
        assert link.startswith("https://lib.example/first-run/")
    async with served(settings) as client:
        assert (await client.get(link, headers={"accept": BROWSER})).status_code == 200


async def test_workers_end_when_they_are_asked_to(settings: Settings) -> None:
    async with opened(settings) as instance:
        stop = asyncio.Event()
        working = asyncio.create_task(instance.run_workers(stop))
        await asyncio.sleep(0.2)
        assert not working.done()
        assert instance.supervisor.down == []
        stop.set()
        async with asyncio.timeout(10):
            await working


async def test_a_block_counts_at_once(settings: Settings) -> None:
    async with opened(settings) as instance:
        stop = asyncio.Event()
        working = asyncio.create_task(instance.run_workers(stop))
        try:
            await asyncio.sleep(0.1)
            assert instance.policies.verdict("bad.example") is Verdict.ALLOWED
            now = instance.clock.now()
            await instance.store.write(
                lambda tx: peers.set_policy(tx, "bad.example", Policy.BLOCKED, note="", now=now)
            )
            async with asyncio.timeout(5):
                while instance.policies.verdict("sub.bad.example") is not Verdict.BLOCKED:
                    await asyncio.sleep(0.01)
        finally:
            stop.set()
            await working


async def test_what_has_ended_is_closed_by_the_upkeep(settings: Settings) -> None:
    _, proposal_uri = await add_ana(settings)
    yesterday = SystemClock().now().date() - timedelta(days=1)
    status = select(t.proposals.c.status)
    async with opened(settings) as instance:
        await instance.store.write(lambda tx: tx.execute(update(t.proposals).values(open_until_on=yesterday)))
        stop = asyncio.Event()
        working = asyncio.create_task(instance.run_workers(stop))
        async with asyncio.timeout(10):
            while await instance.store.read(lambda tx: tx.scalar(status)) != "closed":
                await asyncio.sleep(0.02)
        stop.set()
        await working
    async with served(settings) as client:
        document = await client.get(proposal_uri, headers={"accept": ACTIVITY})
        assert document.json()["proposalStatus"] == "closed"
