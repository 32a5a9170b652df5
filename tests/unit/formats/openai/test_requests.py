"""Every field of a request moves the spec, or asks for what is so anyway, or is refused."""

from typing import Any

import msgspec
import pytest

from imagewire_server.contract import validation
from imagewire_server.contract.errors import InvalidRequest
from tests.unit.formats.openai.asked import KINDS, PNG_URL, TOKEN, spec

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
    "image_config": IMAGE_CONFIG,
    "imageConfig": IMAGE_CONFIG,
    "aspect_ratio": "16:9",
    "aspectRatio": "16/9",
    "image_size": "2k",
    "imageSize": "2K",
    "size": "1024x1024",
    "user": "me",
    "metadata": {"a": "b"},
}
# What every endpoint takes, and what asks for what is so anyway.
COMMON_ANSWER: dict[str, Any] = {
    "drop_params": True,
    "fallbacks": ["gemini/other"],
    "timeout": 60,
    "cache": {"ttl": 600},
    "quality": "auto",
    "safety_identifier": "hash",
    "prompt_cache_key": "key",
    "prompt_cache_retention": "24h",
}
FUNCTION = {"type": "function", "function": {"name": "f"}}

# What moves the spec. A field that is in none of the two tables below fails a test.
MOVES: dict[str, dict[str, Any]] = {
    "chat": {
        **COMMON,
        "model": "gemini/other",
        "messages": [{"role": "user", "content": "An apple"}],
        "modalities": ["image"],
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
        "tool_choice": "required",
        "web_search_options": {},
        "media_resolution": "MEDIA_RESOLUTION_HIGH",
        "cached_content": "cachedContents/a",
        "extra_body": {"x": 1},
    },
    "images": {
        **COMMON,
        "prompt": "An apple",
        "input_references": [PNG_URL],
        "model": "gemini/other",
        "seed": 0,
        "partial_images": 1,
        "output_format": "jpeg",
        "output_compression": 50,
        "extra_body": {"x": 1},
    },
    "responses": {
        **COMMON,
        "model": "gemini/other",
        "input": "An apple",
        "instructions": "Be brief",
        "previous_response_id": "resp_" + "0" * 32,
        "tools": [{"type": "function", "name": "f"}],
        "temperature": 0.0,
        "top_p": 0.5,
        "max_output_tokens": 5,
        "reasoning": {"effort": "low"},
        "extra_body": {"x": 1},
    },
}
# What moves the answer instead, or asks for what is so anyway: any other value is refused.
ANSWER = {
    "chat": {
        "stream": True,
        "image_delivery": "url",
        "stream_options": {"include_usage": True},
        **COMMON_ANSWER,
        "parallel_tool_calls": False,
        "background": "opaque",
        "functions": [],
        "function_call": "none",
        "top_logprobs": 0,
        "logit_bias": {},
        "verbosity": "medium",
        "response_format": {"type": "text"},
        "usage": {"include": True},
        "logprobs": False,
        "store": False,
    },
    "images": {
        **COMMON_ANSWER,
        "n": 2,
        "input_fidelity": "low",
        "stream": True,
        "response_format": "b64_json",
        "background": "auto",
        "moderation": "auto",
        "style": "vivid",
    },
    "responses": {
        **COMMON_ANSWER,
        "stream": True,
        "image_delivery": "url",
        "stream_options": {"include_obfuscation": True},
        "top_logprobs": 0,
        "tool_choice": "auto",
        "text": {"format": {"type": "text"}},
        "parallel_tool_calls": True,
        "include": [],
        "store": False,
        "background": False,
        "truncation": "disabled",
    },
}
# Any value of these types is taken.
FREE = {"safety_identifier": str, "prompt_cache_key": str, "prompt_cache_retention": str, "timeout": str | int}


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_was_forgotten(kind: str) -> None:
    named = {field.encode_name for field in msgspec.structs.fields(KINDS[kind][0])}
    assert named == {*MOVES[kind], *ANSWER[kind]}


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in KINDS for field in MOVES[kind]])
def test_a_field_moves_the_spec(kind: str, field: str) -> None:
    needed = {"tools": [FUNCTION]} if field == "tool_choice" else {}
    moved = spec(kind, **{**needed, field: MOVES[kind][field]})
    assert moved != spec(kind, **needed)
    if field != "n":
        validation.check(moved)


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in KINDS for field in ANSWER[kind]])
def test_a_field_that_asks_for_what_is_so_changes_nothing(kind: str, field: str) -> None:
    needed = {"stream": True} if field == "stream_options" else {}
    assert spec(kind, **needed, **{field: ANSWER[kind][field]}) == spec(kind)
    assert spec(kind, **{field: None}) == spec(kind)
    for other in ("nonsense", {"no": "such"}, 77):
        if isinstance(other, FREE.get(field, ())):
            continue
        with pytest.raises(InvalidRequest) as caught:
            spec(kind, **{field: other})
        assert caught.value.violations[0].field.startswith(field)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_field_is_refused_and_an_unknown_null_is_none(kind: str) -> None:
    assert spec(kind, invented=None) == spec(kind)
    with pytest.raises(InvalidRequest, match="invented"):
        spec(kind, invented=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [{"generationConfig": {"responseModalities": ["IMAGE"]}}, {"labels": {}}])
def test_an_endpoint_leaves_the_modalities_to_extra_body_that_has_them(kind: str, body: dict[str, Any]) -> None:
    own = list(spec(kind).response_modalities)
    made = spec(kind, extra_body=body)
    assert list(made.response_modalities) == ([] if "generationConfig" in body else own)
