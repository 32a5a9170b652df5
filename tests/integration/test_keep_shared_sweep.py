"""What a shared store removes: what is old, what is too much, and what nobody refers to."""

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from imagewire_server.config.source import ConfigError
from imagewire_server.contract import pb
from imagewire_server.core.access.caller import ANONYMOUS
from imagewire_server.core.store.opening import open_store
from imagewire_server.core.store.records import Kept, State
from imagewire_server.core.store.shared.connection import Connection
from imagewire_server.core.store.shared.database import Database
from imagewire_server.core.store.shared.objects import Objects
from imagewire_server.core.store.shared.store import SharedStore
from imagewire_server.core.store.shared.sweep import Sweep
from tests import deployments
from tests.conftest import Stack, running_stack, spec
from tests.integration import processes
from tests.integration.keeping import draw, resume
from tests.integration.shared_store import Redis, running_redis
from tests.integration.status import told

pytestmark = pytest.mark.system

STUCK = "gemini/emulator-stuck"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    (tmp_path / "redis").mkdir()
    with running_redis(tmp_path / "redis") as made:
        yield made


@pytest.fixture
def objects(tmp_path: Path) -> Path:
    return tmp_path / "objects"


def settings(redis: Redis, objects: Path) -> dict[str, str]:
    return {"keep": "shared", "keep_redis": redis.url, "keep_objects": f"file://{objects}"}


@pytest.fixture
async def sweep(redis: Redis, objects: Path) -> AsyncIterator[Sweep]:
    """That of a server, to be called at once."""
    connection = Connection(redis.url)
    yield Sweep(Database(connection), Objects(f"file://{objects}"), 6_000_000)
    await connection.aclose()


def files(objects: Path) -> list[str]:
    return sorted(str(file.relative_to(objects)) for file in objects.rglob("*") if file.is_file())


def keys(redis: Redis) -> set[str]:
    """All but those that always stay."""
    with redis.client as client:
        found = {key.decode().removeprefix("imagewire:") for key in client.keys("*")}
        assert int(client.get("imagewire:total") or 0) >= 0
    return found - {"run", "total", "expire", "collect", "secret"}


async def kept(redis: Redis, stack: Stack, **fields: str) -> str:
    """Draw, and return the id when all of the answer is in the store."""
    ident = (await draw(stack, **fields))[0].started.completion_id
    with redis.client as client:
        async with asyncio.timeout(60):
            while client.hget(f"imagewire:c:{ident}", "state") != b"ended":  # noqa: ASYNC110  # Redis does not tell
                await asyncio.sleep(0.01)
    return ident


async def test_the_oldest_make_room(redis: Redis, objects: Path, sweep: Sweep) -> None:
    async with running_stack(**settings(redis, objects)) as stack:
        ids = [await kept(redis, stack) for _ in range(3)]
        await sweep.make_room()
        for gone in ids[:2]:
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await resume(stack, completion_id=gone)
            assert told(failed.value).info.reason == "COMPLETION_NOT_FOUND"
        assert (await resume(stack, completion_id=ids[2]))[-1].HasField("finished")
    assert {file.split("/")[1] for file in files(objects)} == {ids[2]}


async def test_what_made_room_is_not_paid_again(redis: Redis, objects: Path, sweep: Sweep) -> None:
    ident = str(uuid.uuid4())
    async with running_stack(**settings(redis, objects)) as stack:
        gone = await kept(redis, stack, request_id=ident)
        for _ in range(2):
            await kept(redis, stack)
        await sweep.make_room()
        assert gone not in {file.split("/")[1] for file in files(objects)}
        for again in (draw(stack, request_id=ident), resume(stack, request_id=ident)):
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await again
            assert told(failed.value).info.reason == "ANSWER_NOT_KEPT"
        assert len(stack.emulator.ledger.entries) == 3
        with redis.client as client:
            assert client.zscore("imagewire:ages", f"answers/{gone}") is None
            assert 0 < client.pttl(f"imagewire:c:{gone}") <= 25 * 3600 * 1000


async def test_a_cached_answer_that_made_room_is_drawn_anew(redis: Redis, objects: Path, sweep: Sweep) -> None:
    async with running_stack(**settings(redis, objects), cache_ttl=600.0) as stack:
        ident = await kept(redis, stack)
        assert (await draw(stack))[-1].finished.usage.cached_answer
        with redis.client as client:
            [key] = client.keys("imagewire:k:*")
            assert 0 < client.pttl(key) <= 24 * 3600 * 1000
        sweep._max_bytes = sweep.most = 1
        await sweep.make_room()
        again = await draw(stack)
        assert not again[-1].finished.usage.cached_answer
        assert again[0].started.completion_id != ident
        assert len(stack.emulator.ledger.entries) == 2


async def test_room_is_made_behind_what_is_still_read(redis: Redis, objects: Path) -> None:
    connection = Connection(redis.url)
    database = Database(connection)
    small = Sweep(database, Objects(f"file://{objects}"), 100)
    for n in range(70):
        state = State.RUNNING if n else State.ENDED
        await database.put(Kept(f"cmpl-{n}", "me", "", b"f", 1.0, time.time() + 1000 + n, state=state), 10)
    await database.beat(["cmpl-0"])
    for n in (70, 71):
        await database.put(Kept(f"cmpl-{n}", "me", "", b"f", 1.0, time.time() + 2000, state=State.ENDED), 10)
    await small.make_room()
    here = [await database.by_id(f"cmpl-{n}") for n in (0, 1, 69, 70, 71)]
    assert [one is not None for one in here] == [True, True, True, False, False]
    await database.leave(["cmpl-0"])
    await small.make_room()
    assert await database.by_id("cmpl-0") is None
    await connection.aclose()


