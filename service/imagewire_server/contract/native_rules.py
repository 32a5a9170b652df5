"""Checks of what a request carries in a provider's own shape: JSON text, native parts and fields, and other media."""

import hashlib
import re
from collections.abc import Iterator, Mapping

import msgspec

from imagewire_server.contract import pb

# What Part always has fields for. Calls, results and files are native too, in shapes that its fields cannot hold.
_MODELLED = frozenset({"text", "inlineData", "thought", "thoughtSignature"})
_LONGEST_NAME = 128
_skip = msgspec.json.Decoder(msgspec.Raw).decode  # checks without building what is inside


def camel(name: str) -> str:
    """A name in snake_case in the other spelling that JSON takes for a protobuf field."""
    return re.sub(r"_([a-zA-Z0-9])", lambda match: match[1].upper(), name)


def _is_json(text: str) -> bool:
    # Half of a surrogate pair: JSON's grammar takes it, and providers send it. msgspec does not; another sign will do.
    try:
        _skip(text.replace("\\ud", "\\u0").replace("\\uD", "\\u0"))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True


def json(value: str) -> str | None:
    """JSON text."""
    return None if _is_json(value) else "is no JSON; send the text as it came"


def json_object(value: str) -> str | None:
    """JSON text of an object, or empty."""
    if not value or (value.lstrip(" \t\r\n").startswith("{") and _is_json(value)):
        return None
    return "is no JSON object; send the text as it came"


def native_fields(value: Mapping[str, str]) -> str | None:
    """Fields of a provider's part, as they came."""
    for name, text in value.items():
        if not 1 <= len(name) <= _LONGEST_NAME:
            return f"holds a name of {len(name)} characters; 1 to {_LONGEST_NAME} are allowed"
        if camel(name) in _MODELLED:
            return f"{name!r} has a field of its own in Part; use that"
        if (words := json(text)) is not None:
            return f"{name!r} {words}"
    return None


def native_part(message: pb.NativePart) -> Iterator[tuple[str, str]]:
    """A part of a kind, or in a shape, that the contract lacks."""
    if camel(message.kind) in _MODELLED:
        yield "kind", f"{message.kind} has a field of its own in Part; use that"


def media(message: pb.Media) -> Iterator[tuple[str, str]]:
    """Other media, whole or elsewhere, that agrees with what is said of it."""
    match message.WhichOneof("source"):
        case None:
            yield "", "has no source; set data or uri"
        case "uri":
            for field in ("size_bytes", "sha256"):
                if getattr(message, field):
                    yield field, "can only be checked against data; leave it out beside a uri"
        case _:
            data = message.data  # once: protobuf copies it each time
            if message.HasField("size_bytes") and message.size_bytes != len(data):
                yield "size_bytes", f"is {message.size_bytes}, but the data has {len(data)}; correct it"
            if message.sha256 and hashlib.sha256(data).digest() != message.sha256:
                yield "sha256", "does not match the data: it was damaged or changed; send it again"


def function_call(message: pb.FunctionCall) -> Iterator[tuple[str, str]]:
    """Arguments in one form."""
    if message.args_json and message.HasField("args"):
        yield "args_json", "excludes args; set one of them"
