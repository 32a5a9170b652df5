"""A store that several servers share: Redis and an object store, of which each may go away."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, rest_of, running_stack, spec
from tests.integration.keeping import BIG, draw, draws, flat, resume
from tests.integration.shared_store import Redis, keep_settings, running_redis
from tests.integration.status import told

pytestmark = pytest.mark.system

SMALL = "gemini/gemini-2.5-flash-image"
SLOW = "gemini/emulator-latency-14000"  # longer than servers wait after a restart of Redis
DRIP = "gemini/emulator-drip-2000"
STUCK = "gemini/emulator-stuck"  # half a picture, and then nothing: it runs as long as it may


@pytest.fixture(params=["folder", "s3"])
async def two(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Stack, Stack]]:
    settings = keep_settings(request, tmp_path)
    async with running_stack(**settings) as first, running_stack(beside=first, **settings) as second:
        yield first, second


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[tuple[Redis, Stack, Stack]]:
    """Two servers, and a Redis that only they use."""
    (tmp_path / "redis").mkdir()
    with running_redis(tmp_path / "redis") as redis:
        settings = {"keep": "shared", "keep_redis": redis.url, "keep_objects": f"file://{tmp_path}/objects"}
        async with running_stack(**settings) as first, running_stack(beside=first, **settings) as second:
            yield redis, first, second


def reason(failed: BaseException) -> str:
    assert isinstance(failed, grpc.aio.AioRpcError)
    return told(failed).info.reason


async def until_kept(stack: Stack, *, kept: bool = True) -> None:
    """Draw until the answer is kept, or is not."""
    async with asyncio.timeout(60):
        while (await draw(stack, SMALL))[0].started.HasField("expire_time") is not kept:
            pass


def draws_of(stack: Stack, model: str) -> int:
    return sum(model.partition("/")[2] in entry.path for entry in stack.emulator.ledger.entries)


async def test_two_servers_race_for_request_ids(two: tuple[Stack, Stack]) -> None:
    idents = [str(uuid.uuid4()) for _ in range(5)]
    answers = await asyncio.gather(
        *(draw(server, request_id=ident) for _ in range(4) for ident in idents for server in two)
    )
    assert draws(two[0]) == 5
    by_id: dict[str, list[pb.Event]] = {}
    for answer in answers:
        known = by_id.setdefault(answer[0].started.completion_id, answer)
        assert flat(answer) == flat(known)
    assert len(by_id) == 5


async def test_another_server_follows_a_drawing(two: tuple[Stack, Stack]) -> None:
    first, second = two
    call = first.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec("gemini/emulator-drip-4000-3MB")))
    started = await call.read()
    followed = second.chat.ResumeCompletion(pb.ResumeCompletionRequest(completion_id=started.started.completion_id))
    seen = await followed.read()
    while not seen.event.HasField("image_chunk"):
        seen = await followed.read()
    assert first.emulator.ledger.entries[0].outcome == "open"
    again = await resume(second, completion_id=started.started.completion_id)
    assert flat(again) == flat([started, *await rest_of(call)])
    assert (await followed.read()) is not grpc.aio.EOF
    followed.cancel()


async def test_a_picture_is_the_callers_on_each_server(two: tuple[Stack, Stack]) -> None:
    first, second = two
    answer = await first.chat.CreateCompletion(pb.CreateCompletionRequest(spec=spec("gemini/emulator-size-8MB")))
    image = answer.candidates[0].message.image
    call = second.images.DownloadImage(pb.DownloadImageRequest(image_id=image.image_id, offset=3_000_000))
    _, *chunks = [response async for response in call]
    assert sum(len(one.chunk.data) for one in chunks) == 5_000_000
    await second.images.DeleteImage(pb.DeleteImageRequest(image_id=image.image_id))
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await resume(first, completion_id=answer.completion_id)
    assert reason(failed.value) == "COMPLETION_NOT_FOUND"


async def test_redis_that_restarts_remembers_what_was_paid(own: tuple[Redis, Stack, Stack]) -> None:
    redis, first, second = own
    done, running = str(uuid.uuid4()), str(uuid.uuid4())
    answer = await draw(first, request_id=done)
    drawing = asyncio.create_task(draw(first, SLOW, request_id=running))
    while not draws_of(first, SLOW):  # noqa: ASYNC110  # the ledger is plain data
        await asyncio.sleep(0.01)
    redis.kill()
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await draw(second, request_id=str(uuid.uuid4()))
    assert reason(failed.value) == "STORE_UNAVAILABLE"
    redis.start()
    await until_kept(second)
    assert flat(await draw(second, request_id=done)) == flat(answer)
    assert flat(await draw(second, SLOW, request_id=running)) == flat(await drawing)
    assert (draws_of(first, BIG), draws_of(first, SLOW)) == (1, 1)


async def test_redis_that_forgets_is_told_what_is_being_drawn(own: tuple[Redis, Stack, Stack]) -> None:
    redis, first, second = own
    ident = str(uuid.uuid4())
    call = first.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec(STUCK), request_id=ident))
    while not (await call.read()).HasField("image_chunk"):
        pass
    # Redis has it too: of an answer of which nothing is written yet, the owner would tell Redis again, and go on.
    watched = second.chat.ResumeCompletion(pb.ResumeCompletionRequest(request_id=ident))
    while not (await watched.read()).event.HasField("image_chunk"):
        pass
    watched.cancel()
    redis.kill(forget=True)
    redis.start()
    # At once: this waits until the owner had the time to tell.
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await draw(second, STUCK, request_id=ident)
    assert reason(failed.value) == "ANSWER_NOT_KEPT"
    assert draws(first) == 1
    call.cancel()


async def test_a_call_goes_on_unkept_without_redis(own: tuple[Redis, Stack, Stack]) -> None:
    redis, first, _ = own
    call = first.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec("gemini/emulator-drip-2000-3MB")))
    await call.read()
    redis.kill()
    events = await rest_of(call)
    assert sum(len(event.image_chunk.data) for event in events) == 3_000_000
    assert events[-1].HasField("finished")
    await until_kept(first, kept=False)


async def test_a_call_goes_on_unkept_without_objects(own: tuple[Redis, Stack, Stack], tmp_path: Path) -> None:
    _, first, second = own
    objects = tmp_path / "objects"
    shutil.rmtree(objects)
    objects.write_bytes(b"in the way")
    answer = await draw(first)
    assert answer[-1].HasField("finished")
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await resume(second, completion_id=answer[0].started.completion_id)
    assert reason(failed.value) == "ANSWER_NOT_KEPT"
    objects.unlink()
    await until_kept(first)
    kept = await draw(first)
    assert flat(await resume(second, completion_id=kept[0].started.completion_id)) == flat(kept)


async def test_no_id_is_paid_twice_while_redis_restarts(own: tuple[Redis, Stack, Stack]) -> None:
    redis, first, second = own
    idents = [str(uuid.uuid4()) for _ in range(5)]
    answers: dict[str, list[list[tuple[Any, ...]]]] = {ident: [] for ident in idents}
    ended = set()

    async def ask(server: Stack, ident: str) -> None:
        """Until it is known what became of the request."""
        while True:
            try:
                answers[ident].append(flat(await draw(server, DRIP, request_id=ident)))
            except grpc.aio.AioRpcError as error:
                if reason(error) == "STORE_UNAVAILABLE":
                    continue
                ended.add(reason(error))
            return

    async with asyncio.TaskGroup() as group:
        for server in (first, second):
            for ident in idents:
                for _ in range(4):
                    group.create_task(ask(server, ident))
        while not draws_of(first, DRIP):  # noqa: ASYNC110  # the ledger is plain data
            await asyncio.sleep(0.01)
        redis.kill()
        redis.start()
    assert draws_of(first, DRIP) <= 5
    assert ended <= {"ANSWER_NOT_KEPT"}
    for found in answers.values():
        assert all(answer == found[0] for answer in found)
