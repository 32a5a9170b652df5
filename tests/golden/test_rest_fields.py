"""Each new field of the contract is in REST's bodies, and OpenAI's own types keep it."""

import base64
import json
from typing import Any

import pytest

from imagewire_server.contract.errors import Withheld
from imagewire_server.formats.openai.chat.answer import ImageFields
from imagewire_server.formats.openai.images.answer import ImagesStream
from imagewire_server.providers.google.wire import Reader
from tests.golden.invented import (
    AUDIO,
    EVENTS,
    MEDIA,
    NATIVE_PART,
    OF_ANSWER,
    PICTURE,
    RATINGS,
    USAGE_FIELDS,
    answer,
    chat,
    chunks,
    data_url,
    each_fields,
    images,
    response,
    streamed,
)
from tests.golden.test_rest import written
from tests.pictures import PNG


@each_fields
def test_u2_u11_a_chat_has_everything(fields: ImageFields) -> None:
    made = chat(EVENTS, fields)
    [choice] = made["choices"]
    message = choice["message"]
    assert message["content"] == "Here it is!"
    own = message["provider_specific_fields"]
    assert own["native_parts"] == [NATIVE_PART]
    assert own["media"] == MEDIA
    pictures = ["image", "image"] if fields.images else ["image"]
    assert [name for name in own["parts"] if name == "image"] == pictures
    if fields.images:
        assert own["parts"] == [
            "text:4",
            "native",
            "image",
            "text:6",
            "media",
            "tool_call:thought",
            "image",
            "media",
            "text:1",
        ]
        assert own["native_fields"][4] == {"partMetadata": {"a": 1}}
        assert [entry["image_url"]["url"] for entry in message["images"]] == [
            data_url("image/png", PNG),
            'gs://bucket/a"b.png',
        ]
    if fields.image:
        assert message["image"] == {"url": 'gs://bucket/a"b.png', "detail": "auto", "format": "image/png"}
    assert message["tool_calls"][0]["function"]["arguments"] == '{"n":9007199254740993}'
    assert choice["safety_ratings"] == RATINGS
    assert choice["provider_specific_fields"] == {"native_fields": {"urlContextMetadata": {"urls": ["x"]}}}
    assert made["service_tier"] == "default"
    assert made["provider_specific_fields"] == OF_ANSWER
    assert made["usage"]["provider_specific_fields"] == USAGE_FIELDS
    assert (made["usage"]["cost"], made["usage"]["cost_nano_usd"]) == (0.0387, 38_700_000)


@each_fields
def test_u2_u11_a_chats_stream_has_everything(fields: ImageFields) -> None:
    assert streamed(EVENTS, fields) == chat(EVENTS, fields)["choices"][0]["message"]
    *_, last, usage = chunks(EVENTS, fields)
    whole = chat(EVENTS, fields)
    assert last["provider_specific_fields"] == OF_ANSWER
    assert last["service_tier"] == usage["service_tier"] == "default"
    assert last["choices"][0]["safety_ratings"] == RATINGS
    assert last["choices"][0]["provider_specific_fields"] == whole["choices"][0]["provider_specific_fields"]
    assert usage["usage"] == whole["usage"]


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_u2_u11_a_response_has_everything(stream: bool) -> None:
    made = response(EVENTS, stream=stream)
    items = made["output"]
    kinds = ["message", "message", "image_generation_call", "message", "message", "function_call"]
    assert [item["type"] for item in items] == [*kinds, "image_generation_call", "message", "message"]
    assert all(item["status"] == "completed" for item in items)
    assert items[1]["provider_specific_fields"]["native_parts"] == [NATIVE_PART]
    assert items[1]["provider_specific_fields"]["thought_signatures"] == [base64.b64encode(b"\1sig").decode()]
    media = [items[i]["provider_specific_fields"]["media"][0] for i in (4, 7)]
    assert media == [{**entry, "index": 0} for entry in MEDIA]
    assert items[4]["provider_specific_fields"]["native_fields"] == [{"partMetadata": {"a": 1}}]
    assert items[2]["result"] == base64.b64encode(PNG).decode()
    assert (items[6]["result"], items[6]["url"]) == (None, 'gs://bucket/a"b.png')
    assert items[5]["arguments"] == '{"n":9007199254740993}'
    assert made["service_tier"] == "default"
    candidate = {"native_fields": {"urlContextMetadata": {"urls": ["x"]}}}
    assert made["provider_specific_fields"] == {**OF_ANSWER, "candidate": candidate}
    assert made["safety_ratings"] == RATINGS
    assert made["usage"]["provider_specific_fields"] == USAGE_FIELDS


