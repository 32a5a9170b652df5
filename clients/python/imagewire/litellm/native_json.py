"""The provider's JSON inside OpenAI's shape, both ways, as the server's REST has it.

It stands as JSON where every reader of JSON keeps it. Where some would fail, or give another value back, it stands as
text, under the same name with "_json" behind it.
"""

import json
from collections.abc import Mapping
from typing import Any

_DEEP = 100
# From here on a double does not hold every whole number.
_WHOLE = 2**53


def embedded(name: str, text: str) -> dict[str, Any]:
    """A field with the provider's JSON: `name` holds the value, or `name`_json its text."""
    try:
        value = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_number)
        _check(value, _DEEP)
    except (ValueError, RecursionError):
        return {f"{name}_json": text}
    return {name: value}


def fields(given: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Fields of the provider's, JSON text by name, as `native_fields` and `native_fields_json`."""
    made: dict[str, dict[str, Any]] = {}
    for name, text in given.items():
        for where, value in embedded("native_fields", text).items():
            made.setdefault(where, {})[name] = value
    return made


def written(value: Any) -> str | None:
    """A value as JSON text, None where JSON cannot hold it."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None


def _number(text: str) -> int | float:
    """Raises ValueError for a number that a double does not hold, and for what JSON calls no number."""
    made = float(text)
    if not -_WHOLE < made < _WHOLE:
        raise ValueError("beyond what a double holds")
    return made if set(text) & set(".eE") else int(text)


def _check(value: Any, levels: int) -> None:
    """Raises ValueError where it is nested deeper, or holds half of a surrogate pair."""
    if not levels:
        raise ValueError("nested deep")
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, list):
        for item in value:
            _check(item, levels - 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            _check(name, 1)
            _check(item, levels - 1)
