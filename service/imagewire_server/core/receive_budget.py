"""Bytes of requests that are still on their way, of both APIs: no more of them than memory is meant for."""

from imagewire_server.contract.errors import Overloaded

# A request may take `receive_timeout`, and as much longer as a line of this many bytes a second needs.
SLOWEST = 32 * 1024


class ReceiveBudget:
    """What is held of requests that are not whole. most: bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.rest = 0
        self.grpc = 0

    @property
    def excess(self) -> int:
        """How many bytes there are too many."""
        return max(self.rest + self.grpc - self._most, 0)

    def refusal(self) -> Overloaded:
        """The error for a request that there is no memory for."""
        words = f"requests that are still arriving hold {self._most} bytes (max_arriving_bytes); nothing was sent"
        return Overloaded(f"{words}: ask again", retry_after=1.0)
