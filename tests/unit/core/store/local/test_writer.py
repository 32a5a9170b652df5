"""The thread of a local store: steps in order, faults told once, and no step ends it."""

import asyncio
import os
import sqlite3
import sys
import threading
import time

import pytest

from imagewire_server.core.store import warnings
from imagewire_server.core.store.local import writer as writer_module
from imagewire_server.core.store.local.writer import Writer
from imagewire_server.core.store.store import StoreDown


def nothing() -> None:
    pass


def idle() -> float:
    return 1.0


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged as failed."""
    found: list[str] = []

    class Log:
        def warning(self, event: str, *, what: str, **_: object) -> None:
            found.append(what)

    monkeypatch.setattr(warnings, "_log", Log())
    return found


async def test_steps_run_in_order_in_one_thread() -> None:
    writer = Writer(asyncio.get_running_loop(), idle, nothing)
    writer.start()
    seen: list[object] = []
    for i in range(1000):
        writer.put(lambda i=i: seen.append((i, threading.current_thread().name)))  # type: ignore[misc]
    assert await writer.call(lambda: len(seen)) == 1000
    assert seen == [(i, "keep") for i in range(1000)]
    await writer.aclose(nothing)


async def test_a_fault_is_for_who_asked_and_told_once(told: list[str]) -> None:
    writer = Writer(asyncio.get_running_loop(), idle, nothing)
    writer.start()

    def fail() -> None:
        raise sqlite3.OperationalError("database is locked")

    for _ in range(3):
        with pytest.raises(StoreDown, match="locked"):
            await writer.call(fail)
    assert told == ["asking it"]
    await writer.aclose(nothing)


async def test_a_bug_ends_nothing(told: list[str]) -> None:
    writer = Writer(asyncio.get_running_loop(), idle, nothing)
    writer.start()
    writer.put(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    assert await writer.call(lambda: "fine") == "fine"
    assert told == ["a step"]
    await writer.aclose(nothing)


async def test_what_a_step_returns_is_called_on_the_loop_once_for_all_that_return_it() -> None:
    writer = Writer(asyncio.get_running_loop(), idle, nothing)
    writer.start()
    held, called = threading.Event(), []

    def tell() -> None:
        called.append(threading.current_thread())

    def wait() -> None:
        held.wait()

    writer.put(wait)  # type: ignore[arg-type]
    for _ in range(10):
        writer.put(lambda: tell)
    held.set()
    await writer.call(nothing)
    assert called == [threading.current_thread()]
    await writer.aclose(nothing)


async def test_what_a_step_wants_called_is_called_on_the_loop() -> None:
    writer = Writer(asyncio.get_running_loop(), idle, nothing)
    writer.start()
    called = asyncio.Event()
    writer.put(lambda: writer.then(called.set))  # type: ignore[arg-type,func-returns-value]
    await called.wait()
    await writer.aclose(nothing)


async def test_it_is_watched_while_there_is_something_to_do() -> None:
    writer = Writer(asyncio.get_running_loop(), idle, nothing)
    writer.start()
    held = threading.Event()
    late = asyncio.create_task(writer.call(held.wait))
    async with asyncio.timeout(60):
        await asyncio.to_thread(lambda: None)
        assert writer._is_watched
        held.set()
        assert await late
        while writer._is_watched:
            await asyncio.to_thread(lambda: None)
    assert await writer.call(lambda: "fine") == "fine"
    await writer.aclose(nothing)


async def test_a_tick_that_fails_is_told(told: list[str]) -> None:
    ticked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tick() -> float:
        loop.call_soon_threadsafe(ticked.set)
        raise OSError(28, "No space left on device")

    writer = Writer(loop, tick, nothing)
    writer.start()
    await ticked.wait()
    await writer.aclose(nothing)
    assert told == ["cleaning up"]


async def test_an_end_that_fails_is_told_and_is_the_end(told: list[str]) -> None:
    writer = Writer(asyncio.get_running_loop(), idle, nothing)
    writer.start()

    def fail() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    await writer.aclose(fail)
    assert told == ["closing it"]


async def test_a_step_that_does_not_end_holds_nobody(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "LONGEST", 0.1)
    hung: list[bool] = []
    held, works, undone = threading.Event(), threading.Event(), asyncio.Event()

    def tick() -> float:
        if works.is_set():
            writer.works()
        return 1.0

    writer = Writer(asyncio.get_running_loop(), tick, lambda: hung.append(writer.hangs))
    writer.start()

    def wait() -> str:
        held.wait()
        return "late"

    def undo(made: str) -> None:
        assert (made, writer.hangs) == ("late", True)
        undone.set()

    done: list[str] = []
    asked = [asyncio.create_task(writer.call(wait, undo)), asyncio.create_task(writer.call(lambda: done.append("x")))]
    for one in asked:
        with pytest.raises(StoreDown, match="does not answer"):
            await one
    with pytest.raises(StoreDown, match="does not answer"):  # at once
        await writer.call(nothing)
    assert (hung, told) == ([True], ["waiting for it"])
    works.set()
    held.set()
    await undone.wait()
    while writer.hangs:
        await asyncio.to_thread(nothing)
    assert await writer.call(lambda: "fine") == "fine"
    assert done == [], "nobody waited any more"
    await writer.aclose(nothing)


class Held:
    """A writer whose thread is in a step that ends when it is let go, and which is looked at by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(writer_module, "_LOOK_EVERY", 30.0)
        monkeypatch.setattr(writer_module, "LONGEST", 60.0)
        self.writer = Writer(asyncio.get_running_loop(), idle, nothing)
        self.go_on = threading.Event()
        self._begun = asyncio.Event()

    async def __aenter__(self) -> Writer:
        loop = asyncio.get_running_loop()

        def wait() -> None:
            loop.call_soon_threadsafe(self._begun.set)
            self.go_on.wait()

        self.writer.start()
        self.writer.put(wait)  # type: ignore[arg-type]
        await self._begun.wait()
        return self.writer

    async def __aexit__(self, *_: object) -> None:
        self.go_on.set()
        await self.writer.aclose(nothing)


async def test_a_process_that_was_stopped_has_no_thread_that_hangs(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Held(monkeypatch) as writer:
        clock = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: clock() + 1000)
        for _ in range(3):
            await asyncio.sleep(0)
        assert (writer.hangs, told) == (False, [])
        writer._watch()
        assert not writer.hangs
        writer._watch()
        assert (writer.hangs, told) == (True, ["waiting for it"])


async def test_a_step_that_takes_long_and_goes_on_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Held(monkeypatch) as writer:
        for _ in range(9):
            writer._watch()
            writer.goes_on()
        assert not writer.hangs
        for _ in range(3):
            writer._watch()
        assert writer.hangs


async def test_a_thread_that_hangs_again_at_once_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Held(monkeypatch) as writer:
        hung: list[None] = []
        writer._on_hang = lambda: hung.append(None)
        for _ in range(3):
            writer._watch()
        writer.goes_on()  # it has written, and hangs before it could tell
        for _ in range(3):
            writer._watch()
        assert len(hung) == 2


async def test_who_leaves_as_it_hangs_does_not_end_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Held(monkeypatch) as writer:
        leaves, stays = (asyncio.create_task(writer.call(nothing)) for _ in range(2))
        await asyncio.sleep(0)
        leaves.cancel()
        for _ in range(3):
            writer._watch()
        with pytest.raises(StoreDown):
            await stays
        with pytest.raises(asyncio.CancelledError):
            await leaves


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a policy")
async def test_the_thread_does_not_interrupt_the_loop_when_it_is_woken() -> None:
    writer = Writer(asyncio.get_running_loop(), idle, nothing)
    writer.start()
    assert await writer.call(lambda: os.sched_getscheduler(0)) == os.SCHED_BATCH
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    await writer.aclose(nothing)
