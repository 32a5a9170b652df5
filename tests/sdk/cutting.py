"""A TCP proxy that cuts connections, each after so many bytes of the server's."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator


class Cutting:
    """cuts: how many connections were cut. every: the server's bytes after which a connection is cut, None for never.

    most: how many are cut at most, None for all. A busy client may read nothing of what came before a cut, and gives up
    after eight such connections. seconds: after which a connection is cut, None for never.
    sent: bytes that came from clients. every_sent: those after which a connection is cut, None for never. upstream: may
    change.
    """

    def __init__(self, upstream: str, every: int | None, most: int | None, seconds: float | None = None) -> None:
        self.upstream, self.every, self.most, self.seconds = upstream, every, most, seconds
        self.every_sent: int | None = None
        self.cuts = self.sent = 0
        self.address = ""
        self._open: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[object]] = set()
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()

    async def serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await self._stopped.wait()
        server.close()
        for each in self._open:
            each.transport.abort()
        await asyncio.gather(*self._passing)

    def run(self, ready: threading.Event) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self.serve(ready))

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self.upstream.rsplit(":", 1)
        try:
            from_server, to_server = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.transport.abort()
            return
        both = {writer, to_server}
        self._open |= both
        try:
            passing = {
                asyncio.create_task(self._up(reader, to_server)),
                asyncio.create_task(self._down(from_server, writer)),
            }
            self._passing |= passing
            ended, _ = await asyncio.wait(passing, timeout=self.seconds, return_when=asyncio.FIRST_COMPLETED)
            self.cuts += not ended
        finally:
            for each in both:
                each.transport.abort()
            await asyncio.wait(passing)
            self._open -= both
            self._passing -= passing

    async def _up(self, source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            left = self.every_sent
            while data := await source.read(65536):
                self.sent += len(data)
                into.write(data)
                await into.drain()
                if left is not None and (left := left - len(data)) <= 0:
                    self.cuts += 1
                    return

    async def _down(self, source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
        left = self.every
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if left is not None and (self.most is None or self.cuts < self.most):
                    data, left = data[:left], left - len(data)
                into.write(data)
                await into.drain()
                if left is not None and left <= 0:
                    self.cuts += 1
                    into.close()  # what was written goes out first
                    await into.wait_closed()
                    return


@contextlib.contextmanager
def cutting(
    upstream: str, every: int | None = None, most: int | None = None, seconds: float | None = None
) -> Iterator[Cutting]:
    proxy, ready = Cutting(upstream, every, most, seconds), threading.Event()
    thread = threading.Thread(target=proxy.run, args=(ready,))
    thread.start()
    assert ready.wait(60)
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()
