"""Short representations for logs and prompts: no picture's bytes, no long text."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

_LONGEST = 80
_MOST = 10


def short_repr(made: Any) -> str:
    """The repr of a dataclass: the fields that differ from their defaults, each of them short."""
    shown = [
        f"{field.name}={short(value)}"
        for field in dataclasses.fields(made)
        if field.repr and (value := getattr(made, field.name)) != _default(field)
    ]
    return f"{type(made).__name__}({', '.join(shown)})"


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def short(value: object) -> str:
    """The repr of a value: of bytes and of protobuf messages the size, of long texts and lists the beginning."""
    match value:
        case bytes():
            return f"<{len(value)} bytes>"
        case str():
            return repr(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…")
        case list():
            shown = [short(item) for item in value[:_MOST]]
            more = [f"… {len(value) - _MOST} more"] if len(value) > _MOST else []
            return f"[{', '.join([*shown, *more])}]"
        case Mapping():
            return f"{{{', '.join(f'{short(name)}: {short(item)}' for name, item in list(value.items())[:_MOST])}}}"
        case Message():
            return f"<{value.DESCRIPTOR.name}, {value.ByteSize()} bytes>"
        case _:
            return repr(value)
