"""Limits of callers: what is refused, until when, and what a drawing leaves behind, however it ends."""

import threading
from typing import Any

import pytest

from imagewire_server.config.caller_policies import Policy
from imagewire_server.contract import pb
from imagewire_server.contract.access_errors import (
    BudgetExhausted,
    BudgetTooSmall,
    BudgetUnavailable,
    CallerLimited,
    PriceUnknown,
)
from imagewire_server.core.access.caller import Caller, Permission
from imagewire_server.core.access.counts import CountsDown, LocalCounts, Reserved
from imagewire_server.core.access.quotas import Quotas
from imagewire_server.core.call import Call
from imagewire_server.core.router import Router, Upstream
from tests.conftest import spec
from tests.unit.core.routers import deployment, router

FLASH = router(deployment("a", "gemini/gemini-2.5-flash-image"), deployment("b", "gemini/unheard-of"))


def call(permission: Permission = Permission.DRAW, **limits: Any) -> Call:
    return Call(caller=Caller("a", Policy("a", **limits)), permission=permission)


async def test_who_has_no_limits_is_not_counted() -> None:
    quotas = Quotas()
    for one in (Call(), call(), call(Permission.NONE, calls_at_once=1)):
        assert await quotas.intercept(one) is None
        assert await quotas.reserve(spec("a"), one, FLASH, None) is None
    await quotas.aclose()


async def test_who_has_limits_of_its_own_is_counted_alone() -> None:
    quotas = Quotas()
    limits = {"requests_per_minute": 1, "pictures_per_minute": 1, "usd_per_day": 0.1, "usd_per_call": 0.1}
    for name in ("ann", "bob"):
        one = call(**limits)
        one.caller = Caller(f"jwt:issuer#{name}", one.caller.policy, has_own_limits=True)
        await quotas.intercept(one)
        assert await quotas.reserve(spec("a"), one, FLASH, None) is not None
        with pytest.raises(CallerLimited):
            await quotas.intercept(one)
        with pytest.raises(BudgetExhausted):
            await quotas.reserve(spec("a"), one, FLASH, None)


async def test_calls_at_once_are_let_in_as_others_end() -> None:
    quotas = Quotas()
    end = await quotas.intercept(call(calls_at_once=1))
    assert end is not None
    with pytest.raises(CallerLimited, match="1 calls at once") as raised:
        await quotas.intercept(call(calls_at_once=1))
    assert raised.value.retry_after == 1.0
    end()
    assert await quotas.intercept(call(calls_at_once=1)) is not None


async def test_a_call_that_is_refused_for_its_requests_does_not_count_among_the_running() -> None:
    counts = LocalCounts()
    quotas = Quotas(counts)
    limits = {"calls_at_once": 5, "requests_per_minute": 1}
    await quotas.intercept(call(**limits))
    with pytest.raises(CallerLimited, match="1 requests a minute") as raised:
        await quotas.intercept(call(**limits))
    assert raised.value.retry_after == pytest.approx(60, abs=5)
    assert len(counts.running()) == 1


async def test_a_drawing_that_is_free_leaves_nothing_behind() -> None:
    quotas = Quotas()
    for _ in range(3):
        made = call(pictures_per_minute=1, usd_per_day=0.1, usd_per_call=0.1)
        reserved = await quotas.reserve(spec("a"), made, FLASH, None)
        assert reserved is not None
        reserved.settle()


@pytest.mark.parametrize(("cost", "left"), [(40_000_000, 1), (100_000_000, 0), (None, 0)])
async def test_a_drawing_counts_as_it_cost_or_as_reserved_where_nobody_knows(cost: int | None, left: int) -> None:
    quotas = Quotas()
    made = call(usd_per_day=0.14, usd_per_call=0.1)
    reserved = await quotas.reserve(spec("a"), made, FLASH, None)
    assert reserved is not None
    made.charge("maybe", cost)
    reserved.settle()
    again = quotas.reserve(spec("a"), call(usd_per_day=0.14, usd_per_call=0.1), FLASH, None)
    if left:
        assert await again is not None
        return
    with pytest.raises(BudgetExhausted, match=r"0.14 USD a day, and 0.1000 USD") as raised:
        await again
    assert raised.value.retry_after is not None
    assert 0 < raised.value.retry_after <= 86400
    assert "try again tomorrow" in str(raised.value)


async def test_what_running_calls_have_reserved_may_soon_be_free() -> None:
    seconds = iter((3600.0, 3600.0, 86398.0, 86398.0))
    quotas = Quotas(LocalCounts(today=lambda: 20_000 * 86400 + next(seconds)))
    limits = {"usd_per_day": 0.14, "usd_per_call": 0.1}
    running = await quotas.reserve(spec("a"), call(**limits), FLASH, None)
    assert running is not None
    for wait in (5.0, 2.0):
        with pytest.raises(BudgetExhausted, match=r"running calls have reserved .* when they have ended") as raised:
            await quotas.reserve(spec("a"), call(**limits), FLASH, None)
        assert raised.value.retry_after == wait
    running.give_back()
    assert await quotas.reserve(spec("a"), call(**limits), FLASH, None) is not None


@pytest.mark.parametrize(
    ("shares", "usd_per_day", "words"),
    [
        (1, 0.25, "may cost 0.3000 USD, and this caller may spend 0.25 USD a day; nothing was sent, and later"),
        (4, 1.0, "may spend 1 USD a day, 0.25 of them here, in one of several processes; nothing was sent"),
    ],
)
async def test_what_no_day_s_budget_is_enough_for_is_refused_for_good(
    shares: int, usd_per_day: float, words: str
) -> None:
    quotas = Quotas(LocalCounts(shares))
    with pytest.raises(BudgetTooSmall, match=words) as raised:
        await quotas.reserve(spec("a"), call(usd_per_day=usd_per_day, usd_per_call=0.3), FLASH, None)
    assert raised.value.retry_after is None
    assert "operators: raise usd_per_day" in str(raised.value)
    enough = call(usd_per_day=usd_per_day, usd_per_call=0.25)
    assert await quotas.reserve(spec("a"), enough, FLASH, None) is not None


