"""What a constraint is made of: small checks on one value, and checks on one message that look at several fields.

A check returns what is wrong in words that tell the remedy, or None. A message check yields (sub-path, words).
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

_SYSTEM = pb.Role.ROLE_SYSTEM  # looked up once: an enum's names are slow
# In seconds from 1970: what RFC 3339 can say.
_YEAR_1, _YEAR_10000 = -62135596800, 253402300800


def required(value: object) -> str | None:
    """A value other than the type's zero."""
    return None if value else "is required"


def defined(enum: Any) -> Check:
    """A value that the enum has."""
    names = enum.DESCRIPTOR.values_by_number
    choices = ", ".join(value.name for number, value in names.items() if number)
    return lambda value: None if value in names else f"is {value}, which the contract does not know; use {choices}"


def chosen(enum: Any) -> Check:
    """A value that the enum has, other than unspecified."""
    known = defined(enum)
    choices = ", ".join(value.name for number, value in enum.DESCRIPTOR.values_by_number.items() if number)
    return lambda value: known(value) if value else f"is required; use {choices}"


def between(low: float, high: float, *, zero_too: bool = False) -> Check:
    """A number from low to high, both included."""
    words = f"must be from {low} to {high}" if high < float("inf") else f"must be at least {low}"
    return lambda value: None if low <= value <= high or (zero_too and value == 0) else f"is {value}; it {words}"


def penalty(value: float) -> str | None:
    """A presence or frequency penalty."""
    return None if -2 <= value < 2 else f"is {value}; it must be at least -2 and less than 2"


def at_most(limit: int, unit: str = "characters") -> Check:
    """A string or list no longer than limit."""

    def check(value: Sized) -> str | None:
        return None if len(value) <= limit else f"has {len(value)} {unit}; at most {limit} are allowed"

    return check


def matches(pattern: str, words: str) -> Check:
    """A string, empty or of this form."""
    whole = re.compile(pattern)
    return lambda value: None if not value or whole.fullmatch(value) else f"must be {words}"


class Each(NamedTuple):
    """The check of every element of a list of scalars."""

    check: Check


def not_kept(value: object) -> str | None:
    """A field that needs kept answers, which this server does not have yet."""
    return "this server keeps no answers and no pictures yet; leave it empty" if value else None


def sha256(value: bytes) -> str | None:
    """A digest, or none."""
    return None if len(value) in {0, 32} else f"has {len(value)} bytes; a SHA-256 has 32"


def one_candidate(value: int) -> str | None:
    """A count of answers."""
    return None if value == 1 else f"is {value}; it must be 1: ask again for another picture"


def labels(value: Mapping[str, str]) -> str | None:
    """Billing labels by Google's rules."""
    for key, text in value.items():
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key) or not re.fullmatch(r"[a-z0-9_-]{0,63}", text):
            return f"{key[:64]!r}: keys and values take at most 63 of a-z, 0-9, _ and -, and a key starts with a letter"
    return None


def finite(value: pb.Struct) -> str | None:
    """A JSON object; NaN and the infinities, which JSON lacks, would become null on their way."""
    waiting: list[Iterable[Value]] = [value.fields.values()]
    while waiting:
        for element in waiting.pop():
            match element.WhichOneof("kind"):
                case "number_value":
                    if not math.isfinite(element.number_value):
                        return "holds NaN or an infinity, which JSON cannot say; leave it out"
                case "struct_value":
                    waiting.append(element.struct_value.fields.values())
                case "list_value":
                    waiting.append(element.list_value.values)
    return None


def spec(message: pb.Spec) -> Iterator[tuple[str, str]]:
    """A chat in which somebody speaks; each modality and each safety category once."""
    if not message.messages:
        yield "messages", "is required; add at least one user message"
    elif all(turn.role == _SYSTEM for turn in message.messages):
        yield "messages", "holds system messages only; add at least one user message"
    if len(set(message.response_modalities)) < len(message.response_modalities):
        yield "response_modalities", "names a modality twice"
    seen: set[str] = set()
    for i, setting in enumerate(message.safety_settings):
        if setting.category in seen:
            yield f"safety_settings[{i}].category", f"{setting.category} is set twice"
        seen.add(setting.category)


def tool(message: pb.Tool) -> Iterator[tuple[str, str]]:
    """A tool of one kind."""
    if message.WhichOneof("tool") is None:
        yield "", "is empty; set functions or google_search"


def exclusive(name: str, other: str) -> MessageCheck:
    """One of two fields, of which the first has presence."""

    def check(message: Any) -> Iterator[tuple[str, str]]:
        if message.HasField(name) and getattr(message, other):
            yield name, f"excludes {other}; set one of them"

    return check


def function_response(message: pb.FunctionResponse) -> Iterator[tuple[str, str]]:
    """A result is there, be it empty, and its pictures are pictures."""
    if not message.HasField("response"):
        yield "response", "is required; an empty object is allowed"
    for i, picture in enumerate(message.images):
        for field, words in image_rules.sent(picture, of_result=True):
            yield f"images[{i}].{field}" if field else f"images[{i}]", words


def google_search(message: pb.GoogleSearch) -> Iterator[tuple[str, str]]:
    """Each type of search once."""
    if len(set(message.search_types)) < len(message.search_types):
        yield "search_types", "names a type twice; name it once"


def time_range(message: pb.TimeRange) -> Iterator[tuple[str, str]]:
    """A time that does not run backwards."""
    if not message.HasField("start_time") or not message.HasField("end_time"):
        return  # both are required
    begin, end = message.start_time, message.end_time
    for name, moment in (("start_time", begin), ("end_time", end)):
        if not (_YEAR_1 <= moment.seconds < _YEAR_10000 and 0 <= moment.nanos < 1_000_000_000):
            yield name, "is no time of the years 1 to 9999; correct it"
            return
    if (end.seconds, end.nanos) < (begin.seconds, begin.nanos):
        yield "end_time", "is before start_time; swap them"
