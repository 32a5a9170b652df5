"""The chat for asyncio. All that it does but wait stands in `chat`."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from typing import TYPE_CHECKING, Unpack

from imagewire.answer import Answer
from imagewire.answer_builder import AnswerBuilder
from imagewire.chat import ChatBase
from imagewire.options import OnDisconnect, Options
from imagewire.part import Chunk
from imagewire.v1.chat_service_pb2 import StreamCompletionResponse as Event
from imagewire.v1.message_pb2 import ChatMessage
from imagewire.wishes import Wish

if TYPE_CHECKING:
    from imagewire.async_client import AsyncClient


class AsyncChat(ChatBase["AsyncClient"]):
    """A chat that keeps its messages, for asyncio. Make one with `client.chat.create` of an AsyncClient.

    Each call sends what `messages` holds when the call begins. Answers are not appended by themselves.

    Examples:
        >>> async def main():
        ...     async with imagewire.AsyncClient() as client:
        ...         chat = client.chat.create(aspect_ratio="16:9").append("A red bicycle")
        ...         answer = await chat.sample()
        ...         return await chat.append(answer).append("Make it blue").sample()
        >>> asyncio.run(main()).image.save("bicycle")
        PosixPath('bicycle.png')
    """

    async def sample(
        self,
        *,
        timeout: float | None = None,
        after: Answer | None = None,
        request_id: str = "",
        on_disconnect: OnDisconnect | None = None,
        cache_ttl: float | None = None,
    ) -> Answer:
        """Draw, and wait for the whole answer.

        Args:
            timeout: Seconds for the call. Default: the client's.
            after: An answer whose `native_finish_reason` is "CONTINUATION": draw the rest of it. The chat must hold the
                messages that were answered.
            request_id: A UUID of your own for what is drawn: with it, the same call made again is not paid again.
            on_disconnect: If you leave, "keep" has it drawn to its end; "cancel" ends it, also where the connection
                breaks. Default: the setting of the server.
            cache_ttl: Seconds: an answer of yours to the same request that is no older is sent again and costs nothing;
                0 draws in any case. Default: the setting of the server, usually 0.

        Returns:
            The whole answer, checked.

        Raises:
            ImagewireError: The call failed; see its subclasses. An answer without a picture is no error here.
            ValueError: `after` has no `continuation_token`.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         return await client.chat.create().append("A banana").sample()
            >>> asyncio.run(main()).finish_reason
            'STOP'
        """
        return await afinal(
            self.stream(
                timeout=timeout, after=after, request_id=request_id, on_disconnect=on_disconnect, cache_ttl=cache_ttl
            )
        )

    def stream(
        self,
        *,
        timeout: float | None = None,
        after: Answer | None = None,
        request_id: str = "",
        on_disconnect: OnDisconnect | None = None,
        cache_ttl: float | None = None,
    ) -> AsyncGenerator[tuple[Answer, Chunk]]:
        """Draw, and yield what arrives. Closing the generator (`contextlib.aclosing`) cancels the call at once.

        Args:
            timeout: Seconds for the call. Default: the client's.
            after: As in `sample`.
            request_id: As in `sample`.
            on_disconnect: As in `sample`.
            cache_ttl: As in `sample`.

        Yields:
            The answer as far as it has come, always the same object, and what is new in it.

        Raises:
            ImagewireError: The call failed; see its subclasses.
            ValueError: `after` has no `continuation_token`.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         async for answer, chunk in client.chat.create().append("A banana").stream():
            ...             if chunk.image:
            ...                 print(chunk.image.save("banana"))
            >>> asyncio.run(main())
            banana.png
        """
        return self._client._grow(self._request(after), timeout, Wish(request_id, on_disconnect, cache_ttl))

    def frames(
        self,
        *,
        timeout: float | None = None,
        max_frame_bytes: int = 0,
        after: Answer | None = None,
        request_id: str = "",
        on_disconnect: OnDisconnect | None = None,
        cache_ttl: float | None = None,
    ) -> AsyncGenerator[tuple[Answer, Chunk]]:
        """Draw, and yield what arrives, without keeping the bytes of pictures.

        Write each `chunk.data` to where it belongs. The bytes of a part are checked when the chunk with its `image` or
        `media` comes; until then they may be damaged. Closing the generator cancels the call at once.

        Args:
            timeout: Seconds for the call. Default: the client's.
            max_frame_bytes: The most bytes in one chunk. 0: the server's default.
            after: As in `sample`.
            request_id: As in `sample`.
            on_disconnect: As in `sample`.
            cache_ttl: As in `sample`.

        Yields:
            The answer as far as it has come, its pictures without their bytes, and what is new in it.

        Raises:
            ImagewireError: The call failed; see its subclasses.
            ValueError: `after` has no `continuation_token`.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         frames = client.chat.create().append("A banana").frames()
            ...         return b"".join([chunk.data async for _, chunk in frames])
            >>> imagewire.image(asyncio.run(main())).mime_type
            'image/png'
        """
        return self._client._grow(
            self._request(after), timeout, Wish(request_id, on_disconnect, cache_ttl), max_frame_bytes, keep_data=False
        )


class AsyncChats:
    """What `AsyncClient.chat` is: it makes chats."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    def create(self, model: str = "", messages: Iterable[ChatMessage] = (), **options: Unpack[Options]) -> AsyncChat:
        """Start a chat. Nothing is sent yet.

        Args:
            model: The model's name. Default: IMAGEWIRE_MODEL, else `imagewire.DEFAULT_MODEL`.
            messages: The messages to start with.
            **options: As in `imagewire.Options`; they go with every call of the chat.

        Returns:
            The chat.

        Raises:
            TypeError: An option is unknown or of the wrong type.
            ValueError: An option's value has no meaning.

        Examples:
            >>> async def main():
            ...     async with imagewire.AsyncClient() as client:
            ...         return client.chat.create("gemini/gemini-3-pro-image").append("A banana")
            >>> chat = asyncio.run(main())
        """
        return AsyncChat(self._client, model, messages, options)


async def aiterate(events: AsyncGenerator[Event], builder: AnswerBuilder) -> AsyncGenerator[tuple[Answer, Chunk]]:
    """The answer as it grows by a stream's events, with what each event brought. Closing it closes the stream."""
    async with contextlib.aclosing(events):
        async for event in events:
            if chunk := builder.add(event):
                yield builder.answer, chunk


async def afinal(growing: AsyncIterable[tuple[Answer, Chunk]]) -> Answer:
    """The whole answer."""
    answer = Answer()
    async for answer, _ in growing:  # noqa: B007  # each is the same object
        pass
    return answer
