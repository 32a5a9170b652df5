"""The answer cache: the same spec of the same caller is answered from the store, like a live answer."""

import asyncio
import contextlib
import hashlib
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from imagewire_server.contract import pb
from imagewire_server.core.store import cached_answer
from tests.conftest import Stack, running_stack, spec
from tests.deployments import google
from tests.integration.keeping import BIG, draw, draws, flat, resume
from tests.integration.shared_store import keep_settings
from tests.integration.status import told
from tests.pictures import encoded

SMALL = "gemini/gemini-2.5-flash-image"
HOUR, NOW = Duration(seconds=3600), Duration()


@pytest.fixture(params=["local", "folder"])
async def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(**keep_settings(request, tmp_path)) as made:
        yield made


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(keep="local", keep_dir=str(tmp_path / "kept")) as made:
        yield made


def unmarked(events: list[pb.Event]) -> list[tuple[Any, ...]]:
    """The events without what says that they are from the cache."""
    made = []
    for event in events:
        made.append(pb.Event())
        made[-1].CopyFrom(event)
    usage = made[-1].finished.usage
    for name in ("cached_answer", "cost_usd", "cost_nano_usd"):
        usage.ClearField(name)
    return flat(made)


async def asked(stack: Stack, made: pb.Spec, ttl: Duration = HOUR, **fields: Any) -> list[pb.Event]:
    request = pb.StreamCompletionRequest(spec=made, cache_ttl=ttl, **fields)
    return [event async for event in stack.chat.StreamCompletion(request)]


@pytest.mark.parametrize("model", [BIG, SMALL, "gemini/emulator-two-images"])
async def test_the_same_spec_is_answered_from_the_store_like_a_live_answer(keeping: Stack, model: str) -> None:
    first = await draw(keeping, model, cache_ttl=HOUR)
    assert not first[-1].finished.usage.cached_answer
    again = await draw(keeping, model, cache_ttl=HOUR)
    usage = again[-1].finished.usage
    assert (usage.cached_answer, usage.cost_usd, usage.cost_nano_usd) == (True, 0.0, 0)
    assert usage.HasField("cost_nano_usd")
    assert unmarked(again) == unmarked(first)
    assert draws(keeping) == 1


async def test_a_unary_answer_is_found_by_a_stream_and_says_so_in_its_trailers(keeping: Stack) -> None:
    request = pb.CreateCompletionRequest(spec=spec(SMALL), cache_ttl=HOUR)
    drawn = await keeping.chat.CreateCompletion(request)
    call = keeping.chat.CreateCompletion(request)
    again = await call
    trailers = dict(await call.trailing_metadata())
    assert (trailers["x-imagewire-cached-answers"], "x-imagewire-attempts" in trailers) == ("1", False)
    assert again.usage.cached_answer
    assert again.candidates == drawn.candidates
    events = await draw(keeping, SMALL, cache_ttl=HOUR)
    assert events[0].started.completion_id == drawn.completion_id == again.completion_id
    assert draws(keeping) == 1


@pytest.mark.parametrize(
    "other",
    [
        spec(SMALL, "An apple"),
        spec("gemini-2.5-flash-image"),
        spec(SMALL, generation_config=pb.GenerationConfig(seed=7)),
        spec(SMALL, generation_config=pb.GenerationConfig(temperature=0.5)),
        spec(SMALL, image_config=pb.ImageConfig(aspect_ratio="16:9")),
    ],
)
async def test_another_spec_is_drawn(local: Stack, other: pb.Spec) -> None:
    await asked(local, spec(SMALL))
    await asked(local, other)
    assert draws(local) == 2
    await asked(local, other)
    assert draws(local) == 2


async def test_it_is_off_unless_asked_for(keeping: Stack) -> None:
    for _ in range(2):
        await draw(keeping, SMALL)
    assert draws(keeping) == 2
    await draw(keeping, SMALL, cache_ttl=HOUR)  # what was drawn without it is not found
    assert draws(keeping) == 3
    await draw(keeping, SMALL)
    assert draws(keeping) == 4


async def test_none_older_than_the_caller_says(keeping: Stack) -> None:
    await draw(keeping, SMALL, cache_ttl=HOUR)
    await draw(keeping, SMALL, cache_ttl=Duration(nanos=1))
    assert draws(keeping) == 2


