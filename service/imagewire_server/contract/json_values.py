"""Conversion between protobuf's Struct and JSON objects."""

import math
from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import Value

from imagewire_server.contract import pb

# protobuf reads 100 levels of messages. A JSON object takes three of them, and answers are a few levels deep.
_MOST_LEVELS = 28
# The integers that a double can hold.
_MOST_WHOLE = 2**53


def plain(struct: pb.Struct) -> dict[str, Any]:
    """A Struct as JSON types. Integers become int, because a 3 in a schema must not become 3.0."""
    return {key: _plain_value(value) for key, value in struct.fields.items()}


def _plain_value(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return plain(value.struct_value)
        case "list_value":
            return [_plain_value(element) for element in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
    return None


def struct(value: Mapping[str, Any]) -> pb.Struct:
    """A JSON object as a Struct. Raises ValueError for numbers beyond a double, and for deep nesting."""
    if not _shallow(value, _MOST_LEVELS):
        raise ValueError("nested too deep")
    made = pb.Struct()
    try:
        made.update(value)
    except (OverflowError, TypeError) as error:
        raise ValueError("not a JSON object") from error
    return made


def _shallow(value: Any, levels: int) -> bool:
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return levels > 0 and all(_shallow(element, levels - 1) for element in inside)


def exact_struct(value: object) -> pb.Struct | None:
    """A JSON value as a Struct, None if it cannot hold it: not an object, numbers beyond a double, deep nesting."""
    if not isinstance(value, Mapping) or not _exact(value, _MOST_LEVELS):
        return None
    made = pb.Struct()
    made.update(value)
    return made


def _exact(value: object, levels: int) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return -_MOST_WHOLE <= value <= _MOST_WHOLE
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return value.isascii() or _is_text(value)
    if isinstance(value, Mapping):
        return levels > 0 and all(_exact(key, 1) and _exact(inside, levels - 1) for key, inside in value.items())
    return not isinstance(value, list) or (levels > 0 and all(_exact(inside, levels - 1) for inside in value))


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
