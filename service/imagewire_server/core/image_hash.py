"""SHA-256 of pictures and other media while they pass, so that who gets one can tell whether it is whole."""

import hashlib
from collections.abc import Callable
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk

# Makes the id of a picture from its candidate's index and its part's.
ImageIds = Callable[[int, int], str]


class ImageHashes:
    """The pictures of one answer that are open. image_ids: makes their ids; None where they get none."""

    def __init__(self, image_ids: ImageIds | None = None) -> None:
        self._image_ids = image_ids
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
            is_media = part.HasField("media")
            whole = part.media if is_media else part.image
            whole.sha256 = digest.digest()
            if self._image_ids is not None and not is_media:
                part.image.image_id = self._image_ids(part.candidate_index, part.part_index)
