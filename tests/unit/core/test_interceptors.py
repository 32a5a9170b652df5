"""Interceptors run in their order; the first that raises is the last that runs."""

import asyncio
from collections.abc import Callable

import pytest

from imagewire_server.contract.errors import Internal, Overloaded
from imagewire_server.core.call import Call
from imagewire_server.core.interceptors import intercept_all


class Step:
    """Notes that it ran, and that the call ended. error: what it raises. sees_end: whether it asks for the end."""

    def __init__(
        self, name: str, seen: list[str], error: BaseException | None = None, *, sees_end: bool = True
    ) -> None:
        self._name = name
        self._seen = seen
        self._error = error
        self._sees_end = sees_end

    async def intercept(self, call: Call) -> Callable[[], None] | None:
        self._seen.append(self._name)
        if self._error is not None:
            raise self._error
        return (lambda: self._seen.append(f"end of {self._name}")) if self._sees_end else None


async def test_they_run_in_order_and_those_that_ask_learn_of_the_end() -> None:
    call, seen = Call(), []  # type: ignore[var-annotated]
    await intercept_all([Step("a", seen), Step("b", seen, sees_end=False), Step("c", seen)], call)
    assert seen == ["a", "b", "c"]
    assert len(call.on_end) == 2


async def test_a_refusal_ends_the_chain() -> None:
    call, seen = Call(), []  # type: ignore[var-annotated]
    with pytest.raises(Overloaded):
        await intercept_all([Step("a", seen), Step("b", seen, Overloaded("full")), Step("c", seen)], call)
    assert seen == ["a", "b"]
    assert len(call.on_end) == 1


@pytest.mark.parametrize("error", [ValueError("a secret"), StopAsyncIteration(), asyncio.CancelledError("a secret")])
async def test_what_is_no_refusal_is_a_fault_without_its_text(error: BaseException) -> None:
    with pytest.raises(Internal) as caught:
        await intercept_all([Step("a", [], error)], Call())
    assert "a secret" not in str(caught.value)


async def test_a_call_that_is_cancelled_stays_cancelled() -> None:
    class Waiting:
        async def intercept(self, call: Call) -> None:
            await asyncio.Event().wait()

    task = asyncio.create_task(intercept_all([Waiting()], Call()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
