"""Settings: `LIBLINE_*` variables over an optional `libline.toml` over defaults; secrets also from `*_FILE`.

Everything wrong is listed at once (`SettingsError.problems`). Packages get the values they need, not this
object; only the composition root and the commands hold it.
"""

import os
from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from libline_fed.errors import PermanentError

PREFIX = "LIBLINE_"
SECRETS = ("secret_key", "database_url", "smtp_url")
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
# Names that no public server can have (RFC 6761 §6, RFC 8375, ICANN reserved .internal).
PRIVATE_SUFFIXES = (".localhost", ".test", ".invalid", ".local", ".internal", ".home.arpa")


class Federation(StrEnum):
    """With whom this instance talks."""

    OPEN = "open"
    ALLOWLIST = "allowlist"
    OFF = "off"


class Registration(StrEnum):
    """Who may sign up."""

    OPEN = "open"
    APPROVAL = "approval"
    INVITE = "invite"
    CLOSED = "closed"


class SettingsError(PermanentError):
    """The settings cannot be used; `problems` has one line per problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """All settings of an instance. Every field: type, default, unit and consequence."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, toml_file="libline.toml", extra="forbid", frozen=True
    )

    base_url: str = Field(
        "http://127.0.0.1:8000",
        description="The public address, without a path. It is part of every id: it can never change later.",
    )
    data_dir: Path = Field(Path("./data"), description="The folder for the database, keys and backups.")
    database_url: SecretStr | None = Field(
        None,
        description="postgresql://… to use PostgreSQL. Default: SQLite in the data folder.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Encrypts private keys and signs forms; at least 32 characters. "
        "Default: made at the first start and kept in the data folder (secret-key).",
    )
    instance_name: str = Field(
        "LibLine", max_length=100, description="The name people see in titles and mail."
    )
    instance_description: str = Field(
        "", max_length=1000, description="One paragraph for visitors and other servers."
    )
    contact_email: str | None = Field(None, description="Where people and other admins can write to.")
    default_language: str = Field(
        "en", description="Language of pages when neither member nor browser names one."
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="smtp://user:password@host:587 or smtps://… for mail. "
        "Default: mail is printed on the console.",
    )
    mail_from: str | None = Field(
        None, description="Sender of mail. Default: libline@ the host of the base URL."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses or networks, with commas, whose X-Forwarded-For is believed."
    )
    federation: Federation = Field(
        Federation.OPEN, description="open: all but blocked servers; allowlist: allowed ones only; off: none."
    )
    registration: Registration = Field(
        Registration.OPEN, description="Who may sign up: open, approval, invite or closed."
    )
    allow_private_peers: bool = Field(
        False,
        description="Tests and demo only: permits http and loopback peers. Refused with a public base URL.",
    )
    extra_ca: Path | None = Field(None, description="A PEM file added to the trust store for outgoing TLS.")
    metrics_token: SecretStr | None = Field(
        None,
        description="Bearer token for /metrics from elsewhere than this machine. Default: this machine only.",
    )
    run_workers: bool = Field(
        True,
        description="Whether `serve` also applies the inbox and delivers. Off where `worker` runs beside it.",
    )
    delivery_concurrency: int = Field(
        30, ge=1, le=200, description="Deliveries in flight in all; one per host."
    )
    delivery_threads: int = Field(
        2, ge=1, le=16, description="Threads that sign; more than cores is of no use."
    )
    delivery_lease_s: float = Field(
        60,
        ge=2,
        le=600,
        description="Seconds after which a dead worker's deliveries and inbox are taken over.",
    )
    inbox_per_host_per_minute: int = Field(
        300, ge=1, description="Inbox posts a peer may make per minute before it gets 429."
    )
    log_format: str = Field("console", pattern="^(console|json)$", description="console or json.")
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="Least level that is logged."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: flags, environment, file."""
        del dotenv_settings, file_secret_settings
        toml = TomlConfigSettingsSource(settings_cls, Path(os.environ.get(f"{PREFIX}CONFIG", "libline.toml")))
        return (init_settings, env_settings, toml)

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            ip_network(part, strict=False)
        return value

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise ValueError("must be http(s)://host, without a user name")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("must not have a path, a query or a fragment")
        if value != value.lower():
            raise ValueError("must be written in lower case")
        return value.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _check_secret_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("sqlite", "sqlite+aiosqlite", "postgresql", "postgres", "postgresql+asyncpg")
        if value is not None and value.get_secret_value().partition("://")[0] not in schemes:
            raise ValueError("must start with postgresql:// or sqlite:///")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parts = urlsplit(value.get_secret_value())
            if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
                raise ValueError("must be smtp://host:port or smtps://host:port")
        return value

    @field_validator("extra_ca")
    @classmethod
    def _check_extra_ca(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> "Settings":
        host = urlsplit(self.base_url).hostname or ""
        is_private = (
            host in LOOPBACK_NAMES or host.endswith(PRIVATE_SUFFIXES) or _is_private_literal(host)
        )
        if self.allow_private_peers and not is_private:
            raise ValueError(
                "allow_private_peers is for base URLs that cannot be public only "
                "(127.0.0.1, localhost, *.localhost, *.test, *.internal and their like)"
            )
        if self.base_url.startswith("http://") and not is_private:
            raise ValueError("base_url must be https:// unless it is a loopback address")
        return self

    @property
    def is_https(self) -> bool:
        """Whether people reach the pages over TLS (cookies are then Secure)."""
        return self.base_url.startswith("https://")

    def resolved_database_url(self) -> str:
        """Return the SQLAlchemy URL with its async driver."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'libline.sqlite3'}"
        scheme, _, rest = self.database_url.get_secret_value().partition("://")
        driver = "sqlite+aiosqlite" if scheme.startswith("sqlite") else "postgresql+asyncpg"
        return f"{driver}://{rest}"


def _is_private_literal(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def load_settings(**flags: Any) -> Settings:
    """Read all sources and return the settings.

    Raises: SettingsError with every problem, unknown names included.
    """
    problems = _unknown_names(os.environ)
    values = dict(flags)
    for name in SECRETS:
        path = os.environ.get(f"{PREFIX}{name.upper()}_FILE")
        if path and name not in values:
            try:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                problems.append(f"{PREFIX}{name.upper()}_FILE: {error.strerror}: {path}")
    try:
        settings = Settings(**values)
    except ValidationError as error:
        for item in error.errors():
            where = f"{PREFIX}{str(item['loc'][0]).upper()}: " if item["loc"] else ""
            problems.append(where + item["msg"].removeprefix("Value error, "))
        raise SettingsError(problems) from error
    except ValueError as error:  # a broken TOML file
        raise SettingsError([*problems, str(error)]) from error
    if problems:
        raise SettingsError(problems)
    return settings


def _unknown_names(environ: Any) -> list[str]:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in SECRETS} | {f"{PREFIX}CONFIG"}
    return [
        f"{name}: there is no such setting"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known and not name.startswith(f"{PREFIX}TEST_")
    ]
