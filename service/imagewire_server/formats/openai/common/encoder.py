"""What an encoder makes: bytes to write as they are, and places where a kept picture's base64 goes."""

from collections.abc import Collection
from typing import Any, NamedTuple, Protocol

import msgspec

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import Chunk

# A picture, or other media, by its candidate and its part.
Key = tuple[int, int]


class ImageRef(NamedTuple):
    """The whole base64 of a picture, or of other media, whose bytes were kept."""

    key: Key


Piece = bytes | ImageRef


def encoded(value: Any) -> bytes:
    """A value as JSON."""
    return msgspec.json.encode(value)


def key_of(part: pb.PartStarted | pb.PartFinished | Chunk) -> Key:
    """Where a part's bytes are kept."""
    return part.candidate_index, part.part_index


# Looked up once: an enum's names are slow.
_WITH_BYTES = frozenset({pb.PartKind.PART_KIND_IMAGE, pb.PartKind.PART_KIND_MEDIA})


def has_bytes(part: pb.PartStarted) -> bool:
    """Whether chunks follow, of a picture or of other media."""
    return part.kind in _WITH_BYTES


class Encoder(Protocol):
    """Writes one answer in OpenAI's shape while its events come."""

    @property
    def needs(self) -> Collection[Key]:
        """What bytes must be kept of: from the first chunk, for as long as it is named here."""
        ...

    def feed(self, kind: str | None, event: pb.Event) -> list[Piece]:
        """What an event adds. kind: which of an event's messages it holds, looked up once for all who ask."""
        ...

    def feed_chunk(self, chunk: Chunk) -> list[Piece]:
        """What more of a picture, or of other media, adds."""
        ...


class StreamEncoder(Encoder, Protocol):
    """Writes server-sent events."""

    @property
    def at_event_boundary(self) -> bool:
        """Whether the last event sent is whole, so that a comment may follow."""
        ...

    def fail(self, error: Error) -> list[Piece]:
        """The end of a stream that failed after its start."""
        ...


class Final:
    """Finds the final picture of a candidate: the last that is no draft, else the last. Other media is none."""

    def __init__(self) -> None:
        self.key: Key | None = None
        self.image = pb.Image()
        self._draft = True

    def finished(self, part: pb.PartFinished) -> None:
        """Take the next picture into account."""
        if self._draft or not part.thought:
            self.key, self._draft = key_of(part), part.thought
            self.image = part.image
