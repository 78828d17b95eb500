"""The documentation of the interface, OpenAPI 3.1, made from the declarations that routes are made from."""

from collections.abc import Sequence
from typing import Any

from libline_fed import __version__
from libline_fed.api.answers import JSON_TYPE, PROBLEM_TYPE, Found, json_bytes
from libline_fed.api.context import ApiContext
from libline_fed.api.operations import Asked, Operation, Parameter
from libline_fed.api.schemas import reference, schemas_of
from libline_fed.api.shapes import ProblemShape

PATH = "/api/openapi.json"
API_VERSION = "1.0"
DESCRIPTION = (
    "What everybody may see on this server, read only. No cookie and no credential is looked at, and "
    "scripts of any site may read it. Lists come in pages; the header Link names the next one. Keep the "
    "ETag and send it back as If-None-Match."
)
PROBLEMS = {
    "400": "A parameter cannot be used.",
    "404": "There is no such thing, or not for everybody.",
    "429": "Too many requests from one network; the header Retry-After says how many seconds to wait.",
    "503": "Busy; try again after the seconds that the header Retry-After says.",
}


def document(operations: Sequence[Operation], base_url: str, name: str) -> dict[str, Any]:
    """Return the description of some operations."""
    documented = [one for one in operations if one.returns is not None]
    shapes = [one.returns for one in documented if one.returns is not None]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": name,
            "version": API_VERSION,
            "description": f"{DESCRIPTION} LibLine {__version__}.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": base_url}],
        "paths": {one.path: {"get": _operation(one)} for one in documented},
        "components": {"schemas": schemas_of(*shapes, ProblemShape)},
    }


def operation(context: ApiContext, others: Sequence[Operation]) -> Operation:
    """Return what answers with the description of the other operations, which is made once."""
    site = context.site
    found = Found(json_bytes(document(others, site.uris.base_url, site.name)))

    async def give(_: Asked) -> Found:
        return found

    return Operation(PATH, "openapi", "This description.", give)


def _operation(one: Operation) -> dict[str, Any]:
    assert one.returns is not None
    in_path = [
        {"name": name, "in": "path", "required": True, "description": said, "schema": {"type": "string"}}
        for name, said in one.path_parameters.items()
    ]
    problem = {PROBLEM_TYPE: {"schema": reference(ProblemShape)}}
    return {
        "operationId": one.name,
        "summary": one.summary,
        "parameters": [*in_path, *(_parameter(parameter) for parameter in one.parameters)],
        "responses": {
            "200": {"description": "Found.", "content": {JSON_TYPE: {"schema": reference(one.returns)}}},
            "304": {"description": "You have it already."},
            **{status: {"description": said, "content": problem} for status, said in PROBLEMS.items()},
        },
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = parameter.schema
    if parameter.max_count > 1:
        schema = {"type": "array", "items": schema, "maxItems": parameter.max_count}
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": schema,
        **({"style": "form", "explode": True} if parameter.max_count > 1 else {}),
    }
