"""A request as it arrives: what its head says, then its messages."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

from imagewire_server.api.rest.body import Body
from imagewire_server.api.rest.status import HttpError
from imagewire_server.contract import json_scan
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.limits import SMALL_BYTES
from imagewire_server.core.call import Call
from imagewire_server.core.offload import run_for_call, run_in_thread
from imagewire_server.formats.connect import compression, proto_json, timeouts
from imagewire_server.formats.connect.envelope import EnvelopeReader
from imagewire_server.formats.connect.kinds import Kind, accepted, kind_of
from imagewire_server.formats.connect.refusals import Unsupported
from imagewire_server.services import request_decoder
from imagewire_server.services.table import Method

# The caller's own clock ends the call at its deadline. Ours is this much earlier, so that the caller learns why.
_MARGIN = 0.05
_CONNECT = ("application/json", "application/proto", "application/connect+")


def kind_for(scope: MutableMapping[str, Any], method: Method | None, call: Call) -> Kind:
    """How a request speaks to its method. Raises HttpError (404, 405, 415)."""
    if method is None:
        raise HttpError(404, "PATH_NOT_FOUND", "there is no such method: see the contract's services")
    if scope["method"] != "POST":
        words = "methods are called with POST"
        raise HttpError(405, "METHOD_NOT_ALLOWED", words, [(b"allow", b"POST")])
    streams = method.takes_stream or method.sends_stream
    kind = kind_of(call.header("content-type"), streams=streams)
    if kind is None:
        types = ", ".join(accepted(streams=streams))
        words = f"send this method's request with one of the content types {types}; gRPC itself has a port of its own"
        raise HttpError(415, "UNSUPPORTED_MEDIA_TYPE", words, [(b"accept-post", types.encode())])
    return kind


def speaks_connect(call: Call) -> bool:
    """Whether a request that may be wrong in other ways reads Connect's errors."""
    return bool(call.header("connect-protocol-version")) or call.header("content-type").startswith(_CONNECT)


def check_head(kind: Kind, call: Call) -> None:
    """Set the call's deadline. Raises InvalidRequest for wrong headers, Unsupported for compression other than gzip."""
    version = call.header("connect-protocol-version")
    if not kind.web and version not in {"", "1"}:
        raise InvalidRequest([Violation("connect-protocol-version", "must be 1")])
    given = call.header(timeouts.GRPC if kind.web else timeouts.CONNECT)
    if given:
        seconds = timeouts.with_unit(given) if kind.web else timeouts.milliseconds(given)
        call.deadline = asyncio.get_running_loop().time() + max(seconds - _MARGIN, seconds / 2)
    _packs(kind, call)


def _packs(kind: Kind, call: Call) -> bool:
    """Whether messages may be compressed."""
    name = "grpc-encoding" if kind.web else "connect-content-encoding" if kind.enveloped else "content-encoding"
    return compression.is_gzip(name, call.header(name))


class Messages:
    """The messages of one request, whose head is right. most: bytes of each."""

    def __init__(self, body: Body, kind: Kind, method: Method, call: Call, most: int) -> None:
        self._body = body
        self._kind = kind
        self._type: Any = method.request
        self._call = call
        self._most = most
        self._packs = _packs(kind, call)

    async def one(self) -> Any:
        """The message of a method that takes one."""
        if not self._kind.enveloped:
            whole = await self._body.whole()
            return await self._decoded(await self._unpacked(whole) if self._packs and whole else whole)
        found: bytes | bytearray | None = None
        async for message in self._enveloped():
            if found is not None:
                raise Unsupported("the request has more than one message, and this method takes one")
            found = message
        if found is None:
            raise Unsupported("the request has no message, and this method takes one")
        return await self._decoded(found)

    async def all(self) -> AsyncIterator[Any]:
        """The messages of a stream."""
        async for message in self._enveloped():
            yield await self._decoded(message)
            del message
            self._body.release()

    async def _enveloped(self) -> AsyncIterator[bytes | bytearray]:
        reader = EnvelopeReader(self._most, packs=self._packs)
        async for piece in self._body.pieces():
            for message in reader.feed(piece):
                yield await self._unpacked(message) if reader.packed else message
        reader.end()

    async def _unpacked(self, data: bytearray) -> bytes:
        if len(data) <= SMALL_BYTES:
            return compression.unpacked(data, self._most)
        return await run_in_thread(compression.unpacked, data, self._most)

    async def _decoded(self, data: bytes | bytearray) -> Any:
        """Their bytes have no name here for longer than this: they would be kept as long as the call."""
        if not self._kind.json:
            return await request_decoder.read(self._type.FromString, data, self._call)
        self._call.large = json_scan.is_large(data)
        return await run_for_call(self._call, proto_json.decode, data, self._type)
