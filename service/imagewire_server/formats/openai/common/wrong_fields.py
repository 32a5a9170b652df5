"""Finds every wrong field of a body, so that one answer names them all.

The decoder stops at the first error. So a wrong field is removed, and the rest is decoded again.
"""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import Violation
from imagewire_server.contract.limits import FEW_VALUES
from imagewire_server.formats.openai.common import droppable, json_decode, nulls
from imagewire_server.formats.openai.common.spec_builder import follows

_T = TypeVar("_T")

# How often a body is decoded: the maximum number of errors that are named. Large bodies take long to decode.
_MOST, _MOST_OF_LARGE = 32, 6
_MOST_HINTS = 8  # finding a similar name takes long


@dataclass(slots=True)
class Found(Generic[_T]):
    """What was found. request: the rest of the body, None if nothing can be made of it. dropped: names left out."""

    request: _T | None = None
    violations: list[Violation] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def of_body(body: json_scan.Json, kind: type[_T], *, drops: bool = False) -> Found[_T]:
    """Find the wrong fields of a body that could not be decoded. Raises InvalidRequest if it is not valid JSON."""
    value = json_decode.plain(body)
    small = len(body) <= 2 * FEW_VALUES or not json_scan.is_large(body)
    return of_value(value, kind, drops=wants_drops(value, drops), large=not small)


def wants_drops(value: Any, default: bool) -> bool:
    """Whether to leave out what is not supported: as the request says, or else by default."""
    said = value.get("drop_params") if isinstance(value, dict) else None
    return default if said is None else said in (True, "true")


def of_value(
    value: Any, kind: type[_T], place: str = "", *, drops: bool = False, text: bool = False, large: bool = False
) -> Found[_T]:
    """Find the wrong fields of a decoded object, and remove them from it. place: its name. text: see convert."""
    found = Found[_T]()
    cleaned = False
    seen: list[str] = []
    for _ in range(1 + (_MOST_OF_LARGE if large else _MOST)):  # once more for nulls
        try:
            found.request = msgspec.convert(value, kind, strict=not text)
        except msgspec.ValidationError as error:
            if not cleaned and json_decode.is_unknown(error):
                nulls.dropped(value, kind)
                cleaned = True
                continue
            reason = json_decode.reason(error, kind, hint=len(seen) < _MOST_HINTS)
            if not any(follows(reason.field, earlier) for earlier in seen):
                seen.append(reason.field)
                name = json_decode.within(place, reason.field)
                if drops and _may_drop(value, reason):
                    found.dropped.append(name)
                else:
                    found.violations.append(Violation(name, reason.description))
            if not _removed(value, reason):
                found.violations += _also_missing(value, kind, place, seen)
                break
        else:
            break
    return found


def _also_missing(value: Any, kind: type[Any], place: str, seen: list[str]) -> list[Violation]:
    """The other required fields that the object itself lacks: the decoder names only one."""
    if not isinstance(value, dict):
        return []
    lacking = [field.encode_name for field in msgspec.structs.fields(kind) if field.required]
    return [
        Violation(json_decode.within(place, name), "is required")
        for name in lacking
        if name not in value and not any(follows(name, earlier) for earlier in seen)
    ]


def _may_drop(value: Any, reason: json_decode.Reason) -> bool:
    if reason.kind is json_decode.Kind.UNKNOWN:
        owner, key = _place(value, reason)
        inside = owner.get(key) if owner is not None else None
        return droppable.is_unknown_droppable(reason.field) and not droppable.has_guard(inside)
    return reason.kind is json_decode.Kind.UNSUPPORTED and droppable.is_option(reason.field)


def _removed(value: Any, reason: json_decode.Reason) -> bool:
    """Remove a wrong field. An element of a list takes the list along, so that no index changes."""
    owner, key = _place(value, reason)
    if owner is None:
        return False
    del owner[key]
    return True


def _place(value: Any, reason: json_decode.Reason) -> tuple[dict[str, Any] | None, str]:
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
    if reason.kind is json_decode.Kind.UNKNOWN:
        owner, key = at, "" if reason.name == json_decode.EMPTY else reason.name
    return (owner, key) if isinstance(owner, dict) and key in owner else (None, key)
