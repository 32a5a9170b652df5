"""Fetches pictures by URL without server-side request forgery: callers cannot reach what only this machine can reach.

Nothing is sent before `normalise_url` has accepted the URL. aiohttp connects only to addresses that were just checked,
and every redirect is checked again. One deadline and one size limit apply to all of it.
"""

import asyncio
import socket
import ssl as tls
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from imagewire_server import __version__
from imagewire_server.contract import image_header
from imagewire_server.contract.image_rules import GIF, INPUT_TYPES, MAX_PIXELS, NO_GIF
from imagewire_server.transport import exhaustion
from imagewire_server.transport.public_addresses import (
    NOT_PUBLIC,
    REMEDY,
    Address,
    Unfetchable,
    is_public,
    normalise_url,
    redirect_target,
)

__all__ = ["FetchLimits", "ImageFetcher", "Resolve", "Unfetchable"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNKNOWN = f"has a host name that cannot be resolved; correct it, or {REMEDY}"
_UNREACHABLE = f"has a server that cannot be reached; try again later, or {REMEDY}"

# The first type that matches gives the message.
_TABLE: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, _UNKNOWN),
    (aiohttp.ClientSSLError, f"has a server without a valid certificate for its name; {REMEDY}"),
    (aiohttp.ClientConnectorError, _UNREACHABLE),
    (aiohttp.ClientResponseError, f"has a server whose answer is not valid HTTP; {REMEDY}"),
    (aiohttp.ClientError, f"has a server that cut its answer off; try again later, or {REMEDY}"),
    (OSError, _UNREACHABLE),
)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Limits of each picture. timeout: seconds for everything, from the DNS lookup to the last byte."""

    max_bytes: int = 20_000_000
    timeout: float = 10.0
    max_redirects: int = 3


class ImageFetcher:
    """Fetches pictures, for one event loop.

    schemes: of "https" and "http". resolve: returns the IP addresses of a host, instead of the system's resolver.
    allowed: whether an address may be used. ports: those that a URL may have, None for the default of its scheme.
    ssl: the trusted authorities, None for the system's.
    """

    def __init__(
        self,
        limits: FetchLimits | None = None,
        *,
        schemes: Collection[str] = frozenset({"https"}),
        resolve: Resolve | None = None,
        allowed: Callable[[Address], bool] = is_public,
        ports: Collection[int] | None = None,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        self._limits = limits or FetchLimits()
        self._schemes = schemes
        self._resolve = resolve or self._look_up
        self._allowed = allowed
        self._ports = ports
        self._ssl = ssl
        self._session: aiohttp.ClientSession | None = None
        # Its own threads: slow DNS lookups must not delay those of the rest of the server.
        self._threads = ThreadPoolExecutor(8, "imagewire-names")

    async def fetch(self, url: str) -> bytes:
        """Fetch a picture's file. Raises Unfetchable, or Overloaded if this machine has no resources to connect."""
        try:
            async with asyncio.timeout(self._limits.timeout):
                return await self._follow(url)
        except TimeoutError as error:
            words = f"took longer than {self._limits.timeout:g} s to fetch; try again later, or {REMEDY}"
            raise Unfetchable(words) from error
        except (aiohttp.ClientError, OSError) as error:
            if exhaustion.is_own(error):
                raise exhaustion.overloaded() from error
            words = next(words for kind, words in _TABLE if isinstance(error, kind))
            raise Unfetchable(words) from error

    async def aclose(self) -> None:
        """Close all connections. Nothing can be fetched after that."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._session is not None:
            await self._session.close()

    async def _follow(self, url: str) -> bytes:
        for _ in range(self._limits.max_redirects + 1):
            plain = normalise_url(url, self._schemes, self._allowed, self._ports)
            async with self._opened().get(URL(plain, encoded=True), allow_redirects=False) as response:
                if response.status not in _REDIRECTS or "location" not in response.headers:
                    return await self._body(response)
                url = redirect_target(plain, response.headers["location"])
        most = self._limits.max_redirects
        raise Unfetchable(f"redirects more than {most} times; use the final URL of the picture")

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        if response.status != 200:
            raise Unfetchable(f"returned status {response.status} instead of 200; correct it, or {REMEDY}")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise Unfetchable(f"has a server that compressed its answer, although this was not requested; {REMEDY}")
        most = self._limits.max_bytes
        large = f"has a picture larger than {most} bytes; scale it down"
        if (response.content_length or 0) > most:
            raise Unfetchable(large)
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > most:
                raise Unfetchable(large)
        header = image_header.read(body[: image_header.ENOUGH])
        if header is None:
            raise Unfetchable(f"is not a supported image file; use one of {INPUT_TYPES}")
        if header.mime_type == GIF:
            raise Unfetchable(NO_GIF)
        if header.width and header.height and header.width * header.height > MAX_PIXELS:
            raise Unfetchable(f"has a picture of more than {MAX_PIXELS} pixels; scale it down")
        return bytes(body)

    def _opened(self) -> aiohttp.ClientSession:
        """The session, created in the running loop. Each connection serves one answer, so none outlives its check."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=_Resolver(self._resolve, self._allowed),
                use_dns_cache=False,
                force_close=True,
                limit=0,
                ssl=self._ssl or True,
                socket_factory=self._socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,  # a few compressed bytes could become many
                timeout=aiohttp.ClientTimeout(total=None),
                headers={
                    "accept": "image/*",
                    "accept-encoding": "identity",
                    "user-agent": f"imagewire/{__version__}",
                },
            )
        return self._session

    def _socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """Create a socket for aiohttp. This is the last check: IP address literals come here without the resolver."""
        family, kind, protocol, _, destination = info
        if not self._allowed(ip_address(destination[0])):
            raise PermissionError("not public")  # aiohttp passes no other type of error through unchanged
        return socket.socket(family, kind, protocol)

    async def _look_up(self, host: str, port: int) -> list[str]:
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [str(info[4][0]) for info in found]


class _Resolver(AbstractResolver):
    """Resolves a name and checks every address. aiohttp connects only to what this returns."""

    def __init__(self, resolve: Resolve, allowed: Callable[[Address], bool]) -> None:
        self._resolve = resolve
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = [ip_address(text) for text in await self._resolve(host, port)]
        if not answers:
            raise Unfetchable(_UNKNOWN)
        if not all(map(self._allowed, answers)):
            raise Unfetchable(NOT_PUBLIC)
        return [
            ResolveResult(
                hostname=host,
                host=str(answer),
                port=port,
                family=socket.AF_INET6 if answer.version == 6 else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for answer in answers
        ]

    async def close(self) -> None:
        pass
