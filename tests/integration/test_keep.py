"""Answers that are kept: resumed, joined, replayed."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire_server.contract import pb
from imagewire_server.core.store.local.answer_writer import AnswerWriter
from tests.conftest import Stack, running_stack, spec
from tests.integration.keeping import BIG, draw, draws, flat, resume
from tests.integration.shared_store import keep_settings
from tests.integration.status import told


@pytest.fixture(params=["local", "folder", "s3"])
async def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(**keep_settings(request, tmp_path)) as made:
        yield made


@pytest.mark.parametrize("model", [BIG, "gemini/gemini-2.5-flash-image"])
async def test_an_answer_is_resumed_from_any_event(keeping: Stack, model: str) -> None:
    events = await draw(keeping, model)
    completion_id = events[0].started.completion_id
    assert events[0].started.expire_time.seconds > events[0].started.create_time.seconds
    for after in range(events[-1].sequence + 1):
        again = await resume(keeping, completion_id=completion_id, after_sequence=after)
        assert flat(again) == [row for row in flat(events) if row[0] > after or (row[0] == after and len(row) == 3)]
    assert draws(keeping) == 1


async def test_an_answer_is_resumed_in_the_middle_of_a_picture(keeping: Stack) -> None:
    events = await draw(keeping)
    started = next(event for event in events if event.HasField("image_chunk"))
    whole = next(row for row in flat(events) if len(row) == 3)
    again = await resume(
        keeping, completion_id=events[0].started.completion_id, after_sequence=started.sequence, offset=1_234_567
    )
    assert flat(again)[0] == (started.sequence, 1_234_567, whole[2][1_234_567:])
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await resume(
            keeping, completion_id=events[0].started.completion_id, after_sequence=started.sequence, offset=3_000_001
        )
    assert [one.field for one in told(failed.value).bad.field_violations] == ["offset"]


async def test_an_answer_is_resumed_in_the_middle_of_its_second_picture(keeping: Stack) -> None:
    events = await draw(keeping, "gemini/emulator-two-images")
    _, second = (row for row in flat(events) if len(row) == 3)
    again = await resume(
        keeping, completion_id=events[0].started.completion_id, after_sequence=second[0], offset=100_000
    )
    assert flat(again)[0] == (second[0], 100_000, second[2][100_000:])


@pytest.mark.parametrize("after", [0, 2, 99])
async def test_an_offset_where_no_picture_begins_is_refused(keeping: Stack, after: int) -> None:
    events = await draw(keeping, "gemini/emulator-two-images")
    after = min(after, events[-1].sequence)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await resume(keeping, completion_id=events[0].started.completion_id, after_sequence=after, offset=7)
    assert [one.field for one in told(failed.value).bad.field_violations] == ["offset"]


async def test_a_second_picture_is_whole_behind_the_middle_of_the_first(keeping: Stack) -> None:
    events = await draw(keeping, "gemini/emulator-two-images")
    first, second = (row for row in flat(events) if len(row) == 3)
    again = await resume(keeping, completion_id=events[0].started.completion_id, after_sequence=first[0], offset=999)
    assert [row for row in flat(again) if len(row) == 3] == [(first[0], 999, first[2][999:]), second]


async def test_one_request_id_is_drawn_once(keeping: Stack) -> None:
    ident = str(uuid.uuid4())
    answers = await asyncio.gather(*(draw(keeping, request_id=ident) for _ in range(20)))
    assert draws(keeping) == 1
    assert all(flat(answer) == flat(answers[0]) for answer in answers)
    assert flat(await draw(keeping, request_id=ident)) == flat(answers[0])
    assert flat(await resume(keeping, request_id=ident)) == flat(answers[0])
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await draw(keeping, "gemini/gemini-2.5-flash-image", request_id=ident)
    assert (told(failed.value).code, told(failed.value).info.reason) == ("INVALID_ARGUMENT", "REQUEST_ID_REUSED")
    assert draws(keeping) == 1


async def test_a_request_id_is_the_same_in_upper_and_lower_case(keeping: Stack) -> None:
    ident = str(uuid.uuid4())
    events, again = await asyncio.gather(*(draw(keeping, request_id=one) for one in (ident.upper(), ident)))
    assert flat(events) == flat(again)
    assert flat(await draw(keeping, request_id=ident.upper())) == flat(events)
    for one in ident, ident.upper(), ident[:9].upper() + ident[9:]:
        assert flat(await resume(keeping, request_id=one)) == flat(events)
    assert draws(keeping) == 1


async def test_what_its_caller_left_is_drawn_to_its_end(keeping: Stack) -> None:
    call = keeping.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec(f"{BIG}")))
    first = await call.read()
    call.cancel()
    again = await resume(keeping, completion_id=first.started.completion_id)
    assert again[-1].HasField("finished")
    assert sum(len(event.image_chunk.data) for event in again) == 3_000_000
    assert keeping.emulator.ledger.entries[0].outcome == "ok"


async def test_cancel_ends_the_drawing_and_its_request_id_says_so(keeping: Stack) -> None:
    ident = str(uuid.uuid4())
    request = pb.StreamCompletionRequest(
        spec=spec("gemini/emulator-drip-3000"), request_id=ident, on_disconnect=pb.OnDisconnect.ON_DISCONNECT_CANCEL
    )
    call = keeping.chat.StreamCompletion(request)
    await call.read()
    call.cancel()
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await resume(keeping, request_id=ident)
    assert told(failed.value).info.reason == "ANSWER_NOT_KEPT"
    assert draws(keeping) == 1


async def test_a_picture_is_there_when_its_answer_is(keeping: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is slow."""
    add = AnswerWriter.add

    def slowly(writer: AnswerWriter, events: list[Any]) -> None:
        if any(isinstance(event, pb.Event) and event.HasField("part_finished") for event in events):
            time.sleep(0.2)
        add(writer, events)

    monkeypatch.setattr(AnswerWriter, "add", slowly)
    answer = await keeping.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec(BIG), max_inline_bytes=10_000))
    image_id = answer.candidates[0].message.image.image_id
    first = await anext(aiter(keeping.images.DownloadImage(pb.DownloadImageRequest(image_id=image_id))))
    assert first.image.size_bytes == 3_000_000


async def test_a_large_unary_answer_has_image_ids(keeping: Stack) -> None:
    answer = await keeping.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec("gemini/emulator-size-8MB")))
    image = answer.candidates[0].message.image
    assert (image.data, image.size_bytes, answer.HasField("expire_time")) == (b"", 8_000_000, True)
    call = keeping.images.DownloadImage(pb.DownloadImageRequest(image_id=image.image_id, offset=1_000_000))
    first, *chunks = [response async for response in call]
    assert first.image.sha256 == image.sha256
    data = b"".join(one.chunk.data for one in chunks)
    assert len(data) == 7_000_000
    events = await resume(keeping, completion_id=answer.completion_id)
    assert next(row for row in flat(events) if len(row) == 3)[2].endswith(data)
