"""Counts that are shared: what is done while Redis does not work, and what it is told afterwards."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from imagewire_server.core.access import scripts, shared_counts
from imagewire_server.core.access.counts import CountsDown, LocalCounts, Reserved
from imagewire_server.core.access.shared_counts import SharedCounts


class Connection:
    """A Redis that answers what it is told to, and does not work while `fails` is set."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {scripts.ENTER: 1, scripts.ADMIT: b"0", scripts.RESERVE: [1, 7, b"10.5"]}
        self.fails: Exception | None = None
        self.silent = False
        self.ran: list[tuple[object, ...]] = []
        self.closed = False
        self.changed = asyncio.Event()

    async def run(self, script: str, *arguments: object) -> Any:
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
    assert await counts.admit("a", "requests", 5, "1") == 0.0
    assert await counts.reserve("a", 5, 3, "1") == Reserved(True, 7, 10.5)
    connection.answers |= {scripts.ENTER: 0, scripts.ADMIT: b"2.5", scripts.RESERVE: [0, 7, b"10.5"]}
    assert not await counts.enter("a", 5, "2")
    assert await counts.admit("a", "requests", 5, "2") == 2.5
    assert not (await counts.reserve("a", 5, 3, "2")).ok
    counts.add("a", "pictures", "1-1")
    counts.give_back("a", "pictures", "1")
    counts.settle("a", 7, "1", 2)
    counts.abandon("a", "2")
    counts.leave("a", "1")
    await until(connection, scripts.LEAVE, 1)
    assert connection.told(scripts.ABANDON) == [("a", "2")]
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
    assert [bool(await counts.admit("a", "requests", 2, ident)) for ident in "23"] == [False, True]
    with pytest.raises(CountsDown):
        await counts.reserve("a", 5, 3, "2")
    counts.settle("a", 7, "0", 2)
    connection.fails, connection.silent = None, False
    await until(connection, scripts.SETTLE, 1)
    # What was let in meanwhile is told late, with its age.
    assert connection.told(scripts.ADD) == [("a", "requests", "2")]
    assert (await counts.reserve("a", 5, 3, "4")).ok


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


async def test_a_redis_that_stays_away_does_not_hold_up_the_end(connection: Connection) -> None:
    connection.fails = ConnectionError()
    made = SharedCounts(connection, LocalCounts())
    made.settle("a", 7, "1", 2)
    async with asyncio.timeout(30):
        await made.aclose()
    assert connection.closed