BESIDE = {
    **OF_ANSWER,
    "candidate": {"safety_ratings": RATINGS, "native_fields": {"urlContextMetadata": {"urls": ["x"]}}},
    "native_parts": [NATIVE_PART],
    "media": MEDIA,
}


def test_u2_u11_pictures_alone_tell_what_came_beside_them() -> None:
    made = images(EVENTS)
    assert made["data"] == [
        {"b64_json": base64.b64encode(PNG).decode()},
        {"url": 'gs://bucket/a"b.png', "provider_specific_fields": BESIDE},
    ]
    assert made["service_tier"] == "default"
    assert made["usage"]["cost_nano_usd"] == 38_700_000


def test_u2_u11_a_stream_of_pictures_tells_what_came_beside_them() -> None:
    body = written(ImagesStream("image_generation", "id", drafts=0), EVENTS).decode()
    told = [json.loads(event.partition("\ndata: ")[2]) for event in body.split("\n\n")[:-1]]
    assert [event["type"] for event in told] == ["image_generation.completed"] * 2
    assert told[0]["b64_json"] == base64.b64encode(PNG).decode()
    assert (told[1].get("b64_json"), told[1]["url"]) == (None, 'gs://bucket/a"b.png')
    assert told[1]["provider_specific_fields"] == BESIDE
    assert (told[0]["usage"]["total_tokens"], told[1]["usage"]["total_tokens"]) == (0, 20)
    assert not told[0]["usage"].keys() & {"cost", "cost_nano_usd"}  # the last event tells what the call cost
    assert (told[1]["usage"]["cost"], told[1]["usage"]["cost_nano_usd"]) == (0.0387, 38_700_000)


@each_fields
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_u11_audio_last_is_never_the_final_picture(fields: ImageFields, stream: bool) -> None:
    events = answer(PICTURE, AUDIO)
    message = streamed(events, fields) if stream else chat(events, fields)["choices"][0]["message"]
    if fields.images:
        assert [entry["image_url"]["url"] for entry in message["images"]] == [data_url("image/png", PNG)]
    if fields.image:
        assert message["image"]["url"] == data_url("image/png", PNG)
    assert [entry["mime_type"] for entry in message["provider_specific_fields"]["media"]] == ["audio/wav"]
    assert [item["b64_json"] for item in images(events)["data"]] == [base64.b64encode(PNG).decode()]


@pytest.mark.parametrize("blocked", [False, True])
def test_severities_and_scores_of_googles_ratings_arrive(blocked: bool) -> None:
    rating = {"category": "C", "probability": "LOW", "probabilityScore": 0.25, "severity": "S", "severityScore": 0}
    said: dict[str, Any] = {
        "candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP", "safetyRatings": [rating]}],
    }
    if blocked:
        said = {"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": [rating]}}
    events, reader = answer()[:1], Reader()
    reader.feed(json.dumps(said).encode(), events)
    reader.close(events)
    [choice] = chat(events)["choices"]
    assert choice["safety_ratings"] == [
        {
            "category": "C",
            "probability": "LOW",
            "blocked": False,
            "probability_score": 0.25,
            "severity": "S",
            "severity_score": 0.0,
        }
    ]


@pytest.mark.parametrize("odd", [{}, {"oddField": 1}])
def test_ratings_of_a_prompt_that_was_not_blocked_are_the_providers_own(odd: dict[str, Any]) -> None:
    rating = {"category": "C", "probability": "LOW"}
    said = {
        "candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}],
        "promptFeedback": {"safetyRatings": [rating]},
        **odd,
    }
    events, reader = answer()[:1], Reader()
    reader.feed(json.dumps(said).encode(), events)
    reader.close(events)
    assert chat(events)["provider_specific_fields"]["native_fields"] == {
        "promptFeedback": {"safetyRatings": [rating]},
        **odd,
    }


def test_u11_other_media_alone_is_no_picture() -> None:
    with pytest.raises(Withheld, match="no picture was drawn"):
        images(answer(AUDIO))
