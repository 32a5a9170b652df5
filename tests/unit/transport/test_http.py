"""The table of foreign exceptions: what failed before a connection stood is free, the rest may be charged."""

import errno
import gzip
import zlib
from collections.abc import AsyncIterator

import aiohttp
import httpx
import pytest
from aiohttp.client_reqrep import ConnectionKey
from google.auth.exceptions import RefreshError

from imagewire_server.contract.errors import Cut, Malformed, Overloaded, TooLarge, Unreachable, UpstreamError
from imagewire_server.providers.google import token
from imagewire_server.transport.http import HttpLimits, HttpTransport, prepared
from imagewire_server.transport.image_fetch import ImageFetcher
from imagewire_server.transport.pool import translate
from imagewire_server.transport.proxies import ProxyRouter

KEY = ConnectionKey("secret.example", 443, True, True, None, None, None)


ROWS: list[tuple[BaseException, type[UpstreamError]]] = [
    (aiohttp.ClientConnectorError(KEY, OSError(111, "refused")), Unreachable),
    (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "unknown")), Unreachable),
    (aiohttp.ConnectionTimeoutError("text of secret.example"), Unreachable),
    (aiohttp.ServerDisconnectedError(), Cut),
    (aiohttp.ClientOSError(104, "reset by secret.example"), Cut),
    (aiohttp.ClientPayloadError("short"), Cut),
    (aiohttp.InvalidURL("secret.example"), Unreachable),
    (aiohttp.ClientHttpProxyError(None, (), message="secret.example"), Unreachable),  # type: ignore[arg-type]
    (aiohttp.ClientResponseError(None, (), message="secret.example"), Malformed),  # type: ignore[arg-type]
    (ConnectionResetError(), Cut),
]


@pytest.mark.parametrize(("foreign", "ours"), ROWS, ids=lambda value: repr(value)[:40])
def test_a_row(foreign: BaseException, ours: type[UpstreamError]) -> None:
    error = translate(foreign)
    assert type(error) is ours
    assert error.repeatable is (ours is Unreachable)
    assert error.charged is (ours is not Unreachable)
    assert "secret.example" not in str(error)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL])
def test_d14_own_exhaustion_is_no_fault_of_the_deployments(number: int) -> None:
    # Before a connection stood it is this server that is overloaded, and nothing was charged.
    for early in (
        aiohttp.ClientConnectorError(KEY, OSError(number, "secret.example")),
        aiohttp.ClientConnectorDNSError(KEY, OSError(number, "secret.example")),
    ):
        error = translate(early)
        assert (error.reason, error.charged, error.deployment_fault) == ("OVERLOADED", False, False)
        assert error.retry_after == 1.0
        assert "secret.example" not in str(error)
    late = translate(aiohttp.ClientOSError(number, "secret.example"))
    assert (type(late), late.charged, late.deployment_fault) == (Cut, True, False)


async def test_d14_own_exhaustion_is_no_fault_of_a_pictures_url() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError(errno.EMFILE, "Too many open files")

    fetcher = ImageFetcher(resolve=resolve)
    with pytest.raises(Overloaded, match="nothing was sent"):
        await fetcher.fetch("https://pictures.example/a.png")
    await fetcher.aclose()


async def test_d14_own_exhaustion_is_no_fault_of_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(source: str) -> None:
        raise RefreshError("no token") from OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(token, "_load", load)
    with pytest.raises(Overloaded, match="nothing was sent"):
        await token.GoogleToken("sa.json").get()


class _Given(httpx.AsyncBaseTransport):
    """Answers with a given response."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.response


def transport(response: httpx.Response, most: int = 100) -> HttpTransport:
    limits = HttpLimits(connect_timeout=1, first_byte_timeout=1, idle_timeout=1, max_answer_bytes=most)
    return HttpTransport(limits, _Given(response))


class _Body(httpx.AsyncByteStream):
    """A body as it stands on the wire; httpx would unpack what is given as content."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def _read(encoding: str, *pieces: bytes, most: int = 100) -> bytes:
    response = httpx.Response(200, headers={"content-encoding": encoding}, stream=_Body(*pieces))
    http = transport(response, most)
    answer = await http.post("http://x/", prepared({}), b"")
    body = b""
    while piece := await answer.read():
        body += piece
    await http.aclose()
    return body


PACKED = gzip.compress(b"a picture", mtime=0)


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_u5_a_compressed_body_that_nobody_asked_for_is_read(size: int) -> None:
    pieces = [PACKED[at : at + size] for at in range(0, len(PACKED), size)]
    assert await _read("gzip", *pieces) == b"a picture"
    assert await _read("deflate", zlib.compress(b"a picture")) == b"a picture"
    assert await _read("gzip", PACKED + PACKED) == b"a picture" * 2
    assert await _read("gzip", PACKED + bytes(8)) == b"a picture"


async def test_u5_a_compressed_body_is_bounded_by_what_it_unpacks_to() -> None:
    with pytest.raises(TooLarge):
        await _read("gzip", gzip.compress(bytes(1_000_000), mtime=0))


@pytest.mark.parametrize(
    ("encoding", "body", "error"),
    [
        ("gzip", PACKED[:-3], Cut),
        ("gzip", b"", Cut),
        ("gzip", b"no gzip", Malformed),
        ("br", b"x", Malformed),
    ],
)
async def test_a_compressed_body_that_cannot_be_read_is_an_error(
    encoding: str, body: bytes, error: type[UpstreamError]
) -> None:
    with pytest.raises(error):
        await _read(encoding, body)


DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        (" 3 ", 3.0),
        ("999999999", 999999999.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wednesday, 21-Oct-26 07:28:30 GMT", 30.0),
        ("Wed Oct 21 07:28:30 2026", 30.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("", None),
        ("-1", None),
        ("1e9", None),
        ("soon", None),
        ("٧", None),
        ("Wed, 99 Oct 2026 07:28:30 GMT", None),
    ],
)
async def test_u8_retry_after_is_read_in_every_form(header: str, seconds: float | None) -> None:
    headers = httpx.Headers([(b"retry-after", header.encode()), (b"date", DATE.encode())])
    http = transport(httpx.Response(429, headers=headers))
    answer = await http.post("http://x/", prepared({}), b"")
    assert answer.retry_after == seconds
    await http.aclose()


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
