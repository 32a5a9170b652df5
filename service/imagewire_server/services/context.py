"""What a service has of a call beside its request."""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Protocol

from imagewire_server.core.call import Call

CALL: ContextVar[Call] = ContextVar("call")


class Context(Protocol):
    """How a service answers before it returns. gRPC's own context is one.

    A service whose answer is a stream writes all of its messages but the last, and returns that one.
    """

    async def send_initial_metadata(self, metadata: Sequence[tuple[str, str]], /) -> None:
        """Send headers, before the first message."""

    async def write(self, message: bytes, /) -> None:
        """Send a serialized message; returns when it has been taken."""
