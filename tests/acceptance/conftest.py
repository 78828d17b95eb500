"""Fixtures of the tests that run LibLine in processes of its own."""

from collections.abc import Iterator

import pytest

from tests.support import databases


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = databases.run_apart(databases.create_postgres)
    yield url
    databases.run_apart(lambda: databases.drop_postgres(url))


@pytest.fixture
def live_database_url(engine: str, request: pytest.FixtureRequest) -> str | None:
    """The database of an instance in processes of its own; None for the SQLite file in its data folder."""
    url: str | None = request.getfixturevalue("postgres_url") if engine == "postgresql" else None
    return url