async def test_zero_draws_anew_and_the_newest_is_found(keeping: Stack) -> None:
    first = await draw(keeping, SMALL, cache_ttl=HOUR)
    fresh = await draw(keeping, SMALL, cache_ttl=NOW)
    again = await draw(keeping, SMALL, cache_ttl=HOUR)
    ids = [events[0].started.completion_id for events in (first, fresh, again)]
    assert ids[0] != ids[1] == ids[2]
    assert draws(keeping) == 2


async def test_a_request_id_has_its_cached_answer_for_good(keeping: Stack) -> None:
    await draw(keeping, cache_ttl=HOUR)
    mine = str(uuid.uuid4())
    answers = await asyncio.gather(*(draw(keeping, request_id=mine, cache_ttl=HOUR) for _ in range(8)))
    again = await draw(keeping, request_id=mine)
    assert all(flat(answer) == flat(again) for answer in answers)
    assert again[-1].finished.usage.cached_answer
    assert flat(await resume(keeping, request_id=mine)) == flat(again)
    started = next(event for event in again if event.HasField("image_chunk"))
    middle = await resume(keeping, request_id=mine, after_sequence=started.sequence, offset=1_234_567)
    whole = next(row for row in flat(again) if len(row) == 3)
    assert flat(middle)[0] == (started.sequence, 1_234_567, whole[2][1_234_567:])
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await draw(keeping, SMALL, request_id=mine, cache_ttl=HOUR)
    assert told(failed.value).info.reason == "REQUEST_ID_REUSED"
    assert draws(keeping) == 1


async def test_a_deleted_picture_does_not_come_back(keeping: Stack) -> None:
    first = await draw(keeping, SMALL, cache_ttl=HOUR)
    mine = str(uuid.uuid4())
    await draw(keeping, SMALL, request_id=mine, cache_ttl=HOUR)
    image = next(event.part_finished.image for event in first if event.part_finished.HasField("image"))
    await keeping.images.DeleteImage(pb.DeleteImageRequest(image_id=image.image_id))
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await draw(keeping, SMALL, request_id=mine, cache_ttl=HOUR)
    assert told(failed.value).info.reason == "ANSWER_NOT_KEPT"
    again = await draw(keeping, SMALL, cache_ttl=HOUR)
    assert not again[-1].finished.usage.cached_answer
    assert draws(keeping) == 2


