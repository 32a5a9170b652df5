"""Which function an answer calls: by toolConfig's mode, or by "call:NAME" in the prompt; and with which arguments."""

import re
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_VALUES: Mapping[str, Any] = {"string": "abc", "integer": 3, "number": 1.5, "boolean": True, "null": None}
_DEEPEST = 20  # a schema may refer to itself


def called(request: Json, prompt: str) -> str:
    """The name of the function that is called, "" for none. Mode ANY calls one always, and NONE never."""
    config = request.get("toolConfig", {}).get("functionCallingConfig", {})
    mode, allowed = config.get("mode", "AUTO"), config.get("allowedFunctionNames")
    names = [name for name in _declared(request) if not allowed or name in allowed]
    if mode == "NONE":
        return ""
    wanted = next((name for name in re.findall(r"call:([\w.:-]+)", prompt) if name in names), "")
    return names[0] if mode == "ANY" and names and not wanted else wanted


def arguments(request: Json, name: str) -> Json:
    """A value for each declared parameter."""
    declared = _declared(request)[name]
    schema = declared.get("parameters") or declared.get("parametersJsonSchema") or {}
    made = _value(schema | {"type": "OBJECT"}, schema.get("$defs", {}), _DEEPEST)
    return made if isinstance(made, dict) else {}


def _declared(request: Json) -> dict[str, Json]:
    return {f["name"]: f for tool in request.get("tools", ()) for f in tool.get("functionDeclarations", ())}


def _value(schema: Any, shared: Any, depth: int) -> Any:
    """An example of a schema, which may be Google's or any JSON Schema."""
    if not isinstance(schema, dict) or not depth:
        return None
    for name in ("default", "example", "const"):
        if name in schema:
            return schema[name]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    if isinstance(reference := schema.get("$ref"), str) and isinstance(shared, dict):
        return _value(shared.get(reference.rpartition("/")[2]), shared, depth - 1)
    for name in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(name), list) and schema[name]:
            return _value(schema[name][0], shared, depth - 1)
    kind = schema.get("type", "string")
    kind = str(kind[0] if isinstance(kind, list) and kind else kind).lower()
    if kind == "array":
        return [_value(schema.get("items", {}), shared, depth - 1)]
    if kind == "object":
        properties = schema.get("properties", {})
        given = properties.items() if isinstance(properties, dict) else ()
        return {name: _value(inner, shared, depth - 1) for name, inner in given}
    return _VALUES.get(kind)
