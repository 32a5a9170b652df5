"""Connections that break HTTP's rules harm no other, and are no fault of the server's."""

import asyncio
import json
import struct
import sys

import pytest
from structlog.testing import CapturingLogger

from imagewire_server.contract import pb
from imagewire_server.core import fault_log, settle
from tests.conftest import Stack, spec
from tests.fuzz.hostile.exchange import exchange
from tests.fuzz.hostile.http2 import encoded
from tests.integration.floods import frame, hello

_CHAT = json.dumps({"model": "gemini/gemini-2.5-flash-image", "messages": [{"role": "user", "content": "A banana"}]})


def _call(path: bytes) -> bytes:
    """A gRPC call of no bytes to a path."""
    head = ((b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"x"))
    block = encoded((*head, (b"content-type", b"application/grpc"), (b"te", b"trailers")))
    return frame(1, 4, 1, block) + frame(0, 1, 1, struct.pack(">BI", 0, 0))


@pytest.mark.parametrize("path", [b"/imagewire.v1.ChatServi\x81e/x", b"\xff", b"/a/\xed\xa0\x80"])
async def test_a_path_that_is_no_utf_8_does_not_end_the_grpc_server(stack: Stack, path: bytes) -> None:
    host, _, port = stack.target.rpartition(":")
    got, _ = await exchange((host, int(port)), hello() + _call(path), patience=1.5)
    assert b"grpc-status" in got
    answer = await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec()))
    assert answer.candidates[0].message.image.data


def test_what_is_strict_elsewhere_stays_strict() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"/\xff".decode()
    with pytest.raises(UnicodeEncodeError):
        "\ud800".encode()


async def test_a_server_whose_grpc_has_ended_ends_too() -> None:
    without = "import imagewire_server.api.grpc.server as s; s.tolerate_odd_paths = lambda: None;"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", without + "from imagewire_server.cli import main; main()"),
        *("serve", "--demo", "--grpc", "127.0.0.1:0", "--no-rest"),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        lines = [await process.stderr.readline()]
        while b'"serving"' not in lines[-1]:
            lines.append(await process.stderr.readline())
        host, _, port = json.loads(lines[-1])["grpc"].rpartition(":")
        await exchange((host, int(port)), hello() + _call(b"\xff"), patience=1.5)
        assert b"gRPC has ended by itself" in await process.stderr.read()
        assert await process.wait() == 2
    finally:
        if process.returncode is None:
            process.kill()


async def test_garbage_behind_a_request_is_no_fault_of_the_server(rest: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(settle, "_log", log)
    monkeypatch.setattr(fault_log, "_log", log)
    lines = ("POST /v1/chat/completions HTTP/1.1", "host: localhost", "content-type: application/json")
    head = "\r\n".join((*lines, f"content-length: {len(_CHAT)}", "", ""))
    port = rest.rest.base_url.port
    assert port is not None
    got, _ = await exchange(("127.0.0.1", port), (head + _CHAT).encode() * 2 + b"\0\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 400 ")
    async with asyncio.timeout(30):
        while not log.calls:  # noqa: ASYNC110  # plain data
            await asyncio.sleep(0.002)
    assert [call.method_name for call in log.calls] == ["info"]
    assert log.calls[0].kwargs["code"] == "CANCELLED"
