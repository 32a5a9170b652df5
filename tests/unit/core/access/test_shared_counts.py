"""Counts that are shared: what is done while Redis does not work, and what it is told afterwards."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from imagewire_server.core.access import scripts, shared_counts
from imagewire_server.core.access.counts import CountsDown, LocalCounts, Reserved, Spent
from imagewire_server.core.access.shared_counts import SharedCounts


class Connection:
    """A Redis that answers what it is told to, and does not work while `fails` is set."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {scripts.ENTER: 1, scripts.ADMIT: b"0 1", scripts.RESERVE: [1, 7, b"10.5", 0]}
        self.fails: Exception | None = None
        self.silent = False
        self.ran: list[tuple[object, ...]] = []
        self.closed = False
        self.changed = asyncio.Event()
        self.asked = asyncio.Event()
        self.attempts = 0

    async def run(self, script: str, *arguments: object) -> Any:
        self.attempts += 1
        self.asked.set()
        if self.silent:
            await asyncio.Event().wait()
        if self.fails:
            raise self.fails
        self.ran.append((script, *arguments))
        self.changed.set()
        return self.answers.get(script)

    async def aclose(self) -> None:
        self.closed = True

    def told(self, script: str) -> list[tuple[object, ...]]:
        """The arguments of each time that this script ran, without the age."""
        return [tuple(arguments[:-1]) for ran, *arguments in self.ran if ran == script]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setattr(shared_counts, "_PAUSE", 0.02)
    monkeypatch.setattr(shared_counts, "_LAST", 0.05)
    return Connection()


@pytest.fixture
async def counts(connection: Connection) -> AsyncIterator[SharedCounts]:
    made = SharedCounts(connection, LocalCounts(2))
    yield made
    await made.aclose()
    assert connection.closed


async def until(connection: Connection, script: str, number: int) -> None:
    async with asyncio.timeout(30):
        while len(connection.told(script)) < number:
            connection.changed.clear()
            await connection.changed.wait()


async def test_redis_decides(connection: Connection, counts: SharedCounts) -> None:
    assert await counts.enter("a", 5, "1")
    assert (await counts.admit("a", "requests", 5, "1")).wait == 0.0
    assert await counts.reserve("a", 5, 3, "1") == Reserved(True, 7, 10.5)
    connection.answers |= {scripts.ENTER: 0, scripts.ADMIT: b"2.5 4", scripts.RESERVE: [0, 7, b"10.5", 1]}
    assert not await counts.enter("a", 5, "2")
    assert await counts.admit("a", "requests", 5, "2") == (2.5, 0.8)
    assert await counts.reserve("a", 5, 3, "2") == Reserved(False, 7, 10.5, settling=True)
    assert counts.most(5) == 5, "there is one budget for all processes"
    counts.add("a", "pictures", "1-1")
    counts.give_back("a", "pictures", "1")
    counts.settle("a", 7, "1", 2)
    counts.leave("a", "1")
    await until(connection, scripts.LEAVE, 1)
    await until(connection, scripts.SETTLE, 1)
    assert connection.told(scripts.LEAVE) == [("a", "1")], "who was not let in need not leave"
    assert connection.told(scripts.ABANDON) == []
    assert connection.told(scripts.ADD) == [("a", "pictures", "1-1")]
    assert connection.told(scripts.GIVE_BACK) == [("a", "pictures", "1")]
    assert connection.told(scripts.SETTLE) == [("a", 7, "1", 2)]


@pytest.mark.parametrize("how", ["refuses", "silent"])
async def test_f27_without_redis_limits_are_a_share_and_budgets_are_refused_until_it_works(
    connection: Connection, counts: SharedCounts, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_counts, "_PATIENCE", 0.05 if how == "silent" else 30)
    assert await counts.enter("a", 4, "1"), "by Redis"
    connection.fails, connection.silent = ConnectionError("a password"), how == "silent"
    assert [await counts.enter("a", 4, ident) for ident in "23"] == [True, False]
    assert [bool((await counts.admit("a", "requests", 2, ident)).wait) for ident in "23"] == [False, True]
    with pytest.raises(CountsDown):
        await counts.reserve("a", 5, 3, "2")
    counts.settle("a", 7, "0", 2)
    connection.fails, connection.silent = None, False
    await until(connection, scripts.SETTLE, 1)
    # What was let in meanwhile is told late, with its age.
    assert connection.told(scripts.ADD) == [("a", "requests", "2")]
    assert (await counts.reserve("a", 5, 3, "4")).ok


