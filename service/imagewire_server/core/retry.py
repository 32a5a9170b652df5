"""Repeating an upstream call: only before its first byte, only where nothing was charged, and never a storm.

Another deployment that may be asked is asked at once. The same one is asked again after a wait, out of its budget.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import stamina

from imagewire_server.contract.errors import Error
from imagewire_server.core.retry_budget import RetryBudget

# A longer wait is the caller's to decide on.
_LONGEST_HINT = 5.0
_WAIT_INITIAL, _WAIT_MAX = 0.2, 2.0
# A cooldown that ends with the hint must have ended when the wait has.
_AFTER_HINT = 0.01

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RetryContext:
    """What a retry depends on. other: another deployment may be asked. same: the one that failed may be asked again.
    budget: that one's. time_left: the caller's seconds, None without a deadline.
    """

    other: bool
    same: bool
    budget: RetryBudget
    time_left: float | None


class Retries:
    """Attempts of one call, as stamina makes them.

    repeats: how many follow the first. context: what a retry depends on, asked after each failure.
    """

    def __init__(self, repeats: int, context: Callable[[], RetryContext]) -> None:
        self._repeats = repeats
        self._context = context
        self._failed = 0

    async def run(self, attempt: Callable[[], Awaitable[_T]]) -> _T:
        """What `attempt` returns; where it fails with a repeatable error, it may be called again."""
        try:
            return await attempt()
        except Error as error:
            failed: Error | None = error
        # Most calls need no second attempt, and none of the machinery for it: it takes over with the first failure.
        async for again in stamina.retry_context(
            on=self._decide,
            attempts=self._repeats + 1,
            timeout=None,
            wait_initial=_WAIT_INITIAL,
            wait_max=_WAIT_MAX,
        ):
            with again:
                if failed is not None:
                    first, failed = failed, None
                    raise first
                return await attempt()
        raise AssertionError("an attempt returns or raises")

    def _decide(self, error: Exception) -> bool | float:
        """Whether to repeat after this error; seconds where the wait is known."""
        self._failed += 1
        if self._failed > self._repeats or not isinstance(error, Error) or error.charged:
            return False
        if not (error.repeatable or error.deployment_fault):
            return False
        context = self._context()
        if context.other:
            return 0.0
        wait = error.retry_after
        if not error.repeatable or not _is_bearable(wait, context) or not context.budget.spend():
            return False
        return True if wait is None else wait + _AFTER_HINT


def _is_bearable(wait: float | None, context: RetryContext) -> bool:
    """Whether the same deployment may be asked again after this wait, None for a wait of ours."""
    if wait is None and not context.same:
        return False
    if wait is not None and wait > _LONGEST_HINT:
        return False
    return context.time_left is None or (_WAIT_MAX if wait is None else wait) < context.time_left
