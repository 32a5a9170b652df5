"""Keeps bytes for reading them again: in memory while they are few, then in an unnamed file. Threads do the file work.

A full disk does not lose an answer: what cannot be written is kept in memory, up to a limit for the whole process.
"""

import asyncio
import errno
import tempfile
from collections.abc import AsyncIterator, Callable
from typing import IO, Any, TypeVar

import structlog

from imagewire_server.contract.errors import Internal

_MEMORY_BYTES = 512 * 1024
_READ_BYTES = 192 * 1024  # a multiple of 3, so that each piece can be encoded in base64 separately
_MOST_WITHOUT_DISK = 256 * 1024 * 1024

Argument = TypeVar("Argument")
Result = TypeVar("Result")

_log = structlog.get_logger("imagewire.temp buffer")


class TempBuffer:
    """Write, then read any number of times, then close."""

    _without_disk = 0  # bytes of all buffers that are in memory because the disk is full

    def __init__(self) -> None:
        self._memory = bytearray()  # the bytes after those in the file
        self._file: IO[bytes] | None = None
        self._filed = 0
        self._held = 0  # its share of `_without_disk`
        self._full = False
        self._work: asyncio.Future[Any] | None = None  # what a thread does with the file
        self.size = 0

    @property
    def disk_is_full(self) -> bool:
        """Whether what follows stays in memory."""
        return self._full

    async def write(self, data: bytes) -> None:
        """Append bytes. Raises Internal if neither the disk nor the memory has space."""
        self.size += len(data)
        if self._full:
            self._hold(data)
            return
        if self._file is None:
            self._memory += data
            if self.size <= _MEMORY_BYTES:
                return
            data, self._memory = bytes(self._memory), bytearray()
        written = await self._in_thread(self._append, data)
        self._filed += written
        if written < len(data):
            self._hold(data[written:])

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield everything from the start. The length of each piece but the last is a multiple of 3."""
        at = 0
        while at < self.size:
            piece = b"" if at >= self._filed else await self._in_thread(self._read, at)
            behind = max(at - self._filed, 0)
            piece += self._memory[behind : behind + _READ_BYTES - len(piece)]
            at += len(piece)
            yield piece

    def close(self) -> None:
        """Discard the bytes."""
        self._memory = bytearray()
        TempBuffer._without_disk -= self._held
        self._held = 0
        if self._work is None or self._work.done():
            self._close_file()
        else:
            # Not under the thread's hands: the file's number may be another file's or a socket's at once.
            self._work.add_done_callback(self._close_file)

    def _close_file(self, work: asyncio.Future[Any] | None = None) -> None:
        if work is not None:
            work.exception()  # nobody waits for it any more
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _in_thread(self, function: Callable[[Argument], Result], argument: Argument) -> Result:
        """Like asyncio.to_thread, but what is under way when the caller is cancelled is still known."""
        self._work = asyncio.get_running_loop().run_in_executor(None, function, argument)
        result: Result = await asyncio.shield(self._work)
        return result

    def _hold(self, data: bytes) -> None:
        if TempBuffer._without_disk + len(data) > _MOST_WITHOUT_DISK:
            raise Internal(
                "this server's disk is full, and so is the memory that it uses instead; the picture was drawn and may"
                " have been charged: inform the operator of the server, or draw over gRPC, which needs no disk"
            )
        TempBuffer._without_disk += len(data)
        self._held += len(data)
        self._memory += data

    def _append(self, data: bytes) -> int:
        """In a thread: append to the file, and return the number of bytes written, fewer if the disk is full."""
        view = memoryview(data)
        try:
            if self._file is None:
                self._file = _file()
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self._full = True
            _log.warning("no space in the folder of temporary files", errno=errno.errorcode.get(error.errno or 0, ""))
        return len(data) - len(view)

    def _read(self, at: int) -> bytes:
        """In a thread: read a piece at a position of the file. Only the last piece is shorter."""
        assert self._file is not None  # noqa: S101  # it holds the first bytes
        self._file.seek(at)
        piece = b""
        while len(piece) < _READ_BYTES and (more := self._file.read(_READ_BYTES - len(piece))):
            piece += more
        self._file.seek(0, 2)
        return piece


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile(buffering=0)
