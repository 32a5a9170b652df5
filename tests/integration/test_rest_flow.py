"""REST and slow clients: flat memory, back-pressure, time-outs, and ends that travel up."""

import asyncio
import base64
import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator
from typing import IO

import pytest
from aiohttp import web

from imagewire_emulator.ledger import Entry
from imagewire_server.api.rest import http_protocol, temp_buffer
from tests.conftest import Stack, ended_upstream, running_stack
from tests.integration import processes
from tests.integration.raw_client import JSON, Client
from tests.pictures import PNG
from tests.upstream import answering

_JSON = {"content-type": "application/json"}

_SIZE = 20_000_000
_RATE = 1_000_000  # bytes a second


def _dechunked(response: bytes) -> bytes:
    head, _, rest = response.partition(b"\r\n\r\n")
    if b"chunked" not in head.lower():
        return rest
    found, at = bytearray(), 0
    while at < len(rest):
        begin = rest.index(b"\r\n", at) + 2
        end = begin + int(rest[at:begin], 16)
        found += rest[begin:end]
        at = end + 2
    return bytes(found)


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_a_20_mb_picture_to_a_slow_reader_takes_less_than_4_mb(*, stream: bool) -> None:
    asked = {"messages": [{"role": "user", "content": "A banana"}]}
    with processes.emulator() as emulator, processes.server(emulator.address) as server:
        for _ in range(2):  # what is loaded late is loaded now, threads and all
            async with Client(server.rest) as first:
                await first.post("/v1/chat/completions", {**asked, "model": "gemini/emulator-size-3MB"})
                await first.rest()
        before = server.memory("VmRSS")
        server.forget_peak()
        async with Client(server.rest) as client:
            model = f"gemini/emulator-size-{_SIZE}"
            await client.post("/v1/chat/completions", {**asked, "model": model, "stream": stream})
            pieces = [piece async for piece in client.slowly(_RATE)]
        peak = server.memory("VmHWM") - before
        drawn = processes.ledger(emulator.address)[-1]["images"][0]["sha256"]
    response = await asyncio.to_thread(_dechunked, b"".join(pieces))
    pictures = re.findall(rb"base64,([A-Za-z0-9+/=]+)\"", response)
    digests = {hashlib.sha256(base64.b64decode(picture, validate=True)).hexdigest() for picture in pictures}
    assert len(pictures) == 2  # image and images
    assert digests == {drawn}
    assert peak < 4_000_000, f"{peak / 1e6:.2f} MB"


async def _half_sent(entry: Entry) -> None:
    while entry.bytes_sent < entry.body_bytes / 2:  # noqa: ASYNC110  # plain data of the emulator's
        await asyncio.sleep(0.002)


@pytest.fixture
async def drawn() -> AsyncIterator[Stack]:
    """A server that sends pictures while they arrive, in the model's order."""
    async with running_stack(rest=True, rest_image_order="drawn") as stack:
        yield stack


async def test_a_slow_reader_slows_the_upstream(drawn: Stack) -> None:
    model = {
        "model": "gemini/emulator-size-60MB",
        "messages": [{"role": "user", "content": "A"}],
        "stream": True,
    }
    async with Client(str(drawn.rest.base_url)) as client:
        await client.post("/v1/chat/completions", model, "x-image-fields: images")
        await client.read()
        entry = drawn.emulator.ledger.entries[-1]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_half_sent(entry), 1)
    await ended_upstream(entry)
    assert entry.outcome == "client_disconnected"


