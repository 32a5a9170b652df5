"""What a constraint is made of: small checks on one value, and checks on one message that look at several fields.

A check returns what is wrong in words that tell the remedy, or None. A message check yields (sub-path, words).
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Any, NamedTuple

from google.protobuf.struct_pb2 import Value

from imagewire_server.contract import image_header, pb

Check = Callable[[Any], str | None]
MessageCheck = Callable[[Any], Iterator[tuple[str, str]]]

_SYSTEM, _ASSISTANT = pb.Role.ROLE_SYSTEM, pb.Role.ROLE_ASSISTANT  # looked up once: an enum's names are slow

MAX_PIXELS = 100_000_000
INPUT_TYPES = "PNG, JPEG, WebP, GIF, HEIC or HEIF"


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
            return f"{key!r}: keys and values take at most 63 of a-z, 0-9, _ and -, and a key starts with a letter"
    return None


def finite(value: pb.Struct | Value) -> str | None:
    """A JSON object; NaN and the infinities, which JSON lacks, would become null on their way."""
    if isinstance(value, pb.Struct):
        inside = list(value.fields.values())
    elif value.WhichOneof("kind") == "struct_value":
        inside = list(value.struct_value.fields.values())
    else:
        inside = list(value.list_value.values)
    for element in inside:
        if element.WhichOneof("kind") == "number_value" and not math.isfinite(element.number_value):
            return "holds NaN or an infinity, which JSON cannot say; leave it out"
        if (words := finite(element)) is not None:
            return words
    return None


def image(message: pb.Image) -> Iterator[tuple[str, str]]:
    """An input picture whose bytes are an image file and agree with what is said of them."""
    source = message.WhichOneof("source")
    if source == "uri":
        yield from _uri(message)
    if source != "data":
        for field in ("width", "height", "size_bytes"):
            if source == "uri" and message.HasField(field):
                yield field, "can only be checked against data; leave it out beside a uri"
        if source == "uri" and message.sha256:
            yield "sha256", "can only be checked against data; leave it out beside a uri"
        return
    header = image_header.read(message.data[: image_header.ENOUGH])
    if header is None:
        yield "data", f"is not an image file this server knows; send {INPUT_TYPES}"
        return
    if message.mime_type and message.mime_type != header.mime_type:
        yield "mime_type", f"is {message.mime_type!r}, but the data is {header.mime_type}; leave it out or correct it"
    if header.width and header.height and header.width * header.height > MAX_PIXELS:
        yield "data", f"has {header.width}x{header.height} pixels; at most {MAX_PIXELS} are allowed: scale it down"
    for field, actual in (("width", header.width), ("height", header.height), ("size_bytes", len(message.data))):
        if message.HasField(field) and actual != getattr(message, field):
            yield field, f"is {getattr(message, field)}, but the data has {actual}; leave it out or correct it"
    if message.sha256 and hashlib.sha256(message.data).digest() != message.sha256:
        yield "sha256", "does not match the data: the picture was damaged or changed; send it again"


def _uri(message: pb.Image) -> Iterator[tuple[str, str]]:
    scheme = message.uri.partition(":")[0].lower()
    if scheme == "data":
        if not re.match(r"data:image/[\w.+-]+;base64,", message.uri):
            yield "uri", "must be data:image/TYPE;base64,DATA"
        return
    if scheme not in {"https", "gs"}:
        yield "uri", "must start with https://, gs:// or data:; send other pictures as data"
    elif len(message.uri) > 2048:
        yield "uri", f"has {len(message.uri)} characters; at most 2048 are allowed"
    if scheme == "gs" and not message.mime_type:
        yield "mime_type", 'is required beside a gs:// uri, for example "image/png"'


def message(message: pb.ChatMessage) -> Iterator[tuple[str, str]]:
    """A turn that says something, in either form, each piece where its role may have it."""
    if not message.parts:
        if not message.content and not message.HasField("image"):
            yield "", "is empty; set content, image or parts"
        if message.HasField("image") and message.image.WhichOneof("source") is None:
            yield "image", "has no source; set data or uri"
        if message.role == _SYSTEM and message.HasField("image"):
            yield "image", "has no place in a system message; show it in a user message"
        return
    named = False
    for i, part in enumerate(message.parts):
        kind = part.WhichOneof("content")
        path = f"parts[{i}]"
        if kind is None and not part.thought_signature:
            yield path, "is empty; set text, image, function_call, function_response, media or native"
        if kind == "image" and part.image.WhichOneof("source") is None:
            if part.image.sha256 and part.image.sha256 == message.image.sha256:
                named = True
            else:
                yield f"{path}.image", "has no source; set data or uri, or the sha256 of the message's image"
        if kind == "function_call" and message.role != _ASSISTANT:
            yield f"{path}.function_call", "only an assistant message calls functions"
        if kind in {"media", "native"} and message.role != _ASSISTANT:
            yield f"{path}.{kind}", "only goes back with the assistant message that it came in"
        if part.native_fields and message.role != _ASSISTANT:
            yield f"{path}.native_fields", "only go back with the assistant message that they came in"
        if kind == "image" and part.image.display_name and message.role != _ASSISTANT:
            yield f"{path}.image.display_name", "names a picture of a function's result only; leave it out"
        if kind == "function_response" and message.role not in {pb.Role.ROLE_USER, pb.Role.ROLE_TOOL}:
            yield f"{path}.function_response", "only a user or tool message answers a call"
        if message.role == _SYSTEM and kind not in {"text", None}:
            yield path, "a system message holds text only"
        if message.role != _ASSISTANT and (part.thought or part.thought_signature):
            yield path, "only an assistant message has thoughts and thought_signature"
    if message.HasField("image") and not named:
        yield "image", "parts is the whole message, and none of them names this picture by sha256; put it into parts"
    if message.content and message.content != spoken(message):
        yield "content", "differs from the text of parts; leave one of them out"


def spoken(message: pb.ChatMessage) -> str:
    """The text of a message's parts that is no thought."""
    return "".join(part.text for part in message.parts if not part.thought)


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


def thinking(message: pb.ThinkingConfig) -> Iterator[tuple[str, str]]:
    """A budget or a level."""
    if message.HasField("thinking_budget") and message.thinking_level:
        yield "thinking_budget", "excludes thinking_level; set one of them"


def function_response(message: pb.FunctionResponse) -> Iterator[tuple[str, str]]:
    """A result is there, be it empty."""
    if not message.HasField("response"):
        yield "response", "is required; an empty object is allowed"
    for i, picture in enumerate(message.images):
        if picture.WhichOneof("source") is None:
            yield f"images[{i}]", "has no source; set data or uri"


def google_search(message: pb.GoogleSearch) -> Iterator[tuple[str, str]]:
    """Each type of search once."""
    if len(set(message.search_types)) < len(message.search_types):
        yield "search_types", "names a type twice"


def time_range(message: pb.TimeRange) -> Iterator[tuple[str, str]]:
    """A time that does not run backwards."""
    begin, end = message.start_time, message.end_time
    for name, moment in (("start_time", begin), ("end_time", end)):
        if not (-62135596800 <= moment.seconds <= 253402300799 and 0 <= moment.nanos < 1_000_000_000):
            yield name, "is no time of the years 1 to 9999"
            return
    if (end.seconds, end.nanos) < (begin.seconds, begin.nanos):
        yield "end_time", "is before start_time"
