"""How one deployment fares with one model: its failures, how long it is left alone, its load. It decides nothing.

A cooldown is ours (after failures in a row) or the provider's (it said how long to wait). After it one call, the probe,
tells whether the deployment is well again; only the probe's own end frees its seat.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from imagewire_server.contract.errors import Code, Error
from imagewire_server.core.retry_budget import RetryBudget

# What more calls do not cure: credentials that are refused, a quota that is used up.
_LASTING = frozenset({"UPSTREAM_CREDENTIALS", "UPSTREAM_QUOTA_EXHAUSTED"})
# Whose hints are about the deployment: received 429, 502, 503.
_HINTING = frozenset({"UPSTREAM_RATE_LIMITED", "UPSTREAM_UNAVAILABLE"})
_SMOOTHING = 0.3


class Seat(NamedTuple):
    """A call's place at a deployment. cooldown: how many cooldowns had begun before the call did."""

    is_probe: bool
    cooldown: int


@dataclass(slots=True)
class Health:
    """failures: in a row. cooling: it failed and has not been seen well since. cools_until: monotonic seconds.

    hinted_until: until when the provider asked to be left alone. cooldowns: how many have begun. probing: the probe is
    under way. running: calls under way. latency: seconds to the first event, smoothed. limited: whether the last
    failure was a rate limit or a quota.
    """

    failures: int = 0
    cooling: bool = False
    cools_until: float = 0.0
    hinted_until: float = 0.0
    cooldowns: int = 0
    probing: bool = False
    running: int = 0
    latency: float | None = None
    limited: bool = False
    budget: RetryBudget = field(default_factory=RetryBudget)

    def is_open(self, now: float) -> bool:
        """Whether a call may go there: it is well, or its cooldown is over and nobody probes it yet."""
        return not self.cooling or (now >= self.cools_until and not self.probing)

    def is_barred(self, now: float) -> bool:
        """Whether the provider itself asked to be left alone."""
        return now < self.hinted_until

    def began(self, now: float) -> Seat:
        """A call goes there; the first after a cooldown is the probe."""
        self.running += 1
        is_probe = self.cooling and self.is_open(now)
        self.probing = self.probing or is_probe
        return Seat(is_probe, self.cooldowns)

    def ended(self, seat: Seat) -> None:
        """The call is over, however it ended."""
        self.running -= 1
        if seat.is_probe:
            self.probing = False

    def answered(self, seconds: float) -> None:
        """The first event came after so many seconds."""
        self.latency = seconds if self.latency is None else self.latency + _SMOOTHING * (seconds - self.latency)

    def succeeded(self, seat: Seat) -> None:
        """The answer was whole. One that began before the cooldown says nothing of how it is now."""
        if seat.cooldown == self.cooldowns:
            self.failures = 0
            self.cooling = False

    def failed(self, seat: Seat, error: Error, now: float, *, allowed: int, cooldown: float) -> None:
        """The call failed. allowed: failures in a row before a cooldown; cooldown: for how many seconds.

        What the content of a call decides says nothing about the deployment.
        """
        if not error.deployment_fault:
            return
        self.failures += 1
        self.limited = error.code is Code.RESOURCE_EXHAUSTED
        if error.retry_after is not None and error.reason in _HINTING:
            self.hinted_until = max(self.hinted_until, now + error.retry_after)
            self._cool(self.hinted_until)
        elif self.cooling and seat.cooldown != self.cooldowns:
            return  # it began before: that the deployment was unwell then is known
        elif error.reason in _LASTING or self.cooling or self.failures > allowed:
            self._cool(now + cooldown)

    def _cool(self, until: float) -> None:
        self.cooling = True
        self.cooldowns += 1
        self.cools_until = max(self.cools_until, until)
