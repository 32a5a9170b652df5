"""gRPC answers that their clients do not read: bounded in bytes for the whole server, and ended in time."""

import asyncio
import gc
from typing import Any

import grpc
import pytest
from h2.events import Event, ResponseReceived, TrailersReceived

from imagewire_server.api.grpc import unread_answers
from imagewire_server.contract import pb
from tests.conftest import Stack, rest_of, running_stack, spec
from tests.integration import processes
from tests.integration.status import told
from tests.integration.test_connections import Caller, calling

_LARGE = pb.CreateCompletionRequest(spec=spec("gemini/emulator-size-2MB"))


async def cut(stack: Stack, caller: Caller) -> None:
    """Return when a call of the caller's is cut; others call meanwhile, because gRPC holds the newest call."""
    waiting = asyncio.ensure_future(caller.wait_for(TrailersReceived))
    while not waiting.done():
        await stack.models.ListModels(pb.ListModelsRequest())
    assert _status(await waiting) == b"1"  # CANCELLED


def _status(ended: Event) -> bytes:
    assert isinstance(ended, TrailersReceived)
    return dict(ended.headers or ())[b"grpc-status"]


async def test_d5_an_unread_unary_answer_is_ended() -> None:
    async with running_stack(stall_timeout=0.3) as stack, calling(stack.target) as caller:
        await stack.models.ListModels(pb.ListModelsRequest())
        caller.call(pb.CreateCompletionRequest(spec=spec("gemini/emulator-drip-0-100000")))
        await cut(stack, caller)


def test_d5_an_unread_unary_answer_is_logged_as_unread() -> None:
    async def asked(target: str) -> dict[str, Any]:
        async with calling(target) as caller:
            caller.call(pb.CreateCompletionRequest(spec=spec("gemini/emulator-drip-0-100000")))
            return await asyncio.to_thread(server.log_line, "call")

    with processes.emulator() as emulator, processes.server(emulator.address, stall_timeout="0.3") as server:
        line = asyncio.run(asked(server.address))
    assert (line["code"], line["reason"], line["charged"]) == ("ABORTED", "CLIENT_STALLED", "yes")


async def test_d5_unread_unary_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread_answers, "_SLOWEST", 10_000_000)
    async with (
        running_stack(stall_timeout=1.0, max_unread_bytes=1_000_000) as stack,
        calling(stack.target) as caller,
    ):
        await stack.models.ListModels(pb.ListModelsRequest())
        caller.call(_LARGE)
        await caller.wait_for(ResponseReceived)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stack.chat.CreateCompletion(_LARGE)
        said = told(refused.value)
        assert (said.code, said.info.reason, said.pushback) == ("RESOURCE_EXHAUSTED", "OVERLOADED", "1000")
        assert "max_unread_bytes" in (refused.value.details() or "")
        assert len(stack.emulator.ledger.entries) == 1
        stream = stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec()))
        assert (await rest_of(stream))[-1].HasField("finished")
        await cut(stack, caller)
        await stack.chat.CreateCompletion(_LARGE)


async def test_d5_an_answer_that_is_read_slowly_but_read_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread_answers, "_SLOWEST", 20_000)
    async with running_stack(stall_timeout=0.2) as stack, calling(stack.target) as caller:
        caller.call(pb.CreateCompletionRequest(spec=spec("gemini/emulator-drip-0-100000")))
        await caller.wait_for(ResponseReceived)
        await asyncio.sleep(0.6)  # three times the time-out, and less than the pace allows
        caller.read_on()
        assert _status(await caller.wait_for(TrailersReceived)) == b"0"


async def test_d5_a_status_that_is_not_read_ends_its_call_too() -> None:
    async with running_stack(stall_timeout=0.3) as stack, calling(stack.target) as caller:
        await stack.models.ListModels(pb.ListModelsRequest())
        caller.call(pb.StreamCompletionRequest(spec=spec("gemini/emulator-size-30MB")), "StreamCompletion")
        await cut(stack, caller)


async def test_d5_a_cut_call_leaves_nothing_behind() -> None:
    """What is cut is found by parts of grpc.aio that are its own; where they change, this fails."""
    async with running_stack(stall_timeout=1.0) as stack:
        for _ in range(3):  # gRPC keeps the first call, the newest one and the next one
            await stack.models.ListModels(pb.ListModelsRequest())
        # Before there is a connection, which the server would give up while all objects are looked through.
        before = _calls_held()
        async with calling(stack.target) as caller:
            for _ in range(20):
                caller.call(pb.CreateCompletionRequest(spec=spec("gemini/emulator-drip-0-100000")))
            await cut(stack, caller)
        async with asyncio.timeout(60):
            while _calls_held() > before:
                await stack.models.ListModels(pb.ListModelsRequest())


def _calls_held() -> int:
    gc.collect()
    return sum(type(held).__name__ == "RPCState" for held in gc.get_objects())
