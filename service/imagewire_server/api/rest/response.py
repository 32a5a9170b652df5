"""One response: started as late as possible, written in pieces, ended if the client stops reading."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from imagewire_server.api.rest.body import Disconnected
from imagewire_server.api.rest.status import Headers
from imagewire_server.api.rest.temp_buffer import TempBuffer
from imagewire_server.contract.errors import Stalled

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# An unstreamed answer is held back until it is whole: a failure has its own status, with `x-should-retry: false`, and
# the headers know the cost. Written from its first byte, an answer that the provider cuts would end as a cut
# connection, which OpenAI's clients repeat by themselves: the picture would be paid for twice.
_HOLD_BYTES_IN_MEMORY = 16 * 1024 * 1024
# More than the base64 of what is read at once; otherwise that would be cut and copied.
SEND_BYTES = 1024 * 1024


class Response:
    """The response to one request. headers: called when it starts. stall_timeout: seconds.

    closing: whether the connection is being closed, for example because of garbage after the request.
    """

    def __init__(
        self, send: Send, headers: Callable[[], Headers], stall_timeout: float, closing: Callable[[], bool]
    ) -> None:
        self._send = send
        self._headers = headers
        self._stall_timeout = stall_timeout
        self._closing = closing
        self._held: TempBuffer | None = None
        self._head: MutableMapping[str, Any] | None = None  # sent together with the first bytes of the body
        self._content_type = b"application/json"
        self._added: Headers = []
        self._caching = b"no-store"
        self.status = 0
        self.started = False

    def add(self, headers: Headers) -> None:
        """Send these headers too."""
        self._added += headers

    def hold(self) -> None:
        """Hold back what is written, on disk; with a full disk, up to 16 MiB."""
        self._held = TempBuffer()

    def stream(self) -> None:
        """Send a stream of events."""
        self._content_type = b"text/event-stream; charset=utf-8"

    def cached(self, seconds: int) -> None:
        """Let the client alone, and no proxy, keep the answer for so long."""
        self._caching = b"private, max-age=%d" % seconds

    async def begin(self, status: int, headers: Headers, *, more: bool = False) -> None:
        """Start the answer. more: whether `write` and `finish` follow; otherwise it has no body."""
        self._start(status, headers)
        if not more:
            await self._body(b"", more=False)

    async def write(self, data: bytes) -> None:
        """Write; returns when the client has taken it, or it is held back. Raises Stalled."""
        if self._held is not None:
            await self._held.write(data)
            if self._held.disk_is_full and self._held.size > _HOLD_BYTES_IN_MEMORY:
                await self._release()
            return
        if not self.started:
            self._start(200, [])
        await self._body(data, more=True)

    async def finish(self) -> None:
        """The body is complete."""
        if self._held is not None:
            self._start(200, [(b"content-length", b"%d" % self._held.size)])
            await self._release(last=True)
            return
        if not self.started:
            self._start(200, [])
        await self._body(b"", more=False)

    async def whole(self, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Send a whole response instead of what was held back."""
        self.close()
        self._caching = b"no-store"
        self._start(status, [(b"content-length", b"%d" % len(body)), *headers])
        await self._body(body, more=False)

    def close(self) -> None:
        """Drop what is held back."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def typed(self, content_type: bytes) -> None:
        """Set the content type, where it is not JSON."""
        self._content_type = content_type

    async def _release(self, *, last: bool = False) -> None:
        held, self._held = self._held, None
        assert held is not None  # noqa: S101  # both callers checked
        try:
            if not self.started:
                self._start(200, [])
            left = held.size
            async for piece in held.pieces():
                left -= len(piece)
                await self._body(piece, more=left > 0 or not last)
        finally:
            held.close()

    def _start(self, status: int, headers: Headers) -> None:
        self.started = True
        self.status = status
        own: Headers = [(b"content-type", self._content_type), (b"cache-control", self._caching)]
        if self._content_type.startswith(b"text/event-stream"):
            own.append((b"x-accel-buffering", b"no"))  # otherwise nginx buffers the events
        self._head = {
            "type": "http.response.start",
            "status": status,
            "headers": [*own, *headers, *self._added, *self._headers()],
        }

    async def _body(self, data: bytes, *, more: bool) -> None:
        if self._closing():
            raise Disconnected
        try:
            async with asyncio.timeout(self._stall_timeout):
                if self._head is not None:
                    head, self._head = self._head, None
                    await self._send(head)
                for at in range(0, max(len(data), 1), SEND_BYTES):
                    last = at + SEND_BYTES >= len(data)
                    piece = data if len(data) <= SEND_BYTES else data[at : at + SEND_BYTES]
                    await self._send({"type": "http.response.body", "body": piece, "more_body": more or not last})
        except TimeoutError as error:
            raise Stalled(f"the client did not read its answer for {self._stall_timeout:g} s") from error
