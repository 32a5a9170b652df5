"""Compares what a runner printed with what a case expects. README.md has the rules."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

Json = dict[str, Any]


def differences(case: Json, seen: Sequence[Json], drawn: Collection[str]) -> list[str]:
    """Where the steps of a case were not as expected. drawn: the SHA-256 of all pictures that the emulator drew."""
    if len(seen) != len(case["expect"]):
        return [f"{len(seen)} steps were printed where {len(case['expect'])} were expected"]
    found: list[str] = []
    for index, expected in enumerate(case["expect"]):
        said = {name: value for name, value in seen[index].items() if name not in {"case", "step"}}
        # An error where none was expected says more than what is missing.
        found += _compare({"error": None, **expected}, said, seen, drawn, f"step {index}")
    return found


def _compare(expected: Any, said: Any, seen: Sequence[Json], drawn: Collection[str], path: str) -> Iterator[str]:
    match expected:
        case dict():
            if not isinstance(said, dict):
                yield f"{path}: {_short(said)} where an object was expected"
                return
            for name, value in expected.items():
                yield from _compare(value, said.get(name), seen, drawn, f"{path}.{name}")
        case list():
            if not isinstance(said, list) or len(said) != len(expected):
                yield f"{path}: {_short(said)} where {len(expected)} items were expected"
                return
            for index, value in enumerate(expected):
                yield from _compare(value, said[index], seen, drawn, f"{path}.{index}")
        case str() if expected.startswith("$"):
            try:
                named = value_at(expected, seen)
            except (LookupError, TypeError):
                yield f"{path}: {expected} was expected, which was not printed"
            else:
                yield from _compare(named, said, seen, drawn, path)
        case _ if wanted := _wrong(expected, said, drawn):
            yield f"{path}: {_short(said)} where {wanted} was expected"


def _wrong(expected: Any, said: Any, drawn: Collection[str]) -> str:
    """What was expected in place of a value, "" if it fits."""
    empty = said in (None, "", False, [], {})  # 0 too
    match expected:
        case None:
            return "" if empty else "nothing"
        case "*":
            return "something" if empty else ""
        case "drawn":
            return "" if said in drawn else "a picture that the emulator drew"
    # JSON's true is 1 for Python.
    fits = said == expected and isinstance(said, bool) == isinstance(expected, bool)
    return "" if fits else _short(expected)


def value_at(path: str, seen: Sequence[Json]) -> Any:
    """What "$N.path" names: a value that step N printed. Raises LookupError, and TypeError where it has no names."""
    number, *names = path[1:].split(".")
    found: Any = seen[int(number)]
    for name in names:
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
