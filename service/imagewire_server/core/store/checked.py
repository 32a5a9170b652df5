"""Checks that what is read from a store is what was kept. Both stores are read through this module alone.

The readers of answers have a FileCheck for each file; pictures by themselves are read by `whole` and `pieces`. Nothing
here holds the event loop: hashes are computed in threads.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator

import structlog

from imagewire_server.contract import pb
from imagewire_server.core.store.records import KeptImage
from imagewire_server.core.store.store import Damaged, Store

_READ = 1024 * 1024  # bytes that are read at once: a store that is far away answers slowly
_log = structlog.get_logger("imagewire.keep")


class FileCheck:
    """A file that is read from an offset on. at: where its next bytes are. One thread at a time may use it."""

    def __init__(self, offset: int = 0) -> None:
        self.at = offset
        self._hash = None if offset else hashlib.sha256()

    def add(self, data: bytes) -> None:
        """The next bytes."""
        self.at += len(data)
        if self._hash is not None:
            self._hash.update(data)

    def fits(self, size: int, sha256: bytes) -> bool:
        """Whether a file of that size and hash ends here. Its hash is known only of a file that was read from 0 on.

        size: 0 where it is not known. sha256: b"" where it is not known.
        """
        same_hash = self._hash is None or not sha256 or self._hash.digest() == sha256
        return same_hash and (not size or self.at == size)


def told(part: pb.PartFinished) -> tuple[int, bytes]:
    """The size and the hash of a part's file, as its end tells them: see FileCheck.fits."""
    file = part.media if part.HasField("media") else part.image
    return file.size_bytes, file.sha256


def damaged(sha256: bytes, completion_id: str = "") -> Damaged:
    """Of a file whose bytes are gone, or others than were kept; the log names it.

    sha256: of what was kept, b"" where it is not known. completion_id: of the answer that is read.
    """
    known = {"sha256": sha256.hex(), "completion_id": completion_id}
    _log.warning("a kept file is damaged or gone", **{name: value for name, value in known.items() if value})
    return Damaged(sha256.hex())


async def check_size(store: Store, image: KeptImage) -> None:
    """Raise Damaged where a picture does not end where it did, and StoreDown."""
    if image.size and len(await store.image_bytes(image, image.size - 1, 2)) != 1:
        raise damaged(image.sha256)


async def whole(store: Store, image: KeptImage) -> bytes:
    """All bytes of a picture. Raises Damaged and StoreDown."""
    data = await store.image_bytes(image, 0, image.size + 1)
    check = FileCheck()
    await asyncio.to_thread(check.add, data)
    if not check.fits(image.size, image.sha256):
        raise damaged(image.sha256)
    return data


async def pieces(store: Store, image: KeptImage, offset: int, size: int) -> AsyncGenerator[bytes, None]:
    """The bytes of a picture from an offset on, in pieces of a size. Raises Damaged and StoreDown.

    The last of them come only where all of them are what was kept, so that nobody takes a damaged picture for whole.
    """
    check = FileCheck(offset)
    while check.at < image.size:
        data = await store.image_bytes(image, check.at, _READ - check.at % _READ)
        await asyncio.to_thread(check.add, data)
        if not data or (check.at >= image.size and not check.fits(image.size, image.sha256)):
            raise damaged(image.sha256)
        for start in range(0, len(data), size):
            yield data[start : start + size]
