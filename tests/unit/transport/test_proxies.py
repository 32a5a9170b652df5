"""Which proxy of the environment a request takes."""

import httpx
import pytest

from imagewire_server.transport.proxies import ProxyRouter

PROXIES = [
    ({}, "https://a.example", "direct"),
    ({"https": "http://proxy:1"}, "https://a.example", "http://proxy:1"),
    ({"https": "http://proxy:1"}, "http://a.example", "direct"),
    ({"http": "http://proxy:2"}, "http://127.0.0.1:8787", "direct"),
    ({"http": "http://proxy:2"}, "http://localhost:8787", "direct"),
    ({"https": "http://proxy:1", "no": "a.example, 10.0.0.1"}, "https://a.example", "direct"),
    ({"https": "http://proxy:1", "no": ".example"}, "https://b.a.example", "direct"),
    ({"https": "http://proxy:1", "no": "10.0.0.1"}, "https://10.0.0.1", "direct"),
    ({"https": "http://proxy:1", "no": "b.example"}, "https://a.example", "http://proxy:1"),
    ({"https": "http://proxy:1", "no": "*"}, "https://a.example", "direct"),
]


@pytest.mark.parametrize(("environ", "url", "way"), PROXIES)
async def test_proxies_of_the_environment(environ: dict[str, str], url: str, way: str) -> None:
    def make(proxy: str) -> httpx.MockTransport:
        return httpx.MockTransport(lambda _: httpx.Response(200, text=proxy or "direct"))

    router = ProxyRouter(make, environ)
    response = await router.transport_for(httpx.URL(url)).handle_async_request(httpx.Request("GET", url))
    assert await response.aread() == way.encode()
    assert router.transport_for(httpx.URL(url)) is router.transport_for(httpx.URL(url))
    await router.aclose()
