"""Finds names that an object of a JSON body has twice. Decoders take the last one, so a guard may be gone silently."""

import json
from collections import Counter
from typing import Any

from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import Violation
from imagewire_server.formats.openai.common.json_decode import EMPTY

WORDS = "is given twice; send it once"
_LONGEST, _MOST = 200, 32  # characters of a name, and names
# Long texts are taken out of larger bodies first, so that a picture costs no memory.
_LARGE, _LONG = 32 * 1024, 1024
_QUOTE, _BACKSLASH, _COLON = b'"', 0x5C, b":"


class _Twice(list[tuple[str, Any]]):
    """The names and values of an object that has a name twice."""


def of_body(body: json_scan.Json) -> list[Violation]:
    """The fields that are given twice, at any depth. The body is valid JSON."""
    return of_text(_without_long_texts(body) if len(body) > _LARGE else body)


def of_text(text: str | json_scan.Json, place: str = "") -> list[Violation]:
    """The names that any object in a JSON text has twice. place: the field with the text."""
    is_found = False

    def look(pairs: list[tuple[str, Any]]) -> Any:
        nonlocal is_found
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        is_found = True
        return _Twice(pairs)

    try:
        # Numbers stay text: Python does not convert very long ones.
        value = json.loads(text or "null", object_pairs_hook=look, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return []  # the decoder tells what is wrong
    return _named(value, place) if is_found else []


def _named(value: Any, place: str) -> list[Violation]:
    """The violations, in the order of the text."""
    found: dict[str, Violation] = {}
    waiting = [(place, value)]
    while waiting and len(found) < _MOST:
        at, one = waiting.pop()
        inside: list[tuple[str, Any]] = []
        match one:
            case _Twice() | dict():
                pairs = list(one if isinstance(one, _Twice) else one.items())
                twice = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
                found |= {name: Violation(name, WORDS) for name in (_joined(at, name) for name in twice)}
                inside = [(_joined(at, name), held) for name, held in pairs]
            case list():
                inside = [(f"{at}[{i}]", held) for i, held in enumerate(one)]
        waiting += [pair for pair in reversed(inside) if isinstance(pair[1], dict | list)]
    return list(found.values())[:_MOST]


def _joined(place: str, name: str) -> str:
    name = name[:_LONGEST] or EMPTY
    return f"{place}.{name}" if place else name


def _without_long_texts(body: json_scan.Json) -> bytes:
    """The body with "" for each long text that is not a name."""
    pieces: list[bytes] = []
    kept = at = 0
    while (begin := body.find(_QUOTE, at)) >= 0:
        end = body.find(_QUOTE, begin + 1)
        while end > 0 and _is_escaped(body, end):
            end = body.find(_QUOTE, end + 1)
        if end < 0:
            break
        if end - begin > _LONG and not body[end + 1 : end + _LONG].lstrip().startswith(_COLON):
            pieces.append(bytes(body[kept : begin + 1]))
            kept = end
        at = end + 1
    return b"".join([*pieces, bytes(body[kept:])])


def _is_escaped(body: json_scan.Json, at: int) -> bool:
    """Whether an odd number of backslashes is before a place."""
    before = at - 1
    while body[before] == _BACKSLASH:
        before -= 1
    return (at - before) % 2 == 0
