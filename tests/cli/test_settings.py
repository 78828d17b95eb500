"""`libline config`, and what bad settings do: everything wrong is said at once."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from libline_fed.cli.settings_reference import example_file, settings_references
from libline_fed.config import Settings, load_settings


def libline(*arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `libline` in a folder with these settings and no others."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LIBLINE_")}
    return subprocess.run(
        [sys.executable, "-m", "libline_fed", *arguments],
        cwd=cwd,
        env=environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_good_settings_are_said_to_be_usable(tmp_path: Path) -> None:
    done = libline("config", "check", cwd=tmp_path, LIBLINE_BASE_URL="https://library.example")
    assert done.returncode == 0
    assert "https://library.example" in done.stdout


@pytest.mark.parametrize(
    "command", [("config", "check"), ("serve",), ("worker",), ("migrate",), ("queue", "list")]
)
def test_every_command_lists_all_bad_settings_at_once_and_exits_with_2(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    done = libline(
        *command,
        cwd=tmp_path,
        LIBLINE_BASE_URL="ftp://x",
        LIBLINE_SECRET_KEY="short",
        LIBLINE_REGISTRATION="perhaps",
        LIBLINE_BASE_ULR="https://library.example",
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for name in ("LIBLINE_BASE_URL", "LIBLINE_SECRET_KEY", "LIBLINE_REGISTRATION", "LIBLINE_BASE_ULR"):
        assert f"{name}: " in done.stderr
    assert "short" not in done.stderr.replace("LIBLINE", ""), "a secret must not be printed"


def test_a_base_url_in_public_does_not_go_with_private_peers(tmp_path: Path) -> None:
    done = libline(
        "config",
        "check",
        cwd=tmp_path,
        LIBLINE_BASE_URL="https://library.example",
        LIBLINE_ALLOW_PRIVATE_PEERS="true",
    )
    assert done.returncode == 2
    assert "allow_private_peers" in done.stderr


def test_unknown_names_in_the_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "libline.toml").write_text('base_ulr = "https://library.example"\n')
    done = libline("config", "check", cwd=tmp_path)
    assert done.returncode == 2
    assert "BASE_ULR" in done.stderr


def test_the_environment_wins_over_the_file_and_flags_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "libline.toml"
    path.write_text('instance_name = "from the file"\ncontact_email = "file@library.example"\n')
    monkeypatch.setenv("LIBLINE_CONFIG", str(path))
    monkeypatch.delenv("LIBLINE_INSTANCE_NAME", raising=False)
    assert load_settings().instance_name == "from the file"
    monkeypatch.setenv("LIBLINE_INSTANCE_NAME", "from the environment")
    assert load_settings().instance_name == "from the environment"
    assert load_settings(instance_name="from a flag").instance_name == "from a flag"
    assert load_settings().contact_email == "file@library.example"


def test_a_secret_can_be_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    path.write_text("x" * 40 + "\n")
    monkeypatch.setenv("LIBLINE_SECRET_KEY_FILE", str(path))
    key = load_settings().secret_key
    assert key is not None
    assert key.get_secret_value() == "x" * 40


def test_the_example_names_every_setting_and_is_accepted_when_uncommented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = example_file()
    lines = [
        line[1:] for line in text.splitlines() if line.startswith("#") and " = " in line and line[1] != " "
    ]
    assert [line.partition(" = ")[0] for line in lines] == list(Settings.model_fields)
    defaults = {setting.name for setting in settings_references() if setting.default is not None}
    path = tmp_path / "libline.toml"
    path.write_text("\n".join(line for line in lines if line.partition(" = ")[0] in defaults))
    tomllib.loads(path.read_text())
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LIBLINE_{name.upper()}", raising=False)
    monkeypatch.setenv("LIBLINE_CONFIG", os.devnull)
    plain = load_settings()
    monkeypatch.setenv("LIBLINE_CONFIG", str(path))
    assert load_settings() == plain


def test_every_setting_says_what_it_does() -> None:
    for setting in settings_references():
        assert len(setting.description) > 15, setting.name
        assert setting.description.endswith("."), setting.name
