"""The money rule: what is repeated, how often, and when not."""

from typing import Any

import pytest
import stamina

from imagewire_server.contract.errors import Code, Cut, Error, Refused, TimedOut, Unreachable
from imagewire_server.engine.retry import ATTEMPTS, Retries, RetryBudget


def limited(retry_after: float | None = None) -> Refused:
    return Refused("x", code=Code.RESOURCE_EXHAUSTED, reason="R", repeatable=True, retry_after=retry_after)


async def attempts_made(error: Error, *, budget: RetryBudget | None = None, left: float | None = None) -> int:
    made: list[int] = []
    with stamina.set_testing(True, attempts=ATTEMPTS), pytest.raises(type(error)):
        await fail_each(Retries(budget or RetryBudget(), lambda: left), error, made)
    return len(made)


async def fail_each(retries: Retries, error: Error, made: list[int]) -> None:
    async for attempt in retries.attempts():
        with attempt:
            made.append(attempt.num)
            raise error


@pytest.mark.parametrize(
    ("error", "left", "made"),
    [
        (Unreachable("x"), None, 3),
        (limited(), None, 3),
        (limited(4.0), None, 3),
        (limited(22.0), None, 1),
        (limited(4.0), 3.9, 1),
        (Unreachable("x"), 1.0, 1),
        (Cut("x"), None, 1),
        (TimedOut("x"), None, 1),
        (Refused("x", code=Code.INVALID_ARGUMENT, reason="R"), None, 1),
    ],
)
async def test_only_what_is_free_is_repeated(error: Error, left: float | None, made: int) -> None:
    assert await attempts_made(error, left=left) == made


async def test_the_budget_bounds_a_storm() -> None:
    budget = RetryBudget()
    calls = 1000
    made = sum([await attempts_made(Unreachable("x"), budget=budget) for _ in range(calls)])
    assert made <= 1.1 * calls + 10


async def test_a_hint_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def slept(seconds: float, *_: Any) -> None:
        waits.append(seconds)

    monkeypatch.setattr("stamina._core._smart_sleep", slept)
    with pytest.raises(Refused):
        await fail_each(Retries(RetryBudget(), lambda: None), limited(3.0), [])
    assert waits == [3.0, 3.0]
