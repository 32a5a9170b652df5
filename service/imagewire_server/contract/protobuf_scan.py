"""Scans the bytes of a request before protobuf decodes them: for too much content, and for unknown fields.

protobuf turns two bytes into two hundred bytes of memory and a microsecond of work, so the content is counted before.
A client that is newer than this server gets an error for unknown fields before it pays. For a small request, which
cannot hold much, protobuf itself finds unknown fields in a microsecond or two.
"""

from functools import cache
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Violation
from imagewire_server.contract.limits import LIGHT_BYTES, MOST_TEXT, MOST_VALUES, TOO_MANY, TOO_MUCH_TEXT

# The maximum depth of protobuf.
_DEEPEST = 100
_MOST_NAMED = 16
# A text of at least this length is searched for characters that JSON must escape.
_LONG_TEXT = 256
_SLICE = 1024 * 1024
_LONGER_BY_5 = bytes({*range(32)} - {*b"\b\t\n\f\r"})
_LONGER_BY_1 = b'\b\t\n\f\r"\\'

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
_LONGEST_VARINT = 10


class Undecodable(Exception):
    """The bytes are not valid protobuf."""


def has_none(message: pb.ProtoMessage) -> bool:
    """Whether a message has no unknown fields. If it has any, they are removed."""
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return message.ByteSize() == size


def find(data: bytes | bytearray, descriptor: Any, most: int = MOST_VALUES) -> list[Violation] | None:
    """The violations in the bytes of a message: unknown fields, with the paths of their messages, or too much content.

    None if there are more than `most` fields, but not more than are allowed. Raises Undecodable.
    """
    scan = _Scan(data, most)
    try:
        scan.message(0, len(data), descriptor)
    except _Enough:
        pass
    except _TooMany:
        if not scan.found and most < MOST_VALUES:
            return None
        scan.found = scan.found or {("", TOO_MANY): None}
    except IndexError:
        raise Undecodable from None
    return [Violation(path, words) for path, words in scan.found]


class _Enough(Exception):
    """The search can end."""


class _TooMany(Exception):
    """There are more fields than may be scanned."""


class _Field(NamedTuple):
    """A known field. descriptor: that of its message. is_url: it may be a picture as a data: URL."""

    name: str
    descriptor: Descriptor | None = None
    repeated: bool = False
    packed: bool = False
    is_text: bool = False
    is_url: bool = False


@cache
def _plan(descriptor: Descriptor) -> dict[int, _Field]:
    """A message's fields by their tags: number and wire type."""
    plan: dict[int, _Field] = {}
    for field in descriptor.fields:
        tag = field.number << 3
        inside = field.message_type
        is_text = field.type == FieldDescriptor.TYPE_STRING
        repeated = bool(field.is_repeated)
        plan[tag | _WIRE_TYPES.get(field.type, _VARINT)] = _Field(
            field.name, inside, repeated, is_text=is_text, is_url=is_text and field.name == "uri"
        )
        if repeated and not inside:
            plan.setdefault(tag | _BYTES, _Field(field.name, packed=True))
    return plan


class _Scan:
    def __init__(self, data: bytes | bytearray, most: int) -> None:
        self.found: dict[tuple[str, str], None] = {}
        self._data = data
        self._left = most
        self._text_left = MOST_TEXT
        self._path: list[tuple[_Field, int]] = []

    def message(self, at: int, end: int, descriptor: Any) -> None:
        """Scan the fields of a message from `at` to `end`. Raises IndexError if it is not complete."""
        data, plan = self._data, _plan(descriptor)
        seen: dict[str, int] = {}
        while at < end:
            self._count(1)
            tag = data[at]
            at += 1
            if tag > 127:
                tag, at = self._varint(at - 1)
            field = plan.get(tag)
            wire_type = tag & 7
            if field is None:
                self._refuse(_words(descriptor, tag >> 3), last=wire_type in {_GROUP, _GROUP_END})
            if wire_type == _BYTES:
                size = data[at]
                at += 1
                if size > 127:
                    size, at = self._varint(at - 1)
                if at + size > end:
                    raise IndexError
                if field is None:
                    pass
                elif field.descriptor is not None:
                    index = seen[field.name] = seen.get(field.name, -1) + 1
                    self._inside(field, index, at, at + size)
                elif field.is_text:
                    self._text(field, at, at + size)
                elif field.packed:
                    self._count(size)
                at += size
            elif wire_type == _VARINT:
                _, at = self._varint(at)
            else:
                at += 8 if wire_type == _FIXED64 else 4
        if at > end:
            raise IndexError

    def _count(self, values: int) -> None:
        self._left -= values
        if self._left < 0:
            raise _TooMany

    def _inside(self, field: _Field, index: int, at: int, end: int) -> None:
        self._path.append((field, index))
        if len(self._path) > _DEEPEST:
            self._path = self._path[:8]
            self._refuse(f"is nested more than {_DEEPEST} levels deep; send less", last=True)
        self.message(at, end, field.descriptor)
        self._path.pop()

    def _text(self, field: _Field, at: int, end: int) -> None:
        """Count a text by its length in JSON, unless it is a picture in a data: URL."""
        data = self._data
        if field.is_url and data[at : at + 5].lower() == b"data:":
            if not all(data[i : min(i + _SLICE, end)].isascii() for i in range(at, end, _SLICE)):
                self._refuse("uri must be data:image/TYPE;base64,DATA", last=True)
            return
        self._text_left -= end - at
        if end - at >= _LONG_TEXT and len(data) > LIGHT_BYTES:
            for i in range(at, end, _SLICE):
                piece = data[i : min(i + _SLICE, end)]
                longer = 5 * (len(piece) - len(piece.translate(None, _LONGER_BY_5)))
                self._text_left -= longer + len(piece) - len(piece.translate(None, _LONGER_BY_1))
        if self._text_left < 0:
            self._path.clear()
            self._refuse(TOO_MUCH_TEXT, last=True)

    def _varint(self, at: int) -> tuple[int, int]:
        """The number at a position, and the position after it."""
        data, value = self._data, 0
        for shift in range(0, 7 * _LONGEST_VARINT, 7):
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
        raise IndexError

    def _refuse(self, words: str, *, last: bool) -> None:
        steps = [f"{field.name}[{index}]" if field.repeated else field.name for field, index in self._path]
        self.found[".".join(steps), words] = None
        if last or len(self.found) == _MOST_NAMED:
            raise _Enough


def _words(descriptor: Descriptor, number: int) -> str:
    known = descriptor.fields_by_number.get(number)
    if known is not None:
        return (
            f"field {number} ({known.name}) is not encoded as this server's contract has it;"
            " generate the client from this server's contract, or leave it out"
        )
    return f"field {number} is unknown to this server; leave it out, or use a newer server"
