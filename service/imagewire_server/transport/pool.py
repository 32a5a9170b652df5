"""A connection pool: httpx's transport interface on top of aiohttp. One table translates aiohttp's exceptions.

httpx's own pool loses slots when calls are cancelled. Requests and answers are converted as little as possible: a
general adapter between httpx and aiohttp costs as much as aiohttp itself.
"""

import aiohttp
import httpx
import yarl

from imagewire_server.contract.errors import Cut, Error, Malformed, Unreachable, UpstreamError
from imagewire_server.transport import exhaustion

# Whether a failure may have been charged. Only failures before the connection was open are certainly free.
_TABLE: tuple[tuple[type[BaseException], type[UpstreamError], str], ...] = (
    (aiohttp.ClientConnectorError, Unreachable, "the provider cannot be reached; nothing was charged"),
    (aiohttp.ConnectionTimeoutError, Unreachable, "connecting to the provider took too long; nothing was charged"),
    (aiohttp.ClientHttpProxyError, Unreachable, "the proxy refuses to connect to the provider; nothing was charged"),
    (
        aiohttp.InvalidURL,
        Unreachable,
        "HTTPS_PROXY, HTTP_PROXY or the api_base is not a valid URL; nothing was charged",
    ),
    (aiohttp.ClientPayloadError, Cut, "the provider's answer broke off; it may have been charged"),
    (aiohttp.ClientConnectionError, Cut, "the provider closed the connection; the call may have been charged"),
    (aiohttp.ClientResponseError, Malformed, "the provider's answer is not valid HTTP; it may have been charged"),
    (aiohttp.ClientError, Cut, "the call to the provider failed; it may have been charged"),
    (OSError, Cut, "the connection to the provider failed; the call may have been charged"),
)
_FOREIGN = (aiohttp.ClientError, OSError)


def translate(error: BaseException) -> Error:
    """Translate an exception. The text is ours, because the original may contain hosts and keys.

    If this machine was out of resources, that says nothing about the deployment.
    """
    own = exhaustion.is_own(error)
    for kind, ours, words in _TABLE:
        if isinstance(error, kind):
            if own and ours is Unreachable:
                return exhaustion.overloaded()
            made = ours(words)
            made.deployment_fault = not own
            return made
    raise TypeError(f"no row for {type(error).__name__}") from error


class Pool(httpx.AsyncBaseTransport):
    """The connections of one event loop. connect_timeout: seconds. proxy: the URL of one, "" for none.

    Requests, and the streams of answers, raise UpstreamError, or Overloaded if this machine could not connect.
    """

    def __init__(self, connect_timeout: float, proxy: str) -> None:
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout)
        self._proxy = proxy or None
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send once. Returns when the headers of the answer have arrived."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),  # cookies of one answer must not be sent with another call
                timeout=self._timeout,
                auto_decompress=False,
            )
        stream = request.stream
        try:
            answer = await self._session.request(
                request.method,
                yarl.URL(str(request.url), encoded=True),
                headers=[(name.decode("ascii"), value.decode("ascii")) for name, value in request.headers.raw],
                data=b"".join(stream) if isinstance(stream, httpx.ByteStream) else stream,
                allow_redirects=False,
                proxy=self._proxy,
            )
        except _FOREIGN as error:
            raise translate(error) from error
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=Body(answer))

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()


class Body(httpx.AsyncByteStream):
    """A body in the pieces in which it arrives, each well below a megabyte. Returned pieces are not kept."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    def __aiter__(self) -> "Body":
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await self._answer.content.readany()
        except _FOREIGN as error:
            raise translate(error) from error
        if piece:
            return piece
        raise StopAsyncIteration

    def arrived(self) -> bytes:
        """What has already arrived and can be read without waiting."""
        try:
            return self._answer.content.read_nowait()
        except _FOREIGN as error:
            raise translate(error) from error

    @property
    def ended(self) -> bool:
        """Whether HTTP's framing says that the body is complete."""
        return self._answer.content.at_eof()

    async def aclose(self) -> None:
        """Release the answer. If the body was read completely, its connection is reused, else it is closed."""
        self._answer.release()
        await self._answer.wait_for_close()
