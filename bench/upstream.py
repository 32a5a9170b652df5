"""A fast fake of the Gemini API: `python -m bench.upstream --processes N` prints its base URL and serves until SIGTERM.

A model's name says what comes: bench-size-BYTES, with -drip-MS (the body spread over so long) and -delay-MS (silence
before the first byte). Bodies are made once and written in large slices, because its time is taken from the load's.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from typing import cast

import httptools
import uvloop

from bench.bodies import answer, model_name
from bench.pictures import Ask, asked

_SLICE = 256 * 1024
_DRIPS = 400
_REFUSAL = b'{"error":{"code":404,"message":"models are bench-size-BYTES","status":"NOT_FOUND"}}'
# It is the collector too, of a server that sends spans and figures.
_COLLECTED = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
_NOT_FOUND = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_REFUSAL) + _REFUSAL
)


class Connection(asyncio.Protocol):
    """One connection: requests one after another, each answered by what its path asks for."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._writable = asyncio.Event()
        self._writable.set()
        self._sending: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: a client is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """asyncio's: bytes of a request."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        """The parser's: a piece of the target."""
        self._url += url

    def on_message_complete(self) -> None:
        """The parser's: the request is whole."""
        url, self._url = self._url.decode(), b""
        if url in {"/v1/traces", "/v1/metrics"}:
            self._transport.write(_COLLECTED)
            return
        ask = asked(model_name(url))
        if ask is None:
            self._transport.write(_NOT_FOUND)
            return
        whole = answer(ask.size, stream=":streamGenerateContent" in url)
        if not ask.drip and not ask.delay and len(whole) <= _SLICE:
            self._transport.write(whole)
        else:
            self._sending = self._loop.create_task(self._send(whole, ask))

    def pause_writing(self) -> None:
        """asyncio's: the client is slower than we are."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """asyncio's: the client has caught up."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: the client left."""
        if self._sending is not None:
            self._sending.cancel()

    async def _send(self, whole: bytes, ask: Ask) -> None:
        await asyncio.sleep(ask.delay / 1000)
        step = max(1, len(whole) // _DRIPS) if ask.drip else _SLICE
        begun, view = self._loop.time(), memoryview(whole)
        for at in range(0, len(whole), step):
            if ask.drip:
                await asyncio.sleep(begun + ask.drip / 1000 * at / len(whole) - self._loop.time())
            self._transport.write(view[at : at + step])
            await self._writable.wait()


async def serve(listening: socket.socket) -> None:
    """Serve on a listening socket until SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(Connection, sock=listening)
    await stop.wait()
    server.close()


def _listening(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(1024)
    return listening


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="A fake of the Gemini API for load.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    first = _listening(given.port)
    port = first.getsockname()[1]
    children = []
    for _ in range(given.processes - 1):
        child = os.fork()
        if child == 0:
            first.close()
            uvloop.run(serve(_listening(port)))
            sys.exit()
        children.append(child)
    print(f"http://127.0.0.1:{port}", flush=True)
    try:
        uvloop.run(serve(first))
    finally:
        for child in children:
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)


if __name__ == "__main__":
    main()
