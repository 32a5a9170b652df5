"""Checks of content in a provider's own format: JSON text, native parts and fields, and other media."""

import hashlib
import re
from collections.abc import Iterator, Mapping

import msgspec

from imagewire_server.contract import pb

# Kinds for which Part always has fields. Calls, results and files may be native, if its fields cannot hold them.
_MODELLED = frozenset({"text", "inlineData", "thought", "thoughtSignature"})
_LONGEST_NAME = 128
_skip = msgspec.json.Decoder(msgspec.Raw).decode  # checks without building the values


def camel(name: str) -> str:
    """The camelCase form of a snake_case name, which JSON also accepts for a protobuf field."""
    return re.sub(r"_([a-zA-Z0-9])", lambda match: match[1].upper(), name)


def _is_json(text: str) -> bool:
    # Half of a surrogate pair: JSON allows it, and providers send it. msgspec refuses it, so it is replaced here.
    try:
        _skip(text.replace("\\ud", "\\u0").replace("\\uD", "\\u0"))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True


def json(value: str) -> str | None:
    """JSON text."""
    return None if _is_json(value) else "is not JSON; send the text unchanged"


def json_object(value: str) -> str | None:
    """JSON text of an object, or empty."""
    if not value or (value.lstrip(" \t\r\n").startswith("{") and _is_json(value)):
        return None
    return "is not a JSON object; send the text unchanged"


def native_fields(value: Mapping[str, str]) -> str | None:
    """Check the native fields of a part."""
    for name, text in value.items():
        if not 1 <= len(name) <= _LONGEST_NAME:
            return f"has a name of {len(name)} characters; 1 to {_LONGEST_NAME} are allowed"
        if camel(name) in _MODELLED:
            return f"{name!r} has its own field in Part; use that"
        if (words := json(text)) is not None:
            return f"{name!r} {words}"
    return None


def native_part(message: pb.NativePart) -> Iterator[tuple[str, str]]:
    """Check a part of a kind, or in a format, that the contract does not define."""
    if camel(message.kind) in _MODELLED:
        yield "kind", f"{message.kind} has its own field in Part; use that"


def media(message: pb.Media) -> Iterator[tuple[str, str]]:
    """Check other media: its data must match its fields."""
    match message.WhichOneof("source"):
        case None:
            yield "", "has no source; set data or uri"
        case "uri":
            for field in ("size_bytes", "sha256"):
                if getattr(message, field):
                    yield field, "can only be checked against data; leave it out beside a uri"
        case _:
            data = message.data  # read once, because protobuf copies it each time
            if message.HasField("size_bytes") and message.size_bytes != len(data):
                yield "size_bytes", f"is {message.size_bytes}, but the data has {len(data)}; correct it"
            if message.sha256 and hashlib.sha256(data).digest() != message.sha256:
                yield "sha256", "does not match the data: it was damaged or changed; send it again"


def function_call(message: pb.FunctionCall) -> Iterator[tuple[str, str]]:
    """Check that arguments have one form only."""
    if message.args_json and message.HasField("args"):
        yield "args_json", "cannot be combined with args; set only one of them"
