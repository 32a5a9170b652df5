"""A limit on streams that only their client ends: health watches, which need no key, and reflection."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from imagewire_server.contract.errors import Overloaded

_MOST, _MOST_OF_ONE = 4096, 128
_RETRY_AFTER = 10.0


class OpenStreams:
    """most: of all connections together. most_of_one: of one connection, which a proxy may share among clients."""

    def __init__(self, most: int = _MOST, most_of_one: int = _MOST_OF_ONE) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._open = 0
        self._by_connection: Counter[str] = Counter()

    @contextmanager
    def slot(self, connection: str) -> Iterator[None]:
        """A context that holds one stream open. connection: its client's address. Raises Overloaded at a limit."""
        if self._open >= self._most or self._by_connection[connection] >= self._most_of_one:
            raise Overloaded(
                f"too many streams such as health's Watch are open here: {self._most_of_one} of a connection,"
                f" {self._most} in all; use one for each service, or Check",
                retry_after=_RETRY_AFTER,
            )
        self._open += 1
        self._by_connection[connection] += 1
        try:
            yield
        finally:
            self._open -= 1
            self._by_connection[connection] -= 1
            if not self._by_connection[connection]:
                del self._by_connection[connection]
