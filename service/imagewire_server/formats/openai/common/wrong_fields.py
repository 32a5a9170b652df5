"""Finds every wrong field of a body, so that one answer names them all.

The decoder stops at the first error. So that error is mended, and the rest is decoded again.
"""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import Violation
from imagewire_server.contract.limits import FEW_VALUES
from imagewire_server.formats.openai.common import droppable, json_decode, nulls, stand_ins
from imagewire_server.formats.openai.common.spec_builder import follows, not_following

_T = TypeVar("_T")

# How often a body is decoded: the maximum number of errors that are named. Large bodies take long to decode.
_MOST, _MOST_OF_LARGE = 32, 6
_MOST_COUNTED = 128  # how many more are counted, though not named; none of a large body
_MOST_HINTS = 8  # finding a similar name takes long


@dataclass(slots=True)
class Found(Generic[_T]):
    """What was found. request: the rest of the body, None if nothing can be made of it. dropped: names left out.

    unsure: places of the request where a stand-in is, about which nothing more can be said. more: how many wrong fields
    there are beside those that were found, at the least; None if there may be some.
    """

    request: _T | None = None
    violations: list[Violation] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    more: int | None = 0


def of_body(body: json_scan.Json, kind: type[_T], *, drops: bool = False) -> Found[_T]:
    """Find the wrong fields of a body that could not be decoded. Raises InvalidRequest if it is not valid JSON."""
    value, too_large = json_decode.parsed(body)
    small = len(body) <= 2 * FEW_VALUES or not json_scan.is_large(body)
    found = of_value(value, kind, drops=wants_drops(value, drops), large=not small)
    found.violations += not_following(too_large, found.violations)
    return found


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
    most, counted = (_MOST_OF_LARGE, 0) if large else (_MOST, 0 if drops else _MOST_COUNTED)
    for _ in range(2 * most + counted):
        try:
            found.request = msgspec.convert(value, kind, strict=not text)
        except msgspec.ValidationError as error:
            if not cleaned and json_decode.is_unknown(error):
                nulls.dropped(value, kind)
                cleaned = True
                continue
            if len(seen) == most + counted:
                found.more = 1 + counted
                break
            reason = json_decode.reason(error, kind, hint=len(seen) < _MOST_HINTS)
            name = json_decode.within(place, reason.field)
            drops_it = drops and _may_drop(value, reason)
            if not any(follows(reason.field, earlier) for earlier in seen):
                seen.append(reason.field)
                if drops_it:
                    found.dropped.append(name)
                elif len(found.violations) == most:
                    found.more = len(seen) - most
                else:
                    found.violations.append(Violation(name, reason.description))
            if drops_it:
                unsure = "" if stand_ins.remove(value, reason) else None
            else:
                unsure = stand_ins.mend(value, reason, kind)
            if unsure is None:
                return found
            if unsure:
                found.unsure.append(json_decode.within(place, unsure))
        else:
            return found
    found.more = found.more or None
    return found


def _may_drop(value: Any, reason: json_decode.Reason) -> bool:
    if reason.kind is json_decode.Kind.UNKNOWN:
        owner, key = stand_ins.place(value, reason)
        inside = owner.get(key) if owner is not None else None
        return droppable.is_unknown_droppable(reason.field) and not droppable.has_guard(inside)
    return reason.kind is json_decode.Kind.UNSUPPORTED and droppable.is_option(reason.field)