async def test_pictures_count_as_many_as_were_drawn() -> None:
    quotas = Quotas()
    made = call(pictures_per_minute=3)
    reserved = await quotas.reserve(spec("a"), made, FLASH, None)
    assert reserved is not None
    made.pictures = 3
    made.charge("yes", 1)
    reserved.settle()
    with pytest.raises(CallerLimited, match="3 pictures a minute"):
        await quotas.reserve(spec("a"), made, FLASH, None)


async def test_too_many_pictures_take_nothing_of_the_budget() -> None:
    quotas = Quotas()
    limits = {"pictures_per_minute": 1, "usd_per_day": 0.3, "usd_per_call": 0.1}
    for number in range(5):
        if number:
            with pytest.raises(CallerLimited):
                await quotas.reserve(spec("a"), call(**limits), FLASH, None)
        else:
            await quotas.reserve(spec("a"), call(**limits), FLASH, None)
    for _ in range(2):
        assert await quotas.reserve(spec("a"), call(usd_per_day=0.3, usd_per_call=0.1), FLASH, None) is not None


async def test_without_a_configured_amount_it_is_estimated_by_the_price() -> None:
    quotas = Quotas()
    assert await quotas.reserve(spec("a"), call(usd_per_day=0.06), FLASH, None) is not None
    with pytest.raises(BudgetExhausted):
        await quotas.reserve(spec("a"), call(usd_per_day=0.06), FLASH, None)
    with pytest.raises(PriceUnknown, match="usd_per_call"):
        await quotas.reserve(spec("b"), call(usd_per_day=100.0), FLASH, None)
    assert await quotas.reserve(spec("b"), call(usd_per_day=100.0, usd_per_call=1.0), FLASH, None) is not None


async def test_a_large_request_is_estimated_beside_the_event_loop() -> None:
    threads: list[int] = []

    def completed(given: pb.Spec, _: frozenset[str]) -> pb.Spec:
        threads.append(threading.get_ident())
        return given

    provider = FLASH.upstreams[0].provider
    upstream = Upstream(deployment("a", "gemini/gemini-2.5-flash-image"), provider, completed=completed)
    made = call(usd_per_day=1.0)
    for made.large in (False, True):
        assert await Quotas().reserve(spec("a"), made, Router([upstream], FLASH.routing), None) is not None
    assert [thread == threading.get_ident() for thread in threads] == [True, False]


async def test_f27_where_nobody_knows_what_is_left_nothing_is_drawn() -> None:
    class Down(LocalCounts):
        async def reserve(self, name: str, limit: int, nano_usd: int, ident: str) -> Reserved:
            raise CountsDown

    with pytest.raises(BudgetUnavailable, match="nothing was sent") as raised:
        await Quotas(Down()).reserve(spec("a"), call(usd_per_day=1.0), FLASH, None)
    assert raised.value.retry_after == 1.0


async def test_only_what_was_counted_is_taken_back() -> None:
    class Noting(LocalCounts):
        def __init__(self) -> None:
            super().__init__()
            self.noted: list[str] = []

        def leave(self, name: str, ident: str) -> None:
            self.noted.append("leave")
            super().leave(name, ident)

        def give_back(self, name: str, kind: str, ident: str) -> None:
            self.noted.append("give back")
            super().give_back(name, kind, ident)

        def settle(self, name: str, day: int, ident: str, nano_usd: int) -> None:
            self.noted.append("settle")
            super().settle(name, day, ident, nano_usd)

    counts = Noting()
    quotas = Quotas(counts)
    for limits in ({"calls_at_once": 1}, {"requests_per_minute": 1}):
        assert (await quotas.intercept(call(**limits)) is None) == ("calls_at_once" not in limits)
        with pytest.raises(CallerLimited):
            await quotas.intercept(call(**limits))
    for given in ({"pictures_per_minute": 1}, {"usd_per_day": 0.1, "usd_per_call": 0.1}):
        assert await quotas.reserve(spec("a"), call(**given), FLASH, None) is not None
        with pytest.raises((CallerLimited, BudgetExhausted)):
            await quotas.reserve(spec("a"), call(**given), FLASH, None)
    assert counts.noted == []
    free = await quotas.reserve(spec("a"), call(usd_per_day=1.0, usd_per_call=0.1), FLASH, None)
    assert free is not None
    free.settle()
    assert counts.noted == ["settle"]


async def test_budgets_are_told_with_what_is_left_here() -> None:
    counts = LocalCounts(2)
    quotas = Quotas(counts)
    assert await quotas.budgets([]) == []
    limits = {"usd_per_day": 1.0, "usd_per_call": 0.1}
    asked = call(**limits)
    reserved = await quotas.reserve(spec("a"), asked, FLASH, None)
    assert reserved is not None
    policy = asked.caller.policy
    assert policy is not None
    (budget,) = await quotas.budgets([policy])
    assert (budget.most, budget.spent, budget.reserved) == (500_000_000, 0, 100_000_000)
    asked.charge("yes", 40_000_000)
    reserved.settle()
    (budget,) = await quotas.budgets([policy])
    assert (budget.spent, budget.reserved) == (40_000_000, 0)
