"""What an encoder makes: bytes to write as they are, and places where a kept picture's base64 goes."""

from collections.abc import Collection
from typing import NamedTuple, Protocol

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error

# A picture by its candidate and its part.
Key = tuple[int, int]


class Copy(NamedTuple):
    """The whole base64 of a picture whose bytes were kept."""

    key: Key


Piece = bytes | Copy


class Encoder(Protocol):
    """Writes one answer in OpenAI's shape while its events come."""

    @property
    def keeps(self) -> Collection[Key]:
        """The pictures whose bytes must be kept: from their first chunk, for as long as they are named here."""
        ...

    def feed(self, event: pb.Event) -> list[Piece]:
        """What an event adds."""
        ...


class StreamEncoder(Encoder, Protocol):
    """Writes server-sent events."""

    @property
    def between(self) -> bool:
        """Whether the last event sent is whole, so that a comment may follow."""
        ...

    def fail(self, error: Error) -> list[Piece]:
        """The end of a stream that failed after its start."""
        ...


class Final:
    """Finds the final picture of a candidate: the last that is no draft, else the last."""

    def __init__(self) -> None:
        self.key: Key | None = None
        self.media_type = ""
        self._draft = True

    def finished(self, key: Key, media_type: str, *, thought: bool) -> None:
        """Take the next picture into account."""
        if self._draft or not thought:
            self.key, self.media_type, self._draft = key, media_type, thought
