"""Checks of what a request carries in a provider's own shape: JSON text, native parts and fields, and other media."""

import hashlib
import json as stdlib_json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from imagewire_server.contract import pb

# What the contract models itself, so that nothing can be said twice.
MODELLED = frozenset(
    {"text", "inlineData", "fileData", "functionCall", "functionResponse", "thought", "thoughtSignature"}
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def parsed(text: str) -> Any:
    """The value of a JSON text. Raises ValueError for anything else, NaN, the infinities and endless nesting too."""
    try:
        return stdlib_json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def json(value: str) -> str | None:
    """JSON text."""
    try:
        parsed(value)
    except ValueError:
        return "is no JSON; send the text as it came"
    return None


def json_object(value: str) -> str | None:
    """JSON text of an object, or empty."""
    if not value:
        return None
    try:
        fine = isinstance(parsed(value), dict)
    except ValueError:
        fine = False
    return None if fine else "is no JSON object; send the text as it came"


def native_fields(value: Mapping[str, str]) -> str | None:
    """Fields of a provider's part, as they came."""
    for name, text in value.items():
        if not _NAME.fullmatch(name) or name in MODELLED:
            return f"{name!r}: names take letters and digits, and none that the contract has a field for"
        if (words := json(text)) is not None:
            return f"{name!r} {words}"
    return None


def native_part(message: pb.NativePart) -> Iterator[tuple[str, str]]:
    """A part of a kind that the contract lacks."""
    if message.kind in MODELLED:
        yield "kind", f"{message.kind} has a field of its own in Part; use that"


def media(message: pb.Media) -> Iterator[tuple[str, str]]:
    """Other media, whole or elsewhere, that agrees with what is said of it."""
    match message.WhichOneof("source"):
        case None:
            yield "", "has no source; set data or uri"
        case "uri":
            if message.HasField("size_bytes") or message.sha256:
                yield "uri", "leaves size_bytes and sha256 unchecked; leave them out beside a uri"
        case _:
            if message.HasField("size_bytes") and message.size_bytes != len(message.data):
                yield "size_bytes", f"is {message.size_bytes}, but the data has {len(message.data)}; correct it"
            if message.sha256 and hashlib.sha256(message.data).digest() != message.sha256:
                yield "sha256", "does not match the data: it was damaged or changed; send it again"


def function_call(message: pb.FunctionCall) -> Iterator[tuple[str, str]]:
    """Arguments in one form."""
    if message.args_json and message.HasField("args"):
        yield "args_json", "excludes args; set one of them"
