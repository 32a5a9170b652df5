"""REST clients that do not read, do not end, or are too many: bounded, and closed in time."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator

import pytest

from imagewire_server.api.rest import body, http_protocol
from imagewire_server.api.rest import http_server as serve
from tests.conftest import Stack, ended_upstream, running_stack
from tests.integration import processes
from tests.integration.raw_client import JSON, Client

_GET = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n"


def client_of(stack: Stack, receive_buffer: int = 4096) -> Client:
    return Client(str(stack.rest.base_url), receive_buffer)


async def cut(client: Client) -> None:
    """Return when the server has closed the connection, of which nothing is read."""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(20):
            while True:
                await client.send(b"\r\n")
                await asyncio.sleep(0.05)  # the pace of the trial


def asking(model: str, prompt: str = "A", *, stream: bool = False) -> bytes:
    messages = [{"role": "user", "content": prompt}]
    given = {"model": f"gemini/emulator-{model}", "messages": messages, "stream": stream}
    content = json.dumps(given).encode()
    return b"POST /v1/chat/completions HTTP/1.1\r\n" + JSON + b"content-length: %d\r\n\r\n" % len(content) + content


@pytest.fixture
async def narrow(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stack]:
    """A server whose kernel holds little of an answer."""
    bound = serve._bound

    def narrowly(host: str, port: int, *, shared: bool) -> socket.socket:
        listener = bound(host, port, shared=shared)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return listener

    monkeypatch.setattr(serve, "_bound", narrowly)
    async with running_stack(rest=True, stall_timeout=0.3) as stack:
        yield stack


@pytest.mark.parametrize("requests", [1, 3])
async def test_d5_answers_that_wait_unread_in_the_servers_buffer_end_the_connection(
    narrow: Stack, requests: int
) -> None:
    """The application is done with an answer when its last piece is in the buffer; the next one does not begin."""
    async with client_of(narrow) as client:
        await client.send(asking("drip-0-500000") * requests)
        await cut(client)


async def test_d5_requests_that_wait_behind_another_are_bounded(rest: Stack) -> None:
    async with client_of(rest) as client:
        await client.send(asking("stuck") + _GET * (http_protocol._PIPELINED + 1))
        await cut(client)


async def test_d5_an_answer_that_waits_behind_another_is_given(rest: Stack) -> None:
    async with client_of(rest, 64 * 1024) as client:
        await client.send(asking("latency-200") + b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n" * 10)
        for _ in range(11):
            assert (await client.answer())[0] == 200


async def test_d5_a_client_that_leaves_ends_the_call_that_others_wait_behind(rest: Stack) -> None:
    async with client_of(rest) as client:
        await client.send(asking("stuck", stream=True) + _GET)
        await client.read()
    await ended_upstream(rest.emulator.ledger.entries[-1])
    assert rest.emulator.ledger.entries[-1].outcome == "client_disconnected"


def test_d5_an_unread_answer_is_ended_and_logged_as_unread() -> None:
    async def asked(url: str) -> None:
        async with Client(url, 4096) as client:
            await client.send(asking("size-2MB"))
            await asyncio.to_thread(told.append, server.log_line("call"))

    told: list[dict[str, object]] = []
    with processes.emulator() as emulator, processes.server(emulator.address, stall_timeout="0.3") as server:
        asyncio.run(asked(server.rest))
    assert told[0]["code"] == "CLIENT_STALLED"


async def test_d5_connections_are_bounded_and_told_so() -> None:
    async with running_stack(rest=True, max_connections=2) as stack, client_of(stack) as one, client_of(stack) as two:
        for client in (one, two):
            await client.send(b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert (await client.answer())[0] == 200
        async with client_of(stack) as third:
            status, headers, content = await third.answer()
            assert (status, headers["connection"]) == (503, "close")
            assert json.loads(content)["error"]["code"] == "too_many_connections"
        await one.send(b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert (await one.answer())[0] == 200


async def test_d5_a_head_that_drips_is_closed(rest: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "_SECONDS", 0.3)
    async with client_of(rest) as client:
        await client.send(b"GET / HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(20):
                while True:
                    await client.send(b"a: b\r\n")
                    await asyncio.sleep(0.02)  # the pace of the drip


async def test_d5_a_body_faster_than_the_slowest_pace_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "SLOWEST", 10_000)
    async with running_stack(rest=True, receive_timeout=1.0) as stack, client_of(stack, 64 * 1024) as client:
        head, _, content = asking("latency-1", "A" * 80_000).partition(b"\r\n\r\n")
        await client.send(head + b"\r\n\r\n")
        for at in range(0, len(content), 4000):
            await client.send(content[at : at + 4000])
            await asyncio.sleep(0.1)  # 40 kB a second, for twice the patience
        assert (await client.answer())[0] == 200


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    asked = {
        "model": "gemini/emulator-size-60MB",
        "messages": [{"role": "user", "content": "A"}],
        "stream": True,
    }
    async with (
        running_stack(rest=True, stall_timeout=0.5) as stack,
        Client(str(stack.rest.base_url)) as client,
    ):
        await client.post("/v1/chat/completions", asked)
        await client.read()
        [entry] = stack.emulator.ledger.entries
        await ended_upstream(entry)
        assert b"[DONE]" not in await client.rest()
