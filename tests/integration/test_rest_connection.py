"""REST below the application: all but bodies is bounded, in bytes and in time; no byte is taken for what it is not."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from imagewire_server.api.rest import http_protocol, http_server
from tests.conftest import Stack, running_stack
from tests.integration.raw_client import JSON, Client

_CHAT = json.dumps({"model": "gemini/gemini-2.5-flash-image", "messages": [{"role": "user", "content": "A"}]}).encode()
_LINE = b"POST /v1/chat/completions HTTP/1.1\r\n" + JSON
_MUCH = 32_000_000  # far beyond what the kernel holds of a connection


@pytest.fixture
async def locked() -> AsyncIterator[Stack]:
    """A server that asks for its key."""
    async with running_stack(rest=True, master_key="sk-right") as made:
        yield made


def client_of(stack: Stack) -> Client:
    return Client(str(stack.rest.base_url))


async def taken(client: Client, piece: bytes) -> int:
    """How much of an endless repetition the server takes before it cuts the connection."""
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < _MUCH:
            await client.send(piece)
            sent += len(piece)
    return sent


@pytest.mark.parametrize("key", ["", "authorization: Bearer sk-right\r\n"], ids=["stranger", "caller"])
async def test_trailers_are_bounded(locked: Stack, key: str) -> None:
    async with client_of(locked) as client:
        await client.send(_LINE + key.encode() + b"transfer-encoding: chunked\r\n\r\n0\r\n")
        assert await taken(client, b"a: b\r\n" * 10_000) < _MUCH


async def test_what_stands_between_chunks_is_bounded(locked: Stack) -> None:
    async with client_of(locked) as client:
        await client.send(_LINE + b"authorization: Bearer sk-right\r\ntransfer-encoding: chunked\r\n\r\n1;")
        assert await taken(client, b"a" * 60_000) < _MUCH


async def test_trailers_are_no_headers(locked: Stack) -> None:
    async with client_of(locked) as client:
        await client.send(
            _LINE + b"transfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n"
            b"0\r\nauthorization: Bearer sk-right\r\nx-request-id: mine\r\n\r\n"
        )
        status, headers, _ = await client.answer()
        assert (status, headers["x-request-id"] == "mine") == (401, False)


@pytest.mark.parametrize("path", [b"POST /v1/chat/completions", b"GET /nothing", b"GET /health/liveliness"])
@pytest.mark.parametrize("piece", [b"", b"x"], ids=["nothing", "drip"])
async def test_a_body_that_stays_away_after_its_answer_ends_the_connection(
    locked: Stack, monkeypatch: pytest.MonkeyPatch, path: bytes, piece: bytes
) -> None:
    monkeypatch.setattr(http_protocol, "_SECONDS", 0.2)

    async def drip(client: Client) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await client.send(piece)
                await asyncio.sleep(0.02)  # the pace of the drip

    async with client_of(locked) as client:
        await client.send(path + b" HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\nx")
        await client.answer()
        dripping = asyncio.create_task(drip(client))
        try:
            async with asyncio.timeout(10):
                assert await client.rest() == b""
        finally:
            dripping.cancel()
            await asyncio.wait([dripping])


async def test_a_flood_after_an_answer_is_cut(locked: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "_UNREAD_BYTES", 1_000_000)
    async with client_of(locked) as client:
        await client.send(_LINE + b"content-length: 100000000\r\n\r\n")
        assert (await client.answer())[0] == 401
        assert await taken(client, b"x" * 100_000) < _MUCH


async def test_a_body_that_comes_after_its_answer_does_no_harm(locked: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "_SECONDS", 1.0)
    async with client_of(locked) as client:
        await client.send(_LINE + b"content-length: 5000000\r\n\r\n")
        assert (await client.answer())[0] == 401
        await client.send(b"x" * 5_000_000)
        await client.send(b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert (await client.answer())[0] == 200
        await asyncio.sleep(1.5)  # longer than a body may stay away
        await client.send(b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert (await client.answer())[0] == 200


@pytest.mark.parametrize("path", [b"/v1/chat/completions", b"/imagewire.v1.ChatService/CreateCompletion"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_who_sends_all_of_a_body_that_is_too_large_reads_why_it_is_refused(path: bytes, chunked: bool) -> None:
    size = 6_000_000
    length = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % size
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size) if chunked else b"x" * size
    async with running_stack(rest=True, max_request_bytes=1_000_000) as stack, client_of(stack) as client:
        for _ in range(3):
            await client.send(b"POST %b HTTP/1.1\r\n%b%b\r\n\r\n" % (path, JSON, length))
            await client.send(sent)
            assert (await client.answer())[0] == 413


async def test_an_empty_line_does_not_keep_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "_KEEP_ALIVE", 0.5)
    async with running_stack(rest=True) as stack, client_of(stack) as client:
        await client.send(b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await client.answer()
        await client.send(b"\r\n")
        async with asyncio.timeout(10):
            assert await client.rest() == b""


async def test_half_a_request_behind_another_does_not_cut_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "_SECONDS", 0.1)
    slow = _CHAT.replace(b"gemini-2.5-flash-image", b"emulator-latency-600")
    async with running_stack(rest=True) as stack, client_of(stack) as client:
        head = _LINE + b"content-length: %d\r\n\r\n" % len(slow)
        await client.send(head + slow + b"GET /health HTTP/1.1\r\nhos")
        assert (await client.answer())[0] == 200
        async with asyncio.timeout(10):
            assert await client.rest() == b""


def _at_once(head: bytes, body: bytes) -> list[bytes]:
    return [head + b"\r\n" + body]


def _when_asked(head: bytes, body: bytes) -> list[bytes]:
    return [head + b"expect: 100-continue\r\n\r\n", body]


@pytest.mark.parametrize("sent", [_at_once, _when_asked])
@pytest.mark.parametrize("offer", [b"h2c", b"websocket"])
async def test_an_offer_of_another_protocol_is_passed_over(
    rest: Stack, sent: Callable[[bytes, bytes], list[bytes]], offer: bytes
) -> None:
    head = _LINE + b"connection: Upgrade, HTTP2-Settings\r\nupgrade: %b\r\nhttp2-settings: AAMAAABk\r\n" % offer
    async with client_of(rest) as client:
        first, *more = sent(head + b"content-length: %d\r\n" % len(_CHAT), _CHAT)
        await client.send(first)
        for piece in more:
            assert (await client.read()).startswith(b"HTTP/1.1 100 ")
            await client.send(piece)
        status, _, body = await client.answer()
        assert (status, "image" in json.loads(body)["choices"][0]["message"]) == (200, True)
        await client.send(
            b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n" * 2
        )
        assert (await client.answer())[0] == 200
        assert (await client.answer())[0] == 200


async def test_a_body_behind_an_offer_is_no_request(locked: Stack) -> None:
    smuggled = b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n"
    async with client_of(locked) as client:
        head = _LINE + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: %d\r\n\r\n" % len(smuggled)
        await client.send(head)
        assert (await client.answer())[0] == 401
        await client.send(smuggled)
        await client.send(b"GET /nothing HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-right\r\n\r\n")
        assert (await client.answer())[0] == 404


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\r\nhost x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + JSON + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400),
        (b"CONNECT x:443 HTTP/1.1\r\nhost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\na: " + b"x" * 70_000, 431),
    ],
    ids=["tls", "no-colon", "two-lengths", "connect", "head"],
)
async def test_what_is_no_http_is_told_in_the_shape_of_all_errors(locked: Stack, sent: bytes, status: int) -> None:
    async with client_of(locked) as client:
        with contextlib.suppress(ConnectionError):
            await client.send(sent)
        told, headers, body = await client.answer()
        error: dict[str, Any] = json.loads(body)["error"]
    assert (told, headers["content-type"], headers["connection"]) == (status, "application/json", "close")
    assert error["request_id"] == headers["x-request-id"]
    assert error["type"] == "invalid_request_error"
