"""Floods of HTTP/2 frames, from a process of its own: `python -m tests.integration.floods KIND HOST:PORT SECONDS`.

One connection at a time; when the server closes it, the next begins. A line tells what was sent.
"""

import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator

from hpack.hpack import Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _PRIORITY, _RST_STREAM, _SETTINGS, _PING, _WINDOW_UPDATE, _CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
_EMPTY_MESSAGE = bytes(5)  # as gRPC frames it


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def hello() -> bytes:
    """What a client begins a connection with; the acknowledgement of the server's settings is in it."""
    return PREFACE + frame(_SETTINGS, 0, 0) + frame(_SETTINGS, _ACK, 0)


def _head() -> bytes:
    fixed = [(":method", "POST"), (":scheme", "http"), (":authority", "x")]
    path = [(":path", "/imagewire.v1.ModelService/ListModels"), ("content-type", "application/grpc")]
    # Not indexed, so that it stands for itself on each stream.
    return bytes(Encoder().encode([(*pair, True) for pair in (*fixed, *path, ("te", "trailers"))], huffman=False))  # type: ignore[arg-type]


HEAD = _head()


def _on_streams(*parts: Callable[[int], bytes]) -> Iterator[bytes]:
    """The same parts on stream after stream."""
    for first in range(1, 2**31 - 400, 400):
        yield b"".join(part(stream) for stream in range(first, first + 400, 2) for part in parts)


def _opened(stream: int) -> bytes:
    return frame(_HEADERS, _END_HEADERS, stream, HEAD)


def _full_table() -> Iterator[bytes]:
    """A header of 4000 bytes that is sent once, and then named by one byte each, 12 000 times a stream."""
    remembered = b"\x40\x01a\x7f\xa1\x1e" + b"x" * 4000
    yield frame(_HEADERS, _END_HEADERS, 1, HEAD + remembered) + _reset(1)
    yield from _on_streams(
        lambda stream: frame(_HEADERS, _END_HEADERS, stream + 2, HEAD + b"\xbe" * 12_000), _reset_next
    )


def _reset_next(stream: int) -> bytes:
    return _reset(stream + 2)


def _asked(stream: int) -> bytes:
    return frame(_DATA, _END_STREAM, stream, _EMPTY_MESSAGE)


def _reset(stream: int) -> bytes:
    return frame(_RST_STREAM, 0, stream, struct.pack(">I", 8))


def _for_ever(piece: bytes, first: bytes = b"") -> Iterator[bytes]:
    yield first
    while True:
        yield piece


FLOODS: dict[str, Callable[[], Iterator[bytes]]] = {
    "rapid_reset": lambda: _on_streams(_opened, _reset),
    "rapid_reset_of_whole_calls": lambda: _on_streams(_opened, _asked, _reset),
    "header_only_streams": lambda: _on_streams(_opened),
    "unread_calls": lambda: _on_streams(_opened, _asked),
    "header_table": _full_table,
    "ping": lambda: _for_ever(frame(_PING, 0, 0, b"8 bytes!") * 500),
    "settings": lambda: _for_ever(frame(_SETTINGS, 0, 0, struct.pack(">HI", 4, 65535)) * 500),
    "continuation": lambda: _for_ever(
        frame(_CONTINUATION, 0, 1, b"\x00\x01a\x01b" * 100) * 20, frame(_HEADERS, 0, 1, HEAD)
    ),
    "empty_continuation": lambda: _for_ever(frame(_CONTINUATION, 0, 1) * 1000, frame(_HEADERS, 0, 1, HEAD)),
    "empty_data": lambda: _for_ever(frame(_DATA, 0, 1) * 1000, _opened(1)),
    "window_update": lambda: _for_ever(frame(_WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)) * 500),
    "priority": lambda: _for_ever(frame(_PRIORITY, 0, 1, struct.pack(">IB", 0, 1)) * 500),
    "unknown_frames": lambda: _for_ever(frame(0x77, 0, 0, bytes(16)) * 500),
}


def _one_connection(address: tuple[str, int], pieces: Iterator[bytes], end: float) -> int:
    """Send until the end, or until the server ends it; what it sends is read and thrown away."""
    sent = 0
    with socket.create_connection(address) as connection:
        connection.sendall(hello())
        connection.setblocking(False)
        data = b""
        while time.monotonic() < end:
            data = data or next(pieces)
            try:
                taken = connection.send(data)
            except BlockingIOError:
                taken = 0
                time.sleep(0.001)
            data, sent = data[taken:], sent + taken
            try:
                if not connection.recv(65536):
                    break
            except BlockingIOError:
                pass
    return sent


def main(kind: str, target: str, seconds: str) -> None:
    """Flood."""
    host, _, port = target.rpartition(":")
    end = time.monotonic() + float(seconds)
    connections = sent = 0
    while time.monotonic() < end:
        connections += 1
        try:
            sent += _one_connection((host, int(port)), FLOODS[kind](), end)
        except OSError:
            continue
    sys.stdout.write(f"{kind}: {sent / 1e6:.1f} MB in {connections} connections")


if __name__ == "__main__":
    main(*sys.argv[1:])
