"""Kept answers and real processes: a server that is killed, workers that share a folder, a disk that takes nothing."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.conftest import spec
from tests.integration import processes
from tests.integration.status import told
from tests.integration.test_keep import flat

pytestmark = pytest.mark.system

SLOW = "gemini/emulator-drip-3000-3000000"
_OPTIONS = [("grpc.max_receive_message_length", -1)]


@contextlib.asynccontextmanager
async def connected(server: processes.Program) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(server.address, options=_OPTIONS) as channel:
        yield chat_service_pb2_grpc.ChatServiceStub(channel)


async def drawn(stub: Any, model: str = SLOW, **fields: Any) -> list[pb.Event]:
    call = stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec(model), **fields))
    return [event async for event in call]


async def until_error(call: Any) -> tuple[list[pb.Event], grpc.aio.AioRpcError]:
    """The events of a stream, and the error that it ends with."""
    events: list[pb.Event] = []
    try:
        async for message in call:
            event = message.event if isinstance(message, pb.ResumeCompletionResponse) else message
            events.append(event)
    except grpc.aio.AioRpcError as error:
        return events, error
    raise AssertionError("the stream was complete")


async def test_what_a_killed_server_drew_is_resumed_and_never_drawn_again(tmp_path: Path) -> None:
    ident = str(uuid.uuid4())
    kept = str(tmp_path / "kept")
    had: list[pb.Event] = []
    with processes.emulator() as emulator:
        with processes.server(emulator.address, keep_dir=kept) as server:
            async with connected(server) as stub:
                call = stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec(SLOW), request_id=ident))
                while sum(len(event.image_chunk.data) for event in had) < 1_000_000:
                    had.append(await call.read())
                server.process.kill()
        with processes.server(emulator.address, keep_dir=kept) as server:
            async with connected(server) as stub:
                again, error = await until_error(stub.ResumeCompletion(pb.ResumeCompletionRequest(request_id=ident)))
                repeated, second_error = await until_error(
                    stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec(SLOW), request_id=ident))
                )
        assert len(processes.ledger(emulator.address)) == 1
    for one in error, second_error:
        assert (told(one).code, told(one).info.reason, told(one).pushback) == ("ABORTED", "OUTCOME_UNKNOWN", "-1")
    *events, picture = flat(again)
    assert events == flat(had)[:-1]
    # What it had sent last need not have been written yet.
    shorter, longer = sorted((picture[2], flat(had)[-1][2]), key=len)
    assert longer.startswith(shorter)
    assert flat(repeated) == flat(again)


async def test_workers_share_what_is_kept(tmp_path: Path) -> None:
    kept = str(tmp_path / "kept")
    idents = [str(uuid.uuid4()) for _ in range(5)]
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, keep_dir=kept) as one,
        processes.server(emulator.address, keep_dir=kept) as two,
    ):
        async with connected(one) as first, connected(two) as second:
            asked = [(ident, stub) for ident in idents for stub in (first, second) * 4]
            answers = await asyncio.gather(
                *(drawn(stub, "gemini/emulator-drip-500-1000000", request_id=ident) for ident, stub in asked)
            )
        assert len(processes.ledger(emulator.address)) == len(idents)
    for ident in idents:
        same = [flat(answer) for (asked_ident, _), answer in zip(asked, answers, strict=True) if asked_ident == ident]
        assert all(answer == same[0] for answer in same)


async def test_a_disk_that_is_full_costs_no_picture(tmp_path: Path) -> None:
    kept = str(tmp_path / "kept")
    small_files = ("sh", "-c", 'ulimit -f 2000; exec "$@"', "sh")
    ident = str(uuid.uuid4())
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, before=small_files, keep_dir=kept) as server,
    ):
        async with connected(server) as stub:
            events = await drawn(stub, "gemini/emulator-size-3MB", request_id=ident)
            assert sum(len(event.image_chunk.data) for event in events) == 3_000_000
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await drawn(stub, "gemini/emulator-size-3MB", request_id=ident)
            assert told(failed.value).info.reason == "ANSWER_NOT_KEPT"
            small = await drawn(stub, "gemini/gemini-2.5-flash-image")
            assert small[-1].HasField("finished")
        assert server.log_line("the store of answers failed")["what"] == "keeping an answer"
        assert len(processes.ledger(emulator.address)) == 2
    assert os.listdir(f"{kept}/parts") == []  # noqa: PTH208
