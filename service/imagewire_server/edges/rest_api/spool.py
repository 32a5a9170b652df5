"""Bytes kept to be read once more: in memory while they are few, then in a nameless file. File work runs in threads."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO

_MEMORY_BYTES = 512 * 1024
_READ_BYTES = 192 * 1024  # a multiple of 3: each piece is base64 of its own


class Spool:
    """Write, then read as often as needed, then close."""

    def __init__(self) -> None:
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self.size = 0

    async def write(self, data: bytes) -> None:
        """Append. Raises OSError when the disk is full."""
        self.size += len(data)
        if self._file is None:
            self._memory += data
            if self.size <= _MEMORY_BYTES:
                return
            data, self._memory = bytes(self._memory), bytearray()
            self._file = await asyncio.to_thread(_file)
        await asyncio.to_thread(_write, self._file, data)

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it from the front; each piece but the last is a multiple of 3 bytes long."""
        if self._file is None:
            for at in range(0, len(self._memory), _READ_BYTES):
                yield bytes(self._memory[at : at + _READ_BYTES])
            return
        at, file = 0, self._file
        while piece := await asyncio.to_thread(_read, file, at):
            at += len(piece)
            yield piece

    def close(self) -> None:
        """Forget it."""
        self._memory = bytearray()
        if self._file is not None:
            self._file.close()
            self._file = None


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile(buffering=0)


def _write(file: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _read(file: IO[bytes], at: int) -> bytes:
    """A whole piece from a place, a shorter one only at the end."""
    file.seek(at)
    piece = b""
    while len(piece) < _READ_BYTES and (more := file.read(_READ_BYTES - len(piece))):
        piece += more
    file.seek(0, 2)
    return piece
