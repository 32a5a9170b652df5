"""When small answers are written: those that have not ended after a moment, and together those that have."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from imagewire_server.core.store.local.database import SmallRows
from imagewire_server.core.store.local.recorder import LocalRecorder
from imagewire_server.core.store.local.small_answers import HELD, SmallAnswers
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.records import State
from tests.unit.core.store.local.stores import SMALL, events, files, kept, opened, read


class Clock:
    """A loop whose time is set."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], None]) -> None:
        self.timers.append((when, call))

    def call_later(self, delay: float, call: Callable[[], None]) -> None:
        self.call_at(self.now + delay, call)

    def turn(self, now: float) -> None:
        """Let time pass."""
        self.now = now
        due = [timer for timer in self.timers if timer[0] <= now]
        self.timers = [timer for timer in self.timers if timer[0] > now]
        for _, call in due:
            call()


class Holder:
    """A recorder that holds events from now on."""

    def __init__(self, clock: Clock, small: SmallAnswers) -> None:
        self.began = clock.now
        self.has_let_go = False
        self._small = small
        small.hold(cast("LocalRecorder", self))

    def let_go(self) -> None:
        self.has_let_go = True
        self._small.release(cast("LocalRecorder", self))


def of(clock: Any) -> SmallAnswers:
    """Small answers that are only held."""
    nothing: Any = None
    return SmallAnswers(clock, nothing, nothing, nothing)


def recorders(store: LocalStore) -> list[LocalRecorder]:
    """Those of three answers that have not ended."""
    made = [store.record(kept(f"cmpl-{number}")) for number in range(3)]
    for number, recorder in enumerate(made):
        for batch in events(SMALL, f"img-{number}"):
            recorder.add(batch)
    return made


def test_each_is_held_for_the_same_moment() -> None:
    clock = Clock()
    small = of(clock)
    first = Holder(clock, small)
    clock.turn(HELD / 2)
    second = Holder(clock, small)
    assert len(clock.timers) == 1
    clock.turn(HELD)
    assert (first.has_let_go, second.has_let_go) == (True, False)
    clock.turn(HELD * 2)
    assert (second.has_let_go, clock.timers) == (True, [])
    third = Holder(clock, small)
    clock.turn(HELD * 4)
    assert third.has_let_go


def test_who_is_released_is_left_alone() -> None:
    clock = Clock()
    small = of(clock)
    holder: Any = Holder(clock, small)
    small.release(holder)
    small.release(holder)
    clock.turn(HELD * 2)
    assert (holder.has_let_go, clock.timers) == (False, [])


async def test_a_recorder_lets_go_after_a_moment(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        recorder = store.record(kept())
        written = asyncio.Event()
        recorder.on_progress(written.set)
        recorder.add(events(SMALL)[0])
        await written.wait()
        assert asyncio.get_running_loop().time() >= recorder.began + HELD
        assert files(tmp_path) == [tmp_path / "logs/cmpl-1"]


async def test_those_that_end_together_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    async with opened(tmp_path) as store:
        put_small = store.database.put_small

        def put(rows: SmallRows) -> None:
            sizes.append(len(rows.completions))
            put_small(rows)

        monkeypatch.setattr(store.database, "put_small", put)
        for recorder in recorders(store):
            recorder.end(None, free=False)
        store.small.send()
        store.small.send()  # there are none left
        await store.flush()
        assert (sizes, files(tmp_path)) == ([3], [])
        for number in range(3):
            assert await read(store, kept(f"cmpl-{number}")) == ([1, 2, 3, 4], SMALL)


async def test_nobody_has_to_ask_for_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        recorder = recorders(store)[0]
        written = asyncio.Event()
        recorder.on_progress(written.set)
        recorder.end(None, free=False)
        await written.wait()
        assert (recorder.failed, recorder.written) == (False, sum(map(len, events(SMALL))))
        found = await store.writer.call(lambda: store.database.by_id("cmpl-0"))
        assert found is not None
        assert found.state is State.ENDED


async def test_all_fail_that_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: SmallRows) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    told: list[LocalRecorder] = []
    async with opened(tmp_path) as store:
        monkeypatch.setattr(store.database, "put_small", fail)
        made = recorders(store)
        for recorder in made:
            recorder.on_progress(lambda recorder=recorder: told.append(recorder))
            recorder.end(None, free=False)
        await store.flush()
        assert told == made
        assert [(recorder.failed, recorder.written) for recorder in made] == [(True, 0)] * 3
        assert await store.writer.call(lambda: store.database.by_id("cmpl-0")) is None


async def test_a_store_that_closes_writes_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        ended, *held = recorders(store)
        ended.end(None, free=False)
    async with opened(tmp_path) as store:
        assert await read(store, kept("cmpl-0")) == ([1, 2, 3, 4], SMALL)
        assert {file.name for file in files(tmp_path) if file.parent.name == "logs"} == {"cmpl-1", "cmpl-2"}
        assert [recorder.written for recorder in held] == [sum(map(len, events(SMALL)))] * 2
