"""Requests as they come in: decoded, and what is wrong kept back until the guard knows the caller."""

from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from imagewire_server.contract import pb, unknown_fields
from imagewire_server.contract.errors import InvalidRequest, Violation


class _Undecodable:
    """Stands for a request that is no such message."""


class _Doubtful(NamedTuple):
    """Stands for a request that may hold fields which the contract lacks."""

    message: pb.ProtoMessage
    data: bytes


def lenient(decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """A deserializer that leaves the refusal of broken bytes to `checked`."""

    def decoded(data: bytes) -> Any:
        try:
            return decode(data)
        except DecodeError:
            return _Undecodable()

    return decoded


def exact(decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """A lenient deserializer that leaves the refusal of unknown fields to `checked` too."""
    decoder = lenient(decode)

    def decoded(data: bytes) -> Any:
        message = decoder(data)
        if isinstance(message, _Undecodable) or unknown_fields.has_none(message, data):
            return message
        return _Doubtful(message, data)

    return decoded


def checked(request: Any) -> Any:
    """The request's message. Raises InvalidRequest for bytes that are none, and for fields that the contract lacks."""
    if isinstance(request, _Undecodable):
        raise InvalidRequest([Violation("", "the request's bytes are no valid message of this method's type")])
    if not isinstance(request, _Doubtful):
        return request
    if found := unknown_fields.find(request.message, request.data):
        raise InvalidRequest(found)
    return request.message
