"""How many bytes of unfinished requests both APIs may hold in memory."""

from imagewire_server.contract.errors import Overloaded

# A request may take `receive_timeout`, plus the time its bytes need at this many bytes a second.
SLOWEST = 32 * 1024


class ReceiveBudget:
    """The bytes that are held of unfinished requests. most: the limit. rest, grpc: what each API holds."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.rest = 0
        self.grpc = 0

    @property
    def excess(self) -> int:
        """By how many bytes the limit is exceeded."""
        return max(self.rest + self.grpc - self._most, 0)

    def refusal(self) -> Overloaded:
        """The error for a request that exceeds the limit."""
        words = f"requests that are still arriving hold {self._most} bytes (max_arriving_bytes); nothing was sent"
        return Overloaded(f"{words}: ask again", retry_after=1.0)
