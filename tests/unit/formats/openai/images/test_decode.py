"""A request for pictures becomes one user message."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.json_values import struct
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common.json_decode import convert
from imagewire_server.formats.openai.images.decode import spec_of
from imagewire_server.formats.openai.images.request import ImagesRequest
from tests.unit.formats.openai.asked import reading, refusals, spec

ONCE = "set only one of them"


def expected_spec(**fields: Any) -> pb.Spec:
    message = {"role": "ROLE_USER", "parts": [{"text": "A banana"}]}
    return pb.Spec(model="gemini/model", messages=[message], response_modalities=["MODALITY_IMAGE"], **fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"aspect_ratio": "16:9"}, {"image_config": {"aspect_ratio": "16:9"}}),
        ({"size": "1024x1024"}, {"image_config": {"aspect_ratio": "1:1"}}),
        ({"size": "auto"}, {}),
        ({"image_config": {"imageSize": "2K"}}, {"image_config": {"image_size": "2K"}}),
        ({"imageConfig": {"personGeneration": "X"}}, {"image_config": {"person_generation": "X"}}),
        ({"seed": 0}, {"generation_config": {"seed": 0}}),
        ({"partial_images": 0}, {}),
        ({"partial_images": 2}, {"generation_config": {"thinking_config": {"include_thoughts": True}}}),
        ({"output_format": "png"}, {"image_config": {"output_options": {"mime_type": "image/png"}}}),
        (
            {"output_format": "jpeg", "output_compression": 0},
            {"image_config": {"output_options": {"mime_type": "image/jpeg", "compression_quality": 0}}},
        ),
        ({"user": "me"}, {"labels": {"user": "me"}}),
        ({"metadata": {"a": "b"}}, {"labels": {"a": "b"}}),
        ({"extra_body": {"a": 1}}, {"extra_body": struct({"a": 1})}),
        ({"continuation_token": "QQ=="}, {"continuation_token": b"A"}),
    ],
    ids=str,
)
def test_a_field_becomes_one_of_the_spec(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert spec("images", **fields) == expected_spec(**expected)


def test_a_picture_to_edit_may_be_a_data_uri_or_a_kept_ones_id() -> None:
    given = ImagesRequest(model="gemini/model", prompt="A banana")
    builder = spec_of(given, Capabilities(), [("image[0]", "data:image/png;base64,QQ=="), ("image[1]", "image-1")])
    expected = expected_spec()
    expected.messages[0].parts.add(image={"data": b"A"})
    expected.messages[0].parts.add(image={"image_id": "image-1"})
    assert builder.spec == expected


def test_pictures_to_edit_follow_the_prompt() -> None:
    given = ImagesRequest(model="gemini/model", prompt="A banana")
    builder = spec_of(given, Capabilities(), [("image[0]", b"A"), ("mask", b"B")])
    expected = expected_spec()
    expected.messages[0].parts.add(image={"data": b"A"})
    expected.messages[0].parts.add(image={"data": b"B"})
    assert builder.spec == expected
    assert {path: field for path, field in builder.origins.items() if "messages" in path} == {
        "spec.messages[0]": "prompt",
        "spec.messages[0].parts[1]": "image[0]",
        "spec.messages[0].parts[2]": "mask",
    }


def test_a_model_that_does_not_think_is_not_asked_for_drafts() -> None:
    for capabilities in (Capabilities(), Capabilities(id="m", thinking_levels=())):
        assert spec("images", capabilities, partial_images=1) == spec("images")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"prompt": ""}, [("prompt", "is required")]),
        (
            {"size": "1024x1024", "aspect_ratio": "16:9"},
            [("size", f"contradicts aspect_ratio; {ONCE}")],
        ),
        (
            {"image_config": {"image_size": "1K"}, "imageConfig": {"imageSize": "2K"}},
            [("imageConfig.imageSize", f"contradicts image_config.image_size; {ONCE}")],
        ),
        (
            {"prompt": "", "size": "?", "extra_body": {"n": 10**400}},
            [
                ("prompt", "is required"),
                ("size", 'must be "auto", WIDTHxHEIGHT as "1024x1024", or one of 512, 1K, 2K, 4K'),
                ("extra_body", "is nested too deeply, or has a number outside the range of a double"),
            ],
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_wrong_is_refused_together(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert refusals("images", **fields) == expected


def test_the_origins_of_a_form_are_those_of_a_body() -> None:
    form = {"model": "gemini/model", "prompt": "A banana", "seed": "3", "output_compression": "50"}
    made = spec_of(convert(form, ImagesRequest, text=True), Capabilities())
    again = reading("images", seed=3, output_compression=50)
    assert (made.spec, made.origins) == (again.spec, again.origins)
