"""Fields of a form whose names have brackets, as OpenAI's client sends what is nested: `image_config[aspect_ratio]`."""

import re
from collections.abc import Iterable
from typing import Any

from imagewire_server.contract.errors import Violation

_NAME = re.compile(r"(\w+)((?:\[[^\[\]]{0,128}\])+)")
_STEP = re.compile(r"\[([^\[\]]*)\]")
_DEEPEST = 8
_MOST_ITEMS = 64  # a form has no more fields


def root(name: str) -> str:
    """The field that a name with brackets is a part of; "" for another name."""
    match = _NAME.fullmatch(name)
    return match[1] if match else ""


def nested(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, Any], list[Violation]]:
    """The fields of names with brackets, and what is wrong with them. A number, or nothing, stands for a list's item.

    Without a number an item ends where one of its names comes again.
    """
    made: dict[str, Any] = {}
    wrong: list[Violation] = []
    for name, value in pairs:
        steps = [root(name), *_STEP.findall(name)]
        if len(steps) > _DEEPEST:
            wrong.append(Violation(name[:200], f"is nested more than {_DEEPEST} deep"))
        elif not _put(made, steps, value):
            wrong.append(Violation(name[:200], "contradicts another field of the form; send each once"))
    return {name: _plain(value) for name, value in made.items()}, wrong


class _Items(dict[int, Any]):
    """A list that grows: its items by their numbers."""


def _put(target: Any, steps: list[str], value: str) -> bool:
    """Put a value where the steps lead. Returns whether there is such a place that is free."""
    step, *rest = steps
    key: str | int = step
    if isinstance(target, _Items):
        if step == "":
            last = max(target, default=-1)
            key = last if last >= 0 and rest and _is_free(target[last], rest) else last + 1
        elif step.isascii() and step.isdecimal() and int(step) < _MOST_ITEMS:
            key = int(step)
        else:
            return False
    elif not isinstance(target, dict) or step == "":
        return False
    if not rest:
        if key in target:
            return False
        target[key] = value
        return True
    if key not in target:
        is_list = rest[0] == "" or (rest[0].isascii() and rest[0].isdecimal())
        target[key] = _Items() if is_list else {}
    return _put(target[key], rest, value)


def _is_free(target: Any, steps: list[str]) -> bool:
    """Whether the steps lead to a place of an item that has no value."""
    for step in steps:
        if not isinstance(target, dict) or step not in target:
            return isinstance(target, dict)
        target = target[step]
    return False


def _plain(value: Any) -> Any:
    if isinstance(value, _Items):
        return [_plain(value[key]) for key in sorted(value)]
    return {key: _plain(inner) for key, inner in value.items()} if isinstance(value, dict) else value
