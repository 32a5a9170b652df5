"""The recorder of a shared store, with a Redis and an object store that take everything."""

import asyncio
import time
import tracemalloc
from collections.abc import Coroutine
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk
from imagewire_server.core.store.records import Kept, State
from imagewire_server.core.store.shared.recorder import SharedRecorder

MB = 1024 * 1024


class Taking:
    """A SharedStore. sizes: of the objects. pictures: of the records. removed: the names of removed objects."""

    def __init__(self) -> None:
        self.objects = self.database = self.heart = self
        self.sizes: list[int] = []
        self.pictures: list[tuple[int, str]] = []
        self.removed: list[str] = []
        self.faults: list[BaseException] = []
        self.held: list[str] = []
        self.given_up: list[State] = []
        self.counted: list[int] = []
        self.most = self.room = 1 << 30
        self.fails = False

    async def begin(self, _: Kept) -> None: ...

    def open(self, _: Any) -> None: ...

    def close(self, _: Any) -> None: ...

    def leave(self, _: Kept) -> None: ...

    def give_up(self, kept: Kept) -> None:
        self.given_up.append(kept.state)

    async def hold(self, kept: Kept) -> None:
        self.held.append(kept.completion_id)

    def let_go(self, kept: Kept) -> None:
        if kept.completion_id in self.held:
            self.held.remove(kept.completion_id)

    def look_for_room(self, _: int) -> None: ...

    async def count(self, _: Kept, size: int) -> bool:
        self.counted.append(size)
        return size <= self.room

    def fail(self, _: Kept, error: BaseException) -> None:
        self.faults.append(error)

    def do(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self.work = asyncio.create_task(work)
        return self.work

    async def put(self, what: Any, data: Any = 0) -> int:
        if self.fails:
            raise OSError("it does not work")
        if isinstance(what, str):
            self.sizes.append(len(data))
        return 0

    async def add(self, _: str, __: float, entries: list[Any]) -> list[bytes]:
        return [b"1"] * len(entries)

    async def drop(self, _: str, __: list[bytes]) -> None: ...

    async def put_image(self, image: Any, name: str, path: str, *, upload: bool) -> None:
        self.pictures.append((image.size, path))

    async def remove(self, name: str) -> None:
        self.removed.append(name)


def recorder(store: Taking) -> SharedRecorder:
    now = time.time()
    return SharedRecorder(store, Kept("cmpl-1", "me", "", b"", now, now + 1000))  # type: ignore[arg-type]


async def test_the_pictures_of_a_request_are_written_one_at_a_time() -> None:
    store = Taking()
    made = recorder(store)
    image = pb.Image(data=bytes(4 * MB), mime_type="image/png")
    made.ask(pb.Spec(messages=[pb.ChatMessage(image=image) for _ in range(8)]))
    tracemalloc.start()
    try:
        made.add([pb.Event(sequence=1, started=pb.Started())])
        made.end(None, free=False)
        await made.settle()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert store.faults == []
    assert store.pictures == [(4 * MB, f"answers/cmpl-1/in/{number}") for number in range(8)]
    assert store.sizes == [MB] * 32
    assert peak < 12 * MB


async def test_what_is_not_kept_leaves_no_objects() -> None:
    store = Taking()
    made = recorder(store)
    made.add([pb.Event(sequence=1, started=pb.Started())])
    await made.catch_up()
    store.fails = True
    made.end(None, free=False)
    await made.settle()
    await store.work
    assert (len(store.faults), store.removed) == (1, ["answers/cmpl-1"])


async def test_what_outgrows_the_store_stays_until_its_reader_has_left() -> None:
    store = Taking()
    store.most = 1000
    made = recorder(store)
    made.add([Chunk("image_chunk", 0, 0, 0, bytes(1001), 2)])
    await made.catch_up()
    assert (made.failed, len(store.faults)) == (True, 1)
    made.end(None, free=False)
    await made.settle()
    assert (store.given_up, store.removed) == ([], [])
    made.release()
    await store.work
    assert (store.given_up, store.removed) == ([State.NOT_KEPT], ["answers/cmpl-1"])


async def test_what_has_ended_is_held_until_its_reader_has_left() -> None:
    store = Taking()
    made = recorder(store)
    made.add([pb.Event(sequence=1, started=pb.Started())])
    made.end(None, free=False)
    await made.settle()
    assert store.held == ["cmpl-1"]
    made.release()
    made.release()
    assert store.held == []


async def test_what_is_drawn_counts_before_it_is_written_and_in_steps() -> None:
    store = Taking()
    made = recorder(store)
    for at in range(64):
        made.add([Chunk("image_chunk", 0, 0, at * 65536, bytes(65536), 2)])
        await made.catch_up()
        assert sum(store.sizes) <= made._room.size <= max(store.counted, default=65536) + 100  # of the log
    assert len(store.counted) <= 5


async def test_a_drawing_that_finds_no_room_is_given_up_and_leaves_nothing() -> None:
    store = Taking()
    store.room = 2 * MB
    made = recorder(store)
    for at in range(64):
        made.add([Chunk("image_chunk", 0, 0, at * 65536, bytes(65536), 2)])
        await made.catch_up()
    made.end(None, free=False)
    made.release()
    await made.settle()
    await store.work
    assert made.failed
    assert "not finished are larger than keep_max_bytes allows" in str(store.faults[0])
    assert made._room.size <= 2 * MB
    assert (store.given_up, store.removed) == ([State.NOT_KEPT], ["answers/cmpl-1"])


async def test_one_that_never_found_room_is_marked_too() -> None:
    store = Taking()
    store.room = 0
    made = recorder(store)
    made.add([Chunk("image_chunk", 0, 0, 0, bytes(MB), 2)])
    made.end(None, free=False)
    made.release()
    await made.settle()
    await store.work
    assert (made.failed, made._room.size, store.given_up) == (True, 0, [State.NOT_KEPT])
