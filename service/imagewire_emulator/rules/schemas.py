"""The rules of schemas: of functions' parameters and responses, and of answers in JSON.

The Gemini API has rules of its own for the message; Vertex AI says what it misses by the function's name.
"""

import re
from collections.abc import Iterator
from typing import Any

from imagewire_emulator.errors import broken, invalid, unknown_name

Json = dict[str, Any]

_FORMATS = ("enum", "date-time")
_VERTEX_ONLY = ("additionalProperties", "ref", "defs")
_FUNCTIONS_PAGE = "https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling"


def check(request: Json, *, vertex: bool) -> None:
    """Raise ApiError for a schema that the API does not take."""
    config = request.get("generationConfig", {})
    given = [("generation_config.response_schema", config["responseSchema"])] if "responseSchema" in config else []
    for i, tool in enumerate(request.get("tools", ())):
        for j, function in enumerate(tool.get("functionDeclarations", ())):
            path = f"tools[{i}].function_declarations[{j}]"
            given += [(f"{path}.{name}", function[name]) for name in ("parameters", "response") if name in function]
            if vertex and "parameters" in function:
                _check_types(function["parameters"], function.get("name", ""))
    for path, schema in given:
        if not vertex:
            _check_names(schema, path)
        for where, inner in _all(schema, path):
            _check_enum(inner, where, vertex=vertex)
            if not vertex:
                _check(inner, where)


def _all(schema: Json, path: str) -> Iterator[tuple[str, Json]]:
    """The schema and all inside it, each with its path as rules write it."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _all(inner, f"{path}.properties[{name}]")
    for i, inner in enumerate(schema.get("anyOf", ())):
        yield from _all(inner, f"{path}.any_of[{i}]")
    if "items" in schema:
        yield from _all(schema["items"], f"{path}.items")


def _check_names(schema: Json, path: str) -> None:
    """Refuse names that only Vertex AI knows. Here a path counts the properties."""
    for name in _VERTEX_ONLY:
        if name in schema:
            raise unknown_name(name, path)
    for i, inner in enumerate(schema.get("properties", {}).values()):
        _check_names(inner, f"{path}.properties[{i}].value")
    for i, inner in enumerate(schema.get("anyOf", ())):
        _check_names(inner, f"{path}.any_of[{i}]")
    if "items" in schema:
        _check_names(schema["items"], f"{path}.items")


def _check_enum(schema: Json, path: str, *, vertex: bool) -> None:
    values = schema.get("enum", ())
    if schema.get("format") == "enum" and not values:
        raise broken(f"{path}.enum", "should be non-empty for STRING type with enum format")
    if vertex or not values:
        return
    if schema.get("type") != "STRING":
        raise broken(f"{path}.enum", "only allowed for STRING type")
    if "" in values:
        raise broken(f"{path}.enum[{values.index('')}]", "cannot be empty")


def _check(schema: Json, path: str) -> None:
    kind = schema.get("type")
    if kind == "ARRAY" and "items" not in schema:
        raise broken(f"{path}.items", "missing field.")
    if kind == "STRING" and schema.get("format", "enum") not in _FORMATS:
        raise broken(f"{path}.format", "only 'enum' and 'date-time' are supported for STRING type")
    for i, name in enumerate(schema.get("required", ())):
        if name not in schema.get("properties", {}):
            raise broken(f"{path}.required[{i}]", "property is not defined")


def _check_types(parameters: Json, function: str) -> None:
    if parameters.get("type") != "OBJECT":
        raise _vertex(f"`{function}` functionDeclaration parameters schema should be of type OBJECT")
    for path, schema in _all(parameters, "parameters"):
        if not schema.keys() & {"type", "anyOf", "ref"}:
            where = re.sub(r"\.properties\[(.*?)\]", r".\1", path)
            raise _vertex(f"`{function}` functionDeclaration `{where}` schema didn't specify the schema type field")


def _vertex(words: str) -> Exception:
    return invalid(f"Unable to submit request because {words}. Learn more: {_FUNCTIONS_PAGE}")
