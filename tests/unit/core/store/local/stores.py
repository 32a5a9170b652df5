"""Local stores for tests, and answers that are put into them."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Error
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.records import Kept

ID = "2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e77"
SMALL, LARGE = bytes(range(256)) * 4, bytes(range(256)) * 1024


@asynccontextmanager
async def opened(folder: Path, *, ttl: float = 1000.0, max_bytes: int = 1 << 30) -> AsyncIterator[LocalStore]:
    loop = asyncio.get_running_loop()
    store = await asyncio.to_thread(LocalStore, folder, loop, ttl=ttl, max_bytes=max_bytes)
    try:
        yield store
    finally:
        await store.aclose()


def kept(ident: str = "cmpl-1", **fields: object) -> Kept:
    now = time.time()
    return replace(Kept(ident, "me", "", b"f", now, now + 1000), **fields)  # type: ignore[arg-type]


def events(picture: bytes, image_id: str = "img-1") -> list[list[StreamEvent]]:
    """A drawing of one picture, as it arrives."""
    image = pb.Image(
        image_id=image_id,
        mime_type="image/png",
        size_bytes=len(picture),
        sha256=hashlib.sha256(picture).digest(),
        width=3,
        height=4,
    )
    chunks: list[StreamEvent] = [
        Chunk("image_chunk", 0, 0, at, picture[at : at + 50_000], 2) for at in range(0, len(picture), 50_000)
    ]
    return [
        [pb.Event(sequence=1, started=pb.Started(completion_id="c"))],
        [pb.Event(sequence=2, part_started=pb.PartStarted(kind=pb.PartKind.PART_KIND_IMAGE)), *chunks[:1]],
        *([chunk] for chunk in chunks[1:]),
        [pb.Event(sequence=3, part_finished=pb.PartFinished(image=image))],
        [pb.Event(sequence=4, finished=pb.Finished())],
    ]


async def put(
    store: LocalStore,
    given: Kept,
    batches: list[list[StreamEvent]],
    error: Error | None = None,
    *,
    free: bool = False,
    asked: pb.Spec | None = None,
) -> None:
    """Keep an answer."""
    recorder = store.record(given)
    if asked is not None:
        recorder.ask(asked)
    for batch in batches:
        recorder.add(batch)
    recorder.end(error, free=free)
    recorder.release()
    await store.flush()


async def read(store: LocalStore, given: Kept, after: int = 0, offset: int = 0) -> tuple[list[int], bytes]:
    """The numbers of an answer's events, and the bytes of its files."""
    numbers, data = [], b""
    async for batch in store.read(given, after, offset):
        for event in batch:
            if isinstance(event, Chunk):
                data += event.data
            else:
                numbers.append(event.sequence)
    return numbers, data


async def total(store: LocalStore) -> int:
    """The bytes that are kept, as the store counts them."""
    return await store.writer.call(lambda: store.database.total)


def files(folder: Path) -> list[Path]:
    """The logs, parts and objects."""
    return [path for name in ("logs", "parts", "objects") for path in (folder / name).rglob("*") if path.is_file()]


async def until_error(reading: AsyncIterator[list[StreamEvent]], error: type[Exception]) -> tuple[bytes, Any]:
    """The bytes of an answer's files, and what it ends with."""
    data = b""
    try:
        async for batch in reading:
            data += b"".join(getattr(event, "data", b"") for event in batch)
    except error as raised:
        return data, raised
    raise AssertionError("the answer was complete")
