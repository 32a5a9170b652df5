"""A kept answer that is damaged: a call that has sent nothing yet draws, and a stream says what to do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from imagewire_server.contract import pb
from tests.conftest import Stack, running_stack, spec
from tests.integration.keeping import BIG, draw, draws
from tests.integration.status import told
from tests.integration.test_answer_cache import HOUR

ID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(keep="local", keep_dir=str(tmp_path), rest=True) as made:
        yield made


async def damage(stack: Stack, folder: Path) -> None:
    """Flip one bit of the kept picture, at three quarters."""
    store = stack.server.keeper._store
    assert store is not None
    await store.flush()

    def flip() -> None:
        [file] = [one for one in folder.rglob("*") if one.is_file() and one.stat().st_size >= 3_000_000]
        data = bytearray(file.read_bytes())
        data[len(data) * 3 // 4] ^= 1
        file.write_bytes(data)

    await asyncio.to_thread(flip)


async def unary(stack: Stack) -> str:
    call = stack.chat.CreateCompletion(
        pb.CreateCompletionRequest(spec=spec(BIG), cache_ttl=HOUR, max_inline_bytes=30_000_000)
    )
    await call
    return dict(await call.trailing_metadata()).get("x-imagewire-cached-answers", "")


async def rest(stack: Stack, path: str, **body: Any) -> str:
    answer = await stack.rest.post(f"/v1/{path}", json={"model": BIG, "cache": {"ttl": 600}, **body})
    assert answer.status_code == 200, answer.text[:500]
    return str(answer.headers.get("x-imagewire-cached-answers", ""))


async def chat(stack: Stack) -> str:
    return await rest(stack, "chat/completions", messages=[{"role": "user", "content": "A banana"}])


async def images(stack: Stack) -> str:
    return await rest(stack, "images/generations", prompt="A banana")


@pytest.mark.parametrize("ask", [unary, chat, images])
async def test_what_has_sent_nothing_yet_is_drawn(local: Stack, tmp_path: Path, ask: Any) -> None:
    assert await ask(local) == ""
    assert await ask(local) == "1"
    await damage(local, tmp_path)
    assert await ask(local) == ""
    assert await ask(local) == "1"
    assert draws(local) == 2


@pytest.mark.parametrize(
    ("fields", "words"), [({}, "send the request again"), ({"request_id": ID}, "with a new request_id")]
)
async def test_a_stream_speaks_only_of_a_request_id_that_was_sent(
    local: Stack, tmp_path: Path, fields: dict[str, str], words: str
) -> None:
    await draw(local, cache_ttl=HOUR)
    await damage(local, tmp_path)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await draw(local, cache_ttl=HOUR, **fields)
    assert told(failed.value).info.reason == "ANSWER_NOT_KEPT"
    message = failed.value.details() or ""
    assert (words in message, "request_id" in message) == (True, bool(fields))
    assert not (await draw(local, cache_ttl=HOUR))[-1].finished.usage.cached_answer