@pytest.mark.parametrize(
    ("ask", "undone"),
    [
        (lambda counts: counts.enter("a", 4, "1"), (scripts.LEAVE, ("a", "1"))),
        (lambda counts: counts.admit("a", "requests", 4, "1"), (scripts.GIVE_BACK, ("a", "requests", "1"))),
        (lambda counts: counts.reserve("a", 4, 1, "1"), (scripts.ABANDON, ("a", "1"))),
    ],
    ids=["enter", "admit", "reserve"],
)
async def test_what_nobody_waits_for_any_more_is_undone(
    connection: Connection, counts: SharedCounts, ask: Any, undone: tuple[str, tuple[str, ...]]
) -> None:
    connection.silent = True
    asked = asyncio.create_task(ask(counts))
    await connection.asked.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    connection.silent = False
    script, arguments = undone
    await until(connection, script, 1)
    assert connection.told(script) == [arguments]


async def test_f27_while_redis_is_away_one_asks_it_and_refused_calls_leave_nothing_to_tell(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_counts, "_PATIENCE", 0.05)
    clock = Clock()
    counts = SharedCounts(connection, LocalCounts(), clock=clock)
    connection.silent = True
    with pytest.raises(CountsDown):
        await counts.reserve("a", 5, 3, "first")
    for _ in range(3):
        clock.now += 1
        asked = connection.attempts
        results = await asyncio.gather(
            *(counts.reserve("a", 5, 3, str(number)) for number in range(100)), return_exceptions=True
        )
        assert all(isinstance(result, CountsDown) for result in results)
        assert connection.attempts <= asked + 1, "what ends meanwhile may be the one that asks"
    connection.silent = False
    monkeypatch.setattr(shared_counts, "_PAUSE", 0.0)
    clock.now += 1
    await until(connection, scripts.ABANDON, 1)
    counts.settle("a", 7, "last", 1)
    await until(connection, scripts.SETTLE, 1)
    assert len(connection.told(scripts.ABANDON)) <= 4
    await counts.aclose()


async def test_f27_what_redis_would_have_forgotten_is_not_told_and_money_always_is(connection: Connection) -> None:
    clock = Clock()
    counts = SharedCounts(connection, LocalCounts(), clock=clock)
    connection.fails = ConnectionError()
    for ident in ("1", "2"):
        counts.add("a", "pictures", f"{ident}-1")
        counts.leave("a", ident)
        counts.settle("a", 7, ident, 1)
        clock.now += 50
    connection.fails = None
    await until(connection, scripts.SETTLE, 2)
    await until(connection, scripts.LEAVE, 1)
    assert connection.told(scripts.SETTLE) == [("a", 7, "1", 1), ("a", 7, "2", 1)]
    assert connection.told(scripts.ADD) == [("a", "pictures", "2-1")]
    assert connection.told(scripts.LEAVE) == [("a", "2")]
    await counts.aclose()


async def test_running_calls_are_told_again_and_again(
    connection: Connection, counts: SharedCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counts.aclose()
    monkeypatch.setattr(shared_counts, "_RENEW", 0.01)
    again = SharedCounts(connection, LocalCounts())
    await again.enter("a", 4, "1")
    await until(connection, scripts.RENEW, 2)
    again.leave("a", "1")
    await until(connection, scripts.LEAVE, 1)
    assert {arguments[:2] for arguments in connection.told(scripts.RENEW)} == {("a", "1")}
    await again.aclose()


async def test_f27_when_redis_works_again_it_is_told_at_once_which_calls_run(
    connection: Connection, counts: SharedCounts
) -> None:
    await counts.enter("a", 4, "1")
    connection.fails = ConnectionError()
    await counts.enter("a", 4, "2")
    connection.fails = None
    await until(connection, scripts.RENEW, 2)
    assert {arguments[:2] for arguments in connection.told(scripts.RENEW)} == {("a", "1"), ("a", "2")}


async def test_a_redis_that_stays_away_does_not_hold_up_the_end(connection: Connection) -> None:
    connection.fails = ConnectionError()
    made = SharedCounts(connection, LocalCounts())
    made.settle("a", 7, "1", 2)
    async with asyncio.timeout(30):
        await made.aclose()
    assert connection.closed


async def test_redis_tells_what_is_spent(connection: Connection, counts: SharedCounts) -> None:
    connection.answers[scripts.SPENT] = [b"3600", b"25 10", b"0 0"]
    assert await counts.spent(["a", "b"]) == [Spent(25, 10, 3600.0), Spent(0, 0, 3600.0)]
    assert connection.ran == [(scripts.SPENT, "a", "b")]
    connection.fails = OSError("away")
    with pytest.raises(CountsDown):
        await counts.spent(["a"])
