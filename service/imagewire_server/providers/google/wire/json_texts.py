"""Values in JSON texts, read as proto3 JSON takes them: numbers as strings, one object where a list stands, and so on.

Each raises ValueError for a text that does not hold what is asked for.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

from imagewire_server.providers.google.wire.base64_stream import decoded
from imagewire_server.providers.google.wire.members import elements, members
from imagewire_server.providers.google.wire.response_types import MAX_COUNT

_LONGEST_NAME = 128
_MOST_MEMBERS = 1024
_SNAKE = re.compile(r"_([a-z0-9])")

Omit = Callable[[str], None]


class _Odd(ValueError):
    """A value is not what its field holds."""


def value(raw: bytes, *, strict: bool = True) -> Any:
    """The value of a JSON text. Raises ValueError for what is none, for endless numbers, and for endless nesting.

    strict: whether line breaks and the like must be escaped in it.
    """
    try:
        return json.loads(raw.decode("utf-8", "replace"), strict=strict, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise _Odd from error


def text_of(raw: bytes | msgspec.Raw) -> str:
    """A JSON text as it came. Raises ValueError when it is none."""
    text = bytes(raw).decode("utf-8", "replace")
    value(text.encode())
    return text


def _refuse(name: str) -> None:
    raise _Odd(name)


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise _Odd
    return number


def present(text: bytes, omit: Omit) -> list[tuple[str, bytes]]:
    """The members that are not null, by their names in camelCase; of one that stands twice the last."""
    found: dict[str, bytes] = {}
    for key, raw in members(text):
        if len(found) == _MOST_MEMBERS:
            omit("*")
            break
        try:
            name = camel(string(key))
        except ValueError:
            name = ""
        if not 1 <= len(name) <= _LONGEST_NAME:
            omit("*")
        elif raw != b"null":
            found[name] = raw
    return list(found.items())


def camel(name: str) -> str:
    """A name in snake_case as Google's JSON spells it."""
    return _SNAKE.sub(lambda match: match[1].upper(), name)


def snake(name: str) -> str:
    """A name in camelCase as this server spells it."""
    return re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)


def _clean(text: str) -> str:
    """A text that protobuf can hold: halves of surrogate pairs are joined, or replaced when they are alone."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def string(raw: bytes) -> str:
    """A text."""
    found = value(raw, strict=False)
    if not isinstance(found, str):
        raise _Odd
    return _clean(found)


def boolean(raw: bytes) -> bool:
    """Yes or no, also as a text."""
    found = value(raw)
    if isinstance(found, str):
        found = {"true": True, "false": False}.get(found.lower())
    if not isinstance(found, bool):
        raise _Odd
    return found


def base64(raw: bytes) -> bytes:
    """Bytes in any spelling of base64."""
    found = decoded(string(raw))
    if found is None:
        raise _Odd
    return found


def number(raw: bytes) -> float:
    """A number, also as a text."""
    found = value(raw)
    if isinstance(found, str):
        found = value(found.encode("utf-8", "replace"))
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _Odd
    return found


def count(raw: bytes, most: int = MAX_COUNT) -> int:
    """A whole number from 0 on that every language holds."""
    found = number(raw)
    if found != int(found) or not 0 <= found <= most:
        raise _Odd
    return int(found)


def enum(raw: bytes, numbers: dict[int, str]) -> str:
    """An enum's name; numbers: the names of those that are known, for values that are given as numbers."""
    found = value(raw)
    if isinstance(found, int) and not isinstance(found, bool):
        return numbers.get(found, str(found))
    return string(raw).upper()


def listed(raw: bytes) -> list[bytes]:
    """The elements of a list, or the one value in its place."""
    return elements(raw) if raw.lstrip()[:1] == b"[" else [raw]


def fields(raw: bytes) -> dict[str, bytes]:
    """The members of an object that are not null."""
    if raw.lstrip()[:1] != b"{":
        raise _Odd
    return dict(present(raw, lambda _: None))
