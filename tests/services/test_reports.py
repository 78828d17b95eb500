"""Reports from other servers, from arrival to their end, on both databases."""

from datetime import datetime, timedelta

import pytest

from libline_fed.errors import NotFound
from libline_fed.ids import new_id
from libline_fed.services import reports
from libline_fed.storage import reports as stored_reports
from libline_fed.storage.store import Store


async def arrive(store: Store, number: int, now: datetime) -> bool:
    return await store.write(
        lambda tx: stored_reports.add(
            tx,
            id=new_id(now),
            uri=f"https://b.example/flags/{number}",
            from_actor_uri="https://b.example/actor",
            host="b.example",
            content_text=f"Spam {number}",
            object_uris=["https://lib.example/actors/1", "https://lib.example/proposals/2"],
            created_at=now,
        )
    )


async def open_texts(store: Store) -> list[str]:
    return [report.content_text for report in await store.read(reports.list_open)]


async def test_reports_are_listed_newest_first_and_kept_once(store: Store, now: datetime) -> None:
    for number in range(3):
        assert await arrive(store, number, now + timedelta(seconds=number))
    assert not await arrive(store, 1, now + timedelta(seconds=9))
    assert await open_texts(store) == ["Spam 2", "Spam 1", "Spam 0"]
    first, *_ = await store.read(lambda tx: reports.list_open(tx, limit=1))
    assert first.object_uris == ["https://lib.example/actors/1", "https://lib.example/proposals/2"]
    rest = await store.read(lambda tx: reports.list_open(tx, before_id=first.id))
    assert [report.content_text for report in rest] == ["Spam 1", "Spam 0"]


async def test_a_closed_report_can_be_read_but_waits_no_longer(store: Store, now: datetime) -> None:
    await arrive(store, 1, now)
    (report,) = await store.read(reports.list_open)
    later = now + timedelta(hours=1)
    closed = await store.write(lambda tx: reports.close(tx, report.id, now=later))
    assert closed.closed_at == later
    again = await store.write(lambda tx: reports.close(tx, report.id, now=later + timedelta(hours=1)))
    assert again == closed
    assert await store.read(lambda tx: reports.show(tx, report.id)) == closed
    assert await open_texts(store) == []
    assert await store.read(reports.count_open) == 0


async def test_what_was_never_reported_cannot_be_closed(store: Store, now: datetime) -> None:
    with pytest.raises(NotFound):
        await store.write(lambda tx: reports.close(tx, "nothing", now=now))
