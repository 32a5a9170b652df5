"""Wishes that change nothing are taken out of a spec; others stay."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common import without_effect

# A model without a choice: one size, no thinking, no labels and no file formats.
PLAIN = Capabilities(id="m", image_sizes=(), thinking_levels=())
RICH = Capabilities(
    id="m",
    image_sizes=("1K", "2K"),
    thinking_levels=("LOW",),
    fields=frozenset({"Spec.labels", "ImageConfig.output_options"}),
)
PNG = {"image_config": {"output_options": {"mime_type": "image/png"}}}
COMPRESSED = {"image_config": {"output_options": {"compression_quality": 5}}}


def left(given: dict[str, Any], capabilities: Capabilities) -> pb.Spec:
    spec = pb.Spec(**given)
    without_effect.remove(spec, capabilities)
    return spec


@pytest.mark.parametrize(
    ("given", "rich_too"),
    [
        ({"image_config": {"image_size": "1K"}}, False),
        ({"image_config": {}}, True),
        (PNG, False),
        ({"image_config": {"output_options": {"compression_quality": 100}}}, False),
        ({"image_config": {"output_options": {"mime_type": "image/png", "compression_quality": 100}}}, False),
        ({"labels": {"a": "b"}}, False),
        ({"tool_config": {"mode": "AUTO"}}, True),
        ({"tool_config": {"mode": "NONE"}}, True),
    ],
    ids=str,
)
def test_what_changes_nothing_is_removed(given: dict[str, Any], rich_too: bool) -> None:
    assert left(given, PLAIN) == pb.Spec()
    assert left(given, RICH) == (pb.Spec() if rich_too else pb.Spec(**given))


@pytest.mark.parametrize("name", ["presence_penalty", "frequency_penalty"])
def test_a_penalty_of_zero_is_removed(name: str) -> None:
    made = left({"generation_config": {name: 0.0}}, RICH)
    assert not made.generation_config.HasField(name)  # type: ignore[arg-type]  # one of its fields
    assert left({"generation_config": {name: 0.5}}, RICH) == pb.Spec(generation_config={name: 0.5})


@pytest.mark.parametrize(
    "thinking", [{"thinking_budget": 0}, {"include_thoughts": False}, {"thinking_budget": 0, "include_thoughts": False}]
)
def test_no_thinking_is_nothing_for_a_model_that_does_not_think(thinking: dict[str, Any]) -> None:
    given = {"generation_config": {"thinking_config": thinking}}
    assert not left(given, PLAIN).generation_config.HasField("thinking_config")
    assert left(given, RICH) == pb.Spec(**given)


@pytest.mark.parametrize(
    ("asked", "left_over"),
    [
        ({"mime_type": "image/png", "compression_quality": 5}, {"compression_quality": 5}),
        ({"mime_type": "image/jpeg", "compression_quality": 100}, {"mime_type": "image/jpeg"}),
    ],
)
def test_only_the_wish_of_a_file_format_that_asks_for_something_stays(
    asked: dict[str, Any], left_over: dict[str, Any]
) -> None:
    assert left({"image_config": {"output_options": asked}}, PLAIN).image_config.output_options == (
        pb.ImageOutputOptions(**left_over)
    )
    assert left({"image_config": {"output_options": asked}}, RICH).image_config.output_options == (
        pb.ImageOutputOptions(**asked)
    )


@pytest.mark.parametrize(
    "given",
    [
        {"image_config": {"image_size": "2K"}},
        {"image_config": {"aspect_ratio": "1:1"}},
        COMPRESSED,
        {"image_config": {"output_options": {"mime_type": "image/jpeg"}}},
        {"generation_config": {"thinking_config": {"thinking_budget": 5}}},
        {"generation_config": {"thinking_config": {"include_thoughts": True}}},
        {"tool_config": {"mode": "ANY"}},
        {"tool_config": {"mode": "AUTO"}, "tools": [{"google_search": {}}]},
    ],
    ids=str,
)
def test_what_asks_for_something_stays(given: dict[str, Any]) -> None:
    assert left(given, PLAIN) == left(given, RICH) == pb.Spec(**given)


@pytest.mark.parametrize(
    ("given", "cleared"),
    [
        ({"generation_config": {"presence_penalty": 0.0}}, {"generation_config.presence_penalty"}),
        ({"generation_config": {"frequency_penalty": 0.0}}, {"generation_config.frequency_penalty"}),
        ({"tool_config": {"mode": "NONE"}}, {"tools", "tool_config"}),
        ({"tool_config": {"mode": "AUTO"}}, {"tool_config"}),
        ({"tool_config": {"mode": "NONE"}, "tools": [{"google_search": {}}]}, set()),
        ({"generation_config": {"presence_penalty": 0.5}, "labels": {"a": "b"}}, set()),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),  # a set differs by process
)
def test_what_no_default_may_replace_is_told(given: dict[str, Any], cleared: set[str]) -> None:
    assert without_effect.remove(pb.Spec(**given), PLAIN) == cleared
