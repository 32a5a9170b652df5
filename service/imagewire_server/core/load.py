"""How busy this process is: what proxies and clients may balance by."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from imagewire_server.core.access.caller import Permission
from imagewire_server.core.call import Call
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.interceptors import OnEnd

_WINDOW = 10.0  # seconds: what is longer ago than a few of them counts for nothing
# Ends by which this process may be worse than another one; others are the caller's own, or those of any process.
_FAULTS = frozenset({"INTERNAL", "UNAVAILABLE", "UNKNOWN", "ABORTED", "DATA_LOSS"})
_FULL = "OVERLOADED"


@dataclass(frozen=True, slots=True)
class Load:
    """utilization: the share of max_concurrent_calls that is used, with the call that asks. running: calls that draw.

    calls, faults: of drawing, a second. quota_left: the share of the provider's quota that is left, None if unknown.
    """

    utilization: float
    calls: float
    faults: float
    running: int
    quota_left: float | None = None


class Rate:
    """Events a second, of which the latest count most. clock: seconds, that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = self._at = clock()
        self._sum = 0.0

    def add(self) -> None:
        """Something happened now."""
        self._fade()
        self._sum += 1.0

    def read(self) -> float:
        """How often it happens."""
        self._fade()
        # At first there is less to look back upon.
        seen = _WINDOW * -math.expm1((self._began - self._at) / _WINDOW)
        return self._sum / seen if seen else 0.0

    def _fade(self) -> None:
        now = self._clock()
        self._sum *= math.exp((self._at - now) / _WINDOW)
        self._at = now


class LoadMeter:
    """An interceptor that counts the calls of both APIs as they end. quota_left: see Load."""

    def __init__(
        self,
        admission: Admission,
        quota_left: Callable[[], float | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._admission = admission
        self._quota_left = quota_left
        self._calls, self._faults = Rate(clock), Rate(clock)

    def read(self) -> Load:
        """The load now."""
        running, limit = self._admission.running, self._admission.limit
        # A utilization of 0 would be taken for none that is known.
        left = self._quota_left()
        return Load((running + 1) / limit, self._calls.read(), self._faults.read(), running, left)

    async def intercept(self, call: Call) -> OnEnd | None:
        """Count a call that draws."""
        if call.permission is not Permission.DRAW or call.quiet:
            return None

        def ended() -> None:
            self._calls.add()
            status = call.status
            if call.code == _FULL or status in _FAULTS or (isinstance(status, int) and status >= 500):
                self._faults.add()

        return ended
