"""The fields of requests in a LiteLLM file: what a model takes becomes a default, the rest is named."""

import json
from typing import Any

import pytest
from google.protobuf import json_format

from imagewire_server.contract import pb
from imagewire_server.contract.errors import InvalidRequest, Violation
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.chat.defaults import read

CAPABILITIES = Capabilities(id="m", aspect_ratios=("1:1", "16:9"), image_sizes=("1K", "2K"))
SAFETY = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}]


def check(spec: pb.Spec, capabilities: Capabilities) -> None:
    if spec.image_config.image_size not in {"", *(capabilities.image_sizes or ())}:
        raise InvalidRequest([Violation("spec.image_config.image_size", "is too large")])


def got(**fields: Any) -> tuple[dict[str, Any], dict[str, str]]:
    spec, refused = read(json.dumps(fields), "m", CAPABILITIES, check)
    return json_format.MessageToDict(spec) if spec is not None else {}, dict(refused)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"temperature": 0.5, "max_tokens": 9}, {"generationConfig": {"temperature": 0.5, "maxOutputTokens": 9}}),
        ({"modalities": ["IMAGE", "text"]}, {"responseModalities": ["MODALITY_IMAGE", "MODALITY_TEXT"]}),
        ({"aspectRatio": "16:9", "image_size": "2K"}, {"imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"}}),
        (
            {"image_config": {"aspect_ratio": "1:1"}, "imageSize": "2K"},
            {"imageConfig": {"aspectRatio": "1:1", "imageSize": "2K"}},
        ),
        ({"size": "1024x1024"}, {"imageConfig": {"aspectRatio": "1:1", "imageSize": "1K"}}),
        ({"quality": "standard"}, {}),
        ({"quality": "hd"}, {"imageConfig": {"imageSize": "2K"}}),
        ({"safety_settings": SAFETY}, {"safetySettings": SAFETY}),
        ({"extra_body": {"a": 1}}, {"extraBody": {"a": 1.0}}),
    ],
)
def test_what_a_model_takes(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert got(**fields) == (expected, {})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("temperature", "hot", "expected `float | null`, got `str`"),
        ("temperature", 7, "must be"),
        ("image_size", "4K", "is too large"),
        ("quality", {}, "expected `str | null`, got `object`"),
        ("response_format", {"type": "json_object"}, "is not supported"),
        ("image_config", "1K", "expected `object | null`"),
    ],
)
def test_what_it_does_not_take_is_named_and_left_out(name: str, value: Any, words: str) -> None:
    spec, refused = got(seed=1, **{name: value})
    assert spec == {"generationConfig": {"seed": 1}}
    assert list(refused) == [name]
    assert words in refused[name]


def test_of_two_that_contradict_each_other_the_first_applies() -> None:
    spec, refused = got(max_completion_tokens=2, max_tokens=1)
    assert spec == {"generationConfig": {"maxOutputTokens": 2}}
    assert "contradicts max_completion_tokens" in refused["max_tokens"]
