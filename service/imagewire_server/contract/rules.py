"""The building blocks of constraints: small checks of one value, and checks of one message with several fields.

A check returns an error text with the remedy, or None. A message check yields (sub-path, error text).
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import TYPE_CHECKING, Any, NamedTuple

from imagewire_server.contract import image_rules, pb

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Value

Check = Callable[[Any], str | None]
MessageCheck = Callable[[Any], Iterator[tuple[str, str]]]

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SYSTEM = pb.Role.ROLE_SYSTEM  # looked up once: an enum's names are slow
_LONGEST = 315_576_000_000  # seconds of a Duration
# In seconds since 1970: the range of RFC 3339.
_YEAR_1, _YEAR_10000 = -62135596800, 253402300800


def required(value: object) -> str | None:
    """Check that a value is not the type's zero."""
    return None if value else "is required"


def defined(enum: Any) -> Check:
    """Check that a value is in the enum."""
    names = enum.DESCRIPTOR.values_by_number
    choices = ", ".join(value.name for number, value in names.items() if number)
    return lambda value: None if value in names else f"is {value}, which is an unknown value; use {choices}"


def chosen(enum: Any) -> Check:
    """Check that a value is in the enum, and not unspecified."""
    known = defined(enum)
    choices = ", ".join(value.name for number, value in enum.DESCRIPTOR.values_by_number.items() if number)
    return lambda value: known(value) if value else f"is required; use {choices}"


def between(low: float, high: float, *, zero_too: bool = False) -> Check:
    """Check that a number is between low and high, inclusive."""
    words = f"must be from {low} to {high}" if high < float("inf") else f"must be at least {low}"
    return lambda value: None if low <= value <= high or (zero_too and value == 0) else f"is {value}; it {words}"


def penalty(value: float) -> str | None:
    """Check a presence or frequency penalty."""
    return None if -2 <= value < 2 else f"is {value}; it must be at least -2 and less than 2"


def at_most(limit: int, unit: str = "characters") -> Check:
    """Check that a string or list is not longer than limit."""

    def check(value: Sized) -> str | None:
        return None if len(value) <= limit else f"has {len(value)} {unit}; at most {limit} are allowed"

    return check


def matches(pattern: str, words: str) -> Check:
    """Check that a string is empty or has this form."""
    whole = re.compile(pattern)
    return lambda value: None if not value or whole.fullmatch(value) else f"must be {words}"


class Each(NamedTuple):
    """Apply a check to every element of a list of scalars."""

    check: Check


def uuid(value: str) -> str | None:
    """Check that a string is empty or a UUID in its usual form."""
    return (
        None if not value or _UUID.fullmatch(value) else "must be a UUID such as 2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e77"
    )


def duration(value: Any) -> str | None:
    """Check that a Duration is valid, and not negative."""
    fine = 0 <= value.seconds <= _LONGEST and 0 <= value.nanos < 1_000_000_000
    return None if fine else f"must be from 0 to {_LONGEST} seconds"


def resume(message: Any) -> Iterator[tuple[str, str]]:
    """Check that a request to resume names its answer."""
    if not (message.completion_id or message.request_id):
        yield "completion_id", "is required, or request_id"


def sha256(value: bytes) -> str | None:
    """Check the length of a SHA-256, if there is one."""
    return None if len(value) in {0, 32} else f"has {len(value)} bytes; a SHA-256 has 32"


def one_candidate(value: int) -> str | None:
    """Check the number of answers."""
    return None if value == 1 else f"is {value}; it must be 1: make another call for another picture"


def labels(value: Mapping[str, str]) -> str | None:
    """Check billing labels by Google's rules."""
    for key, text in value.items():
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key) or not re.fullmatch(r"[a-z0-9_-]{0,63}", text):
            return f"{key[:64]!r}: keys and values have at most 63 of a-z, 0-9, _ and -, and a key starts with a letter"
    return None


def finite(value: pb.Struct) -> str | None:
    """Check a JSON object: NaN and infinities, which JSON does not have, would become null."""
    waiting: list[Iterable[Value]] = [value.fields.values()]
    while waiting:
        for element in waiting.pop():
            match element.WhichOneof("kind"):
                case "number_value":
                    if not math.isfinite(element.number_value):
                        return "has NaN or an infinity, which JSON does not have; leave it out"
                case "struct_value":
                    waiting.append(element.struct_value.fields.values())
                case "list_value":
                    waiting.append(element.list_value.values)
    return None


def spec(message: pb.Spec) -> Iterator[tuple[str, str]]:
    """Check a spec: at least one message other than system messages; each modality and safety category once."""
    if not message.messages:
        yield "messages", "is required; add at least one user message"
    elif all(turn.role == _SYSTEM for turn in message.messages):
        yield "messages", "has only system messages; add at least one user message"
    if len(set(message.response_modalities)) < len(message.response_modalities):
        yield "response_modalities", "has a modality twice"
    seen: set[str] = set()
    for i, setting in enumerate(message.safety_settings):
        if setting.category in seen:
            yield f"safety_settings[{i}].category", f"{setting.category} is set twice"
        seen.add(setting.category)


def tool(message: pb.Tool) -> Iterator[tuple[str, str]]:
    """Check that a tool has a kind."""
    if message.WhichOneof("tool") is None:
        yield "", "is empty; set functions or google_search"


def exclusive(name: str, other: str) -> MessageCheck:
    """Check that only one of two fields is set; the first has presence."""

    def check(message: Any) -> Iterator[tuple[str, str]]:
        if message.HasField(name) and getattr(message, other):
            yield name, f"cannot be combined with {other}; set only one of them"

    return check


def function_response(message: pb.FunctionResponse) -> Iterator[tuple[str, str]]:
    """Check that there is a result, which may be empty, and check its pictures."""
    if not message.HasField("response"):
        yield "response", "is required; an empty object is allowed"
    for i, picture in enumerate(message.images):
        for field, words in image_rules.sent(picture, of_result=True):
            yield f"images[{i}].{field}" if field else f"images[{i}]", words


def google_search(message: pb.GoogleSearch) -> Iterator[tuple[str, str]]:
    """Check that each type of search is there only once."""
    if len(set(message.search_types)) < len(message.search_types):
        yield "search_types", "has a type twice; leave one out"


def time_range(message: pb.TimeRange) -> Iterator[tuple[str, str]]:
    """Check that a period does not end before it starts."""
    if not message.HasField("start_time") or not message.HasField("end_time"):
        return  # both are required
    begin, end = message.start_time, message.end_time
    for name, moment in (("start_time", begin), ("end_time", end)):
        if not (_YEAR_1 <= moment.seconds < _YEAR_10000 and 0 <= moment.nanos < 1_000_000_000):
            yield name, "is not a time in the years 1 to 9999; correct it"
            return
    if (end.seconds, end.nanos) < (begin.seconds, begin.nanos):
        yield "end_time", "is before start_time; swap them"
