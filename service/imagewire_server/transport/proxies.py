"""The environment's proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) as httpx's mounts. Loopback never goes through one.

aiohttp could read them itself, but then it also looks credentials up in ~/.netrc: for every request, in a thread.
"""

import urllib.request
from collections.abc import Callable, Mapping

import httpx

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def mounts(
    make: Callable[[httpx.Proxy | None], httpx.AsyncBaseTransport], environ: Mapping[str, str] | None = None
) -> dict[str, httpx.AsyncBaseTransport]:
    """The transports by URL pattern, empty without a proxy. make: a transport through a proxy, or without one (None).

    environ: proxies by scheme, "no" for the exceptions, as urllib.request.getproxies gives them.
    """
    proxies = urllib.request.getproxies() if environ is None else environ
    exceptions = [host.strip() for host in proxies.get("no", "").split(",") if host.strip()]
    found = {f"{scheme}://": make(httpx.Proxy(proxies[scheme])) for scheme in ("http", "https") if proxies.get(scheme)}
    if not found or "*" in exceptions:
        return {}
    for host in (*_LOOPBACK, *exceptions):
        # ".example.com" and "example.com" both mean the domain and all below it.
        bare = host.lstrip(".")
        found[f"all://{bare}"] = make(None)
        if bare.replace(".", "").isalnum() and not bare.replace(".", "").isdigit():
            found[f"all://*.{bare}"] = make(None)
    return found
