"""A chat that remembers. What both clients share of it stands in _Chat; the two below it only wait in their own way."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from typing import TYPE_CHECKING, Generic, Self, TypeVar, Unpack

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

from imagewire.answer import Answer, Chunk
from imagewire.answer_builder import Reader
from imagewire.errors import Blocked, NoPicture
from imagewire.images import Image
from imagewire.messages import user
from imagewire.options import Options, build_spec
from imagewire.v1.chat_service_pb2 import StreamCompletionResponse as Event
from imagewire.v1.message_pb2 import ChatMessage
from imagewire.v1.spec_pb2 import Spec

if TYPE_CHECKING:
    from imagewire.client import AsyncClient, Client

_C = TypeVar("_C", "Client", "AsyncClient")


class _Chat(Generic[_C]):
    """The messages so far, and what is asked with them."""

    def __init__(self, client: _C, model: str, messages: Iterable[ChatMessage], options: Options) -> None:
        self._client: _C = client
        self._spec = build_spec(model, messages=messages, **options)

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self._spec.model

    @property
    def messages(self) -> RepeatedCompositeFieldContainer[ChatMessage]:
        """The chat so far, oldest first: a list that can be changed (`del chat.messages[-2:]` takes a turn back)."""
        return self._spec.messages

    def append(self, message: ChatMessage | Answer | str) -> Self:
        """Add a message, an answer with its signatures, or what the user says.

        Raises ValueError for an answer that has nothing in it, or none of its pictures' bytes, TypeError for what is no
        message.
        """
        match message:
            case str():
                self._spec.messages.append(user(message))
            case Answer():
                self._spec.messages.append(message.message())
            case ChatMessage():
                self._spec.messages.append(message)
            case _:
                kind = type(message).__name__
                raise TypeError(f"{kind} is no message: give text, an Answer, or what user, system or assistant makes")
        return self

    def _asked(self, after: Answer | None) -> Spec:
        """What a call asks. Raises ValueError when `after` cannot be gone on with."""
        if after is None:
            return self._spec
        if not after.continuation_token:
            raise ValueError("after: the answer has no continuation_token, so it is whole; ask with a message")
        spec = Spec()
        spec.CopyFrom(self._spec)
        spec.continuation_token = after.continuation_token
        return spec


class Chat(_Chat["Client"]):
    """A chat; `client.chat.create` makes one. What is asked is what `messages` holds when a call begins."""

    def sample(self, *, timeout: float | None = None, after: Answer | None = None) -> Answer:
        """Draw, and wait for the whole answer.

        timeout: seconds. after: an answer whose native_finish_reason is "CONTINUATION", for its rest: the messages must
        be those it answered. Raises ImagewireError, and ValueError when `after` has no continuation_token.
        """
        return last(self.stream(timeout=timeout, after=after))

    def stream(self, *, timeout: float | None = None, after: Answer | None = None) -> Iterator[tuple[Answer, Chunk]]:
        """Draw, and yield the answer so far with what is new in it, each time something came.

        Leaving the loop cancels the call. timeout, after: as in `sample`. Raises as `sample`.
        """
        return grown(self._client.stream_completion(spec=self._asked(after), timeout=timeout), Reader())

    def frames(
        self, *, timeout: float | None = None, max_frame_bytes: int = 0, after: Answer | None = None
    ) -> Iterator[tuple[Answer, Chunk]]:
        """As `stream`, but no picture is kept: its bytes are in the chunks alone, for who writes them elsewhere.

        A picture's bytes are verified when the chunk comes that has it as `image`, those of other media when it comes
        as `media`. max_frame_bytes: the most in one chunk, 0 for the server's default. timeout, after: as in `sample`.
        Raises as `sample`.
        """
        events = self._client.stream_completion(
            spec=self._asked(after), timeout=timeout, max_frame_bytes=max_frame_bytes
        )
        return grown(events, Reader(hold=False))


class AsyncChat(_Chat["AsyncClient"]):
    """As Chat, for asyncio."""

    async def sample(self, *, timeout: float | None = None, after: Answer | None = None) -> Answer:
        """As Chat.sample."""
        return await alast(self.stream(timeout=timeout, after=after))

    def stream(
        self, *, timeout: float | None = None, after: Answer | None = None
    ) -> AsyncGenerator[tuple[Answer, Chunk]]:
        """As Chat.stream; closing the iterator (`contextlib.aclosing`) cancels the call at once."""
        return agrown(self._client.stream_completion(spec=self._asked(after), timeout=timeout), Reader())

    def frames(
        self, *, timeout: float | None = None, max_frame_bytes: int = 0, after: Answer | None = None
    ) -> AsyncGenerator[tuple[Answer, Chunk]]:
        """As Chat.frames."""
        events = self._client.stream_completion(
            spec=self._asked(after), timeout=timeout, max_frame_bytes=max_frame_bytes
        )
        return agrown(events, Reader(hold=False))


class Chats:
    """client.chat"""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def create(self, model: str = "", messages: Iterable[ChatMessage] = (), **options: Unpack[Options]) -> Chat:
        """Begin a chat; nothing is sent yet. model: IMAGEWIRE_MODEL's, else DEFAULT_MODEL, unless given.

        options: as in `build_spec`.
        """
        return Chat(self._client, model, messages, options)


class AsyncChats:
    """As Chats."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    def create(self, model: str = "", messages: Iterable[ChatMessage] = (), **options: Unpack[Options]) -> AsyncChat:
        """As Chats.create."""
        return AsyncChat(self._client, model, messages, options)


def drawn(answer: Answer) -> Image:
    """The picture of an answer that is to have one. Raises Blocked and NoPicture."""
    if answer.image is None:
        kind = Blocked if answer.blocked else NoPicture
        raise kind(answer.why_no_image, reason=answer.native_finish_reason)
    return answer.image


def grown(events: Iterable[Event], reader: Reader) -> Iterator[tuple[Answer, Chunk]]:
    """The answer as it grows by a stream's events, with what each brought."""
    for event in events:
        if chunk := reader.read(event):
            yield reader.answer, chunk


async def agrown(events: AsyncGenerator[Event], reader: Reader) -> AsyncGenerator[tuple[Answer, Chunk]]:
    """As `grown`."""
    async with contextlib.aclosing(events):
        async for event in events:
            if chunk := reader.read(event):
                yield reader.answer, chunk


def last(growing: Iterable[tuple[Answer, Chunk]]) -> Answer:
    """The whole answer."""
    answer = Answer()
    for answer, _ in growing:  # noqa: B007  # each is the same, grown
        pass
    return answer


async def alast(growing: AsyncIterable[tuple[Answer, Chunk]]) -> Answer:
    """As `last`."""
    answer = Answer()
    async for answer, _ in growing:  # noqa: B007  # each is the same, grown
        pass
    return answer
