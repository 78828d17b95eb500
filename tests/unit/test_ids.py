"""Ids: their form, and that they sort in the order they were minted."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from libline_fed.ids import is_id, new_id

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_ids_of_one_millisecond_sort_in_the_order_they_were_minted() -> None:
    minted = [new_id(NOW) for _ in range(2_000)]
    assert minted == sorted(set(minted))


def test_an_id_is_a_version_7_uuid_of_its_moment() -> None:
    minted = UUID(new_id(NOW + timedelta(days=1)))
    assert (minted.version, minted.variant) == (7, "specified in RFC 4122")
    assert minted.int >> 80 == int((NOW + timedelta(days=1)).timestamp() * 1000)
    assert is_id(str(minted))
    assert not is_id(str(minted).upper())


def test_a_clock_that_goes_back_gives_ids_of_its_time() -> None:
    assert new_id(NOW - timedelta(hours=1)) < new_id(NOW + timedelta(hours=1))
