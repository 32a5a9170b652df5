"""Counts of one process: windows of a minute, calls at once, and the arithmetic of budgets."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.core.access.counts import LocalCounts, Spent

DAY = 86400


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


async def test_calls_at_once_are_a_share_and_end() -> None:
    counts = LocalCounts(2)
    assert [await counts.enter("a", 5, ident) for ident in "xyz"] == [True, True, False]
    assert await counts.enter("b", 2, "x")
    counts.leave("a", "x")
    counts.leave("a", "x")
    assert [await counts.enter("a", 5, ident) for ident in "zw"] == [True, False]
    counts.note_running("a", "w")
    assert sorted(counts.running()) == [("a", "w"), ("a", "y"), ("a", "z"), ("b", "x")]
    await counts.aclose()


async def test_never_more_than_the_limit_within_any_minute() -> None:
    clock = Clock()
    counts = LocalCounts(clock=clock)
    assert (await counts.admit("a", "requests", 2, "1")).wait == 0.0
    clock.now += 50
    assert (await counts.admit("a", "requests", 2, "2")).wait == 0.0
    assert (await counts.admit("a", "requests", 2, "3")).wait == pytest.approx(10.0)
    assert (await counts.admit("a", "pictures", 2, "3")).wait == 0.0
    clock.now += 10
    assert (await counts.admit("a", "requests", 2, "3")).wait == 0.0
    assert (await counts.admit("a", "requests", 2, "4")).wait == pytest.approx(50.0)
    counts.give_back("a", "requests", "3")
    counts.give_back("a", "requests", "3")
    assert (await counts.admit("a", "requests", 2, "4")).wait == 0.0


async def test_a_use_may_be_counted_for_a_moment_to_come() -> None:
    clock = Clock()
    counts = LocalCounts(clock=clock)
    soon = {"window": 10.0, "longest": 5.0}
    assert (await counts.admit("a", "begun", 1, "1", **soon)).wait == 0.0
    assert (await counts.admit("a", "begun", 1, "2", **soon)).wait == 10.0
    clock.now += 6
    assert (await counts.admit("a", "begun", 1, "2", **soon)).wait == 4.0
    assert (await counts.admit("a", "begun", 1, "3", **soon)).wait == 14.0
    clock.now += 9
    assert (await counts.admit("a", "begun", 1, "3", **soon)).wait == 5.0
    counts.give_back("a", "begun", "3")
    assert (await counts.admit("a", "begun", 1, "4", **soon)).wait == 5.0
    assert (await LocalCounts(2).admit("a", "begun", 1, "1", window=10.0, longest=20.0)).wait == 30.0, (
        "no share is none"
    )


async def test_what_nobody_asked_for_counts_too_and_is_waited_for() -> None:
    clock = Clock()
    counts = LocalCounts(clock=clock)
    for ident in "123":
        counts.add("a", "pictures", ident)
        clock.now += 1
    assert (await counts.admit("a", "pictures", 2, "4")).wait == pytest.approx(1001 + 60 - 1003)
    assert (await LocalCounts(3, clock=clock).admit("a", "pictures", 2, "4")).wait == pytest.approx(60.0)


async def test_a_budget_is_of_a_day_in_utc() -> None:
    today = Clock(10 * DAY + 86000.0)
    counts = LocalCounts(today=today)
    assert await counts.reserve("a", 100, 60, "1") == (True, 10, 400.0, False)
    assert await counts.reserve("a", 100, 60, "2") == (False, 10, 400.0, True)
    today.now += 400
    assert (await counts.reserve("a", 100, 60, "2")).day == 11
    # It was reserved of yesterday's.
    counts.settle("a", 10, "1", 10)
    assert not (await counts.reserve("a", 100, 60, "3")).ok
    today.now -= 1000
    assert (await counts.reserve("a", 100, 60, "3")).ok is False, "the clock was set back"


async def test_only_what_running_calls_have_reserved_may_be_in_the_way() -> None:
    counts = LocalCounts(2, today=Clock(10 * DAY))
    assert counts.most(200) == 100
    for ident in "12":
        assert (await counts.reserve("a", 200, 50, ident)).ok
    counts.settle("a", 10, "1", 40)
    # 40 are spent, and 50 reserved.
    assert [(await counts.reserve("a", 200, amount, "3")).settling for amount in (11, 60, 61, 101)] == [
        True,
        True,
        False,
        False,
    ]
    counts.settle("a", 10, "2", 50)
    assert not (await counts.reserve("a", 200, 11, "3")).settling
    assert (await counts.reserve("a", 200, 10, "3")).ok


async def test_who_counts_for_nothing_any_more_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, today = Clock(), Clock(10 * DAY)
    counts = LocalCounts(clock=clock, today=today)
    await counts.reserve("yesterday", 9, 1, "1")
    today.now += DAY
    for number in range(996):
        counts.leave(f"idle {number}", "1")
    assert await counts.enter("running", 1, "1")
    assert (await counts.reserve("spent", 1, 1, "1")).ok
    counts.add("recent", "requests", "1")
    assert (await counts.admit("new", "requests", 1, "1")).wait == 0.0
    assert len(counts._used) == 4
    assert not await counts.enter("running", 1, "2")
    assert not (await counts.reserve("spent", 1, 1, "2")).ok
    assert (await counts.admit("recent", "requests", 1, "2")).wait > 0
    clock.now += 120
    counts._forget_unused()
    assert sorted(counts._used) == ["running", "spent"]


_STEPS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 60), st.integers(0, 60), st.booleans()), max_size=60)


@given(_STEPS, st.integers(1, 4))
def test_reserved_and_settled_never_exceed_the_budget(steps: list[tuple[int, int, int, bool]], shares: int) -> None:
    """Each step reserves under one of ten names, or settles it with at most what was reserved, perhaps twice."""
    limit = 100

    async def run() -> None:
        counts = LocalCounts(shares, today=Clock(5.0 * DAY))
        open_, spent = dict[int, int](), 0
        for number, amount, actual, twice in steps:
            if number in open_:
                reserved = open_.pop(number)
                paid = min(actual, reserved)
                for _ in range(1 + twice):
                    counts.settle("a", 5, str(number), paid)
                spent += paid
            else:
                ok = (await counts.reserve("a", limit, amount, str(number))).ok
                assert ok == (spent + sum(open_.values()) + amount <= limit // shares)
                if ok:
                    open_[number] = amount
            assert spent + sum(open_.values()) <= limit // shares

    asyncio.run(run())


async def test_what_is_used_is_a_share_of_the_limit() -> None:
    clock = Clock()
    counts = LocalCounts(2, clock=clock)
    used = [(await counts.admit("a", "begun", 8, str(number))).used for number in range(5)]
    assert used == [0.25, 0.5, 0.75, 1.0, 1.0]
    clock.now += 60
    assert (await counts.admit("a", "begun", 8, "6")).used == 0.25


async def test_what_is_spent_and_reserved_is_told_and_nothing_changes() -> None:
    clock = Clock(3 * DAY + 100.0)
    counts = LocalCounts(2, today=clock)
    assert await counts.spent(["a"]) == [Spent(0, 0, DAY - 100.0)]
    day = (await counts.reserve("a", 100, 30, "1")).day
    await counts.reserve("a", 100, 10, "2")
    counts.settle("a", day, "1", 25)
    assert await counts.spent(["b", "a"]) == [Spent(0, 0, DAY - 100.0), Spent(25, 10, DAY - 100.0)]
    clock.now -= 200.0  # a clock that is set back does not make the budget new
    assert await counts.spent(["a"]) == [Spent(25, 10, DAY + 100.0)]
    clock.now += DAY + 100.0
    assert await counts.spent(["a"]) == [Spent(0, 0, DAY)]
    assert not counts.running()
