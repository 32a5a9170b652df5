"""Chooses how a request is sent: through a proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), or directly.

aiohttp could read these variables itself, but then it would also read ~/.netrc, for every request, in a thread.
"""

import ipaddress
import urllib.request
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import httpx

Make = Callable[[str], httpx.AsyncBaseTransport]


class ProxyRouter:
    """The transports of a client. make: creates one for the URL of a proxy, or "" for none.

    environ: proxies by scheme, "no" for the exceptions, as urllib.request.getproxies returns them.
    """

    def __init__(self, make: Make, environ: Mapping[str, str] | None = None) -> None:
        self._proxies = dict(urllib.request.getproxies() if environ is None else environ)
        self._bypass: Callable[[str], Any] = partial(
            urllib.request.proxy_bypass_environment,  # type: ignore[attr-defined]  # the stubs forget it
            proxies=self._proxies,
        )
        self._make = make
        self._made: dict[str, httpx.AsyncBaseTransport] = {}

    def transport_for(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        """Return the transport for a URL."""
        proxy = self._proxies.get(url.scheme, "")
        if proxy and (_is_loopback(url.host) or self._bypass(url.host)):
            proxy = ""
        made = self._made.get(proxy)
        if made is None:
            made = self._made[proxy] = self._make(proxy)
        return made

    async def aclose(self) -> None:
        """Close every connection."""
        for made in self._made.values():
            await made.aclose()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
