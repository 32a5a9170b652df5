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
        case None:
            if said not in (None, "", False, [], {}):
                yield f"{path}: {_short(said)} where nothing was expected"
        case "*":
            if said in (None, "", [], {}):
                yield f"{path}: nothing where something was expected"
        case "drawn":
            if said not in drawn:
                yield f"{path}: {_short(said)}, which the emulator did not draw"
        case str() if expected.startswith("$"):
            yield from _compare(value_at(expected, seen), said, seen, drawn, path)
        case _:
            # JSON's true is 1 for Python.
            if said != expected or isinstance(said, bool) != isinstance(expected, bool):
                yield f"{path}: {_short(said)} where {_short(expected)} was expected"


def value_at(path: str, seen: Sequence[Json]) -> Any:
    """What "$N.path" names: a value that step N printed. Raises LookupError."""
    number, *names = path[1:].split(".")
    found: Any = seen[int(number)]
    for name in names:
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
