"""How many calls run at once. Taken after the request is read, so that idle streams hold no place."""

from collections.abc import Iterator
from contextlib import contextmanager

from imagewire_server.contract.errors import Overloaded
from imagewire_server.engine import metrics

_RETRY_AFTER = 1.0


class Admission:
    """Places for `limit` calls; nobody waits for one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place. Raises Overloaded when none is free."""
        if self._running >= self._limit:
            raise Overloaded(
                f"this server draws {self._limit} pictures at once and all places are taken: try again in a second",
                retry_after=_RETRY_AFTER,
            )
        self._running += 1
        metrics.count_running(1)
        try:
            yield
        finally:
            self._running -= 1
            metrics.count_running(-1)
