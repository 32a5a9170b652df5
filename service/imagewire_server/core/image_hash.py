"""SHA-256 of pictures and other media while they pass, so that who gets one can tell whether it is whole."""

import hashlib
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk


class ImageHashes:
    """The pictures of one answer that are open."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], Any] = {}

    def add(self, chunk: Chunk) -> None:
        """More of a picture, or of other media."""
        key = chunk.candidate_index, chunk.part_index
        if key not in self._open:
            self._open[key] = hashlib.sha256()
        self._open[key].update(chunk.data)

    def finish(self, part: pb.PartFinished) -> None:
        """A part is whole: tell the hash of its bytes, if it has any."""
        digest = self._open.pop((part.candidate_index, part.part_index), None)
        if digest is not None:
            whole = part.media if part.HasField("media") else part.image
            whole.sha256 = digest.digest()
