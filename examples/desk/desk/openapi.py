"""The description of all operations as OpenAPI 3.1, made from the same declarations that route and guard them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

import desk
from desk.calls import ID_LENGTH_MAX, Access, Call, Operation, Room, plain
from desk.faults import CODES, FaultTold

__all__ = ["document", "room"]

_REF: Final = "#/components/schemas/{name}"
_PART: Final = re.compile(r"\{(\w+)\}")


def document(rooms: Sequence[Room]) -> dict[str, Any]:
    """Return the description of rooms."""
    operations = [(room, one) for room in rooms for one in room.operations]
    shapes = [shape for _, one in operations for shape in (one.body, one.answer) if shape is not None]
    _, components = msgspec.json.schema_components([FaultTold, *dict.fromkeys(shapes)], ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for room_, one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _described(room_, one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "desk", "version": desk.__version__, "description": desk.__doc__ or ""},
        "tags": [{"name": one.name, "description": one.about} for one in rooms if one.operations],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "desk_session"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def room(rooms: Sequence[Room]) -> Room:
    """Return the operation that tells the description of rooms, itself left out."""
    told = msgspec.json.encode(document(rooms))

    async def tell(_: Call) -> object:
        return plain(told, "application/json")

    operation = Operation(
        method="GET",
        path="/api/openapi.json",
        name="openapi",
        summary="Describe all operations.",
        handle=tell,
        access=Access.ANYONE,
    )
    return Room(name="openapi", about="The description of all operations.", operations=(operation,))


def codes_of(operation: Operation) -> list[str]:
    """Return the codes of all faults that an operation may tell."""
    codes = ["bad_origin", "too_many", "failed", "unavailable", *operation.faults]
    if operation.access is not Access.ANYONE:
        codes += ["signed_out", "forbidden"]
        if not operation.is_safe:
            codes.append("bad_csrf")
    if operation.body is not None:
        codes += ["bad_request", "not_json", "too_large"]
    if operation.raw:
        codes.append("too_large")
    if operation.query is not None:
        codes.append("bad_request")
    if _PART.search(operation.path):
        codes.append("not_found")
    return codes


def _described(room_: Room, one: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "tags": [room_.name],
        "responses": _responses(one),
    }
    parameters = [
        {
            "name": part,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": ID_LENGTH_MAX},
        }
        for part in _PART.findall(one.path)
    ]
    if one.query is not None:
        parameters += _query_parameters(one.query)
    if parameters:
        found["parameters"] = parameters
    if one.body is not None:
        required = any(field.required for field in msgspec.structs.fields(one.body))
        schema = {"$ref": _REF.format(name=one.body.__name__)}
        found["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    elif one.raw:
        found["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": {}}}}
    if one.access is not Access.ANYONE:
        found["security"] = [{"session": []} if one.is_safe else {"session": [], "csrf": []}]
    return found


def _query_parameters(shape: type[msgspec.Struct]) -> list[dict[str, Any]]:
    schema = msgspec.json.schema(shape)
    properties = schema["$defs"][shape.__name__]["properties"]
    return [
        {"name": field.encode_name, "in": "query", "required": field.required, "schema": properties[field.encode_name]}
        for field in msgspec.structs.fields(shape)
    ]


def _responses(one: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if one.answer is not None:
        schema = {"$ref": _REF.format(name=one.answer.__name__)}
        responses["200"] = {"description": "Done.", "content": {one.media_type: {"schema": schema}}}
    elif one.media_type != "application/json" or one.is_safe:
        responses["200"] = {"description": "Done.", "content": {one.media_type: {"schema": {}}}}
    else:
        responses["204"] = {"description": "Done."}
    by_status: dict[int, list[str]] = {}
    for code in codes_of(one):
        by_status.setdefault(CODES[code][0], []).append(code)
    for status, codes in sorted(by_status.items()):
        schema = {"$ref": _REF.format(name=FaultTold.__name__)}
        responses[str(status)] = {
            "description": ", ".join(dict.fromkeys(codes)),
            "content": {"application/json": {"schema": schema}},
        }
    return responses