async def test_what_is_drawn_for_longer_than_it_is_kept_is_drawn_once(
    redis: Redis, objects: Path, sweep: Sweep
) -> None:
    ident = str(uuid.uuid4())
    async with running_stack(**settings(redis, objects), keep_ttl=0.001) as stack:
        call = stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec(STUCK), request_id=ident))
        while not (await call.read()).HasField("image_chunk"):
            pass
        await sweep.expire()
        connection = Connection(redis.url)
        database = Database(connection)
        found = await database.by_request(ANONYMOUS.id, ident)
        assert found is not None
        assert found.expires < time.time()
        again = replace(found, completion_id="cmpl-again", expires=time.time() + 1000)
        assert await database.claim(again) == (0.0, found)
        await connection.aclose()
        call.cancel()


async def test_a_redis_that_forgets_has_one_secret_again(redis: Redis, objects: Path) -> None:
    async def started() -> SharedStore:
        store = SharedStore(Connection(redis.url), Objects(f"file://{objects}"), ttl=1000, max_bytes=1_000_000)
        await store.start()
        return store

    first = await started()
    with redis.client as client:
        client.flushall()
    second = await started()
    async with asyncio.timeout(60):
        while first.secret != second.secret:  # noqa: ASYNC110  # the store does not tell
            await asyncio.sleep(0.01)
    assert not first.is_down
    for store in (first, second):
        await store.aclose()


async def test_an_empty_secret_in_redis_is_replaced_and_another_one_is_refused(redis: Redis, objects: Path) -> None:
    given = deployments.settings(**settings(redis, objects))
    with redis.client as client:
        client.set("imagewire:secret", b"")
        store = await open_store(given)
        assert store is not None
        assert client.get("imagewire:secret") == store.secret != bytes(32)
        assert (len(store.secret), store.is_down) == (32, False)
        await store.aclose()
        client.set("imagewire:secret", b"short")
        words = r"imagewire\.keep_redis: redis://.*: the key imagewire:secret in Redis: has 5 bytes, .* or remove it"
        with pytest.raises(ConfigError, match=words):
            await open_store(given)


async def test_what_is_expired_leaves_nothing(redis: Redis, objects: Path, sweep: Sweep) -> None:
    async with running_stack(**settings(redis, objects), keep_ttl=0.001) as stack:
        await kept(redis, stack)
        assert files(objects)
        await sweep.expire()
    assert (files(objects), keys(redis)) == ([], set())
    with redis.client as client:
        assert client.get("imagewire:total") == b"0"


async def test_objects_that_nothing_refers_to_are_removed(redis: Redis, objects: Path, sweep: Sweep) -> None:
    async with running_stack(**settings(redis, objects)) as stack:
        await draw(stack)
    known = files(objects)
    for name in ("answers/cmpl-lost/0/0", "uploads/cut/0/0"):
        for age, number in ((3 * 3600, "0"), (0, "1")):
            file = objects / name[:-1] / number
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"left over")
            os.utime(file, (time.time() - age,) * 2)
    for file in known:
        os.utime(objects / file, (time.time() - 3 * 3600,) * 2)
    await sweep.collect()
    assert files(objects) == sorted([*known, "answers/cmpl-lost/0/1", "uploads/cut/0/1"])


async def test_an_upload_that_is_cut_leaves_nothing(redis: Redis, objects: Path) -> None:
    async with running_stack(**settings(redis, objects)) as stack:
        image = pb.Image(mime_type="image/png", size_bytes=3_000_000, sha256=bytes(32))
        call = stack.images.UploadImage()
        await call.write(pb.UploadImageRequest(image=image))
        for offset in (0, 1_500_000):
            await call.write(pb.UploadImageRequest(chunk=pb.ImageData(offset=offset, data=bytes(1_500_000))))
        await call.done_writing()
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await call
        assert told(failed.value).code == "INVALID_ARGUMENT"
    assert (files(objects), keys(redis)) == ([], set())


async def test_an_owner_that_is_killed_leaves_the_outcome_unknown(redis: Redis, objects: Path) -> None:
    ident = "5a4b7e0e-34a8-4f0d-9c5b-0f6c2f3c5a11"
    async with running_stack(**settings(redis, objects)) as stack:
        owner = processes.server(stack.emulator.base_url, **settings(redis, objects))
        program = await asyncio.to_thread(owner.__enter__)
        try:
            async with grpc.aio.insecure_channel(program.address) as channel:
                call = Stack(stack.emulator, stack.server, "", channel, stack.rest).chat.StreamCompletion(
                    pb.StreamCompletionRequest(spec=spec(STUCK), request_id=ident)
                )
                while not (await call.read()).HasField("image_chunk"):
                    pass
                program.process.kill()
        finally:
            await asyncio.to_thread(owner.__exit__, None, None, None)
        for again in (draw(stack, STUCK, request_id=ident), resume(stack, request_id=ident)):
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await again
            assert told(failed.value).info.reason == "OUTCOME_UNKNOWN"
        assert len(stack.emulator.ledger.entries) == 1
