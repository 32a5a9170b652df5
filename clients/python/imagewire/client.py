"""The client that blocks. Its logic is in ClientBase and `_grpc.call`; here it waits, with threads."""

import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Unpack

import grpc

from imagewire._grpc.channel import OptionValue
from imagewire._grpc.health import Pong
from imagewire._grpc.sync_calls import close, ping, stream, unary
from imagewire._grpc.verify import check_answer
from imagewire.answer import Answer
from imagewire.answer_builder import AnswerBuilder
from imagewire.chat import Chats, final, iterate, require_image
from imagewire.client_base import ClientBase, ModelPages, model_request
from imagewire.images import Image, Picture
from imagewire.options import Options, RequestParams
from imagewire.part import Chunk
from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse, StreamCompletionResponse
from imagewire.v1.model_service_pb2 import Model
from imagewire.v1.spec_pb2 import Spec

_Interceptor = grpc.UnaryUnaryClientInterceptor | grpc.UnaryStreamClientInterceptor


class Client(ClientBase[_Interceptor]):
    """A client that blocks. It is safe to use from threads. Close it, or use it as a context manager.

    A process that is forked after the client's first call cannot use it: calls raise NotSupported there.

    Its interceptors are `grpc.UnaryUnaryClientInterceptor` and `grpc.UnaryStreamClientInterceptor`.

    Examples:
        >>> with imagewire.Client() as client:
        ...     client.draw("A banana in a costume").save("banana")
        PosixPath('banana.png')
    """

    def _connect(
        self,
        credentials: grpc.ChannelCredentials | None,
        options: list[tuple[str, OptionValue]],
        interceptors: Sequence[_Interceptor],
    ) -> None:
        if credentials is None:
            channel = grpc.insecure_channel(self._address, options)
        else:
            channel = grpc.secure_channel(self._address, credentials, options)
        self._channel = grpc.intercept_channel(channel, *interceptors) if interceptors else channel
        self._stub = chat_service_pb2_grpc.ChatServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._closed = threading.Event()

    @property
    def chat(self) -> Chats:
        """Chats that keep their messages.

        Returns:
            An object whose `create` starts a chat.

        Examples:
            >>> with imagewire.Client() as client:
            ...     chat = client.chat.create()
        """
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
            >>> with imagewire.Client() as client:
            ...     banana = client.draw("A banana", aspect_ratio="16:9")
            ...     blue = client.draw("Make it blue", [banana])
        """
        events = self.stream_completion(model, prompt, images=images, timeout=timeout, **options)
        return require_image(final(iterate(events, AnswerBuilder())))

    def create_completion(
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
            >>> with imagewire.Client() as client:
            ...     answer = client.create_completion(prompt="A banana")
            ...     picture = answer.candidates[0].message.image
            ...     print(picture.mime_type)
            image/png
        """
        request = self._create_request(model, prompt, max_inline_bytes, params)
        return check_answer(unary(self._stub.CreateCompletion, request, self._call(timeout), self._wait))

    def stream_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        max_frame_bytes: int = 0,
        metadata: Sequence[tuple[str, str | bytes]] = (),
        **params: Unpack[RequestParams],
    ) -> Generator[StreamCompletionResponse]:
        """Draw, and yield the server's events as they arrive.

        The call starts when the first event is asked for. Closing the generator cancels the call.

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
            >>> with imagewire.Client() as client:
            ...     for event in client.stream_completion(prompt="A banana"):
            ...         kind = event.WhichOneof("event")
            ...     print(kind)
            finished
        """
        request = self._stream_request(model, prompt, max_frame_bytes, params)
        return (yield from stream(self._stub.StreamCompletion, request, self._call(timeout, metadata), self._wait))

    def _grow(
        self, spec: Spec, timeout: float | None, max_frame_bytes: int = 0, *, keep_data: bool = True
    ) -> Iterator[tuple[Answer, Chunk]]:
        """For chats: the answer as it grows, which knows its call."""
        request = self._stream_request("", "", max_frame_bytes, {"spec": spec})
        call = self._call(timeout)
        events = stream(self._stub.StreamCompletion, request, call, self._wait)
        yield from iterate(events, AnswerBuilder(keep_data=keep_data, facts=call.facts))

    def list_models(self) -> list[Model]:
        """List the models that the server draws with.

        Returns:
            The models, as protobuf messages: their names, sizes, aspect ratios and prices.

        Raises:
            ImagewireError: The call failed; see its subclasses.

        Examples:
            >>> with imagewire.Client() as client:
            ...     names = [model.name for model in client.list_models()]
        """
        pages = ModelPages()
        while pages.request is not None:
            pages.add(unary(self._models.ListModels, pages.request, self._lookup(), self._wait))
        return pages.models

    def get_model(self, name: str) -> Model:
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
            >>> with imagewire.Client() as client:
            ...     print(client.get_model(imagewire.DEFAULT_MODEL).name)
            gemini/gemini-2.5-flash-image
        """
        return unary(self._models.GetModel, model_request(name), self._lookup(), self._wait).model

    def ping(self, *, timeout: float = 10.0) -> Pong:
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
            >>> with imagewire.Client() as client:
            ...     print(client.ping().status)
            SERVING
        """
        return ping(self._channel, self._models.ListModels, self._lookup(timeout))

    def close(self) -> None:
        """Close the channel. Calls that run are cancelled, and raise Cancelled.

        Examples:
            >>> client = imagewire.Client()
            >>> client.close()
        """
        self._ended = True
        self._closed.set()
        close(self._channel)

    def _wait(self, seconds: float) -> None:
        """Wait before the next attempt, or until the client is closed."""
        self._closed.wait(seconds)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
