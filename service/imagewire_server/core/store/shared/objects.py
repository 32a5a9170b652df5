"""The object store: files in pieces of one size, which are objects."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import obstore
from obstore.exceptions import GenericError
from obstore.store import from_url

# Small enough that a piece on its way takes little memory, and that what is not yet an object fits into Redis.
PIECE = 1024 * 1024
_LISTED = 1000


class Objects:
    """The objects below a URL. Raises obstore's BaseError for a wrong URL. The folder of a file:// URL is made.

    Its methods raise BaseError and OSError.
    """

    def __init__(self, url: str) -> None:
        if url.startswith("file:"):
            self._store: Any = from_url(url, mkdir=True, automatic_cleanup=True)
            return
        # Client options would replace those of the environment.
        self._store = from_url(
            url,
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        )

    async def put(self, path: str, data: bytes) -> None:
        """Write an object."""
        await obstore.put_async(self._store, path, data, use_multipart=False)

    async def read(self, path: str, offset: int, size: int) -> bytes:
        """Bytes of a file that has all of them. Raises FileNotFoundError where a piece is gone, or cut."""
        found: list[bytes] = []
        while size > 0:
            number, start = divmod(offset, PIECE)
            length = min(size, PIECE - start)
            data = await self._range(f"{path}/{number}", start, length)
            found.append(data)
            offset, size = offset + length, size - length
        return b"".join(found)

    async def _range(self, path: str, start: int, length: int) -> bytes:
        try:
            data = bytes(await obstore.get_range_async(self._store, path, start=start, length=length))
        except GenericError:  # so say stores of a range that begins behind the end, and of much else
            if (await obstore.head_async(self._store, path))["size"] > start:
                raise
            data = b""
        if len(data) < length:
            raise FileNotFoundError("a piece is shorter than it was")
        return data

    async def remove(self, name: str) -> None:
        """Remove all objects whose paths begin with a name."""
        async for listed in obstore.list(self._store, name, chunk_size=_LISTED):
            await self.delete([one["path"] for one in listed])

    async def delete(self, paths: list[str]) -> None:
        """Remove objects. One that is gone already is no error."""
        with contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, paths)

    async def every(self) -> AsyncIterator[list[tuple[str, datetime]]]:
        """The paths of all objects, and when each was written."""
        async for listed in obstore.list(self._store, chunk_size=_LISTED):
            yield [(one["path"], one["last_modified"]) for one in listed]

    async def try_to_write(self) -> None:
        """Raise where it takes nothing."""
        path = f"probe/{secrets.token_hex(16)}"
        await self.put(path, b"\0")
        await self.delete([path])


class PieceWriter:
    """Writes a file in pieces: each in the background, one after another. path: of the file.

    size: what was given. stored: how much of it is in the object store. Its methods raise as those of Objects.
    """

    def __init__(self, objects: Objects, path: str) -> None:
        self.path = path
        self.size = self.stored = 0
        self._objects = objects
        self._held = bytearray()
        self._writing: asyncio.Task[None] | None = None
        self._next = 0

    @property
    def held(self) -> int:
        """How many bytes are not yet about to be written."""
        return len(self._held)

    async def write(self, data: bytes) -> None:
        """More bytes."""
        self.size += len(data)
        self._held += data
        while len(self._held) >= PIECE:
            await self._begin(PIECE)
        if self._writing is not None and self._writing.done():
            await self._wait()

    async def close(self) -> None:
        """Write the rest, and wait for all of it."""
        if self._held:
            await self._begin(len(self._held))
        await self._wait()

    async def settle(self) -> None:
        """Wait for what is being written, whatever becomes of it. To cancel it may leave it behind."""
        if self._writing is not None:
            await asyncio.wait({self._writing})
            _note(self._writing)

    def drop(self) -> None:
        """Write no more."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing.add_done_callback(_note)

    async def _begin(self, size: int) -> None:
        await self._wait()
        data = bytes(memoryview(self._held)[:size])
        del self._held[:size]
        self._next = self.stored + size
        self._writing = asyncio.create_task(self._objects.put(f"{self.path}/{self.stored // PIECE}", data))

    async def _wait(self) -> None:
        if self._writing is not None:
            await self._writing
            self._writing, self.stored = None, self._next


def _note(task: "asyncio.Task[None]") -> None:
    """Nobody asks any more how it went."""
    if not task.cancelled():
        task.exception()
