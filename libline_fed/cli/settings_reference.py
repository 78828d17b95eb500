"""Says what each setting is, from its one definition: `libline config example` and docs/settings.md."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from libline_fed.config import PREFIX, SECRETS, Settings

EMPTY = '""'
_TYPES: dict[type, str] = {
    str: "text",
    SecretStr: "text, secret",
    Path: "path",
    bool: "true or false",
    int: "number",
    float: "number",
}
_LIMITS = {"ge": "at least {}", "le": "at most {}", "max_length": "at most {} characters"}


@dataclass(frozen=True, slots=True)
class SettingReference:
    """One setting, in words."""

    name: str  # in libline.toml
    variable: str  # in the environment
    kind: str
    default: str | None  # as TOML; None: there is none
    description: str
    is_secret: bool


def settings_references() -> Iterator[SettingReference]:
    """List all settings in the order in which they are defined."""
    for name, field in Settings.model_fields.items():
        yield SettingReference(
            name=name,
            variable=f"{PREFIX}{name.upper()}",
            kind=_kind(field),
            default=_toml(field.default),
            description=field.description or "",
            is_secret=name in SECRETS or _class_of(field.annotation) is SecretStr,
        )


def example_file() -> str:
    """Return a libline.toml in which everything is explained and commented out."""
    lines = [
        "# Settings of LibLine. Environment variables (LIBLINE_…) win over this file.",
        "# Take the # away in front of what you change.",
    ]
    for setting in settings_references():
        lines += ["", f"# {setting.description}", f"# ({setting.kind}; {setting.variable})"]
        lines.append(f"#{setting.name} = {EMPTY if setting.default is None else setting.default}")
    return "\n".join(lines) + "\n"


def _class_of(annotation: Any) -> Any:
    if get_origin(annotation) in {Union, UnionType}:
        return next(part for part in get_args(annotation) if part is not NoneType)
    return annotation


def _kind(field: FieldInfo) -> str:
    class_ = _class_of(field.annotation)
    if get_origin(class_) is tuple:
        return "texts"
    if isinstance(class_, type) and issubclass(class_, StrEnum):
        return "one of: " + ", ".join(class_)
    words = _TYPES[class_]
    limits = [_limit(item) for item in field.metadata]
    return ", ".join([words, *filter(None, limits)])


def _limit(item: Any) -> str:
    for attribute, words in _LIMITS.items():
        value = getattr(item, attribute, None)
        if value is not None:
            return words.format(value)
    return ""


def _toml(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, tuple):
        return json.dumps(list(value))
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)
