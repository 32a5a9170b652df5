"""Turns at deployments with a limit of requests a minute: another one, a short wait, or a refusal with the time."""

import asyncio
from typing import Any

import pytest

from imagewire_server.contract.errors import Code, Cooling
from imagewire_server.core import metrics
from imagewire_server.core import turns as module
from imagewire_server.core.access.counts import LocalCounts
from imagewire_server.core.router import Router
from imagewire_server.core.turns import Turn, Turns
from tests.unit.core.routers import Clock, deployment, router

NOBODY: frozenset[str] = frozenset()


class Minutes:
    """Turns of a router, at a time that a test moves."""

    def __init__(self, made: Router) -> None:
        self.clock = Clock()
        self.router = made
        self.turns = Turns(LocalCounts(clock=self.clock), self.clock)

    async def next(
        self, tried: frozenset[str] = NOBODY, *, alone: bool = True, time_left: float | None = None, name: str = "a"
    ) -> Turn:
        group = self.router.resolve(name)
        return await self.turns.next(self.router, group, tried, alone=alone, time_left=time_left)

    async def refused(self, **given: Any) -> float:
        """The seconds of a refusal."""
        with pytest.raises(Cooling, match=r"is asked as often as the server's file allows \(rpm\); retry in") as raised:
            await self.next(**given)
        assert raised.value.code is Code.RESOURCE_EXHAUSTED
        assert raised.value.retry_after is not None
        return raised.value.retry_after


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    return found


def two(**given: Any) -> Minutes:
    """Two deployments of one name."""
    return Minutes(router(deployment("a", id="x", rpm=2), deployment("a", id="y", rpm=1), enforces_rpm=True, **given))


async def test_rpm_is_a_share_unless_it_is_enforced() -> None:
    made = Minutes(router(deployment("a", id="x", rpm=1)))
    assert [(await made.next()).ident for _ in range(3)] == ["", "", ""]
    made = Minutes(router(deployment("a", id="x"), enforces_rpm=True))
    assert [(await made.next()).ident for _ in range(3)] == ["", "", ""]


async def test_who_is_full_gives_way_to_others_until_all_are() -> None:
    made = two()
    assert sorted([(await made.next()).route.id for _ in range(3)]) == ["x", "x", "y"]
    assert await made.refused() == pytest.approx(62.0)
    made.clock.now += 50
    assert await made.refused() == pytest.approx(12.0)
    made.clock.now += 12
    assert sorted([(await made.next()).route.id for _ in range(3)]) == ["x", "x", "y"]


async def test_one_that_was_tried_is_asked_again_where_the_others_are_full() -> None:
    made = two()
    while (await made.next(frozenset({"x"}))).route.id == "y":
        pass
    assert (await made.next(frozenset({"x"}))).route.id == "x"
    await made.refused(tried=frozenset({"x"}))


async def test_a_short_wait_is_waited_and_each_has_a_turn_of_its_own(
    monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    counted: list[tuple[str, float]] = []
    monkeypatch.setattr(metrics, "count_wait", lambda deployment, seconds: counted.append((deployment, seconds)))
    made = Minutes(router(deployment("a", id="x", rpm=2), enforces_rpm=True))
    await made.next()
    made.clock.now += 1
    await made.next()
    made.clock.now += 57
    assert (await made.next()).route.id == "x"
    assert (await made.next()).route.id == "x"
    assert slept == pytest.approx([4.0, 5.0])
    assert counted == [("x", pytest.approx(4.0)), ("x", pytest.approx(5.0))]
    assert await made.refused() == pytest.approx(66.0)


async def test_nobody_waits_longer_than_its_deadline_or_where_others_stand_in(slept: list[float]) -> None:
    made = Minutes(router(deployment("a", id="x", rpm=1), enforces_rpm=True))
    await made.next()
    made.clock.now += 60
    assert await made.refused(alone=False) == pytest.approx(2.0)
    assert await made.refused(time_left=1.9) == pytest.approx(2.0)
    assert await made.refused(time_left=-1.0) == pytest.approx(2.0)
    await made.next(time_left=2.1)
    assert slept == pytest.approx([2.0])


async def test_a_turn_that_is_not_used_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Minutes(router(deployment("a", id="x", rpm=1), enforces_rpm=True))
    made.turns.give_back(await made.next())
    turn = await made.next()
    made.clock.now += 60
    begun = asyncio.Event()

    async def sleep(_: float) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    waiting = asyncio.create_task(made.next())
    await begun.wait()
    assert await made.refused() == pytest.approx(64.0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await made.refused(alone=False) == pytest.approx(2.0)
    made.turns.give_back(turn)
    made.turns.give_back(Turn(turn.route))
    assert (await made.next(alone=False)).route.id == "x"


async def test_each_deployment_counts_for_itself_whatever_the_models_that_it_serves() -> None:
    made = Minutes(router(deployment("*", "gemini/*", id="all", rpm=2), enforces_rpm=True))
    assert [(await made.next(name=name)).route.native_id for name in ("m1", "m2")] == ["m1", "m2"]
    await made.refused(name="m3")


async def test_what_is_left_of_the_quota_is_known_for_a_minute() -> None:
    made = two()
    assert made.turns.quota_left() is None
    turn = await made.next()
    assert made.turns.quota_left() == (0.5 if turn.route.id == "x" else 0.0)
    await made.next(frozenset({turn.route.id}))
    assert made.turns.quota_left() == 0.0
    made.clock.now += module.WINDOW + 1
    assert made.turns.quota_left() is None


async def test_a_share_that_is_not_enforced_is_no_quota() -> None:
    made = Minutes(router(deployment("a", id="x", rpm=1)))
    await made.next()
    assert made.turns.quota_left() is None
