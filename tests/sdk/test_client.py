"""Both clients by one table: what they send, what they give, how they are left."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import imagewire
from imagewire import AsyncClient, Client, build_spec, collect
from imagewire.v1.image_pb2 import Image
from imagewire.v1.message_pb2 import ChatMessage, Role
from imagewire.v1.spec_pb2 import Spec
from tests.integration.processes import Program, ledger
from tests.pictures import PNG
from tests.sdk.asks import MODEL, Ask, creates, everything, streams
from tests.sdk.conftest import Script, good_stream, scripted


@streams
def test_a_stream_of_the_real_server(target: str, emulator: Program, stream: Ask) -> None:
    answer = collect(stream(target, MODEL, "a banana", aspect_ratio="16:9", seed=3))
    entry = ledger(emulator.address)[-1]
    assert answer.candidates[0].message.image.sha256.hex() == entry["images"][0]["sha256"]
    assert entry["body"]["generationConfig"]["seed"] == 3


@creates
def test_a_unary_answer_larger_than_grpcs_default_limit(target: str, create: Ask) -> None:
    answer = create(target, "gemini/emulator-size-9MB", "a banana")
    assert len(answer.candidates[0].message.image.data) == 9_000_000


@creates
def test_as_much_is_asked_for_as_the_channel_takes(create: Ask) -> None:
    script = Script()
    with scripted(script) as target:
        create(target, MODEL, "x")
    assert script.requests[0].max_inline_bytes == 63 * 1024 * 1024


@everything
def test_pictures_go_before_the_prompt(ask: Ask) -> None:
    script = Script()
    with scripted(script) as target:
        ask(target, MODEL, "join them", images=[PNG, "https://example.com/a.png"])
    parts = script.requests[0].spec.messages[0].parts
    assert [part.WhichOneof("content") for part in parts] == ["image", "image", "text"]
    assert (parts[0].image.data, parts[1].image.uri) == (PNG, "https://example.com/a.png")


CHAT = [ChatMessage(role=Role.ROLE_USER, content="draw"), ChatMessage(role=Role.ROLE_ASSISTANT, content="done")]


@everything
def test_a_chat_or_a_whole_spec_is_sent_as_it_is(ask: Ask) -> None:
    script = Script()
    spec = Spec(model="m", messages=CHAT, labels={"a": "b"})
    with scripted(script) as target:
        ask(target, MODEL, messages=CHAT, image_size="2K")
        ask(target, spec=spec)
    assert list(script.requests[0].spec.messages) == CHAT
    assert script.requests[0].spec.image_config.image_size == "2K"
    assert script.requests[1].spec == spec


@everything
@pytest.mark.parametrize(
    ("wishes", "kind", "words"),
    [
        ({"spec": Spec(), "aspect_ratio": "1:1"}, ValueError, "spec is the whole request"),
        ({"spec": Spec(), "prompt": "x"}, ValueError, "spec is the whole request"),
        ({"spec": Spec(), "seed": 0}, ValueError, "spec is the whole request"),
        ({"messages": CHAT, "prompt": "x"}, ValueError, "whole chat"),
        ({"messages": CHAT, "images": [PNG]}, ValueError, "whole chat"),
        ({"aspekt_ratio": "1:1"}, TypeError, "aspekt_ratio"),
        ({"prompt": "x", "images": ["none.png"]}, FileNotFoundError, "none.png"),
    ],
)
def test_nothing_asked_is_ignored(ask: Ask, wishes: dict[str, Any], kind: type[Exception], words: str) -> None:
    script = Script()
    with scripted(script) as target, pytest.raises(kind, match=words):
        ask(target, **wishes)
    assert script.requests == []


def test_images_come_from_paths_bytes_and_messages(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    images = [tmp_path / "a.png", str(tmp_path / "a.png"), PNG, Image(image_id="i"), "data:image/png;base64,AA=="]
    parts = build_spec("m", images=images).messages[0].parts
    assert [part.image.data for part in parts[:3]] == [PNG] * 3
    assert [part.image.WhichOneof("source") for part in parts[3:]] == ["image_id", "uri"]


@streams
@pytest.mark.parametrize("damage", [lambda e: e.pop(), lambda e: e.pop(8)], ids=["cut", "gap"])
def test_a_damaged_stream_raises(stream: Ask, damage: Any) -> None:
    events = good_stream()
    damage(events)
    with scripted(Script(events=events)) as target, pytest.raises(imagewire.CorruptAnswer):
        stream(target, MODEL, "x")


@creates
def test_a_damaged_unary_answer_raises(create: Ask) -> None:
    answer = collect(good_stream())
    answer.candidates[0].message.image.data = b"other"
    with scripted(Script(answer=answer)) as target, pytest.raises(imagewire.CorruptAnswer):
        create(target, MODEL, "x")


def test_leaving_a_stream_cancels_the_call() -> None:
    script = Script(events=good_stream()[:8], hold=True)
    with scripted(script) as target, Client(target) as client:
        stream = client.stream_completion(MODEL, "x")
        next(stream)
        stream.close()  # type: ignore[attr-defined]  # a generator
        assert script.ended.wait(60)


async def test_leaving_an_async_stream_cancels_the_call() -> None:
    script = Script(events=good_stream()[:8], hold=True)
    with scripted(script) as target:
        async with AsyncClient(target) as client:
            stream = client.stream_completion(MODEL, "x")
            await anext(stream)
            await stream.aclose()  # type: ignore[attr-defined]
            assert await asyncio.to_thread(script.ended.wait, 5)


async def test_breaking_out_of_a_loop_cancels_the_call() -> None:
    script = Script(events=good_stream()[:8], hold=True)
    with scripted(script) as target:
        with Client(target) as client:
            for _ in client.stream_completion(MODEL, "x"):
                break
            assert await asyncio.to_thread(script.ended.wait, 5)
        script.ended.clear()
        async with AsyncClient(target) as aclient:
            async for _ in aclient.stream_completion(MODEL, "x"):
                break
            assert await asyncio.to_thread(script.ended.wait, 5)


async def test_cancelling_a_task_cancels_the_call() -> None:
    script = Script(events=good_stream()[:8], hold=True)
    with scripted(script) as target:
        async with AsyncClient(target) as client:

            async def run() -> None:
                async for _ in client.stream_completion(MODEL, "x"):
                    pass

            task = asyncio.create_task(run())
            assert await asyncio.to_thread(script.sent.wait, 5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(script.ended.wait, 5)
