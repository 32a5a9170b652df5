"""Chats that keep their messages: what both kinds share, and the one that blocks (`async_chat` has the other)."""

import copy
from collections.abc import Iterable, Iterator, MutableSequence
from typing import TYPE_CHECKING, Generic, NoReturn, Self, TypeVar, Unpack, cast

from imagewire.answer import Answer
from imagewire.answer_builder import AnswerBuilder
from imagewire.errors import Blocked, NoPicture
from imagewire.images import Image
from imagewire.message_list import MessageList
from imagewire.messages import user
from imagewire.options import OnDisconnect, Options, build_spec
from imagewire.part import Chunk
from imagewire.type_check import require
from imagewire.v1.chat_service_pb2 import StreamCompletionResponse as Event
from imagewire.v1.message_pb2 import ChatMessage
from imagewire.v1.spec_pb2 import Spec
from imagewire.wishes import Wish

if TYPE_CHECKING:
    from imagewire.async_client import AsyncClient
    from imagewire.client import Client

_C = TypeVar("_C", "Client", "AsyncClient")


class ChatBase(Generic[_C]):
    """The messages so far, and the options that go with them."""

    def __init__(self, client: _C, model: str, messages: Iterable[ChatMessage], options: Options) -> None:
        self._client: _C = client
        self._spec = build_spec(model, messages=messages, **options)

    @property
    def model(self) -> str:
        """The model that is asked.

        Returns:
            Its name, such as "gemini/gemini-2.5-flash-image".

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(client.chat.create("gemini/gemini-2.5-flash-image").model)
            gemini/gemini-2.5-flash-image
        """
        return self._spec.model

    @property
    def messages(self) -> MutableSequence[ChatMessage]:
        """The messages so far. The list may be changed: `del chat.messages[-2:]` undoes a turn.

        Returns:
            The messages as protobuf messages, oldest first. Its `repr` is short, whatever pictures they hold.

        Examples:
            >>> with imagewire.Client() as client:
            ...     print(len(client.chat.create().append("A banana").messages))
            1
        """
        return cast("MutableSequence[ChatMessage]", MessageList(self._spec.messages))

    def append(self, message: ChatMessage | Answer | str) -> Self:
        """Add a message to the end.

        Args:
            message: What the user says, as text; an answer, which goes back with its signatures; or a message of
                `imagewire.user`, `system`, `assistant` or `function_result`.

        Returns:
            The chat itself.

        Raises:
            TypeError: `message` is of another type.
            ValueError: The answer is empty, its stream was not read to its end, or the bytes of its pictures were not
                kept (`frames`).

        Examples:
            >>> with imagewire.Client() as client:
            ...     chat = client.chat.create().append("A red bicycle")
            ...     chat = chat.append(chat.sample()).append("Make it blue")
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
                raise TypeError(f"{kind} is not a message: give text, an Answer, or what user or system returns")
        return self

    def __copy__(self) -> Self:
        """A chat of the same client with messages of its own: what is appended to one is not in the other."""
        made = object.__new__(type(self))
        made._client, made._spec = self._client, copy.deepcopy(self._spec)
        return made

    def __deepcopy__(self, memo: object) -> Self:
        return self.__copy__()

    def __reduce__(self) -> NoReturn:
        """A chat is not pickled. Raises TypeError."""
        raise TypeError(
            f"{type(self).__name__} cannot be pickled, because its client has connections: keep chat.model and"
            " [message.SerializeToString() for message in chat.messages], and start another with"
            " client.chat.create(model, messages)"
        )

    def _request(self, after: Answer | None) -> Spec:
        """What a call asks. Raises ValueError when `after` cannot be continued."""
        if after is None:
            return self._spec
        require("after", after, Answer)
        if not after.continuation_token:
            raise ValueError("after: the answer has no continuation_token, so it is whole; ask with a message")
        spec = Spec()
        spec.CopyFrom(self._spec)
        spec.continuation_token = after.continuation_token
        return spec


class Chat(ChatBase["Client"]):
    """A chat that keeps its messages. Make one with `client.chat.create`.

    Each call sends what `messages` holds when the call begins. Answers are not appended by themselves.

    Examples:
        >>> with imagewire.Client() as client:
        ...     chat = client.chat.create(aspect_ratio="16:9").append("A red bicycle")
        ...     answer = chat.sample()
        ...     chat.append(answer).append("Make it blue").sample().image.save("bicycle")
        PosixPath('bicycle.png')
    """

    def sample(
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
            >>> with imagewire.Client() as client:
            ...     answer = client.chat.create().append("A banana").sample()
            ...     print(answer.finish_reason, answer.image.mime_type)
            STOP image/png
        """
        return final(
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
    ) -> Iterator[tuple[Answer, Chunk]]:
        """Draw, and yield what arrives. Leaving the loop cancels the call.

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
            >>> with imagewire.Client() as client:
            ...     for answer, chunk in client.chat.create().append("A banana").stream():
            ...         if chunk.image:
            ...             print(chunk.image.save("banana"))
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
    ) -> Iterator[tuple[Answer, Chunk]]:
        """Draw, and yield what arrives, without keeping the bytes of pictures. Leaving the loop cancels the call.

        Write each `chunk.data` to where it belongs. The bytes of a part are checked when the chunk with its `image` or
        `media` comes; until then they may be damaged.

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
            >>> with imagewire.Client() as client, open("banana.png", "wb") as file:
            ...     for _, chunk in client.chat.create().append("A banana").frames():
            ...         written = file.write(chunk.data)
        """
        return self._client._grow(
            self._request(after), timeout, Wish(request_id, on_disconnect, cache_ttl), max_frame_bytes, keep_data=False
        )


class Chats:
    """What `Client.chat` is: it makes chats."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def create(self, model: str = "", messages: Iterable[ChatMessage] = (), **options: Unpack[Options]) -> Chat:
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
            >>> with imagewire.Client() as client:
            ...     chat = client.chat.create("gemini/gemini-3-pro-image", [imagewire.system("Draw in ink")])
        """
        return Chat(self._client, model, messages, options)


def require_image(answer: Answer) -> Image:
    """The picture of an answer that is to have one. Raises Blocked and NoPicture."""
    if answer.image is None:
        kind = Blocked if answer.blocked else NoPicture
        raise kind(answer.why_no_image, reason=answer.native_finish_reason, request_id=answer.request_id)
    return answer.image


def iterate(events: Iterable[Event], builder: AnswerBuilder) -> Iterator[tuple[Answer, Chunk]]:
    """The answer as it grows by a stream's events, with what each event brought."""
    for event in events:
        if chunk := builder.add(event):
            yield builder.answer, chunk


def final(growing: Iterable[tuple[Answer, Chunk]]) -> Answer:
    """The whole answer."""
    answer = Answer()
    for answer, _ in growing:  # noqa: B007  # each is the same object
        pass
    return answer
