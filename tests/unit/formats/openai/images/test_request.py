"""What the body or the form of a request for pictures may hold."""

from typing import Any

import pytest

from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.formats.openai.common.json_decode import convert
from imagewire_server.formats.openai.images.request import FORM_JSON, ImagesRequest
from tests.unit.formats.openai.asked import refusals


def test_fields_that_are_json_in_a_form() -> None:
    assert {
        "cache",
        "fallbacks",
        "input_references",
        "image_config",
        "imageConfig",
        "metadata",
        "extra_body",
        "safety_settings",
        "safetySettings",
        "output_config",
        "outputConfig",
    } == FORM_JSON


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"prompt": None}, "prompt", "expected `str`, got `null`"),
        ({"prompt": ["A"]}, "prompt", "expected `str`, got `array`"),
        ({"model": None}, "model", "expected `str`, got `null`"),
        ({"n": 0}, "n", "expected `int` >= 1"),
        ({"n": 11}, "n", "expected `int` <= 10"),
        ({"n": "2"}, "n", "expected `int | null`, got `str`"),
        ({"partial_images": 4}, "partial_images", "expected `int` <= 3"),
        ({"output_compression": 101}, "output_compression", "expected `int` <= 100"),
        ({"seed": -(2**31) - 1}, "seed", "expected `int` >= -2147483648"),
        ({"output_format": "webp"}, "output_format", '\'webp\' is not supported; use "jpeg", "png" or leave it out'),
        (
            {"response_format": "file"},
            "response_format",
            '\'file\' is not supported; use "b64_json", "url" or leave it out',
        ),
        (
            {"background": "transparent"},
            "background",
            '\'transparent\' is not supported; use "auto", "opaque" or leave it out',
        ),
        ({"metadata": 1}, "metadata", "expected `object | null`, got `int`"),
        ({"aspectRatios": "1:1"}, "aspectRatios", "is an unknown field; leave it out; did you mean 'aspectRatio'?"),
        ({"style": "natural"}, "style", "is not supported; say it in the prompt, and leave it out"),
    ],
    ids=str,
)
def test_a_wrong_field_is_refused(fields: dict[str, Any], field: str, words: str) -> None:
    assert refusals("images", **fields) == [(field, words)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"n": "2", "stream": "true"}, ImagesRequest(model="m", prompt="A", n=2, stream=True)),
        ({"stream": "false", "user": "1"}, ImagesRequest(model="m", prompt="A", stream=False, user="1")),
    ],
)
def test_a_form(fields: dict[str, str], expected: ImagesRequest) -> None:
    assert convert({"model": "m", "prompt": "A", **fields}, ImagesRequest, text=True) == expected


@pytest.mark.parametrize("fields", [{"n": "two"}, {"n": "0"}, {"stream": "maybe"}, {"seed": "1.5"}])
def test_a_wrong_form_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        convert({"model": "m", "prompt": "A", **fields}, ImagesRequest, text=True)
    assert [one.field for one in caught.value.violations] == list(fields)
