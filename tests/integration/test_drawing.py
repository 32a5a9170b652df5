"""A picture over gRPC: real server, real emulator, loopback."""

import hashlib
import io
from typing import Any

import grpc
import pytest
from PIL import Image

from imagewire_server.contract import pb
from tests.conftest import Stack, spec


async def stream(stack: Stack, asked: pb.Spec, **fields: Any) -> list[pb.Event]:
    return [event async for event in stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=asked, **fields))]


def pictures(events: list[pb.Event]) -> list[bytes]:
    found: dict[int, bytes] = {}
    for event in events:
        if event.WhichOneof("event") == "image_chunk":
            chunk = event.image_chunk
            assert chunk.offset == len(found.get(chunk.part_index, b""))
            found[chunk.part_index] = found.get(chunk.part_index, b"") + chunk.data
    return list(found.values())


async def test_a_stream_carries_the_picture_the_ledger_names(stack: Stack) -> None:
    events = await stream(stack, spec(image_config=pb.ImageConfig(aspect_ratio="16:9")))
    numbers = [event.sequence for event in events if not event.HasField("image_chunk")]
    assert numbers == list(range(1, len(numbers) + 1))
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds[0] == "started"
    assert kinds[-2:] == ["candidate_finished", "finished"]
    assert kinds.count("image_chunk") > 1
    (data,) = pictures(events)
    (sent,) = stack.emulator.ledger.entries[-1].images
    assert hashlib.sha256(data).hexdigest() == sent["sha256"]
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert image.size == (sent["width"], sent["height"])
    finished = next(e.part_finished for e in events if e.part_finished.HasField("image"))
    assert (finished.image.width, finished.image.height) == (sent["width"], sent["height"])
    assert finished.image.sha256.hex() == sent["sha256"]
    usage = events[-1].finished.usage
    assert usage.cost_usd == pytest.approx((usage.prompt_tokens * 0.30 + 9 * 2.50 + 1290 * 30) / 1e6)
    assert {detail.modality: detail.tokens for detail in usage.candidates_tokens_details} == {"IMAGE": 1290, "TEXT": 9}


@pytest.mark.parametrize("frame", [16 * 1024, 2 * 1024 * 1024])
async def test_no_frame_is_larger_than_asked(stack: Stack, frame: int) -> None:
    events = await stream(stack, spec("gemini/emulator-size-3MB"), max_frame_bytes=frame)
    sizes = [len(event.image_chunk.data) for event in events if event.WhichOneof("event") == "image_chunk"]
    assert max(sizes) <= frame
    assert sum(sizes) == 3_000_000


@pytest.mark.parametrize(
    "model",
    [
        "gemini-2.5-flash-image",
        "gemini-3-pro-image",
        "emulator-drafts",
        "emulator-two-images",
        "emulator-interleaved",
        "emulator-thought-only",
        "emulator-unicode",
        "emulator-data-first",
        "emulator-image-safety",
        "emulator-safety",
        "emulator-no-image",
        "emulator-usage-split",
        "emulator-finish-twice",
    ],
)
@pytest.mark.parametrize("provider", ["gemini", "vertex_ai"])
async def test_unary_says_what_the_stream_says(stack: Stack, provider: str, model: str) -> None:
    events = await stream(stack, spec(f"{provider}/{model}"))
    answer = await stack.chat.CreateCompletion(
        pb.CreateCompletionRequest(spec=spec(f"{provider}/{model}"), max_inline_bytes=100_000_000)
    )
    end = events[-1].finished
    assert answer.usage == end.usage
    assert answer.prompt_feedback == end.prompt_feedback
    finals = [e.candidate_finished for e in events if e.WhichOneof("event") == "candidate_finished"]
    assert [c.native_finish_reason for c in answer.candidates] == [f.native_finish_reason for f in finals]
    assert [c.finish_message for c in answer.candidates] == [f.finish_message for f in finals]
    carried = [
        (part.image.data or candidate.message.image.data)
        for candidate in answer.candidates
        for part in candidate.message.parts
        if part.HasField("image")
    ]
    assert carried == pictures(events)
    thoughts = {event.part_finished.part_index for event in events if event.part_finished.thought}
    text = "".join(
        e.text_delta.text for e in events if e.HasField("text_delta") and e.text_delta.part_index not in thoughts
    )
    assert "".join(candidate.message.content for candidate in answer.candidates) == text


async def test_an_answer_goes_back_as_it_is_and_signatures_hold(stack: Stack) -> None:
    asked = spec("gemini/gemini-3-pro-image", generation_config={"thinking_config": {"include_thoughts": True}})
    wide = {"max_inline_bytes": 100_000_000}
    first = await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked, **wide))
    asked.messages.append(first.candidates[0].message)
    asked.messages.add(role=pb.Role.ROLE_USER, content="Make it blue")
    second = await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked, **wide))
    assert second.candidates[0].message.image.data != first.candidates[0].message.image.data
    asked.messages[1].parts[-1].thought_signature = b"changed"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stack.chat.CreateCompletion(pb.CreateCompletionRequest(spec=asked, **wide))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "signature" in (refused.value.details() or "")


async def test_an_input_picture_is_edited(stack: Stack) -> None:
    (first,) = pictures(await stream(stack, spec()))
    asked = spec(prompt="Put it in a frame")
    asked.messages[0].image.data = first
    (second,) = pictures(await stream(stack, asked))
    assert second != first
    part = stack.emulator.ledger.entries[-1].body["contents"][0]["parts"][1]
    assert part["inlineData"]["mimeType"] == "image/png"


async def test_models_are_listed_in_pages_and_found_by_alias(stack: Stack) -> None:
    names: list[str] = []
    token = ""
    while True:
        page = await stack.models.ListModels(pb.ListModelsRequest(page_size=2, page_token=token))
        names += [model.name for model in page.models]
        token = page.next_page_token
        if not token:
            break
    assert names == sorted(names)
    assert len(names) == 10
    found = await stack.models.GetModel(pb.GetModelRequest(name="gemini/gemini-2.5-flash-image-preview"))
    assert found.model.name == "gemini/gemini-2.5-flash-image"
    assert found.model.price.image_output_usd_per_million == 30
    with pytest.raises(grpc.aio.AioRpcError) as missing:
        await stack.models.GetModel(pb.GetModelRequest(name="gemini/other"))
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND
