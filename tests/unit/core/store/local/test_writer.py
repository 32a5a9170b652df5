"""The thread of a local store: steps in order, faults told once, and no step ends it."""

import asyncio
import sqlite3
import threading

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
    held, undone = threading.Event(), asyncio.Event()
    writer = Writer(asyncio.get_running_loop(), idle, lambda: hung.append(writer.hangs))
    writer.start()

    def wait() -> str:
        held.wait()
        return "late"

    def undo(made: str) -> None:
        assert made == "late"
        undone.set()

    with pytest.raises(StoreDown, match="does not answer"):
        await writer.call(wait, undo)
    with pytest.raises(StoreDown, match="does not answer"):  # at once
        await writer.call(nothing)
    assert (hung, told) == ([True], ["waiting for it"])
    held.set()
    await undone.wait()
    writer.hangs = False
    assert await writer.call(lambda: "fine") == "fine"
    await writer.aclose(nothing)
