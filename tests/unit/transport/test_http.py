"""Requests and the bodies of their answers: compressed ones, bounds, and a machine that is out of resources."""

import errno
import gzip
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from imagewire_server.contract.errors import Cut, Malformed, Overloaded, TooLarge, UpstreamError
from imagewire_server.transport.http import HttpLimits, HttpTransport, extended, prepared
from imagewire_server.transport.image_fetch import ImageFetcher


async def test_d14_own_exhaustion_is_no_fault_of_a_pictures_url() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError(errno.EMFILE, "Too many open files")

    fetcher = ImageFetcher(resolve=resolve)
    with pytest.raises(Overloaded, match="nothing was sent"):
        await fetcher.fetch("https://pictures.example/a.png")
    await fetcher.aclose()


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


def test_more_headers_take_the_place_of_those_with_their_names_and_leave_the_prepared_ones() -> None:
    given = prepared({"x-key": "k", "x-request-id": "file"})
    made = extended(given, [("x-request-id", "mine"), ("traceparent", "t")])
    assert (made["x-request-id"], made["traceparent"], made["x-key"]) == ("mine", "t", "k")
    assert ("traceparent" in given, given["x-request-id"]) == (False, "file")
