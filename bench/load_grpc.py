"""Callers over gRPC: the contract's messages on a bare channel, without our client library."""

import time
from typing import Any

import grpc
from grpc.experimental import ChannelOptions

from bench.job import Job, Timing
from bench.pictures import picture
from bench.scan import Wrong
from imagewire.v1.chat_service_pb2 import (
    CreateCompletionRequest,
    CreateCompletionResponse,
    StreamCompletionRequest,
    StreamCompletionResponse,
)
from imagewire.v1.message_pb2 import Message, Role
from imagewire.v1.spec_pb2 import Spec

_SERVICE = "/imagewire.v1.ChatService"


class _Checked:
    """One answer's messages as they come, each compared."""

    def __init__(self, known: bytes) -> None:
        self._known = known
        self._at = 0
        self._whole = False
        self._first: float | None = None
        self._begun = time.perf_counter()

    def add(self, message: StreamCompletionResponse) -> None:
        """The next message of a stream. Raises Wrong."""
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

    def streamed(self) -> Timing:
        """The stream's end. Raises Wrong."""
        ended = time.perf_counter()
        if not self._whole or self._at != len(self._known):
            raise Wrong(f"the stream ended after {self._at} of {len(self._known)} bytes")
        return Timing((self._first or ended) - self._begun, ended - self._begun)

    def unary(self, answer: CreateCompletionResponse) -> Timing:
        """All of a unary answer. Raises Wrong."""
        took = time.perf_counter() - self._begun
        if [candidate.message.image.data for candidate in answer.candidates] != [self._known]:
            raise Wrong("the answer's picture is not the one that was asked for")
        return Timing(took, took)


class _Caller:
    """Asks as our clients ask by default. Requests are made once; answers are parsed, to find the picture in them."""

    def __init__(self, job: Job, channel: Any) -> None:
        spec = Spec(model=job.model, messages=[Message(role=Role.ROLE_USER, content=job.prompt)])
        self._known = picture(job.size)
        self._channel = channel
        self._metadata = tuple(job.headers.items())
        self._stream = job.stream
        self._method: Any
        if job.stream:
            self._request = StreamCompletionRequest(spec=spec, batch=True).SerializeToString()
            self._method = channel.unary_stream(
                f"{_SERVICE}/StreamCompletion", response_deserializer=StreamCompletionResponse.FromString
            )
        else:
            inline = 64 * 1024 * 1024
            self._request = CreateCompletionRequest(spec=spec, max_inline_bytes=inline).SerializeToString()
            self._method = channel.unary_unary(
                f"{_SERVICE}/CreateCompletion", response_deserializer=CreateCompletionResponse.FromString
            )


class GrpcCaller(_Caller):
    """One of several, on grpc.aio."""

    def __init__(self, job: Job) -> None:
        options = [*_options(), ("grpc.use_local_subchannel_pool", 0 if job.shared else 1)]
        super().__init__(job, grpc.aio.insecure_channel(job.address, options=options))

    async def check(self) -> None:
        """One answer. Raises Wrong."""
        await self.call()

    async def call(self) -> Timing:
        """One answer, compared. Raises Wrong."""
        checked = _Checked(self._known)
        try:
            if not self._stream:
                return checked.unary(await self._method(self._request, metadata=self._metadata))
            async for message in self._method(self._request, metadata=self._metadata):
                checked.add(message)
            return checked.streamed()
        except grpc.aio.AioRpcError as error:
            raise Wrong(f"{error.code().name}: {error.details()}") from None

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()


class LoneGrpcCaller(_Caller):
    """The only one: gRPC's blocking client, which adds a third less of its own to a call than grpc.aio."""

    def __init__(self, job: Job) -> None:
        options = [*_options(), (ChannelOptions.SingleThreadedUnaryStream, 1)]
        super().__init__(job, grpc.insecure_channel(job.address, options=options))

    async def check(self) -> None:
        """One answer. Raises Wrong."""
        await self.call()

    async def call(self) -> Timing:
        """One answer, compared. Raises Wrong."""
        checked = _Checked(self._known)
        try:
            if not self._stream:
                return checked.unary(self._method(self._request, metadata=self._metadata))
            for message in self._method(self._request, metadata=self._metadata):
                checked.add(message)
            return checked.streamed()
        except grpc.RpcError as error:
            raise Wrong(str(error)) from None

    async def close(self) -> None:
        """Close the channel."""
        self._channel.close()


def _options() -> list[tuple[str, int]]:
    return [("grpc.max_receive_message_length", -1)]
