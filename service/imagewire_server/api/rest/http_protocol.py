"""uvicorn's HTTP protocol with what it lacks: bounds on all that is no body, in bytes and in time; and an abort.

A response that failed in its middle must not end as if it were whole, and a client that does not read would hold a
connection that is merely closed: so the application gets the transport's abort. Bodies are bounded by the application,
as long as it reads them; what comes of a body after its answer is bounded here.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any, cast

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from imagewire_server.api.rest.status import HttpError
from imagewire_server.formats.openai.common import errors

_SECONDS = 10.0  # for a head; for the rest of a body whose answer is out
_HEAD_BYTES = 64 * 1024  # of a head, of trailers, of what stands between the chunks of a body
# A client that sends its body before it reads must not be cut off before it sees why it was refused.
_UNREAD_BYTES = 64 * 1024 * 1024
_PIPELINED = 64  # requests that may wait for the answer to one before them


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """most: connections at once. stall_timeout: seconds in which the rest of an answer is read."""

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
        self._in_body = False  # from a head's end to its message's

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client came; its first head is awaited."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.most:
            self._refuse(HttpError(503, "TOO_MANY_CONNECTIONS", "this server holds no more connections: try again"))
        else:
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client left."""
        self._disarm()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
        if self._served is not None and self._served is not self.cycle and not self._served.response_complete:
            # uvicorn tells the newest request only, which may be one that waits behind this one.
            self._served.disconnected = True
            self._served.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came; they are counted until they turn out to be of a body."""
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
            self._refuse(HttpError(431, "HEAD_TOO_LARGE", f"the request's head is over {_HEAD_BYTES} bytes"))

    def on_message_begin(self) -> None:
        """A request begins: with its first letter, not with an empty line before it."""
        self._unset_keepalive_if_required()
        super().on_message_begin()
        self._arm()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header is whole. Trailers are passed over: nothing here asks for one."""
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head is whole."""
        if self.parser.should_upgrade():
            return  # see _feed
        self._unset_keepalive_if_required()
        self._disarm()
        self._in_body = True
        self._unread_bytes = 0
        super().on_headers_complete()
        cycle: RequestResponseCycle = self.cycle

        def abort() -> None:
            # uvicorn tells only the newest of several requests on end that the connection is lost.
            cycle.disconnected = True
            self.transport.abort()

        cycle.scope["imagewire.abort"] = abort  # type: ignore[typeddict-unknown-key]  # ours
        cycle.scope["imagewire.closing"] = self.transport.is_closing  # type: ignore[typeddict-unknown-key]  # ours
        if len(self.pipeline) > _PIPELINED:
            self.transport.abort()
        elif self.pipeline:
            # uvicorn reads no further until the answer before it is out, and would not see the client leave.
            self.flow.resume_reading()

    def on_body(self, body: bytes) -> None:
        """A piece of a body came."""
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self.parser.should_upgrade():
            return
        self._head_bytes = 0
        self._in_body = False
        self._disarm()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is out, perhaps before the body it answers is in."""
        super().on_response_complete()
        self._expect_reading()
        if self._in_body and self.cycle.response_complete:
            self._arm()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(HttpError(400, "BAD_REQUEST", "the request is no valid HTTP/1.1"))

    def _feed(self, data: bytes) -> None:
        """Have bytes parsed. Raises httptools.HttpParserError.

        An offer to speak another protocol may be ignored, and is; but the parser would take the body that follows it
        for that protocol, so it reads such a head anew without the offer.
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
        """Answer before there is a call, and take no more."""
        if self.transport.is_closing():
            return
        running = self._running()
        if running is not None and running.response_started:
            self.transport.abort()  # nothing may be written into the answer that is on its way
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
        """Cut the connection if the answers that are out are still unread when their time is over."""
        if self._unread_timer is None and self.transport.get_write_buffer_size():
            self._unread_timer = self.loop.call_later(self._limits.stall_timeout, self._see_reading)

    def _see_reading(self) -> None:
        self._unread_timer = None
        if self._running() is not None:
            self._expect_reading()  # that answer has a time-out of its own
        elif self.transport.get_write_buffer_size():
            self.transport.abort()

    def _running(self) -> RequestResponseCycle | None:
        """The newest request, while its answer is not out."""
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
            self._arm()  # an answer is on its way, which is not cut for what came behind its request
        elif not self.transport.is_closing():
            self.transport.abort()
