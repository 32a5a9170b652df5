"""Mends a decoded object that its type does not allow, so that the rest of it can be looked at.

A wrong field is removed. If it is required, or an element of a list, a stand-in takes its place, so that no index
changes.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import inspect

from imagewire_server.formats.openai.common import json_decode, nulls
from imagewire_server.formats.openai.common.json_decode import Kind, Reason, Step


def mend(value: Any, reason: Reason, kind: type[Any]) -> str | None:
    """Mend one error, in place. Returns None if that cannot be done.

    Otherwise returns the place whose other fields should not be checked further, because a stand-in is among them; ""
    if there is none.
    """
    if reason.kind is Kind.UNKNOWN:
        return "" if remove(value, reason) else None
    steps = json_decode.steps(reason.path)
    if reason.kind is Kind.MISSING:
        steps.append((reason.name, ""))
    if steps and steps[-1][0] in _tags(kind, steps[:-1]):
        steps.pop()  # nothing is known of the fields of an object of no kind
    owner = _at(value, steps[:-1])
    if not steps or owner is None:
        return "" if remove(value, reason) else None
    name, index = steps[-1]
    path, parent = json_decode.path_of(steps), json_decode.path_of(steps[:-1])
    if index.isdecimal() and isinstance(owner, list):
        owner[int(index)] = _stand_in(json_decode.types(kind, path))
        return path
    if not name or not isinstance(owner, dict):
        return "" if remove(value, reason) else None
    if not _is_required(kind, parent, name):
        return None if owner.pop(name, owner) is owner else ""
    owner[name] = _stand_in(json_decode.types(kind, path))
    return parent or path


def remove(value: Any, reason: Reason) -> bool:
    """Remove a wrong field. An element of a list takes the list along."""
    owner, key = place(value, reason)
    if owner is None:
        return False
    del owner[key]
    return True


def place(value: Any, reason: Reason) -> tuple[dict[str, Any] | None, str]:
    """The object that has a wrong field or the list with it, and the name of either; None if there is none."""
    at: Any = value
    owner: Any = None
    key = ""
    for name, index in json_decode.steps(reason.path):
        if name and isinstance(at, dict) and name in at:
            owner, key, at = at, name, at[name]
        elif index.isdecimal() and isinstance(at, list) and int(index) < len(at):
            at = at[int(index)]
        else:
            break
    if reason.kind is Kind.UNKNOWN:
        owner, key = at, "" if reason.name == json_decode.EMPTY else reason.name
    return (owner, key) if isinstance(owner, dict) and key in owner else (None, key)


def _at(value: Any, steps: Sequence[Step]) -> Any:
    """What is at a place, None if there is no such place."""
    for name, index in steps:
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index.isdecimal() and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value


def _structs(kind: type[Any], path: str) -> list[inspect.StructType]:
    return [one for one in json_decode.types(kind, path) if isinstance(one, inspect.StructType)]


def _tags(kind: type[Any], steps: Sequence[Step]) -> set[str | None]:
    """The names of the fields that tell of which kind an object is."""
    return {one.tag_field for one in _structs(kind, json_decode.path_of(steps))} - {None}


def _is_required(kind: type[Any], path: str, name: str) -> bool:
    fields = [field for one in _structs(kind, path) for field in one.fields]
    return any(field.required for field in fields if field.encode_name == name)


def _stand_in(types: Sequence[inspect.Type]) -> Any:
    """A value that one of the types allows, a text if it is one of them."""
    if any(isinstance(one, inspect.StrType) for one in types):
        return "x"
    for one in types:
        match one:
            case inspect.StructType():
                needed = [field for field in one.fields if field.required]
                made = {field.encode_name: _stand_in([*nulls.alternatives(field.type)]) for field in needed}
                return made | ({one.tag_field: one.tag} if one.tag_field else {})
            case inspect.LiteralType(values=values):
                return "user" if "user" in values else values[0]
            case inspect.ListType():
                return []
            case inspect.DictType():
                return {}
            case inspect.IntType() | inspect.FloatType():
                return one.ge or 0
            case inspect.BoolType():
                return False
    return None
