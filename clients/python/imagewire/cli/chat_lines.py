"""Reads the lines of a saved chat. All of it is checked before anything is sent: a damaged chat would be paid for."""

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagewire.v1.message_pb2 import ChatMessage

# What the JSON of another shape than expected raises.
WRONG = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class DamagedLine(Exception):
    """A line is no turn of a chat. The message says which, and why."""


def turns(lines: list[bytes], first: int) -> "Iterator[tuple[str, list[ChatMessage], list[str]] | None]":
    """The words, messages and files of each turn; None for a line that takes the turn before it back.

    first: the number of the first line. Raises DamagedLine.
    """
    for number, line in enumerate(lines, first):
        try:
            given = json.loads(line)
            turn = None if "undo" in given else given["turn"]
            read = None if turn is None else (str(turn["words"]), _messages(turn), [str(one) for one in turn["files"]])
        except WRONG as error:
            why = str(error) if isinstance(error, _Damage) else "it is no turn of a chat"
            raise DamagedLine(f"line {number}: {why}") from error
        yield read


class _Damage(ValueError):
    """The message says which field is damaged, and why."""


def _messages(turn: dict[str, Any]) -> "list[ChatMessage]":
    from google.protobuf.json_format import ParseDict, ParseError

    from imagewire.v1.message_pb2 import ChatMessage

    for i, message in enumerate(turn["messages"]):
        _check(message, ChatMessage.DESCRIPTOR, f"turn.messages[{i}]")
    try:
        return [ParseDict(message, ChatMessage()) for message in turn["messages"]]
    except ParseError as error:
        raise ValueError from error


def _check(given: dict[str, Any], kind: Any, path: str) -> None:
    """Check the bytes in a message's JSON. kind: the message's descriptor.

    protobuf skips what is no base64, so that another picture would be sent.
    """
    for name, value in given.items():
        field = kind.fields_by_name.get(name)
        if field is None:
            continue  # a key of a map; of a message, protobuf refuses it
        many = isinstance(value, list)
        for i, one in enumerate(value if many else [value]):
            where = f"{path}.{name}[{i}]" if many else f"{path}.{name}"
            if field.type == field.TYPE_BYTES:
                _check_base64(one, where)
            elif field.message_type is not None and isinstance(one, dict):
                _check(one, field.message_type, where)
    data, sha256 = given.get("data"), given.get("sha256")
    if data and sha256 and hashlib.sha256(base64.b64decode(data)).digest() != base64.b64decode(sha256):
        raise _Damage(f"{path}.data does not match its sha256")


def _check_base64(text: str, path: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        raise _Damage(f"{path} is no base64") from None
