"""An example of a schema, Google's or any JSON Schema: the arguments of a call, an answer in JSON."""

from typing import Any

_VALUES: dict[str, Any] = {"boolean": True, "null": None}
_FORMATS = {"date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01", "time": "00:00:00Z", "duration": "PT1S"}
_TEXT, _INTEGER, _NUMBER = "abc", 3, 1.5
_DEEPEST = 20  # a schema may refer to itself
_LONGEST = 1000  # characters, or elements: a schema may ask for any number


def example(schema: Any) -> Any:
    """The simplest value that fits: a default or the first enum value, if there is one. Patterns are not read."""
    shared = schema.get("$defs", schema.get("defs", {})) if isinstance(schema, dict) else {}
    return _value(schema, shared, _DEEPEST)


def _value(schema: Any, shared: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or not depth:
        return None
    for name in ("default", "example", "const"):
        if name in schema:
            return schema[name]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    reference = schema.get("$ref", schema.get("ref"))
    if isinstance(reference, str) and isinstance(shared, dict):
        return _value(shared.get(reference.rpartition("/")[2]), shared, depth - 1)
    for name in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(name), list) and schema[name]:
            return _value(schema[name][0], shared, depth - 1)
    return _of_type(schema, shared, depth)


def _of_type(schema: dict[str, Any], shared: Any, depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = str(kind[0] if isinstance(kind, list) and kind else kind).lower()
    match kind:
        case "array":
            return [_value(schema.get("items", {}), shared, depth - 1)] * _within(1, schema, "minItems", "maxItems")
        case "object":
            properties = schema.get("properties", {})
            given = properties.items() if isinstance(properties, dict) else ()
            return {name: _value(inner, shared, depth - 1) for name, inner in given}
        case "string":
            text = _FORMATS.get(str(schema.get("format")), _TEXT)
            length = _within(len(text), schema, "minLength", "maxLength")
            return (text * (length // len(text) + 1))[:length]
        case "integer":
            return int(_between(_INTEGER, schema, 1))
        case "number":
            return _between(_NUMBER, schema, 0.5)
    return _VALUES.get(kind)


def _within(count: int, schema: dict[str, Any], least: str, most: str) -> int:
    """A number of characters or elements within the schema's limits."""
    low, high = _number(schema.get(least)), _number(schema.get(most))
    count = count if low is None else max(count, int(low))
    return max(0, min(count if high is None else min(count, int(high)), _LONGEST))


def _between(value: float, schema: dict[str, Any], step: float) -> float:
    """A number within the schema's limits. step: how far from a limit that is excluded."""
    for name, sign, inside in (
        ("maximum", -1, 0.0),
        ("exclusiveMaximum", -1, step),
        ("minimum", 1, 0.0),
        ("exclusiveMinimum", 1, step),
    ):
        limit = _number(schema.get(name))
        if limit is not None and (value - limit) * sign < inside:
            value = limit + sign * inside
    return value


def _number(value: Any) -> float | None:
    """A schema's limit. Google's own has 64-bit numbers as texts."""
    if isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 else None
