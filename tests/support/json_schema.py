"""Checks JSON against the part of JSON Schema 2020-12 that our own documentation uses; stricter than it.

An object may have only the properties that are documented: what is sent is what is written down.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

KNOWN = {
    "$ref", "anyOf", "type", "enum", "format", "items", "properties", "required", "description", "maxItems",
    "minimum", "maximum", "maxLength", "pattern", "default",
}  # fmt: skip
TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def problems(value: Any, schema: Mapping[str, Any], document: Mapping[str, Any], at: str = "$") -> list[str]:
    """Return what is wrong with a value, each with its place."""
    unknown = set(schema) - KNOWN
    assert not unknown, f"the checker does not know {unknown}"
    if "$ref" in schema:
        return problems(value, resolved(schema["$ref"], document), document, at)
    if "anyOf" in schema:
        found = [problems(value, one, document, at) for one in schema["anyOf"]]
        return [] if any(not one for one in found) else found[0]
    wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(_is_a(value, name) for name in wanted):
        return [f"{at}: {value!r} is no {'/'.join(wanted)}"]
    wrong = [f"{at}: {value!r} is not one of the list"] if value not in schema.get("enum", [value]) else []
    if isinstance(value, str):
        wrong += _text_problems(value, schema, at)
    if isinstance(value, list):
        for number, item in enumerate(value):
            wrong += problems(item, schema["items"], document, f"{at}[{number}]")
    if isinstance(value, dict):
        wrong += [f"{at}: {name} is missing" for name in schema["required"] if name not in value]
        wrong += [f"{at}: {name} is not documented" for name in value if name not in schema["properties"]]
        for name, part in schema["properties"].items():
            if name in value:
                wrong += problems(value[name], part, document, f"{at}.{name}")
    return wrong


def resolved(reference: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a local reference leads to."""
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, Mapping)
    return found


def _is_a(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and not (name == "integer" and isinstance(value, bool))


def _text_problems(value: str, schema: Mapping[str, Any], at: str) -> list[str]:
    try:
        if schema.get("format") == "date-time":
            assert datetime.fromisoformat(value).tzinfo is not None
        elif schema.get("format") == "date":
            date.fromisoformat(value)
    except (ValueError, AssertionError):
        return [f"{at}: {value!r} is no {schema['format']}"]
    is_fitting = re.search(schema.get("pattern", ""), value) and len(value) <= schema.get(
        "maxLength", len(value)
    )
    return [] if is_fitting else [f"{at}: {value!r} does not fit"]
