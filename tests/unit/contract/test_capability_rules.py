"""A request held against a model's Capabilities: every violation, by its path."""

from functools import partial
from typing import Any

import pytest

from imagewire_server.contract import capability_rules, pb, validation
from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.provider import Capabilities
from tests.pictures import PNG

USER, ASSISTANT = pb.Role.ROLE_USER, pb.Role.ROLE_ASSISTANT
LOW = pb.ImageDetail.IMAGE_DETAIL_LOW
EVERY = frozenset(validation.CHECKS)
OPEN = partial(Capabilities, fields=EVERY)
ELSEWHERE = pb.Image(uri="GS://a/b", mime_type="image/png")


def refused(known: Capabilities, *messages: pb.ChatMessage, **fields: Any) -> list[tuple[str, str]]:
    turns = messages or (pb.ChatMessage(role=USER, content="x"),)
    try:
        capability_rules.check(pb.Spec(model="painter", messages=turns, **fields), known)
    except InvalidRequest as error:
        return [(found.field, found.description) for found in error.violations]
    return []


def image_config(**fields: str) -> dict[str, Any]:
    return {"image_config": pb.ImageConfig(**fields)}


def thinking(**fields: Any) -> dict[str, Any]:
    return {"generation_config": {"thinking_config": fields}}


@pytest.mark.parametrize(
    ("known", "fields", "found"),
    [
        ({}, image_config(image_size="4K", aspect_ratio="1:9"), []),
        ({"image_sizes": ("1K", "4K")}, image_config(image_size="4K"), []),
        (
            {"image_sizes": ("1K", "2K"), "aspect_ratios": ()},
            image_config(image_size="4K", aspect_ratio="1:9"),
            [
                ("spec.image_config.aspect_ratio", '"1:9" is not taken by painter; leave it out'),
                ("spec.image_config.image_size", '"4K" is not taken by painter; use 1K, 2K'),
            ],
        ),
        ({"image_sizes": ()}, image_config(aspect_ratio="1:9"), []),
        ({"thinking_levels": ("LOW",)}, thinking(thinking_level="LOW"), []),
        (
            {"thinking_levels": ("LOW",)},
            thinking(thinking_level="HIGH"),
            [
                (
                    "spec.generation_config.thinking_config.thinking_level",
                    '"HIGH" is not taken by painter; use LOW',
                )
            ],
        ),
        (
            {"thinking_levels": ()},
            thinking(thinking_budget=5),
            [("spec.generation_config.thinking_config", "painter does not think; leave it out")],
        ),
    ],
)
def test_values_that_a_model_lists(known: dict[str, Any], fields: dict[str, Any], found: list[Any]) -> None:
    assert refused(OPEN(**known), **fields) == found


def test_pictures() -> None:
    shown = pb.ChatMessage(role=USER, image=ELSEWHERE)
    drawn = pb.ChatMessage(role=ASSISTANT, parts=[pb.Part(image=ELSEWHERE)])
    data = pb.ChatMessage(role=USER, parts=[pb.Part(text="x"), pb.Part(image=pb.Image(data=PNG, detail=LOW))])
    result = pb.FunctionResponse(name="f", images=[ELSEWHERE])
    called = pb.ChatMessage(role=USER, parts=[pb.Part(function_response=result)])
    words = "the toy does not read gs:// pictures; send the data"
    toy = OPEN(service="the toy")
    assert refused(toy, shown, drawn, data) == [("spec.messages[0].image.uri", words)]
    assert refused(toy, called) == [("spec.messages[0].parts[0].function_response.images[0].uri", words)]
    assert refused(OPEN(uri_schemes=("gs",)), shown, called) == []
    assert refused(OPEN(part_media_resolution=False), shown, data)[1:] == [
        ("spec.messages[1].parts[1].image.detail", "this model does not support it; leave it out")
    ]
    assert refused(OPEN(max_input_images=1), data, drawn) == [
        ("spec.messages", "hold 2 pictures; painter takes at most 1")
    ]


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("Image.data", ["messages[0].parts[1].image.data"]),
        ("ChatMessage.role", ["messages[0].role"]),
        ("ImageOutputOptions.mime_type", ["image_config.output_options.mime_type"]),
        ("Spec.image_config", ["image_config.image_size", "image_config.output_options.mime_type"]),
        ("Spec.tool_config", ["tool_config"]),
        ("Spec.tools", ["tools"]),
        ("Tool.google_search", ["tools[0].google_search"]),
        ("Spec.labels", ["labels"]),
        ("Spec.extra_body", ["extra_body"]),
    ],
)
def test_fields_that_a_provider_does_not_list(name: str, paths: list[str]) -> None:
    """Of a message the fields inside are named: callers know them by names of their own."""
    shown = [pb.Part(text="x"), pb.Part(image=pb.Image(data=PNG))]
    asked: dict[str, Any] = {
        "image_config": pb.ImageConfig(image_size="2K", output_options=pb.ImageOutputOptions(mime_type="image/png")),
        "labels": {"a": "b"},
        "extra_body": {"a": {"b": 1}},
        "tools": [pb.Tool(google_search=pb.GoogleSearch())],
        "tool_config": pb.ToolConfig(),
    }
    message = pb.ChatMessage(role=USER, parts=shown)
    assert refused(Capabilities(fields=EVERY), message, **asked) == []
    assert refused(Capabilities(service="the toy", fields=EVERY - {name}), message, **asked) == [
        (f"spec.{path}", "is not taken by the toy; leave it out") for path in paths
    ]


def test_a_provider_that_lists_no_field_is_sent_none() -> None:
    found = refused(Capabilities(service="the toy"), labels={"a": "b"})
    assert [path for path, _ in found] == [
        "spec.model", "spec.messages", "spec.labels",
    ]  # fmt: skip
    assert {words for _, words in found} == {"is not taken by the toy; leave it out"}
