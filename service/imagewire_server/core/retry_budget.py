"""A bound on repeats: each call puts a tenth of a token in, each repeat takes one out.

So under lasting failure an upstream sees at most 1.1 attempts a call, and a reserve of ten for quiet times.
"""


class RetryBudget:
    """Tokens for the repeats on one upstream."""

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
