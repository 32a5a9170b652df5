"""Cancellation travels up: the upstream call ends at once, and the server is as good as new."""

import asyncio
import gc
import random
import time

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_emulator import running
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.effort import times
from tests.integration import processes

pytestmark = pytest.mark.alone

_CALLS, _AT_ONCE = times(5000, part=4), 32
# Where a call is cancelled: while the model thinks (a heartbeat tells), in a picture, in a slow one, before anything.
_PHASES = ("silent", "stuck", "drip-5000-400000", "latency-5000")


async def test_cancelled_calls_leave_nothing_open_upstream() -> None:
    for _ in range(3):  # whatever else the machine does is not what is looked for
        lags = await _lags()
        if (slow := lags[int(len(lags) * 0.99)]) < 0.05:
            return
    pytest.fail(f"p99 {slow * 1000:.1f} ms")


async def _lags() -> list[float]:
    """How long after each call's end the upstream's ended, sorted."""
    # The emulator's clock runs in this process: a collection of what other tests left must not stop it.
    gc.collect()
    gc.freeze()
    cancelled_at: dict[str, float] = {}
    async with running() as emulator:
        with processes.server(emulator.base_url, heartbeat_interval="0.02", on_disconnect="cancel") as server:
            async with grpc.aio.insecure_channel(server.address) as channel:
                stub = chat_service_pb2_grpc.ChatServiceStub(channel)
                dice = random.Random(0)
                places = asyncio.Semaphore(_AT_ONCE)

                async def cancelled(number: int) -> None:
                    phase = dice.choice(_PHASES)
                    # The prompt names the call, so that the ledger's entry can be matched with it.
                    asked = spec(f"gemini/emulator-{phase}", f"call {number}")
                    async with places:
                        call = stub.StreamCompletion(pb.StreamCompletionRequest(spec=asked))
                        if phase != "latency-5000":
                            await call.read()
                        cancelled_at[f"call {number}"] = time.time()
                        call.cancel()

                await asyncio.gather(*(cancelled(number) for number in range(_CALLS)))
                request = pb.CreateCompletionRequest(spec=spec(), max_inline_bytes=100_000_000)
                wide = [("grpc.max_receive_message_length", -1)]
                async with grpc.aio.insecure_channel(server.address, options=wide) as fresh:
                    after = chat_service_pb2_grpc.ChatServiceStub(fresh)
                    answers = await asyncio.gather(*(after.CreateCompletion(request, timeout=20) for _ in range(100)))
        entries = [entry for entry in emulator.ledger.entries if entry.scenario]
    assert len(answers) == 100
    assert len(entries) > _CALLS / 2
    assert {entry.outcome for entry in entries} == {"client_disconnected"}
    lags = sorted(
        entry.ended_at - max(cancelled_at[entry.body["contents"][0]["parts"][0]["text"]], entry.started)
        for entry in entries
        if entry.ended_at is not None
    )
    assert len(lags) == len(entries)
    return lags
