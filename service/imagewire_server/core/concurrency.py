"""How many calls run at once. Taken after the request is read, so that idle streams hold no slot."""

from imagewire_server.contract.errors import Overloaded
from imagewire_server.core import metrics

_RETRY_AFTER = 1.0


class Admission:
    """Slots for `limit` calls; nobody waits for one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running = 0

    def slot(self) -> "Admission":
        """Hold a slot inside of it. Raises Overloaded when none is free."""
        return self

    def __enter__(self) -> None:
        if self._running >= self._limit:
            raise Overloaded(
                f"this server draws {self._limit} pictures at once and all places are taken: try again in a second",
                retry_after=_RETRY_AFTER,
            )
        self._running += 1
        metrics.count_running(1)

    def __exit__(self, *_: object) -> None:
        self._running -= 1
        metrics.count_running(-1)
