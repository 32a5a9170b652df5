"""The two clients: gRPC's calls around what is shared. Neither has logic of its own beyond waiting."""

from collections.abc import AsyncIterator, Iterator, Sequence
from types import TracebackType
from typing import Unpack

import grpc
import grpc.aio

from imagewire import _channel
from imagewire._assemble import Verifier, check_answer, unbatched
from imagewire._channel import MAX_MESSAGE_BYTES
from imagewire._errors import from_grpc
from imagewire._request import Wishes, build_spec
from imagewire.v1 import chat_service_pb2_grpc
from imagewire.v1.chat_service_pb2 import (
    CreateCompletionRequest,
    CreateCompletionResponse,
    StreamCompletionRequest,
    StreamCompletionResponse,
)

Metadata = Sequence[tuple[str, str | bytes]]


class _Base:
    """What both clients know: where the server is, how calls are made and what goes with each of them."""

    def __init__(
        self,
        target: str | None = None,
        *,
        tls: bool = False,
        credentials: grpc.ChannelCredentials | None = None,
        api_key: str | None = None,
        metadata: Metadata = (),
        timeout: float | None = None,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        parsed = _channel.parse_target(target)
        if credentials is None and (tls or parsed.secure):
            credentials = _channel.default_credentials()
        self._address = parsed.address
        self._metadata = (*_channel.metadata(api_key), *metadata)
        self._timeout = timeout
        self._inline_bytes = _channel.inline_bytes(max_message_bytes)
        self._connect(credentials, _channel.options(max_message_bytes))

    @property
    def target(self) -> str:
        """The address that is asked."""
        return self._address

    def _connect(self, credentials: grpc.ChannelCredentials | None, options: list[tuple[str, int | str]]) -> None:
        raise NotImplementedError

    def _create(self, model: str, prompt: str, max_inline_bytes: int | None, wishes: Wishes) -> CreateCompletionRequest:
        inline = self._inline_bytes if max_inline_bytes is None else max_inline_bytes
        return CreateCompletionRequest(spec=build_spec(model, prompt, **wishes), max_inline_bytes=inline)

    def _stream(self, model: str, prompt: str, max_frame_bytes: int, wishes: Wishes) -> StreamCompletionRequest:
        spec = build_spec(model, prompt, **wishes)
        return StreamCompletionRequest(spec=spec, max_frame_bytes=max_frame_bytes, batch=True)

    def _seconds(self, timeout: float | None) -> float | None:
        return self._timeout if timeout is None else timeout


class Client(_Base):
    """A client that blocks. Safe to use from threads; use it as a context manager, or close it.

    target: "host:port", "unix:/path" or "dns:///host:port", "https://host" for TLS; default IMAGEWIRE_TARGET, else
    127.0.0.1:50051. tls: TLS with the system's roots. credentials: TLS with these. api_key: the key that the server
    asks for; default IMAGEWIRE_API_KEY, else none. metadata: sent with every call. timeout: seconds for a call that
    sets none. max_message_bytes: the most one answer may weigh; streams have no such limit. Raises ValueError when the
    target is none.
    """

    def _connect(self, credentials: grpc.ChannelCredentials | None, options: list[tuple[str, int | str]]) -> None:
        if credentials is None:
            self._channel = grpc.insecure_channel(self._address, options)
        else:
            self._channel = grpc.secure_channel(self._address, credentials, options)
        self._stub = chat_service_pb2_grpc.ChatServiceStub(self._channel)

    def create_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        max_inline_bytes: int | None = None,
        **wishes: Unpack[Wishes],
    ) -> CreateCompletionResponse:
        """Draw, and wait for the whole answer.

        model, prompt, wishes: as in `build_spec`. timeout: seconds. max_inline_bytes: the most bytes of pictures, None
        for as many as the channel takes. Raises ImagewireError, and what `build_spec` raises.
        """
        request = self._create(model, prompt, max_inline_bytes, wishes)
        try:
            answer = self._stub.CreateCompletion(request, timeout=self._seconds(timeout), metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_grpc(error, self.target) from None
        return check_answer(answer)

    def stream_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        max_frame_bytes: int = 0,
        **wishes: Unpack[Wishes],
    ) -> Iterator[StreamCompletionResponse]:
        """Draw, and yield the events as they arrive, each one checked.

        The call begins with the first event that is asked for; closing the iterator cancels it. max_frame_bytes: the
        most in one ImageChunk, 0 for the server's default. Raises as create_completion, CorruptAnswer where the stream
        is not whole.
        """
        request = self._stream(model, prompt, max_frame_bytes, wishes)
        verifier = Verifier()
        call = self._stub.StreamCompletion(request, timeout=self._seconds(timeout), metadata=self._metadata)
        try:
            for message in call:
                for event in unbatched(message):
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

    def _connect(self, credentials: grpc.ChannelCredentials | None, options: list[tuple[str, int | str]]) -> None:
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(self._address, options)
        else:
            self._channel = grpc.aio.secure_channel(self._address, credentials, options)
        self._stub: chat_service_pb2_grpc.ChatServiceAsyncStub = chat_service_pb2_grpc.ChatServiceStub(self._channel)

    async def create_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        max_inline_bytes: int | None = None,
        **wishes: Unpack[Wishes],
    ) -> CreateCompletionResponse:
        """As Client.create_completion."""
        request = self._create(model, prompt, max_inline_bytes, wishes)
        try:
            answer = await self._stub.CreateCompletion(request, timeout=self._seconds(timeout), metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_grpc(error, self.target) from None
        return check_answer(answer)

    async def stream_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        max_frame_bytes: int = 0,
        **wishes: Unpack[Wishes],
    ) -> AsyncIterator[StreamCompletionResponse]:
        """As Client.stream_completion; leave the loop, or aclose the iterator, to cancel the call."""
        request = self._stream(model, prompt, max_frame_bytes, wishes)
        verifier = Verifier()
        call = self._stub.StreamCompletion(request, timeout=self._seconds(timeout), metadata=self._metadata)
        try:
            async for message in call:
                for event in unbatched(message):
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
