"""A caller over gRPC: the contract's messages on a bare channel, without our client library."""

import time
from typing import Any

import grpc

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


class GrpcCaller:
    """Asks the same of one address, again and again."""

    def __init__(self, job: Job) -> None:
        spec = Spec(model=job.model, messages=[Message(role=Role.ROLE_USER, content=job.prompt)])
        self._known = picture(job.size)
        options = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 0 if job.shared else 1)]
        self._channel = grpc.aio.insecure_channel(job.address, options=options)
        self._metadata = tuple(job.headers.items())
        self._stream = job.stream
        # Asked as our clients ask by default. Requests are made once; answers are parsed, to find the picture in them.
        self._method: Any
        if job.stream:
            self._request = StreamCompletionRequest(spec=spec, batch=True).SerializeToString()
            self._method = self._channel.unary_stream(
                f"{_SERVICE}/StreamCompletion", response_deserializer=StreamCompletionResponse.FromString
            )
        else:
            inline = 64 * 1024 * 1024
            self._request = CreateCompletionRequest(spec=spec, max_inline_bytes=inline).SerializeToString()
            self._method = self._channel.unary_unary(
                f"{_SERVICE}/CreateCompletion", response_deserializer=CreateCompletionResponse.FromString
            )

    async def check(self) -> None:
        """One answer. Raises Wrong."""
        await self.call()

    async def call(self) -> Timing:
        """One answer, compared. Raises Wrong."""
        try:
            return await (self._streamed() if self._stream else self._whole())
        except grpc.aio.AioRpcError as error:
            raise Wrong(f"{error.code().name}: {error.details()}") from None

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def _whole(self) -> Timing:
        begun = time.perf_counter()
        answer = await self._method(self._request, metadata=self._metadata)
        ended = time.perf_counter()
        if [candidate.message.image.data for candidate in answer.candidates] != [self._known]:
            raise Wrong("the answer's picture is not the one that was asked for")
        return Timing(ended - begun, ended - begun)

    async def _streamed(self) -> Timing:
        begun = time.perf_counter()
        first, at, whole = None, 0, False
        async for message in self._method(self._request, metadata=self._metadata):
            for event in (message, *message.more):
                kind = event.WhichOneof("event")
                if kind == "image_chunk":
                    if first is None:
                        first = time.perf_counter()
                    data = event.image_chunk.data
                    if event.image_chunk.offset != at or not self._known.startswith(data, at):
                        raise Wrong(f"the picture differs in the {len(data)} bytes from {at}")
                    at += len(data)
                elif kind == "finished":
                    whole = True
        ended = time.perf_counter()
        if not whole or at != len(self._known):
            raise Wrong(f"the stream ended after {at} of {len(self._known)} bytes")
        return Timing((first or ended) - begun, ended - begun)
