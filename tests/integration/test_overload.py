"""Three times more callers than places, and callers that do not read: the server does what it can, and no more."""

import asyncio
import time
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.integration import processes
from tests.integration.test_rest_flow import Client

pytestmark = pytest.mark.alone

_PLACES, _SECONDS = 16, 2.0


async def _asked(stub: Any, pushbacks: list[str]) -> bool:
    """One call; what a refused one is told."""
    # Without a picture: what is measured is the server's work, not the emulator's.
    asked = spec("gemini/emulator-latency-200", response_modalities=[pb.Modality.MODALITY_TEXT])
    request = pb.StreamCompletionRequest(spec=asked)
    call = stub.StreamCompletion(request)
    try:
        return [event async for event in call][-1].HasField("finished")
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
            raise
        pushbacks.append(dict(error.trailing_metadata() or ())["grpc-retry-pushback-ms"])
        return False


async def _goodput(address: str, callers: int, pushbacks: list[str], seconds: float = _SECONDS) -> float:
    """Whole answers a second of so many callers, who wait as they are told."""
    drawn = 0
    async with grpc.aio.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)]) as channel:
        stub = chat_service_pb2_grpc.ChatServiceStub(channel)
        begun = time.monotonic()

        async def caller() -> None:
            nonlocal drawn
            while time.monotonic() - begun < seconds:
                if await _asked(stub, pushbacks):
                    drawn += 1
                else:
                    await asyncio.sleep(int(pushbacks[-1]) / 1000)

        await asyncio.gather(*(caller() for _ in range(callers)))
    return drawn / (time.monotonic() - begun)


async def test_at_three_times_the_load_as_much_is_drawn_and_the_rest_is_told_when_to_come_back() -> None:
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, max_concurrent_calls=str(_PLACES), keep="off") as server,
    ):
        await _goodput(server.address, 2, [], seconds=0.5)
        for _ in range(3):  # whatever else the machine does is not what is looked for
            none: list[str] = []
            peak = await _goodput(server.address, _PLACES, none)
            pushbacks: list[str] = []
            overloaded = await _goodput(server.address, 3 * _PLACES, pushbacks)
            assert none == []
            assert len(pushbacks) >= 2 * _PLACES
            assert set(pushbacks) == {"1000"}
            if overloaded >= 0.95 * peak:
                return
    pytest.fail(f"{overloaded:.0f} of {peak:.0f} a second")


async def test_over_rest_a_refused_caller_is_told_when_to_come_back() -> None:
    asked = {"model": "gemini/emulator-latency-500", "messages": [{"role": "user", "content": "A"}]}
    with processes.emulator() as emulator, processes.server(emulator.address, max_concurrent_calls="1") as server:
        async with httpx.AsyncClient(base_url=server.rest, timeout=20, trust_env=False) as client:
            answers = await asyncio.gather(*(client.post("/v1/chat/completions", json=asked) for _ in range(3)))
            health = await client.get("/health/readiness")
    assert sorted(answer.status_code for answer in answers) == [200, 429, 429]
    assert [answer.headers["retry-after"] for answer in answers if answer.status_code == 429] == ["1", "1"]
    assert health.status_code == 200


@pytest.mark.parametrize("keep", ["off", "local"])
async def test_callers_that_do_not_read_hold_little(keep: str, tmp_path: Path) -> None:
    """The provider waits for them; where answers are kept, the disk takes what they do not read."""
    streams, size = 12, 60_000_000
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, keep=keep, keep_dir=str(tmp_path)) as server,
    ):
        channels = [grpc.aio.insecure_channel(server.address) for _ in range(streams)]
        clients = [Client(server.rest) for _ in range(streams)]
        try:
            stub = chat_service_pb2_grpc.ChatServiceStub(channels[0])
            assert await _asked(stub, [])
            before = server.memory("VmRSS")
            server.forget_peak()
            request = pb.StreamCompletionRequest(spec=spec(f"gemini/emulator-size-{size}"))
            calls = [chat_service_pb2_grpc.ChatServiceStub(channel).StreamCompletion(request) for channel in channels]
            await asyncio.gather(*(call.read() for call in calls))
            over_grpc = server.memory("VmHWM") - before
            body = {
                "model": f"gemini/emulator-size-{size}",
                "messages": [{"role": "user", "content": "A"}],
                "stream": True,
            }
            for client in clients:
                await client.__aenter__()
                await client.post("/v1/chat/completions", body)
                await client.read()
            entries = processes.ledger(emulator.address)[-2 * streams :]
            assert keep == "local" or all(entry["bytes_sent"] < entry["body_bytes"] for entry in entries)
            over_both = server.memory("VmHWM") - before
        finally:
            for client in clients:
                await client.__aexit__()
            for channel in channels:
                await channel.close()
    assert over_grpc / streams < 6_000_000, f"{over_grpc / streams / 1e6:.2f} MB a stream over gRPC"
    assert over_both / (2 * streams) < 6_000_000, f"{over_both / 2 / streams / 1e6:.2f} MB a stream over both"
