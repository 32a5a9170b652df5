"""Repeating an upstream call: only before its first byte, only where nothing was charged, and never a storm.

The budget is a token bucket: each call puts a tenth of a token in, each repeat takes one out, so that under lasting
failure the upstream sees at most 1.1 attempts a call.
"""

from collections.abc import AsyncIterator, Callable

import stamina

from imagewire_server.contract.errors import Error

ATTEMPTS = 3
# A longer wait is the caller's to decide on.
_LONGEST_HINT = 5.0
_WAIT_INITIAL, _WAIT_MAX = 0.2, 2.0


class RetryBudget:
    """Tokens for repeats, shared by all calls of the process."""

    def __init__(self, ratio: float = 0.1, reserve: float = 10.0) -> None:
        self._ratio = ratio
        self._reserve = reserve
        self._tokens = reserve

    def earn(self) -> None:
        """A call begins."""
        self._tokens = min(self._tokens + self._ratio, self._reserve)

    def spend(self) -> bool:
        """Take a token for a repeat; False when none is left."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Retries:
    """Attempts of one call, as stamina makes them. `time_left` gives the caller's seconds, None without a deadline."""

    def __init__(self, budget: RetryBudget, time_left: Callable[[], float | None]) -> None:
        self._budget = budget
        self._time_left = time_left
        self._made = 0

    def attempts(self) -> AsyncIterator[stamina.Attempt]:
        """Iterate over attempts; an attempt that fails with a repeatable error is followed by another, after a wait."""
        self._budget.earn()
        return aiter(
            stamina.retry_context(
                on=self._decide,
                attempts=ATTEMPTS,
                timeout=None,
                wait_initial=_WAIT_INITIAL,
                wait_max=_WAIT_MAX,
            )
        )

    def _decide(self, error: Exception) -> bool | float:
        """Whether to repeat after this error; seconds where the provider said how long to wait."""
        self._made += 1
        if self._made >= ATTEMPTS or not isinstance(error, Error) or not error.repeatable:
            return False
        wait = error.retry_after
        left = self._time_left()
        if wait is not None and wait > _LONGEST_HINT:
            return False
        if left is not None and (_WAIT_MAX if wait is None else wait) >= left:
            return False
        if not self._budget.spend():
            return False
        return True if wait is None else wait
