"""A circuit breaker for one deployment with one model. It counts failures, cooldowns and load; the router decides.

Closed: calls pass. Open: after failures in a row (our cooldown), or because the provider said how long to wait (its
hint). Half open: the cooldown is over and one call, the probe, is under way. Only the probe's own end lets another one
begin.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from imagewire_server.contract.errors import Code, Error
from imagewire_server.core.retry_budget import RetryBudget

# More calls do not help: credentials that are refused, a quota that is used up.
_LASTING = frozenset({"UPSTREAM_CREDENTIALS", "UPSTREAM_QUOTA_EXHAUSTED"})
# Whose hints are about the deployment: received 429, 502, 503.
_HINTING = frozenset({"UPSTREAM_RATE_LIMITED", "UPSTREAM_UNAVAILABLE"})
_SMOOTHING = 0.3


class Slot(NamedTuple):
    """A call's slot in a circuit. cooldown: how many cooldowns had begun before the call did."""

    is_probe: bool
    cooldown: int


@dataclass(slots=True)
class Circuit:
    """failures: in a row. open: it failed and no call has succeeded since. open_until: when its cooldown is over,
    monotonic seconds.

    hinted_until: until when the provider asked for no calls. cooldowns: how many have begun. half_open: the probe is
    under way. running: calls under way. latency: seconds to the first event, smoothed. limited: whether the last
    failure was a rate limit or a quota.
    """

    failures: int = 0
    open: bool = False
    open_until: float = 0.0
    hinted_until: float = 0.0
    cooldowns: int = 0
    half_open: bool = False
    running: int = 0
    latency: float | None = None
    limited: bool = False
    retry_budget: RetryBudget = field(default_factory=RetryBudget)

    def allows(self, now: float) -> bool:
        """Whether a call may pass: it is closed, or its cooldown is over and there is no probe yet."""
        return not self.open or (now >= self.open_until and not self.half_open)

    def is_hinted(self, now: float) -> bool:
        """Whether the provider itself asked for no calls."""
        return now < self.hinted_until

    def began(self, now: float) -> Slot:
        """A call passes; the first after a cooldown is the probe."""
        self.running += 1
        is_probe = self.open and self.allows(now)
        self.half_open = self.half_open or is_probe
        return Slot(is_probe, self.cooldowns)

    def ended(self, slot: Slot) -> None:
        """The call is over, however it ended."""
        self.running -= 1
        if slot.is_probe:
            self.half_open = False

    def answered(self, seconds: float) -> None:
        """The first event came after so many seconds."""
        self.latency = seconds if self.latency is None else self.latency + _SMOOTHING * (seconds - self.latency)

    def succeeded(self, slot: Slot) -> None:
        """The answer was whole. One that began before the cooldown says nothing of how it is now."""
        if slot.cooldown == self.cooldowns:
            self.failures = 0
            self.open = False

    def failed(self, slot: Slot, error: Error, now: float, *, allowed: int, cooldown: float) -> None:
        """The call failed. allowed: failures in a row before a cooldown; cooldown: for how many seconds.

        What the content of a call decides says nothing about the deployment.
        """
        if not error.deployment_fault:
            return
        self.failures += 1
        self.limited = error.code is Code.RESOURCE_EXHAUSTED
        if error.retry_after is not None and error.reason in _HINTING:
            self.hinted_until = max(self.hinted_until, now + error.retry_after)
            self._trip(self.hinted_until)
        elif self.open and slot.cooldown != self.cooldowns:
            return  # it began before the cooldown: that failure is counted already
        elif error.reason in _LASTING or self.open or self.failures > allowed:
            self._trip(now + cooldown)

    def _trip(self, until: float) -> None:
        self.open = True
        self.cooldowns += 1
        self.open_until = max(self.open_until, until)