async def test_a_request_id_does_not_outlive_its_cached_answer(keeping: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    await draw(keeping, SMALL, cache_ttl=HOUR)
    mine = str(uuid.uuid4())
    await draw(keeping, SMALL, request_id=mine, cache_ttl=HOUR)
    later = SimpleNamespace(time=lambda: time.time() + 90_000)  # for the first answer; the id itself is newer
    monkeypatch.setattr(cached_answer, "time", later)
    for asks in (draw(keeping, SMALL, request_id=mine), resume(keeping, request_id=mine)):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await asks
        assert told(failed.value).info.reason == "ANSWER_NOT_KEPT"
    assert draws(keeping) == 1


async def test_other_callers_draw_their_own(tmp_path: Path) -> None:
    async with (
        running_stack(keep="local", keep_dir=str(tmp_path / "kept")) as anonymous,
        running_stack(keep="local", keep_dir=str(tmp_path / "kept"), master_key="k", beside=anonymous) as with_key,
    ):
        for stack in (anonymous, with_key, anonymous, with_key):
            request = pb.StreamCompletionRequest(spec=spec(SMALL), cache_ttl=HOUR)
            call = stack.chat.StreamCompletion(request, metadata=[("authorization", "Bearer k")])
            assert [event async for event in call]
        assert draws(anonymous) == 2


@pytest.mark.parametrize("asks", ["cut", "block=SAFETY", "finish=NO_IMAGE", "finish=STOP", "finish=MAX_TOKENS"])
async def test_what_nobody_would_pay_for_is_not_sent_again(local: Stack, asks: str) -> None:
    for _ in range(2):
        with contextlib.suppress(grpc.aio.AioRpcError):
            await asked(local, spec(SMALL, f"A banana x-emulate: {asks}"))
    assert draws(local) == 2


async def test_a_text_is_sent_again_where_no_picture_was_asked(local: Stack) -> None:
    made = spec("gemini/emulator-finish-stop", response_modalities=[pb.Modality.MODALITY_TEXT])
    for _ in range(2):
        await asked(local, made)
    assert draws(local) == 1


async def test_input_pictures_count_by_their_content(keeping: Stack) -> None:
    data, other = encoded("PNG", 64, 48), encoded("PNG", 48, 64)

    def edit(**fields: Any) -> pb.Spec:
        message = pb.ChatMessage(role=pb.Role.ROLE_USER, content="Make it blue", image=pb.Image(**fields))
        return pb.Spec(model=SMALL, messages=[message])

    sha = hashlib.sha256(data).digest()
    described = pb.Image(mime_type="image/png", size_bytes=len(data), sha256=sha)
    chunk = pb.ImageData(data=data)
    requests = iter([pb.UploadImageRequest(image=described), pb.UploadImageRequest(chunk=chunk)])
    uploaded = (await keeping.images.UploadImage(requests)).image
    await asked(keeping, edit(data=data, mime_type="image/png"))
    for same in (edit(sha256=sha), edit(image_id=uploaded.image_id), edit(data=data, mime_type="image/png")):
        assert (await asked(keeping, same))[-1].finished.usage.cached_answer
    assert not (await asked(keeping, edit(data=other, mime_type="image/png")))[-1].finished.usage.cached_answer
    assert draws(keeping) == 2


async def test_the_configuration_turns_it_on_for_all_and_for_a_deployment(tmp_path: Path) -> None:
    async with running_stack(keep="local", keep_dir=str(tmp_path / "all"), cache_ttl=600.0) as stack:
        for _ in range(2):
            await draw(stack, SMALL)
        assert draws(stack) == 1
        await draw(stack, SMALL, cache_ttl=NOW)
        assert draws(stack) == 2
    deployments = tuple(
        google(name, name, "gemini", "gemini-2.5-flash-image", api_key="emulator-key", cache_ttl=ttl)
        for name, ttl in (("cached", 600.0), ("fresh", None), ("off", 0.0))
    )
    async with running_stack(deployments, keep="local", keep_dir=str(tmp_path / "one")) as stack:
        for model in ("cached", "fresh", "off"):
            for _ in range(2):
                await draw(stack, model)
        assert draws(stack) == 5


async def test_an_age_that_cannot_be_is_refused(local: Stack) -> None:
    for ttl, words in (
        (Duration(seconds=-1), "must be from 0"),
        (Duration(seconds=90_000), "keeps answers for 86400 s: ask for at most that"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await draw(local, SMALL, cache_ttl=ttl, request_id=str(uuid.uuid4()))
        [one] = told(failed.value).bad.field_violations
        assert (one.field, words in one.description) == ("cache_ttl", True)
    picture = pb.Image(uri="gs://bucket/cat.png", mime_type="image/png")
    message = pb.ChatMessage(role=pb.Role.ROLE_USER, content="Make it blue", image=picture)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await asked(local, pb.Spec(model="vertex_ai/gemini-2.5-flash-image", messages=[message]))
    assert "by URI" in (failed.value.details() or "")
    assert draws(local) == 0


async def test_a_server_that_keeps_nothing_has_no_cache(stack: Stack) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await draw(stack, SMALL, cache_ttl=HOUR)
    assert told(failed.value).info.reason == "KEEP_OFF"
    assert "cache_ttl" in (failed.value.details() or "")
    await draw(stack, SMALL, cache_ttl=NOW)
    assert draws(stack) == 1


async def test_another_worker_and_the_next_start_find_it(tmp_path: Path) -> None:
    settings = {"keep": "local", "keep_dir": str(tmp_path / "kept")}
    async with running_stack(**settings) as one, running_stack(**settings, beside=one) as other:
        mine = str(uuid.uuid4())
        first = await draw(one, SMALL, cache_ttl=HOUR, request_id=mine)
        again = await draw(other, SMALL, cache_ttl=HOUR)
        assert (unmarked(again), draws(one)) == (unmarked(first), 1)
        upstream = one.emulator.base_url
    async with running_stack(**settings, gemini_base_url=upstream) as next_start:
        assert unmarked(await draw(next_start, SMALL, cache_ttl=HOUR)) == unmarked(first)
        assert draws(next_start) == 0


async def test_a_chat_that_goes_on_by_id_counts_by_its_messages(keeping: Stack) -> None:
    first = await draw(keeping, SMALL, cache_ttl=HOUR)
    more = spec(SMALL, "Make it blue", previous_completion_id=first[0].started.completion_id)
    turn = await asked(keeping, more)
    again = await asked(keeping, more)
    assert (unmarked(again), draws(keeping)) == (unmarked(turn), 2)
    # A chat goes on from what came from the cache, too.
    third = spec(SMALL, "Make it red", previous_completion_id=again[0].started.completion_id)
    assert (await asked(keeping, third))[-1].HasField("finished")
