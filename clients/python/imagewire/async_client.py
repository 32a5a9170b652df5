"""The client for asyncio. Its logic is in ClientBase and `_grpc.call`; here it waits, with `await`."""

import contextlib
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Unpack

import grpc
import grpc.aio

from imagewire._grpc.async_calls import ping, stream, unary
from imagewire._grpc.channel import OptionValue
from imagewire._grpc.health import Pong
from imagewire._grpc.loops import Connections
from imagewire._grpc.verify import check_answer
from imagewire.answer import Answer
from imagewire.answer_builder import AnswerBuilder
from imagewire.async_chat import AsyncChats, afinal, aiterate
from imagewire.chat import require_image
from imagewire.client_base import ClientBase, ModelPages, model_request
from imagewire.images import Image, Picture
from imagewire.options import Options, RequestParams
from imagewire.part import Chunk
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse, StreamCompletionResponse
from imagewire.v1.model_service_pb2 import Model
from imagewire.v1.spec_pb2 import Spec


class AsyncClient(ClientBase[grpc.aio.ClientInterceptor]):
    """A client for asyncio. Make it anywhere, also at the top of a module, and use it in any number of event loops.

    Close it, or use it with `async with`. A process that is forked after the client's first call cannot use it: calls
    raise NotSupported there.

    Its interceptors are `grpc.aio.UnaryUnaryClientInterceptor` and `grpc.aio.UnaryStreamClientInterceptor`.

    Examples:
        >>> async def main():
        ...     async with imagewire.AsyncClient() as client:
        ...         picture = await client.draw("A banana in a costume")
        ...         return picture.save("banana")
        >>> asyncio.run(main())
        PosixPath('banana.png')
    """

    def _connect(
        self,
        credentials: grpc.ChannelCredentials | None,
        options: list[tuple[str, OptionValue]],
        interceptors: Sequence[grpc.aio.ClientInterceptor],
    ) -> None:
        def make() -> grpc.aio.Channel:
            if credentials is None:
                return grpc.aio.insecure_channel(self._address, options, interceptors=interceptors)
            return grpc.aio.secure_channel(self._address, credentials, options, interceptors=interceptors)

        self._connections = Connections(make)

    @property
    def chat(self) -> AsyncChats:
        """Chats that keep their messages.

        Returns:
            An object whose `create` starts a chat.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         chat = client.chat.create()
            >>> asyncio.run(main())
        """
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
        """Draw one picture, or edit pictures.

        Args:
            prompt: What to draw, or what to change.
            images: The pictures to edit, each as `imagewire.image` takes it.
            model: The model's name. Default: IMAGEWIRE_MODEL, else `imagewire.DEFAULT_MODEL`.
            timeout: Seconds for the call. Default: the client's.
            **options: As in `imagewire.Options`.

        Returns:
            The final picture, checked against its size and SHA-256.

        Raises:
            Blocked: A filter stopped the prompt or the picture.
            NoPicture: The model answered without a picture.
            ImagewireError: The call failed; see its subclasses.
            OSError: A picture's file cannot be read.
            TypeError: An option is unknown or of the wrong type.
            ValueError: Two options exclude each other.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         return await asyncio.gather(client.draw("A cat"), client.draw("A dog"))
            >>> cat, dog = asyncio.run(main())
        """
        events = self.stream_completion(model, prompt, images=images, timeout=timeout, **options)
        return require_image(await afinal(aiterate(events, AnswerBuilder())))

    async def create_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        max_inline_bytes: int | None = None,
        **params: Unpack[RequestParams],
    ) -> CreateCompletionResponse:
        """Draw, and wait for the whole answer in one protobuf message, with the pictures' bytes in it.

        Args:
            model: The model's name. Default: IMAGEWIRE_MODEL, else `imagewire.DEFAULT_MODEL`.
            prompt: What to draw.
            timeout: Seconds for the call. Default: the client's.
            max_inline_bytes: The largest answer, in bytes. Default: as much as `max_message_bytes` has room for.
            **params: As in `imagewire.build_spec`: `spec`, `messages`, `images` and the options.

        Returns:
            The answer, its pictures checked against their sizes and SHA-256.

        Raises:
            AnswerWillNotFit: The picture may not fit; nothing was drawn. Use `stream_completion`.
            AnswerTooLarge: The picture was drawn and did not fit.
            CorruptAnswer: A picture is damaged or missing.
            ImagewireError: The call failed; see its subclasses.
            OSError: A picture's file cannot be read.
            TypeError: An option is unknown or of the wrong type.
            ValueError: Two options exclude each other.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         answer = await client.create_completion(prompt="A banana")
            ...         return answer.candidates[0].message.image.mime_type
            >>> asyncio.run(main())
            'image/png'
        """
        request = self._create_request(model, prompt, max_inline_bytes, params)
        call, connection = self._call(timeout), self._connections.here()
        return check_answer(await unary(connection.chat.CreateCompletion, request, call, connection.wait))

    async def stream_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        max_frame_bytes: int = 0,
        metadata: Sequence[tuple[str, str | bytes]] = (),
        **params: Unpack[RequestParams],
    ) -> AsyncGenerator[StreamCompletionResponse]:
        """Draw, and yield the server's events as they arrive.

        The call starts when the first event is asked for. Closing the generator (`contextlib.aclosing`) cancels the
        call.

        Args:
            model: The model's name. Default: IMAGEWIRE_MODEL, else `imagewire.DEFAULT_MODEL`.
            prompt: What to draw.
            timeout: Seconds for the call. Default: the client's.
            max_frame_bytes: The most bytes of a picture in one event. 0: the server's default.
            metadata: Pairs that are sent with this call, beside the client's own.
            **params: As in `imagewire.build_spec`: `spec`, `messages`, `images` and the options.

        Yields:
            Events in order, each one checked; a picture's size and SHA-256 are checked with its `part_finished`.

        Raises:
            CorruptAnswer: An event is missing or a picture is damaged, or the stream ended early.
            ImagewireError: The call failed; see its subclasses.
            OSError: A picture's file cannot be read.
            TypeError: An option is unknown or of the wrong type.
            ValueError: Two options exclude each other.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         async for event in client.stream_completion(prompt="A banana"):
            ...             kind = event.WhichOneof("event")
            ...         return kind
            >>> asyncio.run(main())
            'finished'
        """
        request = self._stream_request(model, prompt, max_frame_bytes, params)
        call, connection = self._call(timeout, metadata), self._connections.here()
        made = stream(connection.chat.StreamCompletion, request, call, connection.wait)
        async with contextlib.aclosing(made) as events:
            async for event in events:
                yield event

    async def _grow(
        self, spec: Spec, timeout: float | None, max_frame_bytes: int = 0, *, keep_data: bool = True
    ) -> AsyncGenerator[tuple[Answer, Chunk]]:
        """For chats: the answer as it grows, which knows its call."""
        request = self._stream_request("", "", max_frame_bytes, {"spec": spec})
        call, connection = self._call(timeout), self._connections.here()
        events = stream(connection.chat.StreamCompletion, request, call, connection.wait)
        builder = AnswerBuilder(keep_data=keep_data, facts=call.facts)
        async with contextlib.aclosing(aiterate(events, builder)) as grown:
            async for each in grown:
                yield each

    async def list_models(self) -> list[Model]:
        """List the models that the server draws with.

        Returns:
            The models, as protobuf messages: their names, sizes, aspect ratios and prices.

        Raises:
            ImagewireError: The call failed; see its subclasses.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         return [model.name for model in await client.list_models()]
            >>> names = asyncio.run(main())
        """
        pages = ModelPages()
        while pages.request is not None:
            call, connection = self._lookup(), self._connections.here()
            pages.add(await unary(connection.models.ListModels, pages.request, call, connection.wait))
        return pages.models

    async def get_model(self, name: str) -> Model:
        """Look up one model.

        Args:
            name: The model's name, such as "gemini/gemini-2.5-flash-image".

        Returns:
            What is known of the model.

        Raises:
            ModelNotFound: The server does not draw with it.
            NotFound: The server may draw with it, but knows nothing of it.
            ImagewireError: The call failed; see its subclasses.
            TypeError: `name` is no text.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         return await client.get_model(imagewire.DEFAULT_MODEL)
            >>> asyncio.run(main()).name
            'gemini/gemini-2.5-flash-image'
        """
        call, connection = self._lookup(), self._connections.here()
        return (await unary(connection.models.GetModel, model_request(name), call, connection.wait)).model

    async def ping(self, *, timeout: float = 10.0) -> Pong:
        """Ask whether the server takes calls, with this client's key.

        Args:
            timeout: Seconds for the answer.

        Returns:
            The server's health and version, and how long a round trip took.

        Raises:
            Unavailable: No server answered.
            Unauthenticated: The key is wrong.
            ImagewireError: The call failed; see its subclasses.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         return await client.ping()
            >>> asyncio.run(main()).status
            'SERVING'
        """
        call = self._lookup(timeout)
        return await ping(self._connections.here(), call)

    async def close(self) -> None:
        """Close the channel. Calls that run are cancelled, and raise Cancelled.

        Examples:
            >>> async def main():
            ...     client = imagewire.AsyncClient()
            ...     await client.close()
            >>> asyncio.run(main())
        """
        self._ended = True
        await self._connections.close()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()
