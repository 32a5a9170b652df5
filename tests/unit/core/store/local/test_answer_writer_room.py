"""The bytes of a local store while answers are drawn: never more than keep_max_bytes, of all that share its folder."""

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from imagewire_server.contract import pb
from imagewire_server.core.store.local.recorder import LocalRecorder
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.store import NoRoom
from tests.unit.core.store.local.stores import LARGE, SMALL, events, files, kept, opened, put, read, total

if TYPE_CHECKING:
    from imagewire_server.contract.events import StreamEvent

CAP = 4_000_000


def picture(number: int, size: int = 1_500_000) -> bytes:
    return bytes([number]) * size


def on_disk(folder: Path) -> int:
    return sum(file.stat().st_size for file in files(folder))


async def drawn(stores: list[LocalStore], folder: Path, count: int) -> list[LocalRecorder]:
    """Draw several at the same time, piece by piece; the bytes are looked at behind each."""
    recorders = [stores[number % len(stores)].record(kept(f"cmpl-{number}")) for number in range(count)]
    batches: list[list[list[StreamEvent]]] = [events(picture(number), f"img-{number}") for number in range(count)]
    for at in range(len(batches[0])):
        for recorder, mine in zip(recorders, batches, strict=True):
            recorder.add(mine[at])
        await asyncio.gather(*(store.flush() for store in stores))
        # What was refused may count for a moment longer, where the other store keeps the database busy.
        assert on_disk(folder) <= min(CAP, await total(stores[0]))
    for recorder in recorders:
        recorder.end(None, free=False)
        recorder.release()
    await asyncio.gather(*(store.flush() for store in stores))
    return recorders


async def test_what_is_being_drawn_counts_in_all_workers(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=CAP) as one, opened(tmp_path, max_bytes=CAP) as other:
        recorders = await drawn([one, other], tmp_path, 8)
        failed = [recorder.failed for recorder in recorders]
        assert True in failed
        assert (one.is_down, other.is_down) == (False, False), "the store works"
        assert on_disk(tmp_path) <= await total(one) <= CAP
        for number, has_failed in enumerate(failed):
            if not has_failed:
                assert await read(one, kept(f"cmpl-{number}")) == ([1, 2, 3, 4], picture(number))
        await put(other, kept("cmpl-9"), events(picture(9), "img-9"))
        assert await read(other, kept("cmpl-9")) == ([1, 2, 3, 4], picture(9))


async def test_what_fits_is_kept_and_counts_what_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=CAP) as store:
        recorders = await drawn([store], tmp_path, 2)
        assert [recorder.failed for recorder in recorders] == [False, False]
        assert await total(store) == on_disk(tmp_path)


async def test_what_is_finished_makes_way_for_what_is_drawn(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=CAP) as store:
        await put(store, kept("cmpl-8"), events(picture(8, 3_000_000), "img-8"))
        recorders = await drawn([store], tmp_path, 2)
        assert [recorder.failed for recorder in recorders] == [False, False]
        assert await store.find("me", completion_id="cmpl-8") is None


async def test_pictures_of_a_request_that_find_no_room_are_not_kept(tmp_path: Path) -> None:
    asked = pb.Spec(model="m", messages=[pb.ChatMessage(content="x", image=pb.Image(data=picture(7)))])
    async with opened(tmp_path, max_bytes=CAP) as store:
        async with store.upload() as upload:
            await upload.write(bytes(3_000_000))
            for ident, whole in ("cmpl-1", SMALL), ("cmpl-2", LARGE):
                await put(store, kept(ident), events(whole, f"img-{ident}"), asked=asked)
                assert on_disk(tmp_path) <= await total(store) <= CAP
                assert await read(store, kept(ident)) == ([1, 2, 3, 4], whole)
                assert await store.request(kept(ident)) is None
            assert await store.image("me", sha256=hashlib.sha256(picture(7)).digest()) is None
        await put(store, kept("cmpl-3"), events(SMALL, "img-3"), asked=asked)
        assert await store.request(kept("cmpl-3")) is not None
        assert await store.image("me", sha256=hashlib.sha256(picture(7)).digest()) is not None


async def test_an_answer_that_finds_no_room_is_as_one_that_is_too_large(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=CAP) as store:
        told: list[BaseException] = []
        fail = store.fail
        store.fail = lambda given, error: (told.append(error), fail(given, error))  # type: ignore[method-assign,assignment,func-returns-value]
        async with store.upload() as upload:
            await upload.write(bytes(3_500_000))
            await put(store, kept(), events(picture(1)))
        assert [type(error) for error in told] == [NoRoom]
        assert not store.is_down
