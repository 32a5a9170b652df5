"""A provider's answer of 1 MB that unpacks to 1 GiB: refused, and never held."""

import asyncio
import zlib

import grpc
import httpx
import pytest
from aiohttp import web

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.integration import processes
from tests.integration.status import told
from tests.upstream import Answer, answering

pytestmark = pytest.mark.system

_MIB = 1024 * 1024
_BEFORE = b'{"candidates":[{"content":{"parts":[{'
_PARTS = {
    "picture": b'"inlineData":{"mimeType":"image/png","data":"',
    "text": b'"text":"',
    "blanks": b"",
}


def _bomb(kind: str) -> Answer:
    """An answer of one part that holds 1 GiB; its end, which nobody should reach, is missing."""
    packer = zlib.compressobj(9, wbits=31)
    front = packer.compress(_BEFORE + _PARTS[kind]) + packer.flush(zlib.Z_FULL_FLUSH)
    # What follows a full flush stands for itself, so it may come again and again.
    mebibyte = packer.compress((b" " if kind == "blanks" else b"A") * _MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    body = front + mebibyte * 1024

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, headers={"content-type": "application/json", "content-encoding": "gzip"})

    return answer


@pytest.mark.parametrize("kind", _PARTS)
async def test_row_7_an_upstream_bomb_is_refused_in_bounded_memory(kind: str) -> None:
    async with answering(_bomb(kind)) as upstream:
        with processes.server(upstream) as server, grpc.insecure_channel(server.address) as channel:
            stub = chat_service_pb2_grpc.ChatServiceStub(channel)
            before = server.memory("VmRSS")
            server.forget_peak()
            request = pb.CreateCompletionRequest(spec=spec())
            with pytest.raises(grpc.RpcError) as refused:
                await asyncio.to_thread(stub.CreateCompletion, request)
            said = told(refused.value)
            grown = server.memory("VmHWM") - before
    assert (said.code, said.pushback) == ("RESOURCE_EXHAUSTED", "-1")
    assert grown < 64 * _MIB, f"{grown / 1e6:.0f} MB"


@pytest.mark.parametrize("kind", _PARTS)
async def test_row_7_an_upstream_bomb_is_a_bad_gateway_over_rest(kind: str) -> None:
    given = {"model": "gemini/gemini-2.5-flash-image", "messages": [{"role": "user", "content": "A"}]}
    async with answering(_bomb(kind)) as upstream:
        with processes.server(upstream, max_answer_bytes=str(8 * _MIB)) as server:
            before = server.memory("VmRSS")
            server.forget_peak()
            async with httpx.AsyncClient(base_url=server.rest, trust_env=False, timeout=60) as client:
                assert (await client.post("/v1/chat/completions", json=given)).status_code == 502
            grown = server.memory("VmHWM") - before
    assert grown < 64 * _MIB, f"{grown / 1e6:.0f} MB"
