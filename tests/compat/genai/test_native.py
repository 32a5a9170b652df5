"""Google's SDK through our server, with nothing changed but the base URL and the key: it says what it says directly."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from google import genai
from google.genai import errors, types

from tests.compat.genai.native_clients import KEY, Pair, client, running, said
from tests.compat.genai.test_congruence import CASES, LITE, NEW, REFUSED, Case, _config, _media_type
from tests.conftest import Stack

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # Google's SDK subclasses aiohttp's session, and sends bodies in one piece. aiohttp advises against both.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning"),
]

# Beside those of the other table: what an answer may hold that only Google's own format has a place for.
MORE = {
    f"more-{name}": Case(f"{NEW}--{name}")
    for name in (
        *("native-parts", "native-parts-signed", "executable-code", "code-execution-result", "tool-call"),
        *("file-data", "audio", "video-metadata", "part-metadata", "model-status", "unicode", "snake-case", "nulls"),
        *("data-first", "usage-split", "early-stop", "continuation", "finish-safety", "block-other", "declined"),
    )
}
TABLE = CASES | MORE


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers() -> AsyncIterator[dict[bool, tuple[Stack, Pair]]]:
    async with running(vertex=False) as gemini, running(vertex=True, beside=gemini[0]) as vertex:
        yield {False: gemini, True: vertex}


async def _chat(given: genai.Client, case: Case, *, stream: bool) -> list[Any]:
    chat = given.aio.chats.create(model=case.model, config=_config(case.options))
    images = [types.Part.from_bytes(data=data, mime_type=_media_type(data)) for data in case.images]
    found: list[Any] = []
    for message in ([*images, case.prompt], *case.edits):
        if stream:
            found.append([said(chunk) async for chunk in await chat.send_message_stream(message)])  # type: ignore[arg-type]
        else:
            found.append(said(await chat.send_message(message)))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "streamed"])
@pytest.mark.parametrize("name", TABLE)
async def test_the_answer_is_the_same(servers: dict[bool, tuple[Stack, Pair]], name: str, *, stream: bool) -> None:
    case = TABLE[name]
    stack, pair = servers[case.vertex]
    before = len(stack.emulator.ledger.entries)
    directly, through = [await _chat(one, case, stream=stream) for one in pair]
    assert through == directly
    assert through
    entries = [(entry.body, entry.model, entry.stream) for entry in stack.emulator.ledger.entries][before:]
    half = len(entries) // 2
    assert entries[half:] == entries[:half] or "continuation" in name  # its token is another each time


@pytest.mark.parametrize("name", REFUSED)
async def test_an_error_has_the_same_code(servers: dict[bool, tuple[Stack, Pair]], name: str) -> None:
    case, status = REFUSED[name]
    told = []
    for one in servers[case.vertex][1]:
        for ask in (one.aio.models.generate_content, one.aio.models.generate_content_stream):
            with pytest.raises(errors.APIError) as failed:
                async for _ in await ask(model=case.model, contents="x"):
                    pass
            told.append((type(failed.value), failed.value.code, failed.value.status))
    assert len(set(told)) == 1
    assert told[0][2] == status


@pytest.mark.parametrize("vertex", [False, True], ids=["gemini", "vertex"])
async def test_tokens_are_counted(servers: dict[bool, tuple[Stack, Pair]], *, vertex: bool) -> None:
    counts = [said(await one.aio.models.count_tokens(model=NEW, contents="A banana")) for one in servers[vertex][1]]
    assert counts[0] == counts[1]
    assert counts[0]["total_tokens"] == 2


@pytest.mark.parametrize("vertex", [False, True], ids=["gemini", "vertex"])
async def test_models_are_listed_and_can_be_asked_by_their_listed_names(
    servers: dict[bool, tuple[Stack, Pair]], *, vertex: bool
) -> None:
    _, (directly, through) = servers[vertex]
    asked = types.ListModelsConfig(page_size=2, query_base=True)
    listed = [model.name or "" async for model in await through.aio.models.list(config=asked)]
    known = {(model.name or "").rpartition("/")[2] async for model in await directly.aio.models.list(config=asked)}
    assert {name.rpartition("/")[2] for name in listed} <= known
    assert len(listed) == len(set(listed)) >= 4
    chosen = next(name for name in listed if name.endswith(LITE))
    assert (await through.aio.models.generate_content(model=chosen, contents="A banana")).candidates
    assert (await through.aio.models.get(model=LITE)).name in {f"models/{LITE}", f"publishers/google/models/{LITE}"}
    with pytest.raises(errors.ClientError) as failed:
        await through.aio.models.get(model="nope")
    assert failed.value.code == 404


async def test_the_sync_client_and_express_mode(servers: dict[bool, tuple[Stack, Pair]]) -> None:
    gemini, vertex = servers[False][1], servers[True][1]
    express = client(str(servers[True][0].rest.base_url), KEY, vertex=True, express=True)

    def asked() -> None:
        for given, expected in ((gemini.through, gemini.directly), (express, vertex.directly)):
            unary, whole = (one.models.generate_content(model=NEW, contents="A banana") for one in (given, expected))
            assert said(unary) == said(whole)
            streams = [
                [said(chunk) for chunk in one.models.generate_content_stream(model=NEW, contents="A banana")]
                for one in (given, expected)
            ]
            assert streams[0] == streams[1]

    with express:
        await asyncio.to_thread(asked)


@pytest.mark.parametrize("vertex", [False, True], ids=["gemini", "vertex"])
async def test_a_wrong_key_is_what_it_is_directly(servers: dict[bool, tuple[Stack, Pair]], *, vertex: bool) -> None:
    stack, _ = servers[vertex]
    told = []
    for url in (stack.emulator.base_url, str(stack.rest.base_url)):
        wrong = client(url, "wrong", vertex=vertex)
        with pytest.raises(errors.ClientError) as failed:
            await wrong.aio.models.generate_content(model=NEW, contents="x")
        told.append((failed.value.code, failed.value.status, (failed.value.message or "")[:40]))
        await wrong.aio.aclose()
        wrong.close()
    assert told[0] == told[1]


async def test_what_is_not_served_is_a_client_error_with_a_reason(servers: dict[bool, tuple[Stack, Pair]]) -> None:
    through = servers[False][1].through
    calls = (
        through.aio.files.list(),
        through.aio.files.get(name="files/x"),
        through.aio.caches.list(),
        through.aio.caches.create(model=NEW, config={"contents": "x"}),
        through.aio.models.embed_content(model=NEW, contents="x"),
        through.aio.batches.create(model=NEW, src=[{"contents": "x"}]),  # type: ignore[list-item]
        servers[True][1].through.aio.tunings.list(),
        through.aio.files.upload(file=io.BytesIO(b"x"), config={"mime_type": "image/png"}),
    )
    for call in calls:
        with pytest.raises(errors.ClientError) as failed:
            await call
        assert (failed.value.code, failed.value.status) == (404, "UNIMPLEMENTED"), failed.value
        assert "does not serve" in (failed.value.message or "")


async def test_an_error_inside_a_stream_comes_as_googles_does(servers: dict[bool, tuple[Stack, Pair]]) -> None:
    told = []
    for one in servers[False][1]:
        stream = await one.aio.models.generate_content_stream(model=f"{NEW}--error-in-stream", contents="x")
        chunks: list[Any] = []
        with pytest.raises(errors.APIError) as failed:
            await _gather(stream, chunks)
        told.append((chunks, type(failed.value)))
    assert told[0] == told[1]
    assert told[0][0]


async def _gather(stream: AsyncIterator[Any], chunks: list[Any]) -> None:
    async for chunk in stream:
        chunks += [said(chunk)]
