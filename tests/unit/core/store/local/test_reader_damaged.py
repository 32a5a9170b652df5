"""An answer whose kept bytes are damaged is never read to a good end."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.keep_errors import AnswerNotKept
from imagewire_server.core.store import checked
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.records import KeptImage
from imagewire_server.core.store.store import Damaged
from tests.unit.core.store.local.stores import LARGE, events, files, kept, opened, put, read, until_error

Damage = Callable[[Path], object]
MIDDLE = len(LARGE) // 2


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def grow(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"x")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def file_of(store: LocalStore, kind: str) -> Path:
    [found] = [one for one in files(store.folder.path) if kind in (one.parent.name, one.parent.parent.name)]
    return found


@pytest.mark.parametrize("damage", [flip, cut, grow, empty, Path.unlink])
async def test_a_damaged_picture_never_ends(tmp_path: Path, damage: Damage) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        damage(file_of(store, "objects"))
        numbers: list[int] = []

        async def read_all() -> None:
            async for batch in store.read(kept(), 0, 0):
                numbers.extend(event.sequence for event in batch)

        with pytest.raises(AnswerNotKept, match="is damaged or gone; to draw again, and pay again") as error:
            await read_all()
        assert max(numbers) == 2, "the part's end does not come"
        assert error.value.metadata == {"completion_id": "cmpl-1"}


@pytest.mark.parametrize("damage", [cut, grow, empty, Path.unlink])
async def test_from_an_offset_a_wrong_size_is_found(tmp_path: Path, damage: Damage) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        damage(file_of(store, "objects"))
        for offset in (MIDDLE, len(LARGE)):
            with pytest.raises(AnswerNotKept):
                await read(store, kept(), 2, offset)


async def test_an_offset_beyond_a_damaged_picture_is_still_the_callers_fault(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        empty(file_of(store, "objects"))
        with pytest.raises(InvalidRequest, match=f"is beyond the {len(LARGE)} bytes"):
            await read(store, kept(), 2, len(LARGE) + 1)


async def test_behind_the_picture_its_bytes_do_not_matter(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        empty(file_of(store, "objects"))
        assert await read(store, kept(), 3) == ([4], b"")


@pytest.mark.parametrize("damage", [flip, cut, empty, Path.unlink])
async def test_a_damaged_log_is_not_read_to_a_good_end(tmp_path: Path, damage: Damage) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        damage(file_of(store, "logs"))
        _, error = await until_error(store.read(kept(), 0, 0), AnswerNotKept)
        assert "is damaged or gone" in error.message


async def test_what_was_asked_is_not_known_from_a_damaged_log(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        flip(file_of(store, "logs"))
        assert await store.request(kept()) is None


async def test_a_picture_that_is_removed_while_it_is_read_is_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(checked, "_log", SimpleNamespace(warning=lambda words, **_: lines.append(words)))
    image = KeptImage("img-u", "me", hashlib.sha256(LARGE).digest(), len(LARGE), "image/png", 3, 4, time.time() + 99)
    async with opened(tmp_path) as store:
        for found, words in ([(9, None), None], []), ([(9, None), (9, None)], ["a kept file is damaged or gone"]):
            monkeypatch.setattr(store._reads, "object", lambda _, left=found: left.pop(0))
            with pytest.raises(Damaged):
                await store.image_bytes(image, 0, 1)
            assert lines == words
