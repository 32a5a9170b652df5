"""The two clients: gRPC's calls around what is shared. Neither has logic of its own beyond waiting."""

from collections.abc import AsyncIterator, Iterator, Sequence
from types import TracebackType
from typing import Unpack

import grpc
import grpc.aio

from imagewire import _channel
from imagewire._assemble import Verifier, check_answer
from imagewire._channel import MAX_MESSAGE_BYTES, Target
from imagewire._errors import from_grpc
from imagewire._request import Wishes, build_spec
from imagewire.v1 import chat_service_pb2_grpc
from imagewire.v1.chat_service_pb2 import (
    CreateCompletionRequest,
    CreateCompletionResponse,
    StreamCompletionRequest,
    StreamCompletionResponse,
)
from imagewire.v1.message_pb2 import Message
from imagewire.v1.spec_pb2 import Spec

Metadata = Sequence[tuple[str, str | bytes]]


class _Base:
    """What both clients know: where the server is and how requests are made."""

    def __init__(self, target: str | None, max_message_bytes: int) -> None:
        self._target: Target = _channel.parse_target(target)
        self._max_message_bytes = max_message_bytes
        self._options = _channel.options(max_message_bytes)

    @property
    def target(self) -> str:
        """The address that is asked."""
        return self._target.address

    def _create(
        self, model: str | Spec, prompt: str | Sequence[Message], **wishes: Unpack[Wishes]
    ) -> CreateCompletionRequest:
        inline = _channel.inline_bytes(self._max_message_bytes)
        return CreateCompletionRequest(spec=_spec(model, prompt, wishes), max_inline_bytes=inline)

    def _stream(
        self, model: str | Spec, prompt: str | Sequence[Message], max_frame_bytes: int, **wishes: Unpack[Wishes]
    ) -> StreamCompletionRequest:
        return StreamCompletionRequest(spec=_spec(model, prompt, wishes), max_frame_bytes=max_frame_bytes)


def _spec(model: str | Spec, prompt: str | Sequence[Message], wishes: Wishes) -> Spec:
    return model if isinstance(model, Spec) else build_spec(model, prompt, **wishes)


class Client(_Base):
    """A client that blocks. Safe to use from threads; use it as a context manager, or close it.

    target: "host:port" or "unix:/path", "https://host" for TLS; default IMAGEWIRE_TARGET, else 127.0.0.1:50051.
    max_message_bytes: the most one answer may weigh; streams have no such limit.
    """

    def __init__(self, target: str | None = None, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        super().__init__(target, max_message_bytes)
        address = self._target.address
        if self._target.secure:
            self._channel = grpc.secure_channel(address, _channel.credentials(), options=self._options)
        else:
            self._channel = grpc.insecure_channel(address, options=self._options)
        self._stub = chat_service_pb2_grpc.ChatServiceStub(self._channel)

    def create_completion(
        self,
        model: str | Spec,
        prompt: str | Sequence[Message] = "",
        *,
        timeout: float | None = None,
        **wishes: Unpack[Wishes],
    ) -> CreateCompletionResponse:
        """Draw, and wait for the whole answer.

        model: a model's name, or a whole Spec. prompt, wishes: as in `build_spec`. timeout: seconds. Raises
        ImagewireError.
        """
        request = self._create(model, prompt, **wishes)
        try:
            return check_answer(self._stub.CreateCompletion(request, timeout=timeout))
        except grpc.RpcError as error:
            raise from_grpc(error, self.target) from None

    def stream_completion(
        self,
        model: str | Spec,
        prompt: str | Sequence[Message] = "",
        *,
        timeout: float | None = None,
        max_frame_bytes: int = 0,
        **wishes: Unpack[Wishes],
    ) -> Iterator[StreamCompletionResponse]:
        """Draw, and yield the events as they arrive, each one checked.

        max_frame_bytes: the most in one ImageChunk, 0 for the server's default. Closing the iterator cancels the call.
        Raises ImagewireError, CorruptAnswer among them where the stream is not whole.
        """
        request = self._stream(model, prompt, max_frame_bytes, **wishes)
        verifier = Verifier()
        call = self._stub.StreamCompletion(request, timeout=timeout)
        try:
            for event in call:
                verifier.check(event)
                yield event
        except grpc.RpcError as error:
            raise from_grpc(error, self.target) from None
        finally:
            call.cancel()
        verifier.close()

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(_Base):
    """A client for asyncio. As Client, with `async with` and `await`. Make it inside a running event loop."""

    def __init__(self, target: str | None = None, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        super().__init__(target, max_message_bytes)
        address = self._target.address
        if self._target.secure:
            self._channel = grpc.aio.secure_channel(address, _channel.credentials(), options=self._options)
        else:
            self._channel = grpc.aio.insecure_channel(address, options=self._options)
        self._stub: chat_service_pb2_grpc.ChatServiceAsyncStub = chat_service_pb2_grpc.ChatServiceStub(self._channel)

    async def create_completion(
        self,
        model: str | Spec,
        prompt: str | Sequence[Message] = "",
        *,
        timeout: float | None = None,
        **wishes: Unpack[Wishes],
    ) -> CreateCompletionResponse:
        """As Client.create_completion."""
        request = self._create(model, prompt, **wishes)
        try:
            return check_answer(await self._stub.CreateCompletion(request, timeout=timeout))
        except grpc.RpcError as error:
            raise from_grpc(error, self.target) from None

    async def stream_completion(
        self,
        model: str | Spec,
        prompt: str | Sequence[Message] = "",
        *,
        timeout: float | None = None,
        max_frame_bytes: int = 0,
        **wishes: Unpack[Wishes],
    ) -> AsyncIterator[StreamCompletionResponse]:
        """As Client.stream_completion; leave the loop, or aclose the iterator, to cancel the call."""
        request = self._stream(model, prompt, max_frame_bytes, **wishes)
        verifier = Verifier()
        call = self._stub.StreamCompletion(request, timeout=timeout)
        try:
            async for event in call:
                verifier.check(event)
                yield event
        except grpc.RpcError as error:
            raise from_grpc(error, self.target) from None
        finally:
            call.cancel()
        verifier.close()

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