_PICTURE = base64.b64encode(PNG + b"\0" * (8_000_000 - len(PNG))).decode()
_EVENT = json.dumps(
    {"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": _PICTURE}}]}}]}
)
_LAST = json.dumps({"candidates": [{"finishReason": "STOP"}], "usageMetadata": {"totalTokenCount": 1}})


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "A"}]}),
        ("/v1/responses", {"input": "A", "tools": [{"type": "image_generation"}]}),
        ("/v1/images/generations", {"prompt": "A"}),
    ],
    ids=["chat", "responses", "images"],
)
async def test_a_slow_reader_slows_the_upstream_between_pictures(path: str, given: dict[str, object]) -> None:
    """Also where a picture leaves when it is whole: not more of them are taken than the client reads."""
    sent = 0

    async def draw(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(10):
            await response.write(f"data: {_EVENT}\r\n\r\n".encode())
            sent += 1
        await response.write(f"data: {_LAST}\r\n\r\n".encode())
        return response

    asked = {"model": "gemini/gemini-2.5-flash-image", "stream": True, **given}
    async with (
        answering(draw) as url,
        running_stack(rest=True, gemini_base_url=url) as stack,
        Client(str(stack.rest.base_url)) as client,
    ):
        await client.post(path, asked)
        assert (await client.read()).startswith(b"HTTP/1.1 200 ")

        async def half() -> None:
            while sent < 5:  # noqa: ASYNC110  # plain data of the upstream's
                await asyncio.sleep(0.002)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(half(), 1.5)
        await client.rest()
    assert sent == 10


async def test_a_stream_of_images_alone_needs_no_file(drawn: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = 0
    make = temp_buffer._file

    def counted() -> IO[bytes]:
        nonlocal opened
        opened += 1
        return make()

    monkeypatch.setattr(temp_buffer, "_file", counted)
    asked = {"model": "gemini/emulator-size-5MB", "messages": [{"role": "user", "content": "A"}]}
    for stream, fields, files in (
        (True, "images", 0),
        (True, "image", 1),
        (True, "both", 1),
        (False, "images", 1),  # held back until it is whole
        (False, "both", 2),
    ):
        opened = 0
        answer = await drawn.rest.post(
            "/v1/chat/completions", json={**asked, "stream": stream}, headers={"x-image-fields": fields}
        )
        assert answer.status_code == 200
        assert (stream, fields, opened) == (stream, fields, files)


@pytest.mark.parametrize("scenario", ["silent", "stuck", "drip-20000-2000000"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/images/generations"])
async def test_a_client_that_leaves_ends_the_upstream_call(rest: Stack, scenario: str, stream: bool, path: str) -> None:
    asked = {"model": f"gemini/emulator-{scenario}", "stream": stream}
    more = {"prompt": "A"} if path.endswith("generations") else {"messages": [{"role": "user", "content": "A"}]}
    async with Client(str(rest.rest.base_url)) as client:
        await client.post(path, {**asked, **more})
        async with asyncio.timeout(10):
            while not rest.emulator.ledger.entries:  # noqa: ASYNC110  # plain data of the emulator's
                await asyncio.sleep(0.002)
    [entry] = rest.emulator.ledger.entries
    await ended_upstream(entry)
    assert entry.outcome == "client_disconnected"
    assert entry.ended_at is not None


async def test_a_client_that_closes_its_side_has_left(rest: Stack) -> None:
    asked = {"model": "gemini/emulator-silent", "messages": [{"role": "user", "content": "A"}]}
    async with Client(str(rest.rest.base_url)) as client:
        await client.post("/v1/chat/completions", asked)
        async with asyncio.timeout(10):
            while not rest.emulator.ledger.entries:  # noqa: ASYNC110  # plain data of the emulator's
                await asyncio.sleep(0.002)
        client.end()
        assert await client.rest() == b""
    await ended_upstream(rest.emulator.ledger.entries[-1])


async def test_a_silent_model_is_bridged_by_comments() -> None:
    asked = {"model": "gemini/emulator-latency-600", "messages": [{"role": "user", "content": "A"}], "stream": True}
    async with running_stack(rest=True, heartbeat_interval=0.1) as stack:
        answer = await stack.rest.post("/v1/chat/completions", json=asked)
    assert answer.text.startswith(": ping\n\n")
    assert answer.text.endswith("data: [DONE]\n\n")
    assert all(event.startswith((": ping", "data: {", "data: [DONE]")) for event in answer.text.split("\n\n")[:-1])


async def test_no_comment_stands_inside_a_picture() -> None:
    asked = {"model": "gemini/emulator-latency-30", "messages": [{"role": "user", "content": "A"}], "stream": True}
    async with running_stack(rest=True, heartbeat_interval=0.03) as stack:
        for _ in range(2):
            answers = await asyncio.gather(*(stack.rest.post("/v1/chat/completions", json=asked) for _ in range(40)))
            for answer in answers:
                events = [event for event in answer.text.split("\n\n") if event.startswith("data: {")]
                assert all(json.loads(event.removeprefix("data: ")) for event in events)


async def test_a_body_that_stalls_is_answered_with_408() -> None:
    async with running_stack(rest=True, receive_timeout=0.2) as rest, Client(str(rest.rest.base_url)) as client:
        await client.send(b"POST /v1/chat/completions HTTP/1.1\r\n" + JSON + b"content-length: 100\r\n\r\n{")
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_drips_is_answered_with_408() -> None:
    async def drip(client: Client) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await client.send(b" ")
                await asyncio.sleep(0.05)  # the pace of the drip: never so long that it is silence

    async with running_stack(rest=True, receive_timeout=0.3) as rest, Client(str(rest.rest.base_url)) as client:
        await client.send(b"POST /v1/chat/completions HTTP/1.1\r\n" + JSON + b"content-length: 1000000\r\n\r\n{")
        dripping = asyncio.create_task(drip(client))
        try:
            async with asyncio.timeout(20):
                assert (await client.rest()).startswith(b"HTTP/1.1 408 ")
        finally:
            dripping.cancel()
            await asyncio.wait([dripping])


async def test_a_body_on_a_slow_line_is_taken() -> None:
    piece = b" " * 16 * 1024  # enough for half a second
    async with running_stack(rest=True, receive_timeout=1.0) as rest, Client(str(rest.rest.base_url)) as client:
        await client.send(
            b"POST /v1/chat/completions HTTP/1.1\r\n" + JSON + b"content-length: %d\r\n\r\n" % (len(piece) * 15)
        )
        for _ in range(15):
            await client.send(piece)
            await asyncio.sleep(0.1)  # the pace of the line, 160 kB a second
        assert (await client.answer())[0] == 400


async def test_a_head_that_stalls_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "_SECONDS", 0.2)
    async with running_stack(rest=True) as stack:
        for begun in (b"", b"POST /v1/chat/completions HTTP/1.1\r\nhost:"):
            async with Client(str(stack.rest.base_url)) as client:
                await client.send(begun)
                assert await client.rest() == b""


async def test_bodies_and_heads_over_the_cap_are_refused() -> None:
    async with running_stack(rest=True, max_request_bytes=10_000) as stack:
        answer = await stack.rest.post("/v1/chat/completions", content=b"x" * 10_001, headers=_JSON)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")

        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 1000

        async with Client(str(stack.rest.base_url)) as client:
            await client.send(b"POST /v1/responses HTTP/1.1\r\n" + JSON + b"transfer-encoding: chunked\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                async for piece in endless():
                    await client.send(b"%x\r\n%b\r\n" % (len(piece), piece))
                    if stack.emulator.ledger.entries:
                        break
        async with Client(str(stack.rest.base_url)) as client:
            with contextlib.suppress(ConnectionError):
                await client.send(b"GET / HTTP/1.1\r\n" + b"a: " + b"x" * 70_000)
            assert (await client.rest()).startswith(b"HTTP/1.1 431 ")
        assert (await stack.rest.get("/health/liveliness")).status_code == 200
