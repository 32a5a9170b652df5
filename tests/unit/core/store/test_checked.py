"""What is read from a store is what was kept, or an error."""

import hashlib
import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.core.store import checked
from imagewire_server.core.store.checked import FileCheck
from imagewire_server.core.store.records import KeptImage
from imagewire_server.core.store.store import Damaged

MIB = 1024 * 1024
DATA = bytes(range(250)) * 9000  # 2.1 MiB
SHA = hashlib.sha256(DATA).digest()
FLIPPED = bytes([DATA[0] ^ 1]) + DATA[1:]
KEPT = KeptImage("img-1", "me", SHA, len(DATA), "image/png", 3, 4, time.time() + 99)


class Stored:
    """A store that has these bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[int, int]] = []

    async def image_bytes(self, _: KeptImage, offset: int, size: int) -> bytes:
        self.asked.append((offset, size))
        return self.data[offset : offset + size]


async def read(data: bytes, offset: int = 0) -> tuple[bytes, bool]:
    """What comes of a picture, and whether it ends well."""
    found = b""
    store: Any = Stored(data)
    try:
        async for piece in checked.pieces(store, KEPT, offset, 100_000):
            assert len(piece) <= 100_000
            found += piece
    except Damaged:
        return found, False
    return found, True


@pytest.mark.parametrize(
    ("offset", "data", "size", "sha256", "fits"),
    [
        (0, DATA, len(DATA), SHA, True),
        (0, FLIPPED, len(DATA), SHA, False),
        (0, DATA, 0, b"", True),
        (0, DATA, 0, SHA, True),
        (0, FLIPPED, 0, SHA, False),
        (0, DATA[1:], len(DATA), b"", False),
        (0, b"", len(DATA), SHA, False),
        (7, DATA[7:], len(DATA), SHA, True),
        (7, FLIPPED[7:], len(DATA), SHA, True),
        (7, DATA[7:-1], len(DATA), SHA, False),
    ],
)
def test_what_fits(offset: int, data: bytes, size: int, sha256: bytes, fits: bool) -> None:
    check = FileCheck(offset)
    for start in range(0, len(data), 1_000_000):
        check.add(data[start : start + 1_000_000])
    assert check.fits(size, sha256) is fits
    assert check.at == offset + len(data)


def test_the_end_of_a_part_tells_its_size_and_hash() -> None:
    assert checked.told(pb.PartFinished(image=pb.Image(size_bytes=5, sha256=SHA))) == (5, SHA)
    assert checked.told(pb.PartFinished(media=pb.Media(size_bytes=6, sha256=SHA))) == (6, SHA)
    assert checked.told(pb.PartFinished()) == (0, b"")


@pytest.mark.parametrize("offset", [0, 1, MIB, len(DATA) - 1, len(DATA)])
async def test_pieces_are_the_bytes(offset: int) -> None:
    assert await read(DATA, offset) == (DATA[offset:], True)


@pytest.mark.parametrize(
    ("data", "most"),
    [(FLIPPED, 2 * MIB), (DATA[: MIB + 5], MIB + 5), (DATA + b"x", 2 * MIB), (b"", 0)],
    ids=["changed", "cut", "longer", "empty"],
)
async def test_the_end_of_a_damaged_picture_never_comes(data: bytes, most: int) -> None:
    assert await read(data) == (data[:most], False)


async def test_from_an_offset_the_size_counts() -> None:
    assert await read(DATA[:-1], 2 * MIB) == (DATA[2 * MIB : -1], False)


@pytest.mark.parametrize("data", [FLIPPED, DATA[1:], DATA + b"x", b""], ids=["changed", "cut", "longer", "empty"])
async def test_a_whole_picture_is_the_right_one_or_none(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    store: Any = Stored(DATA)
    assert await checked.whole(store, KEPT) == DATA
    store.data = data
    warned: list[dict[str, str]] = []
    monkeypatch.setattr(checked, "_log", SimpleNamespace(warning=lambda _, **fields: warned.append(fields)))
    with pytest.raises(Damaged):
        await checked.whole(store, KEPT)
    assert warned == [{"sha256": SHA.hex()}]


async def test_the_size_is_seen_without_reading_it_all() -> None:
    store: Any = Stored(FLIPPED)
    await checked.check_size(store, KEPT)
    assert store.asked == [(len(DATA) - 1, 2)]
    for data in (DATA[1:], DATA + b"x", b""):
        store.data = data
        with pytest.raises(Damaged):
            await checked.check_size(store, KEPT)
    await checked.check_size(store, replace(KEPT, size=0))


async def test_hashes_are_computed_in_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    add = FileCheck.add

    def seen(check: FileCheck, data: bytes) -> None:
        threads.append(threading.current_thread())
        add(check, data)

    monkeypatch.setattr(FileCheck, "add", seen)
    assert await read(DATA) == (DATA, True)
    await checked.whole(Stored(DATA), KEPT)  # type: ignore[arg-type]
    assert len(threads) == 4
    assert threading.current_thread() not in threads


def test_the_log_has_what_is_known_of_a_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[dict[str, str]] = []
    monkeypatch.setattr(checked, "_log", SimpleNamespace(warning=lambda _, **fields: lines.append(fields)))
    checked.damaged(SHA, "cmpl-1")
    checked.damaged(b"", "cmpl-1")
    assert lines == [{"sha256": SHA.hex(), "completion_id": "cmpl-1"}, {"completion_id": "cmpl-1"}]
