"""Protobuf's JSON: requests become messages, messages become answers."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

import msgspec
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from imagewire_server.contract import json_scan, protobuf_scan
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.limits import MOST_TEXT, MOST_VIOLATIONS

_PACKAGE = "imagewire.v1"
_LONGEST = 500  # of what protobuf says of a wrong value
# Protobuf reads 100 levels of messages, and each object inside a Struct takes three of them.
_DEEPEST = 32
_OBJECT = re.compile(rb"\s*\{")
_UNKNOWN = re.compile(r'has no field named "([^"]*)" at "([^"]*)"')
_FAILED = re.compile(r"Failed to parse (\w+) field: ")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_NUMBERS = frozenset(
    (
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
        FieldDescriptor.CPPTYPE_FLOAT,
        FieldDescriptor.CPPTYPE_DOUBLE,
        FieldDescriptor.CPPTYPE_ENUM,
    )
)
_UNREADABLE = re.compile(r"(Failed to load JSON: )+")

_M = TypeVar("_M", bound=Message)


def decode(data: bytes | bytearray, kind: type[_M]) -> _M:
    """The message of a JSON text. An empty one is an empty message.

    Raises InvalidRequest for a text that is no such message, has unknown fields, or holds too much.
    """
    message = kind()
    if not data:
        return message
    if not _OBJECT.match(data):
        raise InvalidRequest([Violation("", "the request must be a JSON object")])
    json_scan.check(data, "")
    json_scan.check_levels(data, _DEEPEST)
    if wrong := _taken_by_protobuf(data, message.DESCRIPTOR):
        raise InvalidRequest(wrong)
    try:
        json_format.Parse(data.decode(), message)
    except UnicodeDecodeError:
        raise InvalidRequest([Violation("", "the request's JSON is no valid UTF-8")]) from None
    except json_format.ParseError as error:
        raise InvalidRequest([_violation(" ".join(str(error).split()))]) from None
    # In JSON, a long text looks like a picture.
    if message.ByteSize() > MOST_TEXT and (
        found := protobuf_scan.find(message.SerializeToString(), message.DESCRIPTOR)
    ):
        raise InvalidRequest(found)
    return message


def encode(message: Message) -> bytes:
    """The JSON text of a message, with names as protobuf's JSON has them. Bytes are base64."""
    made: dict[str, Any] = json_format.MessageToDict(message)
    return msgspec.json.encode(made)


def _taken_by_protobuf(data: bytes | bytearray, kind: Any) -> list[Violation]:
    """What is wrong in a JSON text, and is taken by protobuf's parser nevertheless."""
    try:
        return list(islice(_wrong_in(msgspec.json.decode(data), kind, ""), MOST_VIOLATIONS))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []  # protobuf says what is wrong


def _wrong_in(given: Any, kind: Any, path: str) -> Iterator[Violation]:
    """Two spellings of a field, of which protobuf takes the last; base64 with other letters; truth for numbers."""
    if not isinstance(given, dict) or kind.file.package != _PACKAGE:
        return
    spelled: dict[int, str] = {}
    for name, value in given.items():
        field = kind.fields_by_camelcase_name.get(name) or kind.fields_by_name.get(name)
        if field is None:  # a name in brackets, of an extension
            continue
        if (other := spelled.setdefault(field.number, name)) != name:
            yield Violation(path + name, f"is given as {other} too; leave out one of them")
            continue
        many = value if isinstance(value, list) else [value]
        for number, one in enumerate(many):
            place = f"{path}{name}[{number}]" if isinstance(value, list) else f"{path}{name}"
            if field.message_type is not None:
                yield from _wrong_in(one, field.message_type, f"{place}.")
            elif isinstance(one, bool) and field.cpp_type in _NUMBERS:
                yield Violation(place, "is true or false, which is no value of this field")
            elif isinstance(one, str) and field.type == field.TYPE_BYTES and not _BASE64.fullmatch(one):
                yield Violation(place, "is no valid base64")


def _violation(said: str) -> Violation:
    """What protobuf says of the first wrong field, without the list of all the fields that there are."""
    if unreadable := _UNREADABLE.match(said):
        return Violation("", f"the request is no valid JSON: {said[unreadable.end() :][:_LONGEST]}")
    if unknown := _UNKNOWN.search(said):
        name, path = unknown.groups()
        return Violation(".".join([*path.split(".")[1:], name]), "is no field of the contract")
    path = []
    while failed := _FAILED.match(said):
        path.append(failed[1])
        said = said[failed.end() :]
    return Violation(".".join(path), said[:_LONGEST].rstrip("."))
