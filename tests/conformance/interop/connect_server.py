"""The service of Connect's conformance suite, served by our application for Connect and gRPC-Web.

A program: the suite's runner starts it, says on standard input what to serve, and reads where that is. Its argument is
the file with the suite's messages. What our own services never do is added to the application: errors and trailers that
a request chooses, and streams without a message.
"""

import asyncio
import struct
import sys
from collections.abc import AsyncIterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from google.protobuf import any_pb2, descriptor_pool  # the first registers a file that the suite's import
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message_factory import GetMessageClass
from google.rpc.status_pb2 import Status

from imagewire_server import logs
from imagewire_server.api.rest.connect import answers, app
from imagewire_server.api.rest.connect.app import ConnectApp, ConnectLimits
from imagewire_server.api.rest.http_protocol import ConnectionLimits
from imagewire_server.api.rest.http_server import HttpServer
from imagewire_server.api.rest.origin_check import OriginCheck
from imagewire_server.contract.errors import Code, Error
from imagewire_server.core.access.caller import Permission
from imagewire_server.core.call import Call
from imagewire_server.core.drain import RunningCalls
from imagewire_server.core.listener import Listener
from imagewire_server.core.receive_budget import ReceiveBudget
from imagewire_server.formats.connect.errors import Metadata
from imagewire_server.formats.connect.timeouts import milliseconds, with_unit
from imagewire_server.services.context import CALL
from imagewire_server.services.table import Method

PACKAGE = "connectrpc.conformance.v1"
POOL = descriptor_pool.Default()
TRAILERS: ContextVar[list[tuple[str, str]]] = ContextVar("trailers", default=[])  # noqa: B039  # never changed
_NOTHING = bytes(bytearray(b"no message"))  # its identity counts


def message(name: str) -> Any:
    """A class of the suite's messages."""
    return GetMessageClass(POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))


class Chosen(Error):
    """The error that a request asks for."""

    def __init__(self, given: Any, *details: Any) -> None:
        super().__init__(given.message)
        self.code = Code(given.code)
        self.details = [*given.details, *details]


class Stream(answers.StreamAnswer):
    """One that may have no message at all."""

    def encoded(self, message: Any) -> bytes:
        return _NOTHING if message is _NOTHING else super().encoded(message)

    async def finish(self, message: bytes, metadata: Metadata) -> None:
        if message is not _NOTHING:
            await super().finish(message, metadata)
            return
        await self._response.write(self._end(None, metadata))
        await self._response.finish()


def _status(error: Error, _: str) -> Status:
    """Without the details that our errors have."""
    made = Status(code=error.code, message=error.message)
    for detail in error.details if isinstance(error, Chosen) else ():
        made.details.add(type_url=detail.type_url, value=detail.value)
    return made


def _pairs(headers: Any) -> list[tuple[str, str]]:
    return [(header.name.lower(), value) for header in headers for value in header.value]


def _seen(requests: list[Any]) -> Any:
    """What came of a call."""
    made, found = message("ConformancePayload.RequestInfo")(), dict[str, list[str]]()
    for name, value in CALL.get().headers:
        assert isinstance(name, bytes)
        assert isinstance(value, bytes)
        found.setdefault(name.decode(), []).append(value.decode())
    for name, values in found.items():
        made.request_headers.add(name=name, value=values)
    for name, read in (("connect-timeout-ms", milliseconds), ("grpc-timeout", with_unit)):
        if name in found:
            made.timeout_ms = round(read(found[name][0]) * 1000)
    for request in requests:
        made.requests.add().Pack(request)
    return made


async def _one(requests: list[Any], context: Any, answer: str) -> Any:
    asked = requests[0].response_definition if requests else message("UnaryResponseDefinition")()
    TRAILERS.set(_pairs(asked.response_trailers))
    await context.send_initial_metadata(_pairs(asked.response_headers))
    await asyncio.sleep(asked.response_delay_ms / 1000)
    seen = _seen(requests)
    if asked.HasField("error"):
        packed = any_pb2.Any()
        packed.Pack(seen)
        raise Chosen(asked.error, packed)
    return message(answer)(payload=message("ConformancePayload")(data=asked.response_data, request_info=seen))


async def _many(requests: list[Any], context: Any, answer: str) -> bytes:
    asked = requests[0].response_definition if requests else message("StreamResponseDefinition")()
    TRAILERS.set(_pairs(asked.response_trailers))
    await context.send_initial_metadata(_pairs(asked.response_headers))
    last, seen = _NOTHING, _seen(requests)
    for number, data in enumerate(asked.response_data):
        if number:
            await context.write(last)
        await asyncio.sleep(asked.response_delay_ms / 1000)
        payload = message("ConformancePayload")(data=data, request_info=None if number else seen)
        last = message(answer)(payload=payload).SerializeToString()
    if asked.HasField("error"):
        packed = any_pb2.Any()
        if asked.response_data:
            await context.write(last)
            raise Chosen(asked.error)
        packed.Pack(seen)
        raise Chosen(asked.error, packed)
    return last


async def _unimplemented(*_: Any) -> Any:
    raise Chosen(message("Error")(code=Code.UNIMPLEMENTED, message="this method is never implemented"))


def _method(described: Any) -> Method:
    answered = _many if described.server_streaming else _one

    async def behaviour(request: Any, context: Any) -> Any:
        requests = [one async for one in request] if isinstance(request, AsyncIterator) else [request]
        return await answered(requests, context, described.output_type.name)

    return Method(
        f"/{described.containing_service.full_name}/{described.name}",
        Permission.NONE,
        GetMessageClass(described.input_type),
        GetMessageClass(described.output_type),
        described.client_streaming,
        described.server_streaming,
        _unimplemented if described.name == "Unimplemented" else behaviour,
    )


async def main() -> None:
    """Serve until the runner ends this program."""
    app.status_of, app.StreamAnswer = _status, Stream  # type: ignore[assignment,misc]
    Call.trailers = lambda _: TRAILERS.get()  # type: ignore[method-assign,assignment]
    [size] = struct.unpack(">I", sys.stdin.buffer.read(4))
    asked = message("ServerCompatRequest").FromString(sys.stdin.buffer.read(size))
    service = POOL.FindServiceByName(f"{PACKAGE}.ConformanceService")
    methods = {method.path: method for method in map(_method, service.methods)}
    limits = ConnectLimits(asked.message_receive_limit or 2**26, receive_timeout=60, stall_timeout=60)
    served = ConnectApp(methods, RunningCalls(), (), ReceiveBudget(2**30), OriginCheck(("*",), ("*",)), limits)
    http = HttpServer(Listener("127.0.0.1:0"), ConnectionLimits(1000, 60.0), 1.0)
    where = message("ServerCompatResponse")(host="127.0.0.1", port=await http.start(served, "the suite", ""))
    said = where.SerializeToString()
    sys.stdout.buffer.write(struct.pack(">I", len(said)) + said)
    sys.stdout.buffer.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    for file in FileDescriptorSet.FromString(Path(sys.argv[1]).read_bytes()).file:
        POOL.AddSerializedFile(file.SerializeToString())
    logs.configure("error")
    asyncio.run(main())
