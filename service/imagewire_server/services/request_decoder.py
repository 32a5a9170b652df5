"""Decodes requests; refuses invalid messages, too many values, and fields that the contract does not have."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from imagewire_server.contract import limits, protobuf_scan
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.core.call import Call
from imagewire_server.core.offload import run_in_thread

Data = bytes | bytearray
Decode = Callable[[Any], Any]  # of Data; a generated one says that it takes bytes alone


def decoder(decode: Decode) -> Decode:
    """A deserializer that raises InvalidRequest for bytes that are not such a message."""

    def decoded(data: Data) -> Any:
        try:
            return decode(data)
        except DecodeError:
            raise _undecodable() from None

    return decoded


async def read(decode: Decode, data: Data, call: Call) -> Any:
    """The message of a request of our own services. call: its `large` is set.

    Raises InvalidRequest for invalid bytes, for too many values, and for unknown fields.
    """
    if len(data) <= limits.SMALL_BYTES:
        return _small(decode, data)
    message = _light(decode, data)
    if message is None:
        call.large = True
        message = await run_in_thread(_large, decode, data)
    return message


def _small(decode: Decode, data: Data) -> Any:
    try:
        message = decode(data)
    except DecodeError:
        raise _undecodable() from None
    if not protobuf_scan.has_none(message):
        raise InvalidRequest(_found(data, message.DESCRIPTOR) or [])
    return message


def _light(decode: Decode, data: Data) -> Any | None:
    """The message of a request that is not large; None if it is."""
    if len(data) > limits.LIGHT_BYTES:
        return None
    found = _found(data, _descriptor(decode), limits.FEW_VALUES)
    return None if found is None else _decoded(decode, data, found)


def _large(decode: Decode, data: Data) -> Any:
    return _decoded(decode, data, _found(data, _descriptor(decode)) or [])


def _decoded(decode: Decode, data: Data, found: list[Violation]) -> Any:
    if found:
        raise InvalidRequest(found)
    try:
        return decode(data)
    except DecodeError:
        raise _undecodable() from None


def _found(data: Data, descriptor: Any, most: int = limits.MOST_VALUES) -> list[Violation] | None:
    try:
        return protobuf_scan.find(data, descriptor, most)
    except protobuf_scan.Undecodable:
        raise _undecodable() from None


def _descriptor(decode: Any) -> Any:
    """Of the message that a generated decoder, the class's own method, makes."""
    return decode.__self__.DESCRIPTOR


def _undecodable() -> InvalidRequest:
    return InvalidRequest([Violation("", "the request's bytes are no valid message of this method's type")])
