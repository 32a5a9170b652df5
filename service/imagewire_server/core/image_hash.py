"""SHA-256 of pictures and other media while they pass, so that who gets one can tell whether it is whole."""

import hashlib
import secrets
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk


class ImageHashes:
    """The pictures of one answer that are open. image_ids: whether they get an id."""

    def __init__(self, *, image_ids: bool = False) -> None:
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
            if self._image_ids and not is_media:
                part.image.image_id = f"img-{secrets.token_hex(16)}"
