"""The chunks of a stream in LiteLLM's form: text, pictures, usage, and all else that an answer has."""

import json
from typing import Any

import pytest

import imagewire
from imagewire.answer import Answer
from imagewire.images import image
from imagewire.litellm.types import Message as OwnMessage
from imagewire.part import Part
from tests.sdk.conftest import Event, Script, good_stream, scripted, three_pictures
from tests.sdk.events import everything
from tests.sdk.litellm.test_completion import MODEL, SAY


def chunks(events: list[Event], **options: Any) -> list[Any]:
    with scripted(Script(events)) as target:
        answer = imagewire.completion(MODEL, SAY, stream=True, target=target, **options)
        return [chunk.model_dump(exclude_none=True) for chunk in answer]


def test_what_callers_index_is_in_every_chunk() -> None:
    with scripted(Script(good_stream())) as target:
        (first, *_, last) = [
            chunk.model_dump()["choices"][0] for chunk in imagewire.completion(MODEL, SAY, stream=True, target=target)
        ]
    unset = {"content": None, "tool_calls": None, "function_call": None}
    assert first == {"finish_reason": None, "index": 0, "delta": {"role": "assistant", **unset}}
    assert last["delta"] == {"role": None, **unset}


def test_the_chunks_of_a_stream() -> None:
    made = chunks(good_stream(), stream_options={"include_usage": True})
    url = image(b"picture" * 100, mime_type="image/png").data_uri
    shown = {"url": url, "detail": "auto"}
    assert [chunk["choices"] for chunk in made] == [
        [{"index": 0, "delta": {"role": "assistant"}}],
        [{"index": 0, "delta": {"content": "Here"}}],
        [{"index": 0, "delta": {"content": " it is"}}],
        [{"index": 0, "delta": {"images": [{"type": "image_url", "index": 0, "image_url": shown}]}}],
        [{"index": 0, "delta": {"image": shown}}],
        [
            {
                "index": 0,
                "delta": {
                    "provider_specific_fields": {"thought_signatures": ["cw==", None], "parts": ["text:10", "image"]}
                },
            }
        ],
        [{"finish_reason": "stop", "index": 0, "delta": {}, "native_finish_reason": "STOP"}],
        [],
    ]
    assert made[-1]["usage"]["total_tokens"] == 5
    assert {chunk["object"] for chunk in made} == {"chat.completion.chunk"}


def test_pictures_are_counted_through_the_stream_and_the_final_one_comes_once() -> None:
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks(three_pictures())]
    assert [item["index"] for delta in deltas for item in delta.get("images", ())] == [0, 1, 2]
    assert sum("image" in delta for delta in deltas) == 1


def test_a_blocked_prompt_is_an_answer(target: str) -> None:
    answer = imagewire.completion("gemini/emulator-safety", SAY, target=target)
    assert (answer.choices[0].finish_reason, answer.choices[0].native_finish_reason) == ("content_filter", "SAFETY")
    assert answer.choices[0].message.content == ""
    assert answer.choices[0].message.image is None


def test_usage_and_cost(target: str) -> None:
    used = imagewire.completion(MODEL, SAY, target=target).usage
    assert used["total_tokens"] == used.prompt_tokens + used.completion_tokens
    assert used.cost == pytest.approx((used.prompt_tokens * 0.30 + 9 * 2.50 + 1290 * 30) / 1e6)


def everything_chunks() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    with scripted(Script(everything())) as target:
        whole = imagewire.completion(MODEL, SAY, target=target).model_dump(exclude_none=True)
    return chunks(everything()), whole


def test_u2_a_stream_brings_all_that_the_answer_has() -> None:
    made, whole = everything_chunks()
    json.dumps([made, whole])
    message: dict[str, Any] = {"content": "", "reasoning_content": ""}
    extras: dict[str, Any] = {}
    for chunk in made:
        delta = chunk["choices"][0]["delta"]
        for name, value in delta.pop("provider_specific_fields", {}).items():
            extras[name] = extras.get(name, []) + value
        for name, value in delta.items():
            message[name] = message[name] + value if name in message and name != "role" else value
    assert {**message, "provider_specific_fields": extras} == whole["choices"][0]["message"]
    last, choice = made[-1], whole["choices"][0]
    assert last["provider_specific_fields"] == whole["provider_specific_fields"]
    assert last["service_tier"] == whole["service_tier"]
    assert last["choices"][0]["provider_specific_fields"] == choice["provider_specific_fields"]
    assert {"safety_ratings", "grounding_metadata", "citation_metadata"} <= choice.keys()
    assert set(whole["provider_specific_fields"]) == {
        "continuation_token",
        "model_status",
        "native_fields",
        "omitted_fields",
    }


def test_u11_media_is_no_picture() -> None:
    _, whole = everything_chunks()
    message = whole["choices"][0]["message"]
    assert not any("audio" in item["image_url"]["url"] for item in message["images"])
    assert {item["image_url"]["url"].partition(":")[0] for item in message["images"]} == {"data", "gs"}
    assert len(message["provider_specific_fields"]["media"]) == 5


def test_a_picture_elsewhere_is_named_by_its_uri() -> None:
    answer = Answer(parts=[Part(image=image("gs://bucket/a.png", mime_type="image/png"))])
    assert OwnMessage(answer).model_dump()["image"] == {
        "url": "gs://bucket/a.png",
        "detail": "auto",
        "format": "image/png",
    }
