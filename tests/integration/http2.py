"""A gRPC call by hand: HTTP/2 frames of a test's own, of which as much is sent as the server allows."""

import asyncio
import contextlib
import struct

import h2.config
import h2.connection
import h2.events

_PIECE = 256 * 1024


class Call:
    """One call on a connection of its own."""

    def __init__(self, target: str, method: str, *headers: tuple[str, str]) -> None:
        self._host, _, port = target.rpartition(":")
        self._port = int(port)
        self._headers = [
            *((":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "x")),
            *(("content-type", "application/grpc"), ("te", "trailers"), *headers),
        ]
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.sent = 0
        self.trailers: dict[str, str] = {}
        self._over = asyncio.Event()
        self._room = asyncio.Event()

    async def __aenter__(self) -> "Call":
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._h2.initiate_connection()
        self._h2.send_headers(1, self._headers)
        self._flush()
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.transport.abort()

    async def send(self, data: bytes, *, declared: int | None = None, end: bool = False) -> None:
        """Send a message that says it has `declared` bytes, until all is out or the call is over."""
        await self.raw(struct.pack(">BI", 0, len(data) if declared is None else declared) + data)
        if end:
            self.end()

    async def raw(self, data: bytes) -> None:
        """Send bytes of a message, its frame's head among them."""
        framed = memoryview(data)
        while framed and not self._over.is_set():
            window = self._h2.local_flow_control_window(1)
            size = min(window, self._h2.max_outbound_frame_size, len(framed))
            if size <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            self._h2.send_data(1, bytes(framed[:size]))
            framed = framed[size:]
            self.sent += size
            self._flush()
            with contextlib.suppress(ConnectionError):
                await self._writer.drain()

    def end(self) -> None:
        """Send no more."""
        if not self._over.is_set():
            self._h2.end_stream(1)
            self._flush()

    async def ended(self) -> str:
        """Wait for the end; return the status, "" where the stream or the connection was cut without one."""
        await self._over.wait()
        return self.trailers.get("grpc-status", "")

    def _flush(self) -> None:
        self._writer.write(self._h2.data_to_send())

    async def _read(self) -> None:
        try:
            while not self._over.is_set() and (data := await self._reader.read(_PIECE)):
                for event in self._h2.receive_data(data):
                    if isinstance(event, h2.events.TrailersReceived | h2.events.ResponseReceived):
                        self.trailers |= dict(event.headers or ())
                    if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                        self._h2.acknowledge_received_data(event.flow_controlled_length, 1)
                    if isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
                        self._over.set()
                self._flush()
                self._room.set()
        except ConnectionError:
            pass
        finally:
            self._over.set()
            self._room.set()
