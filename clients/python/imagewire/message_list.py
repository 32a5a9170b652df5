"""The messages of a chat, as a list whose repr has no picture's bytes."""

from collections.abc import Iterator, MutableSequence
from typing import Any

from imagewire.short_repr import short
from imagewire.v1.message_pb2 import ChatMessage


class MessageList:
    """A protobuf list of messages: it does all that such a list does, and changes it."""

    __slots__ = ("_messages",)

    def __init__(self, messages: MutableSequence[ChatMessage]) -> None:
        self._messages = messages

    def __repr__(self) -> str:
        return short(list(self._messages))

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_messages"), name)

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[ChatMessage]:
        return iter(self._messages)

    def __contains__(self, message: object) -> bool:
        return message in self._messages

    def __getitem__(self, at: Any) -> Any:
        return self._messages[at]

    def __setitem__(self, at: Any, message: Any) -> None:
        self._messages[at] = message

    def __delitem__(self, at: Any) -> None:
        del self._messages[at]

    def __eq__(self, other: object) -> bool:
        return self._messages == (other._messages if isinstance(other, MessageList) else other)

    __hash__ = None  # type: ignore[assignment]  # as of any list


MutableSequence.register(MessageList)
