"""The client that blocks. Its logic is in ClientBase and `_grpc.call`; here it waits, with threads."""

from collections.abc import Generator, Iterable, Sequence
from typing import Unpack

from imagewire._grpc.sync_calls import create, stream
from imagewire.answer import Answer
from imagewire.chat import Chats, final, require_image
from imagewire.images import Image, Picture
from imagewire.kept_calls import KeptCalls
from imagewire.options import OnDisconnect, Options, RequestParams, build_spec
from imagewire.part import Chunk
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse, StreamCompletionResponse
from imagewire.v1.spec_pb2 import Spec
from imagewire.wishes import Wish


class Client(KeptCalls):
    """A client that blocks. It is safe to use from threads. Close it, or use it as a context manager.

    A process that is forked after the client's first call cannot use it: calls raise NotSupported there.

    Its interceptors are `grpc.UnaryUnaryClientInterceptor` and `grpc.UnaryStreamClientInterceptor`.

    Examples:
        >>> with imagewire.Client() as client:
        ...     client.draw("A banana in a costume").save("banana")
        PosixPath('banana.png')
    """

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
        request_id: str = "",
        on_disconnect: OnDisconnect | None = None,
        cache_ttl: float | None = None,
        **options: Unpack[Options],
    ) -> Image:
        """Draw one picture, or edit pictures.

        Args:
            prompt: What to draw, or what to change.
            images: The pictures to edit, each as `imagewire.image` takes it.
            model: The model's name. Default: IMAGEWIRE_MODEL, else `imagewire.DEFAULT_MODEL`.
            timeout: Seconds for the call. Default: the client's.
            request_id: A UUID of your own for what is drawn: with it, the same call made again is not paid again.
            on_disconnect: If you leave, "keep" has it drawn to its end; "cancel" ends it, also where the connection
                breaks. Default: the setting of the server.
            cache_ttl: Seconds: an answer of yours to the same request that is no older is sent again and costs nothing;
                0 draws in any case. Default: the setting of the server, usually 0.
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
        spec = build_spec(model, prompt, images=images, **options)
        growing = self._grow(spec, timeout, Wish(request_id, on_disconnect, cache_ttl))
        return require_image(final(growing))

    def create_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        request_id: str = "",
        on_disconnect: OnDisconnect | None = None,
        cache_ttl: float | None = None,
        max_inline_bytes: int | None = None,
        **params: Unpack[RequestParams],
    ) -> CreateCompletionResponse:
        """Draw, and wait for the whole answer in one protobuf message, with the pictures' bytes in it.

        A server that keeps answers sends pictures that do not fit apart from it; they are put in here.

        Args:
            model: The model's name. Default: IMAGEWIRE_MODEL, else `imagewire.DEFAULT_MODEL`.
            prompt: What to draw.
            timeout: Seconds for the call. Default: the client's.
            request_id: A UUID of your own for what is drawn: with it, the same call made again is not paid again.
            on_disconnect: If you leave, "keep" has it drawn to its end; "cancel" ends it, also where the connection
                breaks. Default: the setting of the server.
            cache_ttl: Seconds: an answer of yours to the same request that is no older is sent again and costs nothing;
                0 draws in any case. Default: the setting of the server, usually 0.
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
        asking = self._creating(
            model, prompt, timeout, Wish(request_id, on_disconnect, cache_ttl), max_inline_bytes, params
        )
        return create(self._connection, asking, self._wait)

    def stream_completion(
        self,
        model: str = "",
        prompt: str = "",
        *,
        timeout: float | None = None,
        request_id: str = "",
        on_disconnect: OnDisconnect | None = None,
        cache_ttl: float | None = None,
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
            request_id: A UUID of your own for what is drawn: with it, the same call made again is not paid again.
            on_disconnect: If you leave, "keep" has it drawn to its end; "cancel" ends it, also where the connection
                breaks. Default: the setting of the server.
            cache_ttl: Seconds: an answer of yours to the same request that is no older is sent again and costs nothing;
                0 draws in any case. Default: the setting of the server, usually 0.
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
        asking = self._streaming(
            model, prompt, timeout, Wish(request_id, on_disconnect, cache_ttl), max_frame_bytes, params, metadata
        )
        return (yield from stream(self._connection, asking, self._wait))

    def _grow(
        self,
        spec: Spec,
        timeout: float | None,
        wish: Wish,
        max_frame_bytes: int = 0,
        *,
        keep_data: bool = True,
        metadata: Sequence[tuple[str, str | bytes]] = (),
    ) -> Generator[tuple[Answer, Chunk]]:
        """The answer as it grows, which knows its call."""
        asking = self._streaming("", "", timeout, wish, max_frame_bytes, {"spec": spec}, metadata)
        yield from self._grown(asking, keep_data)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
