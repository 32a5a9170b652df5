"""The fetcher against real listeners on loopback: the body of an answer, time, failures, cancellation, what is sent."""

import asyncio
import gzip
import socket
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from imagewire_server import __version__
from imagewire_server.transport.image_fetch import FetchLimits, ImageFetcher
from tests.integration.raw_listener import (
    NAME,
    Reply,
    answer,
    connections_to,
    endless,
    fetching,
    listening,
    names,
    redirect,
    refused,
    silence,
    stuck_after,
)
from tests.pictures import PNG, encoded

# The body.


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (answer(PNG, content_length="1001"), "larger than 1000 bytes"),
        (answer(PNG, content_length=str(2**64)), "larger than 1000 bytes|not valid HTTP"),
        (answer(PNG + bytes(1001), content_length=""), "larger than 1000 bytes"),
        (
            answer(b"3e9\r\n" + PNG.ljust(1001) + b"\r\n0\r\n\r\n", content_length="", transfer_encoding="chunked"),
            "larger than",
        ),
        (endless(answer(PNG, content_length=""), bytes(999)), "larger than 1000 bytes"),
        (answer(b""), "not a supported image file; use one of PNG"),
        (answer(b"<svg/>", content_type="image/png"), "not a supported image file"),
        (answer(encoded("GIF", 4, 3)), "is a GIF, which no provider takes; send PNG, JPEG, WebP, HEIC or HEIF"),
        (answer(b'{"AccessKeyId": "secret"}', content_type="image/png"), "not a supported image file"),
        (answer(b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\x00\x01\x00\x00" * 2), "more than 100000000 pixels"),
        (answer(gzip.compress(PNG, mtime=0), content_encoding="gzip"), "compressed"),
        (answer(PNG, content_encoding="br"), "compressed"),
        (answer(gzip.compress(PNG, mtime=0)), "not a supported image file"),
        (answer(PNG, content_length="900"), "cut its answer off"),
        (answer(PNG, content_length="nine"), "not valid HTTP"),
        (answer(b"xyz\r\n", content_length="", transfer_encoding="chunked"), "cut its answer off|not valid HTTP"),
        (b"SSH-2.0-secret\r\n", "not valid HTTP"),
        (b"", "cut its answer off"),
        (answer(status="404 secret"), "status 404"),
        (answer(status="500 secret"), "status 500"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"x: " + b"y" * 4000 + b"\r\n"), "not valid HTTP"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"y" * 4000), "not valid HTTP"),
    ],
    ids=lambda value: getattr(value, "__qualname__", None) or repr(value)[:60],
)
async def test_an_answer_is_refused(reply: Reply, words: str) -> None:
    async with listening(reply) as listener:
        url = f"http://{NAME}:{listener.port}/a.png"
        await refused(url, words, FetchLimits(max_bytes=1000, timeout=5), ports={listener.port})


@pytest.mark.parametrize(
    "reply",
    [
        answer(PNG.ljust(1000)),
        answer(PNG.ljust(1000), content_length=""),
        answer(PNG.ljust(1000), content_encoding="identity", content_type="text/html"),
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(PNG.ljust(1000)),
    ],
)
async def test_a_body_at_the_cap_is_fetched(reply: bytes) -> None:
    async with listening(reply) as listener, fetching(FetchLimits(max_bytes=1000), ports={listener.port}) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}:{listener.port}/a.png") == PNG.ljust(1000)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_large_picture_of_each_kind(kind: str) -> None:
    picture = encoded(kind, 64, 64).ljust(3_000_000)
    async with listening(answer(picture)) as listener, fetching(ports={listener.port}) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}:{listener.port}/a") == picture


# Time, failures, cancellation.


@pytest.mark.parametrize(
    "reply",
    [
        silence,
        stuck_after(b"HTTP/1.1 200 OK\r\n"),
        stuck_after(answer(PNG, content_length="900")),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        endless(answer(b"", content_length="", transfer_encoding="chunked"), b"1\r\nx\r\n"),
        redirect("/a"),
    ],
    ids=["head", "headers", "body", "continue", "drops", "redirects"],
)
async def test_the_time_out_spans_everything(reply: Reply) -> None:
    limits = FetchLimits(timeout=0.2, max_redirects=10**9, max_bytes=10**9)
    async with listening(reply) as listener:
        await refused(
            f"http://{NAME}:{listener.port}/a",
            r"took longer than 0\.2 s to fetch; try again",
            limits,
            ports={listener.port},
        )


