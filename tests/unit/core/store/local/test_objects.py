"""Objects of a local store, in rows and in files, whole and damaged."""

import hashlib
from pathlib import Path

import pytest

from imagewire_server.core.store.local.database import SmallRows
from imagewire_server.core.store.local.store import LocalStore
from tests.unit.core.store.local.stores import LARGE, SMALL, opened


async def test_a_part_becomes_an_object(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.writer.call(lambda: keep_large(store))


def keep_large(store: LocalStore) -> None:
    sha256 = hashlib.sha256(LARGE).digest()
    assert not store.objects.has(sha256)
    part = store.folder.new_part()
    part.write_bytes(LARGE)
    store.objects.keep(part, sha256, len(LARGE))
    assert store.objects.has(sha256)
    assert not part.exists()
    store.folder.object(sha256).write_bytes(LARGE[:-1])
    assert not store.objects.has(sha256)


@pytest.mark.parametrize("is_damaged", [False, True])
async def test_a_part_takes_the_place_of_a_damaged_row_alone(tmp_path: Path, is_damaged: bool) -> None:
    async with opened(tmp_path) as store:
        await store.writer.call(lambda: keep_small(store, is_damaged=is_damaged))


def keep_small(store: LocalStore, *, is_damaged: bool) -> None:
    sha256 = hashlib.sha256(SMALL).digest()
    rows = SmallRows()
    rows.objects.append((sha256, len(SMALL), SMALL[::-1] if is_damaged else SMALL))
    store.database.put_small(rows)
    assert store.objects.has(sha256) is not is_damaged
    part = store.folder.new_part()
    part.write_bytes(SMALL)
    store.objects.keep(part, sha256, len(SMALL))
    assert not part.exists()
    assert store.folder.object(sha256).exists() is is_damaged
    assert store.objects.has(sha256)
