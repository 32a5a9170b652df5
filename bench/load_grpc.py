"""A caller over gRPC: the contract's messages, without our client library."""

import asyncio
import time
from pathlib import Path
from typing import Any

import grpc

from bench.http2 import Connection, header_block
from bench.job import Job, Timing, encryption
from bench.pictures import picture
from bench.scan import Wrong
from imagewire.v1.chat_service_pb2 import (
    CreateCompletionRequest,
    CreateCompletionResponse,
    StreamCompletionRequest,
    StreamCompletionResponse,
)
from imagewire.v1.message_pb2 import ChatMessage, Role
from imagewire.v1.spec_pb2 import Spec

_SHARED: dict[str, "asyncio.Task[Connection]"] = {}


class GrpcCaller:
    """Asks the same of one address, again and again, as our clients ask by default."""

    def __init__(self, job: Job) -> None:
        spec = Spec(model=job.model, messages=[ChatMessage(role=Role.ROLE_USER, content=job.prompt)])
        self._job = job
        self._request: Any = (
            StreamCompletionRequest(spec=spec, batch=True)
            if job.stream
            else CreateCompletionRequest(spec=spec, max_inline_bytes=64 * 1024 * 1024)
        )
        self._path = f"/imagewire.v1.ChatService/{'Stream' if job.stream else 'Create'}Completion"
        serialized = self._request.SerializeToString()
        self._body = bytes(1) + len(serialized).to_bytes(4, "big") + serialized
        scheme = "https" if job.authority else "http"
        pseudo = {":method": "POST", ":scheme": scheme, ":path": self._path, ":authority": job.address}
        self._headers = header_block({**pseudo, "te": "trailers", "content-type": "application/grpc", **job.headers})
        self._connection: Connection | None = None

    async def check(self) -> None:
        """One answer, by gRPC's own client. Raises Wrong."""
        answer = _Answer(self._job)
        options = [("grpc.max_receive_message_length", -1)]
        serialize = type(self._request).SerializeToString
        metadata = tuple(self._job.headers.items())
        async with await _channel(self._job, options) as channel:
            try:
                if self._job.stream:
                    stream = channel.unary_stream(self._path, serialize, StreamCompletionResponse.FromString)
                    async for message in stream(self._request, metadata=metadata):
                        answer.add_events(message)
                else:
                    unary = channel.unary_unary(self._path, serialize, CreateCompletionResponse.FromString)
                    answer.add_whole(await unary(self._request, metadata=metadata))
            except grpc.aio.AioRpcError as error:
                raise Wrong(f"{error.code().name}: {error.details()}") from None
        answer.end()

    async def call(self) -> Timing:
        """One answer, compared. Raises Wrong."""
        connection = await self._connected()
        answer = _Answer(self._job)
        await connection.ask(self._headers, self._body, answer.feed)
        return answer.end()

    async def close(self) -> None:
        """Close the connection."""
        if self._job.shared:
            _SHARED.pop(self._job.address, None)
        if self._connection is not None and self._connection.transport is not None:
            self._connection.transport.abort()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.transport is None:
            address = self._job.address
            if not self._job.shared:
                self._connection = await _connect(self._job)
            else:
                if address not in _SHARED:
                    _SHARED[address] = asyncio.create_task(_connect(self._job))
                self._connection = await _SHARED[address]
        return self._connection


async def _connect(job: Job) -> Connection:
    host, _, port = job.address.rpartition(":")
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, host, int(port), ssl=await encryption(job, "h2"))
    return connection


async def _channel(job: Job, options: list[tuple[str, int]]) -> grpc.aio.Channel:
    if not job.authority:
        return grpc.aio.insecure_channel(job.address, options=options)
    credentials = grpc.ssl_channel_credentials(await asyncio.to_thread(Path(job.authority).read_bytes))
    return grpc.aio.secure_channel(job.address, credentials, options=options)


class _Answer:
    """An answer as it comes: messages cut out, parsed, and their picture compared. Each method raises Wrong."""

    def __init__(self, job: Job) -> None:
        self._stream = job.stream
        self._known = picture(job.size)
        self._held = bytearray()
        self._at = 0
        self._whole = False
        self._first: float | None = None
        self._begun = time.perf_counter()

    def feed(self, data: bytes) -> None:
        """More of the body."""
        held = self._held
        held += data
        while len(held) >= 5:
            end = 5 + int.from_bytes(held[1:5], "big")
            if len(held) < end:
                return
            message = bytes(memoryview(held)[5:end])
            del held[:end]
            if self._stream:
                self.add_events(StreamCompletionResponse.FromString(message))
            else:
                self.add_whole(CreateCompletionResponse.FromString(message))

    def add_events(self, message: StreamCompletionResponse) -> None:
        """A message of a stream."""
        for event in (message, *message.more):
            kind = event.WhichOneof("event")
            if kind == "image_chunk":
                if self._first is None:
                    self._first = time.perf_counter()
                data = event.image_chunk.data
                if event.image_chunk.offset != self._at or not self._known.startswith(data, self._at):
                    raise Wrong(f"the picture differs in the {len(data)} bytes from {self._at}")
                self._at += len(data)
            elif kind == "finished":
                self._whole = True

    def add_whole(self, answer: CreateCompletionResponse) -> None:
        """A unary answer."""
        if [candidate.message.image.data for candidate in answer.candidates] != [self._known]:
            raise Wrong("the answer's picture is not the one that was asked for")
        self._at, self._whole = len(self._known), True

    def end(self) -> Timing:
        """Its end."""
        ended = time.perf_counter()
        if not self._whole or self._at != len(self._known):
            raise Wrong(f"the answer ended after {self._at} of {len(self._known)} bytes")
        return Timing((self._first or ended) - self._begun, ended - self._begun)
