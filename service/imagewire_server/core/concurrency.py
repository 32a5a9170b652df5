"""How many calls draw at once. A slot is taken after the request is read, so that idle connections hold none."""

from imagewire_server.contract.errors import Overloaded
from imagewire_server.core import metrics

_RETRY_AFTER = 1.0


class Admission:
    """Slots for `limit` calls. A call that finds none free is refused; it does not wait.

    running: how many slots are taken.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.running = 0

    def slot(self) -> "Admission":
        """A context that holds a slot. Raises Overloaded if none is free."""
        return self

    def __enter__(self) -> None:
        if self.running >= self.limit:
            raise Overloaded(
                f"this server draws {self.limit} pictures at once and all places are taken: try again in a second",
                retry_after=_RETRY_AFTER,
            )
        self.running += 1
        metrics.count_running(1)

    def __exit__(self, *_: object) -> None:
        self.running -= 1
        metrics.count_running(-1)
