"""Bytes over TCP, and what comes back; and an HTTP/1.1 answer read out of it."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any

# For an answer that must come: the server's own limits end each wait before.
LONG = 60.0
# After so long a silence, nothing more is waited for where nothing need come.
QUIET = 0.3


async def exchange(address: tuple[str, int], data: bytes, patience: float = LONG) -> tuple[bytes, bool]:
    """What comes back until the server closes, or is silent for so long; and whether it closed."""
    reader, writer = await asyncio.open_connection(*address)
    sending = asyncio.create_task(_send(writer, data))
    got, closed = bytearray(), False
    try:
        while not closed:
            async with asyncio.timeout(patience):
                piece = await reader.read(65536)
            got += piece
            closed = not piece
    except TimeoutError:
        pass
    except ConnectionError:
        closed = True
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending
    writer.transport.abort()
    return bytes(got), closed


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        writer.write(data)
        await writer.drain()


@dataclass(frozen=True)
class Answer:
    """An HTTP/1.1 answer. body: with its chunks' frames where it came in chunks."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's JSON. Raises ValueError."""
        return json.loads(self.body)


def answers(got: bytes) -> list[Answer]:
    """The answers of a connection, as far as they are whole. Raises ValueError for what is no HTTP."""
    found = []
    while b"\r\n\r\n" in got:
        head, _, got = got.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = first.split(" ", 2)
        if version != "HTTP/1.1":
            raise ValueError(f"no HTTP: {first[:80]}")
        if status == "100":
            continue
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        if got.startswith(b"HTTP/1.1 "):
            body = b""  # the answer to HEAD
        elif "content-length" in headers:
            length = int(headers["content-length"])
            body, got = got[:length], got[length:]
        else:
            body, _, got = got.partition(b"0\r\n\r\n")
        found.append(Answer(int(status), headers, body))
    return found
