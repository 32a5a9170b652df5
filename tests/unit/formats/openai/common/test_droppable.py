"""What drop_params may leave out."""

import pytest

from imagewire_server.contract import pb
from imagewire_server.formats.openai.common import droppable


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("transforms", True),
        ("messages[0].content[0].cache_control", True),
        ("guardrails", False),
        ("enable_guardrails", False),
        ("safetySetings", False),
        ("Moderation", False),
        ("max_price", False),
        ("provider.data_collection", False),
        ("budget", False),
        ("blocklist", False),
    ],
)
def test_an_unknown_field(field: str, expected: bool) -> None:
    assert droppable.is_unknown_droppable(field) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"safety_settings": []}, True),
        ({"generationConfig": {"maxOutputTokens": 1}}, True),
        ([{"a": [{"guardrails": ["x"]}]}], True),
        ({"a": [1, None, "safety"]}, False),
        ("safety", False),
    ],
)
def test_a_value_with_a_guard(value: object, expected: bool) -> None:
    assert droppable.has_guard(value) is expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("response_format.type", True),
        ("modalities[1]", True),
        ("quality", True),
        ("messages[0].content[1].image_url.detail", True),
        ("input[0].content[1].detail", True),
        ("top_logprobs", True),
        ("tools[1].input_fidelity", True),
        ("messages[0].role", False),
        ("tools[0].type", False),
        ("moderation", False),
        ("tool_choice", False),
    ],
)
def test_an_option(field: str, expected: bool) -> None:
    assert droppable.is_option(field) == expected


FULL = pb.Spec(
    messages=[
        {"parts": [{"text": "A"}, {"image": {"uri": "u", "detail": 1}}]},
        {"parts": [{"function_response": {"images": [{"uri": "v", "detail": 1}]}}]},
        {"image": {"uri": "w", "detail": 1}},
    ],
    image_config={
        "aspect_ratio": "1:1",
        "image_size": "4K",
        "output_options": {"mime_type": "image/jpeg", "compression_quality": 5},
    },
    generation_config={"thinking_config": {"thinking_budget": 1}, "max_output_tokens": 5, "seed": 3},
    labels={"a": "b"},
    service_tier="flex",
    output_config={"uri_prefix": "gs://b/"},
    cached_content="c",
    safety_settings=[{"category": "A", "threshold": "B"}],
)


@pytest.mark.parametrize(
    ("path", "gone"),
    [
        ("image_config.image_size", "image_config.image_size"),
        ("image_config.output_options", "image_config.output_options"),
        ("image_config.output_options.mime_type", "image_config.output_options.mime_type"),
        ("labels", "labels"),
        ("service_tier", "service_tier"),
        ("generation_config.thinking_config", "generation_config.thinking_config"),
        ("generation_config.thinking_config.thinking_budget", "generation_config.thinking_config"),
        ("generation_config.seed", "generation_config.seed"),
        ("messages[0].parts[1].image.detail", None),
        ("messages[1].parts[0].function_response.images[0].detail", None),
        ("messages[2].image.detail", None),
    ],
)
def test_a_field_of_a_spec_is_cleared(path: str, gone: str | None) -> None:
    spec = pb.Spec()
    spec.CopyFrom(FULL)
    assert droppable.clear(spec, f"spec.{path}") == f"spec.{gone or path}"
    assert spec.ByteSize() < FULL.ByteSize()
    expected = pb.Spec()
    expected.CopyFrom(FULL)
    target = expected
    if gone is None:
        images = [expected.messages[0].parts[1].image, expected.messages[2].image]
        images.insert(1, expected.messages[1].parts[0].function_response.images[0])
        images[int(path[len("messages[")])].ClearField("detail")
    else:
        *above, last = gone.split(".")
        for name in above:
            target = getattr(target, name)
        target.ClearField(last)
    assert spec == expected


@pytest.mark.parametrize(
    "path",
    [
        "generation_config.max_output_tokens",
        "output_config",
        "output_config.uri_prefix",
        "cached_content",
        "safety_settings[0].method",
        "messages",
        "messages[0].parts[1].image.uri",
        "tools[0].google_search.exclude_domains",
        "image_config.person_generation",
        "extra_body.labels",
    ],
)
def test_nothing_else_is(path: str) -> None:
    spec = pb.Spec()
    spec.CopyFrom(FULL)
    assert not droppable.clear(spec, f"spec.{path}")
    assert spec == FULL


def test_a_file_format_of_which_nothing_is_left_is_cleared() -> None:
    spec = pb.Spec(image_config={"image_size": "1K", "output_options": {"compression_quality": 5}})
    path = "spec.image_config.output_options.compression_quality"
    assert droppable.clear(spec, path) == path
    assert spec == pb.Spec(image_config={"image_size": "1K"})
