"""Fetches the public keys of an issuer of tokens: from the one URL that the configuration names, and no other."""

import asyncio

import httpx

from imagewire_server import __version__

MAX_BYTES = 256 * 1024
_TIMEOUT = 5.0  # seconds for everything


class KeysUnavailable(Exception):
    """The keys could not be fetched. The message is for the operator: what was the matter."""


class KeyFetcher:
    """Fetches from one URL. It follows no redirect, which may lead anywhere."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: httpx.AsyncClient | None = None

    async def fetch(self) -> bytes:
        """What is there, of at most MAX_BYTES. Raises KeysUnavailable."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                return await self._fetched()
        except TimeoutError:
            raise KeysUnavailable(f"does not answer within {_TIMEOUT:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # a ValueError for some names of hosts
            raise KeysUnavailable(f"cannot be reached ({type(error).__name__})") from error

    async def aclose(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()

    async def _fetched(self) -> bytes:
        if self._client is None:
            try:
                # In a thread: it reads the certificates of the authorities.
                self._client = await asyncio.to_thread(httpx.AsyncClient, timeout=_TIMEOUT)
            except (httpx.InvalidURL, OSError, ValueError) as error:
                words = "of SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY, HTTP_PROXY or ALL_PROXY: correct it"
                raise KeysUnavailable(f"cannot be fetched ({type(error).__name__}) because {words}") from error
        headers = {
            "accept": "application/jwk-set+json, application/json",
            "accept-encoding": "identity",
            "user-agent": f"imagewire-server/{__version__}",
        }
        async with self._client.stream("GET", self._url, headers=headers) as response:
            if response.status_code != 200:
                raise KeysUnavailable(f"answers {response.status_code} instead of 200")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise KeysUnavailable("compresses its answer, although this was not requested")
            found = bytearray()
            async for piece in response.aiter_raw():
                found += piece
                if len(found) > MAX_BYTES:
                    raise KeysUnavailable(f"is larger than {MAX_BYTES} bytes")
            return bytes(found)
