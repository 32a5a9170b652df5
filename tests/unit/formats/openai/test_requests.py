"""Every field of a request moves the spec, or asks for what is so anyway, or is refused."""

from typing import Any

import msgspec
import pytest

from imagewire_server.contract import validation
from imagewire_server.contract.errors import InvalidRequest
from tests.unit.formats.openai.asked import KINDS, TOKEN, spec

IMAGE_CONFIG = {"aspect_ratio": "16:9"}
SETTING = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}]
METHOD = [{**SETTING[0], "method": "SEVERITY"}]
OUTPUT = {"uri_prefix": "gs://bucket/folder/"}
# What every endpoint takes.
COMMON: dict[str, Any] = {
    "service_tier": "flex",
    "safety_settings": METHOD,
    "safetySettings": SETTING,
    "output_config": OUTPUT,
    "outputConfig": {"outputUriPrefix": "gs://bucket/"},
    "continuation_token": TOKEN,
    "continuationToken": TOKEN,
}
FUNCTION = {"type": "function", "function": {"name": "f"}}

# What moves the spec. A field that is in none of the two tables below fails a test.
MOVES: dict[str, dict[str, Any]] = {
    "chat": {
        **COMMON,
        "model": "gemini/other",
        "messages": [{"role": "user", "content": "An apple"}],
        "modalities": ["image"],
        "image_config": IMAGE_CONFIG,
        "imageConfig": IMAGE_CONFIG,
        "aspect_ratio": "16:9",
        "size": "1024x1024",
        "n": 2,
        "seed": 0,
        "temperature": 0.0,
        "top_p": 0.5,
        "top_k": 3,
        "max_tokens": 5,
        "max_completion_tokens": 5,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.5,
        "stop": "END",
        "reasoning_effort": "low",
        "reasoning": {"max_tokens": 5},
        "include_reasoning": False,
        "thinking": {"type": "disabled"},
        "tools": [FUNCTION],
        "tool_choice": "none",
        "web_search_options": {},
        "media_resolution": "MEDIA_RESOLUTION_HIGH",
        "cached_content": "cachedContents/a",
        "user": "me",
        "metadata": {"a": "b"},
        "extra_body": {"x": 1},
    },
    "images": {
        **COMMON,
        "prompt": "An apple",
        "model": "gemini/other",
        "size": "1024x1024",
        "aspect_ratio": "16:9",
        "image_config": IMAGE_CONFIG,
        "imageConfig": IMAGE_CONFIG,
        "seed": 0,
        "partial_images": 1,
        "output_format": "jpeg",
        "output_compression": 50,
        "user": "me",
        "metadata": {"a": "b"},
        "extra_body": {"x": 1},
    },
    "responses": {
        **COMMON,
        "model": "gemini/other",
        "input": "An apple",
        "instructions": "Be brief",
        "tools": [{"type": "image_generation"}],
        "temperature": 0.0,
        "top_p": 0.5,
        "max_output_tokens": 5,
        "reasoning": {"effort": "low"},
        "metadata": {"a": "b"},
        "user": "me",
        "extra_body": {"x": 1},
    },
}
# What moves the answer instead, or asks for what is so anyway: any other value is refused.
ANSWER = {
    "chat": {
        "stream": True,
        "stream_options": {"include_usage": True},
        "parallel_tool_calls": True,
        "response_format": {"type": "text"},
        "usage": {"include": True},
        "logprobs": False,
        "store": False,
        "drop_params": True,
    },
    "images": {
        "n": 2,
        "stream": True,
        "response_format": "b64_json",
        "quality": "auto",
        "background": "auto",
        "moderation": "auto",
        "drop_params": True,
    },
    "responses": {
        "stream": True,
        "tool_choice": "auto",
        "text": {"format": {"type": "text"}},
        "parallel_tool_calls": True,
        "include": [],
        "store": False,
        "background": False,
        "truncation": "disabled",
        "drop_params": True,
    },
}
REFUSED = {"chat": {}, "images": {}, "responses": {"previous_response_id": "resp_1"}}


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_was_forgotten(kind: str) -> None:
    named = {field.encode_name for field in msgspec.structs.fields(KINDS[kind][0])}
    assert named == {*MOVES[kind], *ANSWER[kind], *REFUSED[kind]}


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in KINDS for field in MOVES[kind]])
def test_a_field_moves_the_spec(kind: str, field: str) -> None:
    moved = spec(kind, **{field: MOVES[kind][field]})
    assert moved != spec(kind)
    if field != "n":
        validation.check(moved)


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in KINDS for field in ANSWER[kind]])
def test_a_field_that_asks_for_what_is_so_changes_nothing(kind: str, field: str) -> None:
    needed = {"stream": True} if field == "stream_options" else {}
    assert spec(kind, **needed, **{field: ANSWER[kind][field]}) == spec(kind)
    assert spec(kind, **{field: None}) == spec(kind)
    for other in ("nonsense", {"no": "such"}, 77):
        with pytest.raises(InvalidRequest) as caught:
            spec(kind, **{field: other})
        assert caught.value.violations[0].field.startswith(field)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_field_is_refused_and_an_unknown_null_is_none(kind: str) -> None:
    assert spec(kind, invented=None) == spec(kind)
    with pytest.raises(InvalidRequest, match="invented"):
        spec(kind, invented=0)
