"""JSON Schema (2020-12, as OpenAPI 3.1 takes it) made from the dataclasses that answers are written from."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

_PLAIN: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
}


def name_of(shape: type) -> str:
    """Return what a shape is called in the documentation."""
    return shape.__name__.removesuffix("Shape")


def reference(shape: type) -> dict[str, str]:
    """Return the reference to a shape's schema."""
    return {"$ref": f"#/components/schemas/{name_of(shape)}"}


def schemas_of(*shapes: type) -> dict[str, Any]:
    """Return the schemas of some dataclasses and of all that they are made of, by name."""
    found: dict[str, Any] = {}
    waiting = list(shapes)
    while waiting:
        shape = waiting.pop()
        if name_of(shape) in found:
            continue
        hints = get_type_hints(shape, include_extras=True)
        found[name_of(shape)] = _object(shape, hints)
        waiting += [part for hint in hints.values() for part in _dataclasses_in(hint)]
    return dict(sorted(found.items()))


def _object(shape: type, hints: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for part in dataclasses.fields(shape):
        properties[part.name] = _schema(hints[part.name])
        if part.default is dataclasses.MISSING:
            required.append(part.name)
    said_of_all = (shape.__doc__ or "").partition("\n")[0]
    return {"type": "object", "description": said_of_all, "required": required, "properties": properties}


def _schema(hint: Any) -> dict[str, Any]:
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return dict(reference(hint))
    origin = get_origin(hint)
    if origin is Annotated:
        wanted, said = get_args(hint)
        return {**_schema(wanted), "description": said}
    if origin is Sequence:
        return {"type": "array", "items": _schema(get_args(hint)[0])}
    if origin is Literal:
        return {"type": "string", "enum": list(get_args(hint))}
    if origin is UnionType:
        wanted = next(part for part in get_args(hint) if part is not NoneType)
        schema = _schema(wanted)
        if isinstance(schema.get("type"), str):
            return {**schema, "type": [schema["type"], "null"]}
        return {"anyOf": [schema, {"type": "null"}]}
    raise TypeError(f"no schema for {hint}")


def _dataclasses_in(hint: Any) -> list[type]:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return [hint]
    return [found for part in get_args(hint) for found in _dataclasses_in(part)]
