"""HTTP to the upstream. Requests are sent once, bodies are read as they arrive, and every wait and size is limited."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import httpx

from imagewire_server.contract.errors import Malformed, TimedOut, TooLarge, UpstreamError
from imagewire_server.transport import retry_after
from imagewire_server.transport.inflate import Inflater
from imagewire_server.transport.pool import Body, Pool
from imagewire_server.transport.proxies import ProxyRouter

_SLICE_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Limits of each call, in seconds and bytes."""

    connect_timeout: float
    first_byte_timeout: float
    idle_timeout: float
    max_answer_bytes: int


class InPieces(Protocol):
    """A body that is produced while it is sent. Its length is known."""

    def __len__(self) -> int: ...

    def pieces(self) -> Iterator[bytes]:
        """Yield the whole body, in pieces well below a megabyte."""
        ...


class HttpAnswer:
    """An answer whose headers have arrived. Its body is read once, with `read` or `head`. Close it after use."""

    def __init__(self, response: httpx.Response, stream: httpx.AsyncByteStream, limits: HttpLimits) -> None:
        self._response = response
        self._stream = stream
        self._limits = limits
        self._left = limits.max_answer_bytes
        self._pieces: AsyncIterator[bytes] | None = None
        self._inflater: Inflater | None = None
        self.status = response.status_code
        self.content_type: str = response.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def retry_after(self) -> float | None:
        """The seconds of the Retry-After header; None if it is absent or invalid."""
        headers = self._response.headers
        return retry_after.seconds(headers.get("retry-after", ""), headers.get("date", ""))

    @property
    def ended(self) -> bool:
        """Whether the last piece is known to have been the final one; False means unknown."""
        return self._inflater is None and isinstance(self._stream, Body) and self._stream.ended

    async def read(self) -> bytes:
        """The next piece of the body, well below a megabyte; b"" at the end. Raises UpstreamError."""
        if self._pieces is None:
            self._pieces = self._begin()
        piece = await (self._arrived(self._pieces) if self._inflater is None else self._inflated(self._pieces))
        self._left -= len(piece)
        if self._left < 0:
            cap = self._limits.max_answer_bytes
            raise TooLarge(
                f"the provider's answer is larger than {cap} bytes (max_answer_bytes); it may have been charged"
            )
        return piece

    async def aclose(self) -> None:
        """End the call, if it is still running."""
        await self._stream.aclose()

    async def _arrived(self, pieces: AsyncIterator[bytes]) -> bytes:
        piece = self._stream.arrived() if isinstance(self._stream, Body) else b""
        return piece or await self._next(pieces)

    async def _inflated(self, pieces: AsyncIterator[bytes]) -> bytes:
        inflater = self._inflater
        assert inflater is not None  # noqa: S101  # it is what the caller looked at
        # A few compressed bytes may become many. Let other tasks run between the pieces.
        await asyncio.sleep(0)
        while not (data := inflater.take()):
            piece = await self._arrived(pieces)
            if not piece:
                inflater.close()
                return b""
            inflater.feed(piece)
        return data

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes:
        try:
            async with asyncio.timeout(self._limits.idle_timeout):
                return await anext(pieces, b"")
        except TimeoutError as error:
            idle = self._limits.idle_timeout
            raise TimedOut(f"the provider's answer paused for {idle:g} s; it may have been charged") from error

    def _begin(self) -> AsyncIterator[bytes]:
        encoding = self._response.headers.get("content-encoding", "identity").strip().lower()
        if encoding in {"gzip", "x-gzip", "deflate"}:
            self._inflater = Inflater()
        elif encoding != "identity":
            raise Malformed(
                f"the provider compressed its answer as {encoding[:32]!r}, which was not requested;"
                " it may have been charged"
            )
        return aiter(self._stream)

    async def head(self, most: int) -> bytes:
        """The first `most` bytes of the body; fewer if it ends, is cut off, or does not end in time."""
        gathered = bytearray()
        # If it is cut off, the status is known, and a part of the text is better than none.
        with contextlib.suppress(UpstreamError, TimeoutError):
            async with asyncio.timeout(self._limits.idle_timeout):
                while len(gathered) < most and (piece := await self.read()):
                    gathered += piece
        return bytes(gathered[:most])


def prepared(headers: Mapping[str, str]) -> httpx.Headers:
    """The headers of a request and those of every request. Build them once: it takes a tenth of a small call's time."""
    return httpx.Headers({"accept-encoding": "identity", **headers})


def extended(headers: httpx.Headers, more: Iterable[tuple[str, str]]) -> httpx.Headers:
    """Prepared headers with others, which take the place of those of the same names."""
    found = headers.copy()
    for name, value in more:
        found[name] = value
    return found


class HttpTransport:
    """A pool of connections for one event loop. transport: another one, for tests.

    It calls the transports directly, because httpx's client costs more than they do.
    """

    def __init__(self, limits: HttpLimits, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._limits = limits
        self._proxies = ProxyRouter(lambda proxy: transport or Pool(limits.connect_timeout, proxy))

    async def post(
        self, url: str, headers: httpx.Headers, body: bytes | InPieces, *, first_byte_timeout: float | None = None
    ) -> HttpAnswer:
        """Send once and wait for the headers of the answer; close it after use. Raises UpstreamError and Overloaded.

        headers: from `prepared`. first_byte_timeout: seconds, instead of the one in the limits.
        """
        waits = first_byte_timeout or self._limits.first_byte_timeout
        where = _parsed(url)
        large = not isinstance(body, bytes) or len(body) > _SLICE_BYTES
        stream = httpx.ByteStream(body) if isinstance(body, bytes) and not large else _Slices(body)
        request = httpx.Request("POST", where, headers=headers, stream=stream)
        if large:
            request.headers["content-length"] = str(len(body))
        try:
            async with asyncio.timeout(waits):
                response = await self._proxies.transport_for(where).handle_async_request(request)
        except TimeoutError as error:
            raise TimedOut(f"the provider did not answer within {waits:g} s; the call may have been charged") from error
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101  # an asynchronous transport's
        return HttpAnswer(response, response.stream, self._limits)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._proxies.aclose()


@lru_cache(maxsize=1024)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


class _Slices(httpx.AsyncByteStream):
    """A large body in pieces; written at once, it would block the event loop."""

    def __init__(self, body: bytes | InPieces) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if isinstance(self._body, bytes):
            for at in range(0, len(self._body), _SLICE_BYTES):
                yield self._body[at : at + _SLICE_BYTES]
            return
        for piece in self._body.pieces():
            yield piece
