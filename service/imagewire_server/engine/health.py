"""How one deployment fares with one model: its failures, its rest, its load. Decides nothing by itself."""

from dataclasses import dataclass, field

from imagewire_server.contract.errors import Code, Error
from imagewire_server.engine.budget import RetryBudget

# What says something about the deployment; every other error is about the request.
_TELLING = frozenset({Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED, Code.DATA_LOSS, Code.INTERNAL})
_CREDENTIALS = "UPSTREAM_CREDENTIALS"
_SMOOTHING = 0.3


@dataclass(slots=True)
class Health:
    """failures: in a row. rests_until: monotonic seconds. resting: it failed and has not been seen well since.

    probing: a call is under way that will tell. running: calls under way. latency: seconds to the
    first event, smoothed.
    """

    failures: int = 0
    rests_until: float = 0.0
    resting: bool = False
    probing: bool = False
    running: int = 0
    latency: float | None = None
    last: Error | None = None
    budget: RetryBudget = field(default_factory=RetryBudget)

    def is_open(self, now: float) -> bool:
        """Whether a call may go there: it is well, or its rest is over and nobody probes it yet."""
        return not self.resting or (now >= self.rests_until and not self.probing)

    def began(self) -> None:
        """A call goes there; while it rests, that is the probe."""
        self.running += 1
        self.probing = self.resting

    def ended(self) -> None:
        """The call is over, however it ended."""
        self.running -= 1
        self.probing = False

    def answered(self, seconds: float) -> None:
        """The first event came after so many seconds."""
        self.latency = seconds if self.latency is None else self.latency + _SMOOTHING * (seconds - self.latency)

    def succeeded(self) -> None:
        """The answer was whole."""
        self.failures = 0
        self.resting = False
        self.last = None

    def failed(self, error: Error, now: float, *, allowed: int, rest: float) -> None:
        """The call failed. allowed: failures in a row before it rests; rest: for how many seconds."""
        denied = error.reason == _CREDENTIALS
        if error.code not in _TELLING and not denied:
            return
        self.failures += 1
        self.last = error
        if error.retry_after is not None:
            self.resting, self.rests_until = True, now + error.retry_after
        elif denied or self.resting or self.failures > allowed:
            self.resting, self.rests_until = True, now + rest
