"""Fields of a request that this server's contract lacks. A client that is newer learns of them before it pays.

A small request is asked by protobuf itself, which costs a microsecond or two. Where that finds one, and in a large
request, whose pictures protobuf would copy for it, the fields are looked at as they came.
"""

from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Violation

_SMALL = 64 * 1024
# So many fields, those of messages inside included, may be looked at; and so many unknown ones are named.
MAX_FIELDS = 500_000
_MOST_NAMED = 16

_VARINT, _FIXED64, _BYTES, _GROUP, _GROUP_END, _FIXED32 = range(6)
_WIRE_TYPES = {
    FieldDescriptor.TYPE_DOUBLE: _FIXED64,
    FieldDescriptor.TYPE_FIXED64: _FIXED64,
    FieldDescriptor.TYPE_SFIXED64: _FIXED64,
    FieldDescriptor.TYPE_FLOAT: _FIXED32,
    FieldDescriptor.TYPE_FIXED32: _FIXED32,
    FieldDescriptor.TYPE_SFIXED32: _FIXED32,
    FieldDescriptor.TYPE_STRING: _BYTES,
    FieldDescriptor.TYPE_BYTES: _BYTES,
    FieldDescriptor.TYPE_MESSAGE: _BYTES,
}


def has_none(message: pb.ProtoMessage, data: bytes) -> bool:
    """Whether it is certain that a message, decoded from `data`, has none. Any that it has are lost."""
    if len(data) > _SMALL:
        return False
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return message.ByteSize() == size


def find(message: pb.ProtoMessage, data: bytes) -> list[Violation]:
    """The unknown fields of a message, decoded from `data`, by the paths of what they stand in."""
    scan = _Scan(data)
    with suppress(_Enough):
        scan.message(0, len(data), message.DESCRIPTOR, "")
    return [Violation(path, words) for path, words in scan.found]


class _Enough(Exception):
    """No more is to be looked for."""


class _Inside(NamedTuple):
    """A field that holds messages."""

    name: str
    descriptor: Descriptor
    repeated: bool


@cache
def _plan(descriptor: Descriptor) -> dict[int, _Inside | None]:
    """A message's fields by their tags: number and wire type. None for a scalar."""
    plan: dict[int, _Inside | None] = {}
    for field in descriptor.fields:
        tag = field.number << 3
        inside = field.message_type
        plan[tag | _WIRE_TYPES.get(field.type, _VARINT)] = (
            _Inside(field.name, inside, bool(field.is_repeated)) if inside else None
        )
        if field.is_repeated and not inside:
            plan.setdefault(tag | _BYTES, None)  # packed
    return plan


class _Scan:
    def __init__(self, data: bytes) -> None:
        self.found: dict[tuple[str, str], None] = {}
        self._data = data
        self._left = MAX_FIELDS

    def message(self, at: int, end: int, descriptor: Any, path: str) -> None:
        """Look at the fields of a message that stands from `at` to `end`."""
        data, plan = self._data, _plan(descriptor)
        seen: dict[str, int] = {}
        while at < end:
            self._count()
            tag, at = self._varint(at)
            inside = plan.get(tag)
            wire_type = tag & 7
            if inside is None and tag not in plan:
                self._refuse(path, _words(descriptor, tag >> 3), last=wire_type in {_GROUP, _GROUP_END})
            if wire_type == _VARINT:
                while data[at] > 127:
                    at += 1
                at += 1
            elif wire_type == _BYTES:
                size, at = self._varint(at)
                if inside is not None:
                    index = seen[inside.name] = seen.get(inside.name, -1) + 1
                    name = f"{inside.name}[{index}]" if inside.repeated else inside.name
                    self.message(at, at + size, inside.descriptor, f"{path}.{name}" if path else name)
                at += size
            else:
                at += 8 if wire_type == _FIXED64 else 4

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            if not self.found:
                self._refuse("", f"holds more than {MAX_FIELDS} values; send fewer", last=True)
            raise _Enough

    def _varint(self, at: int) -> tuple[int, int]:
        """The number at a place, and where it ends."""
        value = self._data[at]
        at += 1
        if value < 128:
            return value, at
        value, shift = value & 127, 7
        while True:
            byte = self._data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
            shift += 7

    def _refuse(self, path: str, words: str, *, last: bool) -> None:
        self.found[path, words] = None
        if last or len(self.found) == _MOST_NAMED:
            raise _Enough


def _words(descriptor: Descriptor, number: int) -> str:
    known = descriptor.fields_by_number.get(number)
    if known is not None:
        return (
            f"field {number} ({known.name}) is not encoded as this server's contract has it;"
            " generate the client from this server's contract, or leave it out"
        )
    return f"field {number} is unknown to this server; leave it out, or ask a server that is newer"
