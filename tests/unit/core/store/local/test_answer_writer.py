"""What one answer becomes on the disk: one row, or a log and files; and what is counted of it meanwhile."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.store.local.answer_writer import AnswerWriter
from imagewire_server.core.store.local.database import SmallRows
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.log_format import Ended, FileBegins, RecordReader, StoredError
from imagewire_server.core.store.records import Ending, Kept, State
from imagewire_server.core.store.store import NoRoom
from tests.unit.core.store.local.stores import LARGE, SMALL, events, files, kept, opened, read, total, until_error

ASKED = pb.Spec(model="m", messages=[pb.ChatMessage(content="x", image=pb.Image(data=LARGE))])


def flat(batches: list[list[StreamEvent]]) -> list[StreamEvent]:
    """The events of some batches."""
    return [event for batch in batches for event in batch]


async def put_small(store: LocalStore, given: Kept, asked: pb.Spec | None, how: Ending) -> SmallRows:
    """Write a small answer with a picture. Returns its rows."""
    drawn = flat(events(SMALL, f"img-{given.completion_id}"))

    def step() -> SmallRows:
        rows = SmallRows()
        writer = AnswerWriter(store, given)
        writer.keep_request(asked)
        with store.database.transaction():
            writer.add_small(rows, drawn, State.ENDED, how)
            store.database.put_small(rows)
        return rows

    return await store.writer.call(step)


async def room(store: LocalStore, step: Callable[[], None]) -> str:
    """What a step says that finds no room, "" where it finds some."""

    def run() -> str:
        try:
            step()
        except NoRoom as error:
            return str(error)
        return ""

    return await store.writer.call(run)


async def test_a_small_answer_is_a_row(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        rows = await put_small(store, kept(), None, Ending(None, b"key"))
        assert files(tmp_path) == []
        assert rows.objects == [(hashlib.sha256(SMALL).digest(), len(SMALL), SMALL)]
        log = await store.writer.call(lambda: store.database.log("cmpl-1"))
        assert log is not None
        started, part_started, begins, part_finished, finished, ended = RecordReader().feed(log)
        assert [started, part_started, part_finished, finished] == [
            event for event in flat(events(SMALL, "img-cmpl-1")) if isinstance(event, pb.Event)
        ]
        assert (begins, ended) == (FileBegins(2, 0, 0, 0, "image_chunk"), Ended(None))
        assert await total(store) == len(log) + len(SMALL)
        assert await read(store, kept()) == ([1, 2, 3, 4], SMALL)
        found = await store.cached("me", b"key", 0.0)
        assert found is not None
        assert (found.completion_id, found.state) == ("cmpl-1", State.ENDED)
        image = await store.image("me", image_id="img-cmpl-1")
        assert image is not None
        assert await store.image_bytes(image, 0, len(SMALL)) == SMALL


async def test_a_small_answer_keeps_how_it_ended(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put_small(store, kept(), None, Ending(Cut("broke off")))
        data, error = await until_error(store.read(kept(), 0, 0), StoredError)
        assert (data, error.message) == (SMALL, "broke off")
        assert await store.cached("me", b"", 0.0) is None


async def test_a_large_answer_is_a_log_and_files(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(LARGE).digest()
    first, *more = events(LARGE)
    async with opened(tmp_path) as store:
        writer = AnswerWriter(store, kept())
        log, part, whole = store.folder.log("cmpl-1"), store.folder.part("cmpl-1", 0), store.folder.object(sha256)
        await store.writer.call(lambda: writer.begin(None, first))
        assert files(tmp_path) == [log]
        for batch in more[:-2]:
            await store.writer.call(lambda batch=batch: writer.add(batch))  # type: ignore[misc]
        assert (set(files(tmp_path)), part.read_bytes()) == ({log, part}, LARGE)
        assert writer.size == log.stat().st_size + len(LARGE)
        for batch in more[-2:]:
            await store.writer.call(lambda batch=batch: writer.add(batch))  # type: ignore[misc]
        assert (set(files(tmp_path)), whole.read_bytes()) == ({log, whole}, LARGE)
        await store.writer.call(lambda: writer.end(State.ENDED, Ending(None, b"key")))
        assert await total(store) == writer.size + len(LARGE) == log.stat().st_size + len(LARGE)
        found = await store.cached("me", b"key", 0.0)
        assert found is not None
        assert found.state is State.ENDED
        assert store.folder.is_read("cmpl-1")
        await store.writer.call(writer.close)
        assert not store.folder.is_read("cmpl-1")
        assert await read(store, kept()) == ([1, 2, 3, 4], LARGE)


async def test_a_picture_that_was_cut_stays_a_part(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        writer = AnswerWriter(store, kept())
        await store.writer.call(lambda: writer.begin(None, flat(events(LARGE)[:2])))
        await store.writer.call(lambda: writer.end(State.ENDED, Ending(Cut("broke off"))))
        await store.writer.call(writer.close)
        assert set(files(tmp_path)) == {store.folder.log("cmpl-1"), store.folder.part("cmpl-1", 0)}
        data, error = await until_error(store.read(kept(), 0, 0), StoredError)
        assert (data, error.message) == (LARGE[:50_000], "broke off")
        assert await store.image("me", image_id="img-1") is None


async def test_a_picture_of_a_request_is_kept_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        whole = store.folder.object(hashlib.sha256(LARGE).digest())
        await put_small(store, kept(), ASKED, Ending(None))
        first = whole.stat().st_ino
        large = AnswerWriter(store, kept("cmpl-2"))
        await store.writer.call(lambda: large.begin(ASKED, events(SMALL)[0]))
        await store.writer.call(large.close)
        for ident in "cmpl-1", "cmpl-2":
            request = await store.request(kept(ident))
            assert request is not None
            asked = request.messages[0]
            assert (request.model, asked.content, asked.image.data) == ("m", "x", b"")
            assert asked.image.sha256 == hashlib.sha256(LARGE).digest()
            image = await store.image("me", image_id=f"{ident}.in.0")
            assert image is not None
            assert await store.image_bytes(image, 0, len(LARGE)) == LARGE
        assert (set(files(tmp_path)), whole.stat().st_ino) == ({store.folder.log("cmpl-2"), whole}, first)


async def test_a_request_that_no_answer_may_be_as_large_as_is_not_kept(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=len(LARGE)) as store:
        await put_small(store, kept(), ASKED, Ending(None))
        assert await store.request(kept()) is None
        assert (files(tmp_path), await read(store, kept())) == ([], ([1, 2, 3, 4], SMALL))


async def test_an_answer_that_is_larger_than_all_may_be_has_no_room(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=len(LARGE)) as store:
        writer = AnswerWriter(store, kept())
        arriving = flat(events(LARGE)[:-2])
        assert await room(store, lambda: writer.begin(None, arriving[:4])) == ""
        assert "keep_max_bytes" in await room(store, lambda: writer.add(arriving[4:]))
        await store.writer.call(writer.close)


async def test_a_picture_that_arrives_counts_before_it_is_whole(tmp_path: Path) -> None:
    picture = bytes(5 * 1024 * 1024)
    *arriving, finishing, last = events(picture)
    async with opened(tmp_path) as store:
        writer = AnswerWriter(store, kept())
        await store.writer.call(lambda: writer.begin(None, flat(arriving)))
        log = store.folder.log("cmpl-1")
        assert await total(store) > 4 * 1024 * 1024
        await store.writer.call(lambda: writer.add(finishing + last))
        await store.writer.call(lambda: writer.end(State.ENDED, Ending(None)))
        await store.writer.call(writer.close)
        assert await total(store) == len(picture) + log.stat().st_size
