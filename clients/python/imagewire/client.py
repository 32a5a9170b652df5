"""The two clients: gRPC's calls around what is shared. Neither has logic of its own beyond waiting."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterable
from types import TracebackType
from typing import Unpack

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty

from imagewire._grpc.health import CHECK
from imagewire._grpc.retry import Attempts
from imagewire._grpc.status import from_grpc
from imagewire._grpc.verify import Verifier, check_answer, unbatched
from imagewire.answer_builder import Reader
from imagewire.chat import AsyncChats, Chats, agrown, alast, drawn, grown, last
from imagewire.client_base import Base, Pong
from imagewire.errors import Cancelled
from imagewire.images import Image, Picture
from imagewire.options import Options, Wishes
from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse, StreamCompletionResponse
from imagewire.v1.model_service_pb2 import GetModelRequest, ListModelsRequest, Model


class Client(Base):
    """A client that blocks. Safe to use from threads; use it as a context manager, or close it.

    target: "host:port", "unix:/path", "dns:///host:port", "https://host" for TLS, or "embedded" for a server inside
    this process; default IMAGEWIRE_TARGET, else 127.0.0.1:50051. tls: TLS with the system's roots, or with these files.
    credentials: TLS with these of gRPC's. api_key: the key that the server asks for; default IMAGEWIRE_API_KEY, else
    none. metadata: sent with every call. timeout: seconds for a call that sets none. retries: how often a call is made
    again when the server said that nothing can have been charged. max_message_bytes: the most one answer may weigh;
    streams have no such limit. Raises ValueError when the target is none, InvalidRequest for what else cannot be.

    A process that is forked after the first call makes none of its own: see NotSupported.
    """

    def _connect(self, credentials: grpc.ChannelCredentials | None, options: list[tuple[str, int | str]]) -> None:
        if credentials is None:
            self._channel = grpc.insecure_channel(self._address, options)
        else:
            self._channel = grpc.secure_channel(self._address, credentials, options)
        self._stub = chat_service_pb2_grpc.ChatServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._closed = threading.Event()

    @property
    def chat(self) -> Chats:
        """Chats that remember: `client.chat.create(...)`."""
        return Chats(self)

    def draw(
        self,
        prompt: str,
        images: Iterable[Picture] = (),
        *,
        model: str = "",
        timeout: float | None = None,
        **options: Unpack[Options],
    ) -> Image:
        """One picture. images: what to edit. The rest is as in `build_spec`; timeout: seconds.

        Raises Blocked and NoPicture when there is none, and as create_completion.
        """
        events = self.stream_completion(model, prompt, images=images, timeout=timeout, **options)
        return drawn(last(grown(events, Reader())))

    def create_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        max_inline_bytes: int | None = None,
        **wishes: Unpack[Wishes],
    ) -> CreateCompletionResponse:
        """Draw, and wait for the whole answer in one message, as the contract has it.

        model, prompt, wishes: as in `build_spec`. timeout: seconds. max_inline_bytes: the most bytes of the answer,
        None for as many as the channel takes. Raises ImagewireError, and what `build_spec` raises.
        """
        request = self._create(model, prompt, max_inline_bytes, wishes)
        attempts, sent = Attempts(self._retries, self._seconds(timeout)), self._sent()
        while True:
            try:
                answer = self._stub.CreateCompletion(request, timeout=attempts.left(), metadata=sent.metadata)
                return check_answer(answer)
            except grpc.RpcError as error:
                pause = attempts.pause(from_grpc(error, self.target, sent.request_id))
            self._rest(pause)

    def stream_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        max_frame_bytes: int = 0,
        **wishes: Unpack[Wishes],
    ) -> Generator[StreamCompletionResponse]:
        """Draw, and yield the contract's events as they arrive, each one checked.

        The call begins with the first event that is asked for; closing the iterator cancels it. max_frame_bytes: the
        most in one chunk, 0 for the server's default. Raises as create_completion, CorruptAnswer where the stream
        is not whole.
        """
        request = self._stream(model, prompt, max_frame_bytes, wishes)
        attempts, sent = Attempts(self._retries, self._seconds(timeout)), self._sent()
        verifier = Verifier()
        while True:
            call = self._stub.StreamCompletion(request, timeout=attempts.left(), metadata=sent.metadata)
            try:
                for message in call:
                    for event in unbatched(message):
                        verifier.check(event)
                        yield event
                verifier.close()
            except grpc.RpcError as error:
                pause = attempts.pause(from_grpc(error, self.target, sent.request_id), begun=verifier.begun)
            else:
                return
            finally:
                call.cancel()
            self._rest(pause)

    def list_models(self) -> list[Model]:
        """What the server draws with. Raises ImagewireError."""
        found: list[Model] = []
        asked = ListModelsRequest(page_size=1000)
        while True:
            with self._translated() as sent:
                page = self._models.ListModels(asked, timeout=self._timeout, metadata=sent.metadata)
            found += page.models
            asked.page_token = page.next_page_token
            if not asked.page_token:
                return found

    def get_model(self, name: str) -> Model:
        """What is known of a model. Raises ModelNotFound, NotFound when it may draw but nothing is known of it."""
        with self._translated() as sent:
            asked = GetModelRequest(name=name)
            return self._models.GetModel(asked, timeout=self._timeout, metadata=sent.metadata).model

    def ping(self, *, timeout: float = 10.0) -> Pong:
        """Whether the server takes calls, with this client's key. timeout: seconds. Raises ImagewireError."""
        seconds = self._seconds(timeout)
        with self._translated() as sent:
            check = self._channel.unary_unary(**CHECK)
            _, call = self._models.ListModels.with_call(
                ListModelsRequest(page_size=1), timeout=seconds, metadata=sent.metadata
            )
            begun = time.monotonic()
            answer = check(Empty(), timeout=seconds)
            return self._pong(answer, call.initial_metadata(), time.monotonic() - begun)

    def _rest(self, seconds: float) -> None:
        """Wait for the next attempt. Raises Cancelled when the client is closed meanwhile."""
        if self._closed.wait(seconds):
            raise Cancelled("the client was closed before the call was made again", code="CANCELLED")

    def close(self) -> None:
        """Close the channel: what runs is cancelled."""
        self._ended = True
        self._closed.set()
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(Base):
    """A client for asyncio. As Client, with `async with` and `await`. Make it inside a running event loop."""

    def _connect(self, credentials: grpc.ChannelCredentials | None, options: list[tuple[str, int | str]]) -> None:
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(self._address, options)
        else:
            self._channel = grpc.aio.secure_channel(self._address, credentials, options)
        self._stub: chat_service_pb2_grpc.ChatServiceAsyncStub = chat_service_pb2_grpc.ChatServiceStub(self._channel)
        self._models: model_service_pb2_grpc.ModelServiceAsyncStub = model_service_pb2_grpc.ModelServiceStub(
            self._channel
        )

    @property
    def chat(self) -> AsyncChats:
        """Chats that remember: `client.chat.create(...)`."""
        return AsyncChats(self)

    async def draw(
        self,
        prompt: str,
        images: Iterable[Picture] = (),
        *,
        model: str = "",
        timeout: float | None = None,
        **options: Unpack[Options],
    ) -> Image:
        """As Client.draw."""
        events = self.stream_completion(model, prompt, images=images, timeout=timeout, **options)
        return drawn(await alast(agrown(events, Reader())))

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
        attempts, sent = Attempts(self._retries, self._seconds(timeout)), self._sent()
        while True:
            try:
                answer = await self._stub.CreateCompletion(request, timeout=attempts.left(), metadata=sent.metadata)
                return check_answer(answer)
            except grpc.RpcError as error:
                pause = attempts.pause(from_grpc(error, self.target, sent.request_id))
            await asyncio.sleep(pause)

    async def stream_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        max_frame_bytes: int = 0,
        **wishes: Unpack[Wishes],
    ) -> AsyncGenerator[StreamCompletionResponse]:
        """As Client.stream_completion; leave the loop, or aclose the iterator, to cancel the call."""
        request = self._stream(model, prompt, max_frame_bytes, wishes)
        attempts, sent = Attempts(self._retries, self._seconds(timeout)), self._sent()
        verifier = Verifier()
        while True:
            call = self._stub.StreamCompletion(request, timeout=attempts.left(), metadata=sent.metadata)
            try:
                async for message in call:
                    for event in unbatched(message):
                        verifier.check(event)
                        yield event
                verifier.close()
            except grpc.RpcError as error:
                pause = attempts.pause(from_grpc(error, self.target, sent.request_id), begun=verifier.begun)
            else:
                return
            finally:
                call.cancel()
            await asyncio.sleep(pause)

    async def list_models(self) -> list[Model]:
        """As Client.list_models."""
        found: list[Model] = []
        asked = ListModelsRequest(page_size=1000)
        while True:
            with self._translated() as sent:
                page = await self._models.ListModels(asked, timeout=self._timeout, metadata=sent.metadata)
            found += page.models
            asked.page_token = page.next_page_token
            if not asked.page_token:
                return found

    async def get_model(self, name: str) -> Model:
        """As Client.get_model."""
        with self._translated() as sent:
            asked = GetModelRequest(name=name)
            return (await self._models.GetModel(asked, timeout=self._timeout, metadata=sent.metadata)).model

    async def ping(self, *, timeout: float = 10.0) -> Pong:
        """As Client.ping."""
        seconds = self._seconds(timeout)
        with self._translated() as sent:
            check = self._channel.unary_unary(**CHECK)
            call = self._models.ListModels(ListModelsRequest(page_size=1), timeout=seconds, metadata=sent.metadata)
            await call
            begun = time.monotonic()
            answer = await check(Empty(), timeout=seconds)
            return self._pong(answer, await call.initial_metadata(), time.monotonic() - begun)

    async def close(self) -> None:
        """Close the channel: what runs is cancelled."""
        self._ended = True
        await self._channel.close()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
