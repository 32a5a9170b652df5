"""The provider's own JSON inside OpenAI's shape, both ways, as in the server's REST API.

It is embedded as JSON where every JSON parser keeps its value. Otherwise it is text, in a field with "_json" appended
to its name.
"""

import json
from collections.abc import Mapping
from typing import Any

_DEEP = 100
# Beyond this a double does not hold every whole number.
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
    """The provider's fields (JSON text by name) as `native_fields` and `native_fields_json`."""
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
    """Raises ValueError for a number that a double does not hold, and for NaN and the infinities."""
    made = float(text)
    if not -_WHOLE < made < _WHOLE:
        raise ValueError("beyond what a double holds")
    return made if set(text) & set(".eE") else int(text)


def _check(value: Any, levels: int) -> None:
    """Raises ValueError where it is nested too deep, or has half of a surrogate pair."""
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
