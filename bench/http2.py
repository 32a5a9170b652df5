"""As much of HTTP/2 (RFC 9113) as a gRPC client needs. Cheap, for it shares the load's core, like the HTTP/1.1 caller.

gRPC's own client for Python spends half as much on a small call as the server under test.
"""

import asyncio
import struct
from collections.abc import Callable, Mapping
from typing import cast

from bench.scan import Wrong

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_ACK = _END_STREAM = 1
_END_HEADERS = 4
_INITIAL_WINDOW_SIZE, _MAX_FRAME_SIZE = 4, 5
_DEFAULT_WINDOW = 65_535
# What gRPC's own client for Python asks for.
_WINDOW = _FRAME = 4 * 1024 * 1024


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame."""
    return struct.pack(">IBI", len(payload) << 8 | kind, flags, stream) + payload


def header_block(headers: Mapping[str, str]) -> bytes:
    """Headers as HPACK literals, which need no table. Raises ValueError for text of 127 bytes and more."""
    texts = [text.encode() for pair in headers.items() for text in pair]
    if max(map(len, texts)) > 126:
        raise ValueError("a header is too long for a length of one byte")
    strings = [bytes([len(text)]) + text for text in texts]
    return b"".join(b"\0" + name + value for name, value in zip(strings[::2], strings[1::2], strict=True))


class Connection(asyncio.Protocol):
    """Carries calls, several at once."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._calls: dict[int, tuple[Callable[[bytes], None], asyncio.Future[None]]] = {}
        self._next = 1
        self._rest = b""
        self._unacknowledged: dict[int, int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        settings = struct.pack(">HIHI", _INITIAL_WINDOW_SIZE, _WINDOW, _MAX_FRAME_SIZE, _FRAME)
        more = struct.pack(">I", _WINDOW - _DEFAULT_WINDOW)
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        self.transport.write(preface + frame(_SETTINGS, 0, 0, settings) + frame(_WINDOW_UPDATE, 0, 0, more))

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        for _, done in self._calls.values():
            if not done.done():
                done.set_exception(Wrong("the connection was closed"))

    async def ask(self, headers: bytes, body: bytes, take: Callable[[bytes], None]) -> None:
        """Send a request, hand the answer's body to `take` as it comes, return at its end."""
        assert self.transport is not None  # noqa: S101
        stream, self._next = self._next, self._next + 2
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._calls[stream] = take, done
        self.transport.write(frame(_HEADERS, _END_HEADERS, stream, headers) + frame(_DATA, _END_STREAM, stream, body))
        try:
            await done
        finally:
            del self._calls[stream]
            self._unacknowledged.pop(stream, None)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        at = 0
        while len(data) - at >= 9:
            size_and_kind, flags, stream = struct.unpack_from(">IBI", data, at)
            end = at + 9 + (size_and_kind >> 8)
            if end > len(data):
                break
            try:
                self._take(size_and_kind & 0xFF, flags, stream, data[at + 9 : end])
            except Wrong as error:
                self._fail(stream, error)
            at = end
        self._rest = data[at:]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _DATA and stream in self._calls:
            self._calls[stream][0](payload)
        if kind == _DATA:
            self._acknowledge(0, len(payload))
            self._acknowledge(stream, len(payload))
        elif kind in {_SETTINGS, _PING} and not flags & _ACK:
            self._write(frame(kind, _ACK, 0, payload if kind == _PING else b""))
        elif kind in {_RST_STREAM, _GOAWAY}:
            raise Wrong(f"the server ended the stream or the connection: {payload!r}")
        if kind in {_DATA, _HEADERS} and flags & _END_STREAM and stream in self._calls:
            done = self._calls[stream][1]
            if not done.done():
                done.set_result(None)

    def _acknowledge(self, stream: int, size: int) -> None:
        """Give the server room again, once half of it is used up."""
        size += self._unacknowledged.get(stream, 0)
        if size > _WINDOW // 2:
            self._write(frame(_WINDOW_UPDATE, 0, stream, struct.pack(">I", size)))
            size = 0
        self._unacknowledged[stream] = size

    def _write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def _fail(self, stream: int, error: Wrong) -> None:
        for number, (_, done) in self._calls.items():
            if stream in {0, number} and not done.done():
                done.set_exception(error)
