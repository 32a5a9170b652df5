"""What is kept to be read once more, on disks of any size."""

import asyncio
import io
import os
import tempfile
import threading
from typing import IO, Any

import pytest

from imagewire_server.api.rest import temp_buffer
from imagewire_server.api.rest.temp_buffer import TempBuffer
from imagewire_server.contract.errors import Internal

PIECE = bytes(range(256)) * 400
PIECES = 10  # above what is held in memory anyway


class _Small:
    """A file that takes so many bytes."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self._file = file
        self._room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: memoryview) -> int:
        taken = self._file.write(data[: self._room])
        self._room -= taken
        if not taken:
            raise OSError(28, "No space left on device")
        return taken


def disk(monkeypatch: pytest.MonkeyPatch, room: int | None) -> None:
    """A disk with so much room, or one on which no file can be made."""

    def made() -> Any:
        if room is None:
            raise OSError(28, "No space left on device")
        return _Small(tempfile.TemporaryFile(buffering=0), room)

    monkeypatch.setattr(temp_buffer, "_file", made)


async def filled(kept: TempBuffer) -> None:
    for _ in range(PIECES):
        await kept.write(PIECE)


@pytest.mark.parametrize("room", [None, 0, 1, 192 * 1024, 192 * 1024 + 1, 600_001, 10**9])
async def test_d7_a_full_disk_loses_no_byte(monkeypatch: pytest.MonkeyPatch, room: int | None) -> None:
    disk(monkeypatch, room)
    kept = TempBuffer()
    await filled(kept)
    for _ in range(2):
        pieces = [piece async for piece in kept.pieces()]
        assert b"".join(pieces) == PIECE * PIECES
        assert all(len(piece) % 3 == 0 for piece in pieces[:-1])
    kept.close()


async def test_d7_what_no_disk_takes_is_bounded_for_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, None)
    monkeypatch.setattr(temp_buffer, "_MOST_WITHOUT_DISK", 1_500_000)
    first, second = TempBuffer(), TempBuffer()
    await filled(first)
    with pytest.raises(Internal, match="disk is full"):
        await filled(second)
    first.close()
    second.close()
    third = TempBuffer()
    await filled(third)
    third.close()


async def test_a_file_is_closed_when_its_thread_has_done_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_go = threading.Event(), threading.Event()
    loop, closed = asyncio.get_running_loop(), asyncio.Event()

    class File(io.FileIO):
        def close(self) -> None:
            super().close()
            loop.call_soon(closed.set)

    made = File(os.memfd_create("kept"), "w+")

    def slow() -> IO[bytes]:
        begun.set()
        may_go.wait(60)
        return made

    monkeypatch.setattr(temp_buffer, "_file", slow)
    kept = TempBuffer()
    filling = asyncio.create_task(filled(kept))
    await asyncio.to_thread(begun.wait, 60)
    filling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await filling
    kept.close()
    assert not closed.is_set()
    may_go.set()
    await asyncio.wait_for(closed.wait(), 60)
