"""Another process has locked the database of kept answers: calls go on without it, and are told what is so."""

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from imagewire_server.api.grpc import call_context
from imagewire_server.contract import pb
from imagewire_server.core import metrics
from imagewire_server.core.store.local import writer
from tests.conftest import Stack, running_stack, spec
from tests.integration.keeping import draw, resume
from tests.integration.status import told
from tests.integration.test_kept_images import PICTURE, described, upload


@pytest.fixture
async def keeping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stack]:
    monkeypatch.setattr(call_context, "_MARGIN", 3.0)  # also on a busy machine the server's words are the first
    async with running_stack(keep="local", keep_dir=str(tmp_path / "kept")) as made:
        yield made


async def reason_of(call: object) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call  # type: ignore[misc]
    return told(failed.value).info.reason


async def out_of_time(stack: Stack) -> str:
    """What a caller is told whose deadline passes while its picture arrives."""
    request = pb.StreamCompletionRequest(spec=spec("gemini/emulator-drip-60000"))
    with pytest.raises(grpc.aio.AioRpcError) as late:
        [event async for event in stack.chat.StreamCompletion(request, timeout=6.0)]
    return told(late.value).message


async def test_calls_go_on_and_are_kept_again_when_it_is_free(
    keeping: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LONGEST", 0.5)
    counted: list[None] = []
    monkeypatch.setattr(metrics, "count_not_kept", lambda: counted.append(None))
    other = sqlite3.connect(tmp_path / "kept" / "answers.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    events, refused, image = await asyncio.gather(
        draw(keeping),
        reason_of(draw(keeping, request_id=str(uuid.uuid4()))),
        reason_of(upload(keeping, described(PICTURE), (0, PICTURE))),
    )
    assert (refused, image) == ("STORE_UNAVAILABLE", "STORE_UNAVAILABLE")
    assert sum(len(event.image_chunk.data) for event in events) == 3_000_000
    assert len(counted) == 1
    assert not (await draw(keeping))[0].started.HasField("expire_time"), "it is known by then"
    words = await out_of_time(keeping)
    assert "it is drawn to its end and may be charged, but it may not be kept" in words
    assert "request_id" not in words
    other.execute("ROLLBACK")
    other.close()
    async with asyncio.timeout(60):
        while not (events := await draw(keeping))[0].started.HasField("expire_time"):
            pass
    again = await resume(keeping, completion_id=events[0].started.completion_id)
    assert again[-1].HasField("finished")


async def test_a_deadline_of_a_drawing_that_is_kept_says_so(keeping: Stack) -> None:
    words = await out_of_time(keeping)
    assert "it is drawn to its end and kept: resume it" in words
    assert "request_id" not in words
