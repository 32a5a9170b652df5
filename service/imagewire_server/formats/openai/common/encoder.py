"""The output of an encoder: bytes to write, and references to kept pictures, whose base64 is written there."""

from collections.abc import Collection
from typing import Any, NamedTuple, Protocol

import msgspec

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import Chunk

# Identifies a picture, or other media: its candidate and its part.
Key = tuple[int, int]


class ImageRef(NamedTuple):
    """The complete base64 of a picture, or of other media, whose bytes were kept."""

    key: Key


Piece = bytes | ImageRef


def encoded(value: Any) -> bytes:
    """A value as JSON."""
    return msgspec.json.encode(value)


def key_of(part: pb.PartStarted | pb.PartFinished | Chunk) -> Key:
    """The key under which the bytes of a part are kept."""
    return part.candidate_index, part.part_index


# Looked up once: an enum's names are slow.
_WITH_BYTES = frozenset({pb.PartKind.PART_KIND_IMAGE, pb.PartKind.PART_KIND_MEDIA})


def has_bytes(part: pb.PartStarted) -> bool:
    """Whether chunks follow, of a picture or of other media."""
    return part.kind in _WITH_BYTES


class Encoder(Protocol):
    """Writes one answer in OpenAI's format while its events arrive."""

    @property
    def needs(self) -> Collection[Key]:
        """The parts whose bytes must be kept: from the first chunk, as long as the key is here."""
        ...

    def feed(self, kind: str | None, event: pb.Event) -> list[Piece]:
        """Return what an event adds. kind: which message the event holds, looked up once for all callers."""
        ...

    def feed_chunk(self, chunk: Chunk) -> list[Piece]:
        """Return what more bytes of a picture, or of other media, add."""
        ...


class StreamEncoder(Encoder, Protocol):
    """Writes server-sent events."""

    @property
    def at_event_boundary(self) -> bool:
        """Whether the last event is complete, so that a comment may follow."""
        ...

    def fail(self, error: Error) -> list[Piece]:
        """Return the end of a stream that failed after it began."""
        ...
