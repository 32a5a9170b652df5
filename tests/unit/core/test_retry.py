"""The money rule: what is repeated, how often, and when not."""

from typing import Any

import pytest
import stamina

from imagewire_server.contract.errors import Code, Cut, Error, Refused, TimedOut, Unreachable
from imagewire_server.core.retry import Retries, RetryContext
from imagewire_server.core.retry_budget import RetryBudget


def limited(retry_after: float | None = None) -> Refused:
    return Refused("x", code=Code.RESOURCE_EXHAUSTED, reason="R", repeatable=True, retry_after=retry_after)


USED_UP = Refused("x", code=Code.RESOURCE_EXHAUSTED, reason="UPSTREAM_QUOTA_EXHAUSTED", deployment_fault=True)


def retries(
    budget: RetryBudget | None = None, *, left: float | None = None, other: bool = False, same: bool = True
) -> Retries:
    context = RetryContext(other, same, budget or RetryBudget(), left)
    return Retries(2, lambda: context)


async def fail_each(made: list[int], tries: Retries, error: Error) -> None:
    async def attempt() -> None:
        made.append(len(made) + 1)
        raise error

    await tries.run(attempt)


async def attempts_made(tries: Retries, error: Error) -> int:
    made: list[int] = []
    with stamina.set_testing(True, attempts=3), pytest.raises(type(error)):
        await fail_each(made, tries, error)
    return len(made)


@pytest.mark.parametrize(
    ("error", "context", "made"),
    [
        (Unreachable("x"), {}, 3),
        (limited(), {}, 3),
        (limited(4.0), {}, 3),
        (limited(22.0), {}, 1),
        (limited(22.0), {"other": True}, 3),
        (limited(4.0), {"left": 3.9}, 1),
        (Unreachable("x"), {"left": 1.0}, 1),
        (Unreachable("x"), {"same": False}, 1),
        (Unreachable("x"), {"same": False, "other": True}, 3),
        (Cut("x"), {"other": True}, 1),
        (TimedOut("x"), {"other": True}, 1),
        (Refused("x", code=Code.INVALID_ARGUMENT, reason="R"), {"other": True}, 1),
        (USED_UP, {}, 1),
        (USED_UP, {"other": True}, 3),
    ],
)
async def test_only_what_is_free_is_repeated(error: Error, context: dict[str, Any], made: int) -> None:
    assert await attempts_made(retries(**context), error) == made


async def test_the_budget_bounds_a_storm() -> None:
    budget = RetryBudget()
    made = 0
    for _ in range(1000):
        budget.earn()
        made += await attempts_made(retries(budget), Unreachable("x"))
    assert made <= 1.1 * 1000 + 10


async def test_a_hint_is_waited_for_and_another_deployment_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def slept(seconds: float, *_: Any) -> None:
        waits.append(seconds)

    monkeypatch.setattr("stamina._core._smart_sleep", slept)
    with pytest.raises(Refused):
        await fail_each([], retries(), limited(3.0))
    assert all(3.0 < wait < 3.1 for wait in waits)
    assert len(waits) == 2
    waits.clear()
    with pytest.raises(Unreachable):
        await fail_each([], retries(other=True), Unreachable("x"))
    assert waits == [0.0, 0.0]
