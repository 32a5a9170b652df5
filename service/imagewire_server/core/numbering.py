"""What is done to a drawing's events once, whoever reads them: they are numbered, and their files hashed."""

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Internal
from imagewire_server.contract.events import Chunk
from imagewire_server.core.image_hash import ImageHashes, ImageIds

_CHUNKS = frozenset({"image_chunk", "media_chunk"})


class Numbering:
    """sequence: of the last event. Files are hashed from `hash_files` on, for those who need it.

    image_ids: makes the ids of pictures, where they are kept.
    """

    __slots__ = ("_hashes", "_image_ids", "sequence")

    def __init__(self, image_ids: ImageIds | None = None) -> None:
        self.sequence = 0
        self._image_ids = image_ids
        self._hashes: ImageHashes | None = None

    def hash_files(self) -> None:
        """Have a file's sha256 put into its end. Before the first event."""
        self._hashes = ImageHashes(self._image_ids)

    def number(self, event: pb.Event) -> str | None:
        """Number an event; put the hash into the end of a file. Returns which of an event's messages it holds."""
        self.sequence += 1
        event.sequence = self.sequence
        kind: str | None = event.WhichOneof("event")
        if kind == "part_finished":
            if self._hashes is not None:
                self._hashes.finish(event.part_finished)
        elif kind in _CHUNKS:
            raise Internal("a provider yielded bytes as a message; they belong in a Chunk")
        return kind

    def number_chunk(self, chunk: Chunk) -> None:
        """Chunks repeat the number of the event before them: how they are cut differs by reader."""
        chunk.sequence = self.sequence
        if self._hashes is not None:
            self._hashes.add(chunk)