async def test_a_look_up_and_a_handshake_that_hang_time_out() -> None:
    async def hangs(host: str, port: int) -> Sequence[str]:
        return await asyncio.get_running_loop().create_future()

    await refused(f"http://{NAME}/a", r"took longer than 0\.1 s", FetchLimits(timeout=0.1), resolve=hangs)
    async with listening(silence) as listener:
        given = {"schemes": {"https"}, "ports": {listener.port}}
        await refused(
            f"https://{NAME}:{listener.port}/a", r"took longer than 0\.1 s", FetchLimits(timeout=0.1), **given
        )


async def test_failures_before_an_answer() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "secret")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        await refused(f"http://{NAME}:{port}/a", "cannot be reached; try again later", ports={port})
    await refused(f"http://{NAME}/a", "cannot be resolved; correct it", resolve=unknown)
    await refused(f"http://{NAME}/a", "cannot be resolved; correct it", resolve=names([]))


async def test_a_cancelled_fetch_ends_its_call() -> None:
    asked = asyncio.Event()

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()

    async with listening(reply) as listener, fetching(ports={listener.port}) as fetcher:
        task = asyncio.create_task(fetcher.fetch(f"http://{NAME}:{listener.port}/a"))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await listener.ended()


async def test_another_address_of_the_name_is_tried() -> None:
    resolve = names(["127.0.0.1", "::1"])
    async with listening(host="::1") as listener, fetching(ports={listener.port}, resolve=resolve) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}:{listener.port}/a") == PNG


# What is sent.


async def test_what_a_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(answer(set_cookie="a=b; Path=/")) as listener, listening() as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        resolve = names()
        async with fetching(ports={listener.port}, resolve=resolve) as fetcher:
            for _ in range(2):
                assert await fetcher.fetch(f"http://{NAME}:{listener.port}/B%C3%A4r%2f?x=+&y=%7E#z") == PNG
            assert await fetcher.fetch(f"http://127.0.0.1:{listener.port}/a") == PNG
        assert resolve.asked == [NAME, NAME]
        assert await connections_to(proxy) == 0
    first, second, literal = listener.heads
    assert first == second
    lines = first.strip().split("\r\n")
    assert lines[0] == "GET /B%C3%A4r%2f?x=+&y=%7E HTTP/1.1"
    assert {line.lower() for line in lines[1:]} == {
        f"host: {NAME}:{listener.port}",
        "accept: image/*",
        "accept-encoding: identity",
        f"user-agent: imagewire/{__version__}",
        "connection: close",
    }
    assert f"Host: 127.0.0.1:{listener.port}\r\n" in literal


async def test_none_waits_for_another() -> None:
    together = asyncio.Barrier(120)

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await together.wait()
        writer.write(answer())
        await writer.drain()

    async with listening(reply) as listener, fetching(ports={listener.port}) as fetcher:
        url = f"http://{NAME}:{listener.port}/a"
        assert await asyncio.gather(*(fetcher.fetch(url) for _ in range(120))) == [PNG] * 120


async def test_the_systems_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        asked.append((host, threading.current_thread() is threading.main_thread()))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with listening() as listener, fetching(ports={listener.port}, resolve=None) as fetcher:
        assert await fetcher.fetch(f"http://{NAME}:{listener.port}/a") == PNG
    assert asked == [(NAME, False)]


async def test_a_fetcher_that_fetched_nothing_closes() -> None:
    await ImageFetcher().aclose()


async def test_what_holds_where_nobody_says_otherwise() -> None:
    assert FetchLimits() == FetchLimits(max_bytes=20_000_000, timeout=10.0, max_redirects=3)
    async with listening(answer(PNG, content_length="20000001")) as listener:
        await refused(f"http://{NAME}:{listener.port}/a.png", "larger than 20000000 bytes", ports={listener.port})
