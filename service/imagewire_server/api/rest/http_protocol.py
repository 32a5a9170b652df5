"""uvicorn's HTTP protocol, plus limits in bytes and in time on everything but bodies; and an abort.

A response that fails in the middle must not look complete, and a connection that is only closed stays open while its
client does not read. So the application can abort the transport. The application limits bodies while it reads them;
what comes of a body after its answer is limited here.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from imagewire_server.api.rest.status import HttpError
from imagewire_server.core.access.certificates import of_peercert
from imagewire_server.formats.openai.common import errors

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS = 10.0  # for a head; for the remainder of a body whose answer has been sent
_HEAD_BYTES = 64 * 1024  # of a head, of trailers, of what is between the chunks of a body
# A client that sends its whole body before it reads must see why it was refused: `connection: close` would reset the
# connection under it. So what still comes of the body is read and dropped, up to this many bytes.
_UNREAD_BYTES = 64 * 1024 * 1024
_PIPELINED = 64  # requests that may wait for the answer to an earlier one


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """most: connections at once. stall_timeout: seconds in which the remainder of an answer must be read."""

    most: int
    stall_timeout: float


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, limits: ConnectionLimits, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limits = limits
        self._timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._served: RequestResponseCycle | None = None
        self._head_bytes = 0
        self._unread_bytes = 0
        self._in_body = False  # between the end of the headers and the end of the message

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client has connected; its first head is awaited."""
        super().connection_made(transport)
        certificate = transport.get_extra_info("peercert")
        self._peer_id = of_peercert(certificate, time.time()) if certificate else ""
        if len(self.connections) > self._limits.most:
            self._refuse(HttpError(503, "TOO_MANY_CONNECTIONS", "this server has too many connections: try again"))
        else:
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has disconnected."""
        self._disarm()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
        if self._served is not None and not self._served.response_complete:
            if self._served is not self.cycle:
                # uvicorn notifies only the newest request, which may be one that waits for this one.
                self._served.disconnected = True
                self._served.message_event.set()
            # What does not read its request learns of it in no other way.
            on_lost = cast("Callable[[], object] | None", self._served.scope.get("imagewire.on_lost"))
            if on_lost is not None:
                on_lost()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived; they count as a head until they turn out to be a body."""
        self._head_bytes += len(data)
        if self._in_body and self.cycle.response_complete:
            self._unread_bytes += len(data)
            if self._unread_bytes > _UNREAD_BYTES:
                self.transport.abort()
                return
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self.send_400_response("")
            return
        if self._head_bytes > _HEAD_BYTES:
            self._refuse(HttpError(431, "HEAD_TOO_LARGE", f"the request's headers are larger than {_HEAD_BYTES} bytes"))

    def on_message_begin(self) -> None:
        """A request begins: with its first character, not with an empty line before it."""
        self._unset_keepalive_if_required()
        super().on_message_begin()
        self._arm()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header is complete. Trailers are ignored."""
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head is complete."""
        if self.parser.should_upgrade():
            return  # see _feed
        self._unset_keepalive_if_required()
        self._disarm()
        self._in_body = True
        self._unread_bytes = 0
        super().on_headers_complete()
        cycle: RequestResponseCycle = self.cycle

        def abort() -> None:
            # uvicorn notifies only the newest of several pipelined requests that the connection is lost.
            cycle.disconnected = True
            self.transport.abort()

        cycle.scope["imagewire.peer_id"] = self._peer_id  # type: ignore[typeddict-unknown-key]  # ours
        cycle.scope["imagewire.abort"] = abort  # type: ignore[typeddict-unknown-key]  # ours
        cycle.scope["imagewire.closing"] = self.transport.is_closing  # type: ignore[typeddict-unknown-key]  # ours
        if len(self.pipeline) > _PIPELINED:
            self.transport.abort()
        elif self.pipeline:
            # uvicorn does not read on until the earlier answer is sent, and would not see the client disconnect.
            self.flow.resume_reading()

    def on_body(self, body: bytes) -> None:
        """A piece of a body has arrived."""
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is complete."""
        if self.parser.should_upgrade():
            return
        self._head_bytes = 0
        self._in_body = False
        self._disarm()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer has been sent, perhaps before the body of its request has arrived."""
        super().on_response_complete()
        self._expect_reading()
        if self._in_body and self.cycle.response_complete:
            self._arm()

    def send_400_response(self, msg: str) -> None:
        """Answer something that is not HTTP."""
        self._refuse(HttpError(400, "BAD_REQUEST", "the request is not valid HTTP/1.1"))

    def _feed(self, data: bytes) -> None:
        """Parse bytes. Raises httptools.HttpParserError.

        An `upgrade` header may be ignored, and is. But httptools would take the body that follows for the other
        protocol, so such a head is parsed again without that header.
        """
        left = memoryview(data)
        while True:
            try:
                self.parser.feed_data(left)
            except httptools.HttpParserUpgrade as upgrade:
                left = left[upgrade.args[0] :]
                self._reread_head()
            else:
                return

    def _reread_head(self) -> None:
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise httptools.HttpParserError("no proxy")
        lines = [b"%b %b HTTP/%b" % (method, self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))

    def _refuse(self, error: HttpError) -> None:
        """Answer without a call, and accept no more requests on this connection."""
        if self.transport.is_closing():
            return
        running = self._running()
        if running is not None and running.response_started:
            self.transport.abort()  # nothing may be written into the middle of an answer
            return
        request_id = secrets.token_hex(16)
        body = msgspec.json.encode(errors.body(error, request_id))
        head = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in head)
        self.transport.write(STATUS_LINE[error.status] + lines + b"\r\n" + body)
        self.transport.close()
        self._expect_reading()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def _expect_reading(self) -> None:
        """Cut the connection if its answers are still unread after the time-out."""
        if self._unread_timer is None and self.transport.get_write_buffer_size():
            self._unread_timer = self.loop.call_later(self._limits.stall_timeout, self._see_reading)

    def _see_reading(self) -> None:
        self._unread_timer = None
        if self._running() is not None:
            self._expect_reading()  # a running answer has its own time-out
        elif self.transport.get_write_buffer_size():
            self.transport.abort()

    def _running(self) -> RequestResponseCycle | None:
        """The newest request, until its answer has been sent."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return None if cycle is None or cycle.response_complete else cycle

    def _arm(self) -> None:
        self._disarm()
        self._timer = self.loop.call_later(_SECONDS, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if self._running() is not None:
            self._arm()  # a running answer is not cut because of what came after its request
        elif not self.transport.is_closing():
            self.transport.abort()
