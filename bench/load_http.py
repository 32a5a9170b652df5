"""A caller over HTTP/1.1: one kept connection, answers compared as they come. Cheap, for it shares the load's core."""

import asyncio
import time
from typing import cast

import httptools

from bench.job import Job, Timing, encryption
from bench.pictures import picture
from bench.scan import Scanner, Wrong
from bench.shapes import SHAPES


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._done: asyncio.Future[None] | None = None
        self._scanner: Scanner | None = None
        self._kept: list[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._fail(Wrong("the connection was closed"))

    async def ask(self, request: bytes, scanner: Scanner | None, kept: list[bytes] | None = None) -> None:
        """Send and read one answer. scanner: what compares it. kept: gathers the body."""
        assert self.transport is not None  # noqa: S101
        self._done = asyncio.get_running_loop().create_future()
        self._scanner, self._kept = scanner, kept
        self.transport.write(request)
        await self._done
        if self._parser.get_status_code() != 200:
            raise Wrong(f"HTTP {self._parser.get_status_code()}")

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            # What a callback raised comes wrapped.
            self._fail(error.__context__ if isinstance(error.__context__, Wrong) else Wrong(str(error)))

    def on_body(self, body: bytes) -> None:
        if self._scanner is not None and self._parser.get_status_code() == 200:
            self._scanner.feed(body)
        if self._kept is not None:
            self._kept.append(body)

    def on_message_complete(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)
        if self.transport is not None:
            self.transport.abort()


class HttpCaller:
    """Asks the same of one address, again and again."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._shape = SHAPES[job.shape]
        body = job.body.encode()
        lines = [f"POST {job.path} HTTP/1.1", f"host: {job.address}", "content-type: application/json"]
        lines += [f"content-length: {len(body)}", *(f"{name}: {value}" for name, value in job.headers.items())]
        self._request = "\r\n".join([*lines, "", ""]).encode() + body
        self._connection: _Connection | None = None

    async def check(self) -> None:
        """One answer, taken apart as a client would. Raises Wrong where its picture is not at the peer's place."""
        kept: list[bytes] = []
        connection = await self._connected()
        try:
            await connection.ask(self._request, None, kept)
        except Wrong as error:
            raise Wrong(f"{error}: {b''.join(kept)[:500]!r}") from None
        if self._shape.pictures(b"".join(kept), stream=self._job.stream) != [picture(self._job.size)]:
            raise Wrong("the answer's picture is not the one that was asked for")

    async def call(self) -> Timing:
        """One answer, compared. Raises Wrong."""
        connection = await self._connected()
        begun = time.perf_counter()
        scanner = Scanner(self._shape.mark, self._job.size, time.perf_counter)
        await connection.ask(self._request, scanner)
        ended = time.perf_counter()
        scanner.finish()
        return Timing((scanner.first or ended) - begun, ended - begun)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None and self._connection.transport is not None:
            self._connection.transport.abort()

    async def _connected(self) -> _Connection:
        if self._connection is None or self._connection.transport is None:
            host, _, port = self._job.address.rpartition(":")
            _, self._connection = await asyncio.get_running_loop().create_connection(
                _Connection, host, int(port), ssl=await encryption(self._job, "http/1.1")
            )
        return self._connection
