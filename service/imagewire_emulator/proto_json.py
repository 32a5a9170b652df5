"""proto3 JSON as Google reads it: strict about names and types, lenient about how a value is written.

A name may be in camelCase or snake_case, null means absent, a single value may replace a list of one, a number may be a
string, an enum may be in lower case or a number, base64 may be URL-safe and without padding. The result is in
camelCase, with base64 decoded.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from imagewire_emulator.errors import ApiError, invalid, unknown_name

Reader = Callable[[Any, str], Any]

# Of all messages, in camelCase.
FIELD_NAMES: set[str] = set()

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DURATION = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?s")
_TYPES = "type.googleapis.com/google.ai.generativelanguage.v1beta."


def _mismatch(path: str, kind: str, value: Any) -> ApiError:
    if isinstance(value, list):
        place, _, name = path.rpartition(".")
        return unknown_name(name, place, "Proto field is not repeating, cannot start list.")
    return invalid(f"Invalid value at '{path}' ({kind}), {json.dumps(value, ensure_ascii=False)[:80]}", path)


def string(value: Any, path: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise _mismatch(path, "TYPE_STRING", value)
    return value


def boolean(value: Any, path: str) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise _mismatch(path, "TYPE_BOOL", value)
    return value


def struct(value: Any, path: str) -> dict[str, Any]:
    """Any object, unchanged."""
    if not isinstance(value, dict):
        raise _mismatch(path, "type.googleapis.com/google.protobuf.Struct", value)
    return value


def any_value(value: Any, _: str) -> Any:
    """Any JSON value, unchanged."""
    return value


def _parsed(value: Any) -> float | None:
    """A number, or a string with a number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and ("_" in value or value != value.strip() or not value.isascii()):
        return None  # Python would read it
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def number(value: Any, path: str) -> float:
    """A float."""
    if (parsed := _parsed(value)) is None:
        raise _mismatch(path, "TYPE_FLOAT", value)
    return parsed


def integer(value: Any, path: str) -> int:
    """An int32."""
    return _whole(value, path, 32)


def long_integer(value: Any, path: str) -> int:
    """An int64."""
    return _whole(value, path, 64)


def _whole(value: Any, path: str, bits: int) -> int:
    parsed = _parsed(value)
    if parsed is None or not parsed.is_integer() or not -(2 ** (bits - 1)) <= parsed < 2 ** (bits - 1):
        raise _mismatch(path, f"TYPE_INT{bits}", value)
    return int(parsed)


def data(value: Any, path: str) -> bytes:
    """Bytes as base64."""
    text = string(value, path).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        shown = json.dumps(value)[:80]
        raise invalid(f"Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed for {shown}", path) from None


def timestamp(value: Any, path: str) -> str:
    """A time in RFC 3339."""
    text = string(value, path)
    wrong = _mismatch(path, "type.googleapis.com/google.protobuf.Timestamp", value)
    if not _TIMESTAMP.fullmatch(text):
        raise wrong
    try:
        datetime.fromisoformat(text)
    except ValueError:  # a day or an hour that does not exist
        raise wrong from None
    return text


def duration(value: Any, path: str) -> str:
    """Seconds, such as "1.5s"."""
    if not _DURATION.fullmatch(string(value, path)):
        raise _mismatch(path, "type.googleapis.com/google.protobuf.Duration", value)
    return str(value)


def enum(kind: str, *names: str, numbered: bool = False) -> Reader:
    """One of the names, in upper or lower case; returns the name. numbered: a number counts them from 1."""
    known = {name.lower(): name for name in names}

    def read(value: Any, path: str) -> str:
        if numbered and type(value) is int and 1 <= value <= len(names):
            return names[value - 1]
        if not isinstance(value, str) or value.lower() not in known:
            raise _mismatch(path, _TYPES + kind, value)
        return known[value.lower()]

    return read


def repeated(element: Reader) -> Reader:
    """A list, or a single element."""

    def read(value: Any, path: str) -> list[Any]:
        values = value if isinstance(value, list) else [value]
        return [element(item, f"{path}[{i}]") for i, item in enumerate(values)]

    return read


def string_map(value: Any, path: str) -> dict[str, str]:
    """A map of strings."""
    return {key: string(item, f"{path}[{key}]") for key, item in struct(value, path).items()}


def map_of(element: Reader) -> Reader:
    """A map. Google counts its entries in paths."""

    def read(value: Any, path: str) -> dict[str, Any]:
        entries = struct(value, path).items()
        return {key: element(item, f"{path}[{i}].value") for i, (key, item) in enumerate(entries)}

    return read


def message(kind: str, fields: dict[str, Reader]) -> Reader:
    """An object with only these fields."""
    FIELD_NAMES.update(fields)

    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            if not path:
                raise invalid("Invalid JSON payload received. Expected an object.")
            raise _mismatch(path, _TYPES + kind, value)
        made = {}
        for key, item in value.items():
            name = re.sub(r"_(\w)", lambda match: match[1].upper(), key)
            if name not in fields:
                raise unknown_name(key, path)
            if name in made:
                raise invalid(f'Invalid JSON payload received. Field "{name}" is given twice.', path)
            if item is not None:
                made[name] = fields[name](item, f"{path}.{_snake(name)}" if path else _snake(name))
        return made

    return read


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)
