"""When a call is repeated: only where nothing can have been charged, by the server's word or because it never left."""

import random
import time
from dataclasses import dataclass, field

from imagewire.errors import ImagewireError

# How often a call is repeated at most, by default.
RETRIES = 2
_FIRST, _LONGEST = 0.5, 8.0
# How long a call that could not be sent is made again and again, and how often: a server may be starting anew.
_UNSENT, _BETWEEN = 2.0, 0.2
# When a server asks for a longer wait than this, the caller gets the error.
_MOST_PATIENCE = 60.0


@dataclass(slots=True)
class Attempts:
    """The attempts of one call. retries: how many may follow the first. timeout: seconds for all of them, None for
    any time.

    The channel's own retries cannot do this: to gRPC a connection that broke after the provider had charged is the same
    UNAVAILABLE as a refusal at the door.
    """

    retries: int
    timeout: float | None
    _begun: float = field(default_factory=time.monotonic)
    _made: int = 0
    _unsent_since: float | None = None

    @property
    def number(self) -> int:
        """The number of the attempt that runs, from 1. What could not be sent is no attempt."""
        return self._made + 1

    def left(self) -> float | None:
        """Seconds that are left for the next attempt."""
        return None if self.timeout is None else max(0.0, self.timeout - (time.monotonic() - self._begun))

    def made_progress(self) -> None:
        """More of the answer has come: the next attempt is the first again."""
        self._made = 0

    def delay(self, error: ImagewireError, *, begun: bool = False, unsent: bool = False, free: bool = False) -> float:
        """Seconds to wait before the next attempt. Raises the error when there is none.

        begun: whether the answer had begun, so that nothing can be asked anew. unsent: whether no server was found.
        free: whether the next attempt costs nothing, whatever the error says.
        """
        if unsent and self.retries:
            return self._until_sent(error)
        self._unsent_since = None
        if (not free and (begun or not error.retryable)) or self._made >= self.retries:
            raise error from None
        growing = min(_FIRST * 2.0**self._made, _LONGEST) * random.uniform(0.5, 1.0)  # noqa: S311  # no secret
        seconds = max(growing, error.retry_after or 0.0)
        left = self.left()
        if seconds > _MOST_PATIENCE or (left is not None and seconds >= left):
            raise error from None
        self._made += 1
        return seconds

    def _until_sent(self, error: ImagewireError) -> float:
        """Seconds to wait after an attempt that found no server. Raises the error when that has been so for long."""
        now = time.monotonic()
        if self._unsent_since is None:
            self._unsent_since = now
        left = self.left()
        if now - self._unsent_since >= _UNSENT or (left is not None and left <= _BETWEEN):
            raise error from None
        return _BETWEEN
