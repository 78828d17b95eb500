"""Runs commands in this process, on a fresh migrated database of either engine."""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from libline_fed.cli import main


@dataclass(frozen=True)
class Done:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


Libline = Callable[..., Done]


@pytest.fixture
def libline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], database_url: str
) -> Iterator[Libline]:
    """A function that runs `libline` with these arguments."""
    for name in [
        name for name in os.environ if name.startswith("LIBLINE_") and not name.startswith("LIBLINE_TEST_")
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LIBLINE_CONFIG", os.devnull)
    monkeypatch.setenv("LIBLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LIBLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("LIBLINE_BASE_URL", "http://127.0.0.1:8765")
    monkeypatch.setenv("LIBLINE_ALLOW_PRIVATE_PEERS", "true")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(int(ended.value.code), out, err)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
