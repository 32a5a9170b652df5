"""An answer's own bytes, from the provider to the one who asked, beside the events that are made of them.

The events decide: which upstream call is the answer, what it costs, what is kept. Its bytes wait until it has begun, so
that until then another deployment may be asked. From then on a caller that reads slowly slows the upstream.
"""

import asyncio
from collections import deque

from imagewire_server.contract.errors import Internal
from imagewire_server.contract.relayed import RelayedRequest

# Bytes of one answer that its caller has not taken yet.
_MOST_WAITING = 64 * 1024


class Attempt:
    """The bytes of one upstream call (RelayedBytes)."""

    def __init__(self, relay: "Relay") -> None:
        self._relay = relay
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self.content_type = ""
        self.is_chosen = False

    def begin(self, content_type: str) -> None:
        """See RelayedBytes."""
        self.content_type = content_type

    def add(self, piece: bytes) -> None:
        """See RelayedBytes. Where nobody reads any more, nothing is held."""
        if piece and not self._relay.is_closed:
            self._pieces.append(piece)
            self._waiting += len(piece)
            self._relay.wake()

    async def room(self) -> None:
        """See RelayedBytes. Before the answer is chosen there is no reader to wait for."""
        while self.is_chosen and self._waiting > _MOST_WAITING and not self._relay.is_closed:
            await self._relay.change()

    def take(self) -> bytes:
        """The next piece, b"" where there is none yet."""
        if not self._pieces:
            return b""
        piece = self._pieces.popleft()
        self._waiting -= len(piece)
        self._relay.wake()
        return piece

    def clear(self) -> None:
        """Hold nothing."""
        self._pieces.clear()
        self._waiting = 0


class Relay:
    """One call's. request: what its provider is asked. is_closed: nobody reads any more."""

    def __init__(self, request: RelayedRequest) -> None:
        self.request = request
        self.is_closed = False
        self._chosen: Attempt | None = None
        self._ended = False
        self._error: Exception | None = None
        self._waiters: set[asyncio.Future[None]] = set()

    def attempt(self) -> Attempt:
        """For a new upstream call."""
        return Attempt(self)

    def choose(self, attempt: Attempt) -> None:
        """This upstream call is the answer: its bytes may go out."""
        attempt.is_chosen = True
        self._chosen = attempt
        if self.is_closed:
            attempt.clear()
        self.wake()

    def end(self, error: Exception | None = None) -> None:
        """No more bytes come. error: what the answer ended with."""
        self._ended, self._error = True, error
        self.wake()

    def close(self) -> None:
        """The reader leaves: what still comes goes nowhere, and waits for nobody."""
        self.is_closed = True
        if self._chosen is not None:
            self._chosen.clear()
        self.wake()

    @property
    def content_type(self) -> str:
        """Of the answer, "" before it has begun."""
        return self._chosen.content_type if self._chosen is not None else ""

    async def read(self) -> bytes:
        """The next bytes of the answer, b"" at its end. Raises what it ended with, when all that came is read."""
        while True:
            if self._chosen is not None and (piece := self._chosen.take()):
                return piece
            if self._ended:
                if self._error is not None:
                    raise self._error
                if self._chosen is None:
                    raise Internal("an answer ended that had not begun")
                return b""
            await self.change()

    async def change(self) -> None:
        """Return when something has changed."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def wake(self) -> None:
        """Something has changed."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
