"""Options of the picture and of thinking: what each becomes in the spec, and how a wrong one is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import pb
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common import options
from imagewire_server.formats.openai.common.shared_request import ImageConfig
from imagewire_server.formats.openai.common.spec_builder import SpecBuilder
from tests.unit.formats.openai.asked import reading, refused

SIZES = ("1K", "2K", "4K")
ALL = Capabilities(id="m", image_sizes=SIZES)
THINKING = "generation_config.thinking_config"


def refusals(builder: SpecBuilder) -> list[tuple[str, str]]:
    return [(one.field, one.description) for one in builder.violations]


def picture(*steps: Callable[[SpecBuilder], None]) -> tuple[pb.ImageConfig, SpecBuilder]:
    builder = SpecBuilder("gemini/m")
    for step in steps:
        step(builder)
    return builder.spec.image_config, builder


@pytest.mark.parametrize(
    ("spellings", "expected", "refused"),
    [
        ([], None, []),
        ([("a", None), ("b", None)], None, []),
        ([("a", None), ("b", 2)], ("b", 2), []),
        ([("a", 0), ("b", 0)], ("a", 0), []),
        ([("a", 1), ("b", 2)], ("a", 1), [("b", "contradicts a; set only one of them")]),
        ([("a", 1), ("b", 1), ("c", False)], ("a", 1), [("c", "contradicts a; set only one of them")]),
    ],
)
def test_several_spellings_are_one_field(spellings: Any, expected: Any, refused: Any) -> None:
    builder = SpecBuilder("m")
    assert options.said_once(builder, spellings) == expected
    assert refusals(builder) == refused


def test_a_field_is_set_once() -> None:
    builder = SpecBuilder("m")
    target = builder.spec.generation_config
    for value, field in ((None, "a"), (0, "b"), (0, "c"), (1, "d")):
        options.set_once(builder, target, "seed", value, field, "generation_config")
    assert (target.seed, builder.origins["spec.generation_config.seed"]) == (0, "c")
    assert refusals(builder) == [("d", "contradicts c; set only one of them")]


@pytest.mark.parametrize("name", ["aspect_ratio", "image_size", "person_generation", "prominent_people"])
def test_image_options_have_two_spellings(name: str) -> None:
    camel = f"{name}_"
    words = name.split("_")
    shown = words[0] + words[1].title()
    for spelling, field in ((name, name), (camel, shown)):
        made, builder = picture(
            lambda b, s=spelling: options.image_config(b, ImageConfig(**{s: "X"}), "image_config", ALL)
        )
        assert getattr(made, name) == "X"
        assert builder.origins[f"spec.image_config.{name}"] == f"image_config.{field}"
    _, builder = picture(lambda b: options.image_config(b, ImageConfig(**{name: "X", camel: "Y"}), "imageConfig", ALL))
    assert refusals(builder) == [(f"imageConfig.{shown}", f"contradicts imageConfig.{name}; set only one of them")]


def test_an_aspect_ratio() -> None:
    made, builder = picture(lambda b: options.aspect_ratio(b, None), lambda b: options.aspect_ratio(b, "16:9"))
    assert (made.aspect_ratio, builder.origins["spec.image_config.aspect_ratio"]) == ("16:9", "aspect_ratio")
    options.aspect_ratio(builder, "1:1", "tools[0].aspect_ratio")
    assert refusals(builder) == [("tools[0].aspect_ratio", "contradicts aspect_ratio; set only one of them")]


@pytest.mark.parametrize(
    ("given_size", "capabilities", "expected"),
    [
        (None, ALL, ("", "")),
        ("auto", ALL, ("", "")),
        ("2K", Capabilities(), ("", "2K")),
        ("512", Capabilities(), ("", "512")),
        ("1024x1024", ALL, ("1:1", "1K")),
        ("1536x1024", ALL, ("3:2", "1K")),
        ("1024x1536", ALL, ("2:3", "1K")),
        ("1792x1024", ALL, ("16:9", "1K")),
        ("4096x4096", ALL, ("1:1", "4K")),
        # Without a choice of sizes, the default is not requested, and nothing else can be.
        ("1024x1024", Capabilities(id="m", image_sizes=()), ("1:1", "")),
        ("1024x1024", Capabilities(), ("1:1", "")),
        ("2048x2048", Capabilities(), ("1:1", "2K")),
        ("1k", Capabilities(), ("", "1K")),
        ("1024X1024", ALL, ("1:1", "1K")),
        # The nearest that the model draws.
        ("256x256", ALL, ("1:1", "1K")),
        ("512x512", ALL, ("1:1", "1K")),
        ("4096x4096", Capabilities(image_sizes=()), ("1:1", "")),
        ("1280x1024", Capabilities(id="m", aspect_ratios=("5:4", "16:9")), ("5:4", "")),
    ],
)
def test_a_size(given_size: str | None, capabilities: Capabilities, expected: tuple[str, str]) -> None:
    made, builder = picture(lambda b: options.size(b, given_size, capabilities))
    assert (made.aspect_ratio, made.image_size) == expected
    assert not builder.violations
    origins = [builder.origins[f"spec.image_config.{field.name}"] for field, _ in made.ListFields()]
    assert origins == ["size"] * len(origins)


FORM = 'must be "auto", WIDTHxHEIGHT as "1024x1024", or one of 512, 1K, 2K, 4K'


@pytest.mark.parametrize(
    ("given_size", "capabilities", "words"),
    [
        ("", ALL, FORM),
        ("large", ALL, FORM),
        ("1024x", ALL, FORM),
        ("0x1024", ALL, FORM),
        ("1x1", ALL, FORM),
        ("100000x100000", ALL, FORM),
        ("-1024x1024", ALL, FORM),
        ("1024x1024\n", ALL, FORM),
        ("\ud800", ALL, FORM),
        (
            "4000x1000",
            Capabilities(aspect_ratios=("1:1", "16:9")),
            "is far from every aspect ratio that the model supports; use 1:1, 16:9",
        ),
    ],
)
def test_a_size_that_is_refused(given_size: str, capabilities: Capabilities, words: str) -> None:
    made, builder = picture(lambda b: options.size(b, given_size, capabilities, "tools[0].size"))
    assert refusals(builder) == [("tools[0].size", words)]
    assert made == pb.ImageConfig()


def test_a_size_contradicts_an_aspect_ratio() -> None:
    _, builder = picture(lambda b: options.aspect_ratio(b, "16:9"), lambda b: options.size(b, "1024x1024", ALL))
    assert refusals(builder) == [("size", "contradicts aspect_ratio; set only one of them")]


@pytest.mark.parametrize(
    ("fields", "capabilities", "expected"),
    [
        # What is drawn as it was asked for is not told.
        ({}, ALL, ("", "", "")),
        ({"size": "1024x1024"}, ALL, ("1:1", "1K", "")),
        ({"size": "2048x2048"}, ALL, ("1:1", "2K", "")),
        ({"image_size": "4k", "aspectRatio": "16x9"}, ALL, ("16:9", "4K", "")),
        ({"quality": "standard", "size": "auto", "aspect_ratio": "auto", "image_size": "auto"}, ALL, ("", "", "")),
        # What had to be chosen is.
        ({"size": "1792x1024"}, ALL, ("16:9", "1K", "1K 16:9")),
        ({"size": "512x512"}, ALL, ("1:1", "1K", "1K 1:1")),
        ({"size": "2048x2048"}, Capabilities(id="m", image_sizes=()), ("1:1", "", "1K 1:1")),
        ({"imageSize": "2048x1152"}, ALL, ("16:9", "2K", "2K 16:9")),
        ({"quality": "hd"}, ALL, ("", "2K", "2K")),
        ({"quality": "HIGH", "size": "1024x1024"}, ALL, ("1:1", "1K", "1K 1:1")),
        ({"quality": "high"}, Capabilities(id="m", image_sizes=()), ("", "", "1K")),
        ({"quality": "low"}, ALL, ("", "", "1K")),
        ({"quality": "low"}, Capabilities(id="m", image_sizes=("512", "1K")), ("", "512", "512")),
    ],
    ids=str,
)
def test_the_choice_is_told(fields: dict[str, str], capabilities: Capabilities, expected: tuple[str, str, str]) -> None:
    for kind in ("chat", "images", "responses"):
        builder = reading(kind, capabilities, **fields)
        made = builder.spec.image_config
        assert (made.aspect_ratio, made.image_size, builder.chosen_picture) == expected
    tool = reading("responses", capabilities, tools=[{"type": "image_generation", **fields}])
    assert tool.spec.image_config == made


@pytest.mark.parametrize("name", ["image_config", "imageConfig"])
def test_a_config_of_the_picture(name: str) -> None:
    made = reading("chat", ALL, **{name: {"aspect_ratio": "16:9", "imageSize": "2K"}}).spec.image_config
    assert (made.aspect_ratio, made.image_size) == ("16:9", "2K")


@pytest.mark.parametrize("given_names", [["TEXT", "IMAGE"], ["Text", "image"], ["text", "image"]])
def test_modalities_in_any_case(given_names: list[str]) -> None:
    expected = [pb.Modality.MODALITY_TEXT, pb.Modality.MODALITY_IMAGE]
    assert list(reading("chat", modalities=given_names).spec.response_modalities) == expected


def test_another_modality_is_refused_or_dropped() -> None:
    assert refused("chat", modalities=["image", "audio"]) == ["modalities[1]"]
    builder = reading("chat", modalities=["image", "audio"], drop_params=True)
    assert (list(builder.spec.response_modalities), builder.dropped) == (
        [pb.Modality.MODALITY_IMAGE],
        ["modalities[1]"],
    )


@given(st.integers(10, 99_999), st.integers(10, 99_999))
def test_every_size_is_near_what_is_drawn_or_refused(width: int, height: int) -> None:
    made, builder = picture(lambda b: options.size(b, f"{width}x{height}", Capabilities()))
    if builder.violations:
        assert [one.field for one in builder.violations] == ["size"]
        return
    across, down = map(int, made.aspect_ratio.split(":"))
    assert 1 / 1.21 < width / height * down / across < 1.21


@pytest.mark.parametrize(
    ("step", "expected", "refused"),
    [
        (lambda b: options.effort(b, None, "f", ALL), None, []),
        (lambda b: options.effort(b, "none", "f", ALL), {"thinking_budget": 0}, []),
        (lambda b: options.effort(b, "default", "f", ALL), None, []),
        (lambda b: options.effort(b, "disable", "f", ALL), {"thinking_budget": 0}, []),
        (lambda b: options.effort(b, "low", "f", ALL), {"thinking_level": "LOW"}, []),
        (lambda b: options.effort(b, "", "f", ALL), {}, []),
        (lambda b: options.effort(b, "medium", "f", ALL), {"thinking_level": "MEDIUM"}, []),
        (lambda b: options.effort(b, "medium", "f", Capabilities(thinking_levels=())), None, []),
        (lambda b: options.effort(b, "low", "f", Capabilities(thinking_levels=())), {"thinking_level": "LOW"}, []),
        (lambda b: options.budget(b, None, "f"), None, []),
        (lambda b: options.budget(b, -1, "f"), {"thinking_budget": -1}, []),
        (lambda b: options.budget(b, 0, "f"), {"thinking_budget": 0}, []),
        (lambda b: options.budget(b, 2**31 - 1, "f"), {"thinking_budget": 2**31 - 1}, []),
        (lambda b: options.budget(b, 2**31, "f"), None, ["must be -1 or more, and less than 2147483648"]),
        (lambda b: options.budget(b, -2, "f"), None, ["must be -1 or more, and less than 2147483648"]),
        (lambda b: options.thoughts(b, None, "f"), None, []),
        (lambda b: options.thoughts(b, False, "f"), {"include_thoughts": False}, []),
        (lambda b: options.thoughts(b, True, "f"), {"include_thoughts": True}, []),
        (lambda b: options.drafts(b, None, ALL, "f"), None, []),
        (lambda b: options.drafts(b, 0, ALL, "f"), None, []),
        (lambda b: options.drafts(b, 1, ALL, "f"), {"include_thoughts": True}, []),
        (lambda b: options.drafts(b, 1, Capabilities(), "f"), None, []),
        (lambda b: options.drafts(b, 1, Capabilities(id="m", thinking_levels=()), "f"), None, []),
    ],
)
def test_thinking(step: Callable[[SpecBuilder], None], expected: dict[str, Any] | None, refused: list[str]) -> None:
    _, builder = picture(step)
    assert builder.spec.generation_config.thinking_config == pb.ThinkingConfig(**(expected or {}))
    assert refusals(builder) == [("f", words) for words in refused]
    assert builder.origins.get(f"spec.{THINKING}") == (None if expected is None else "f")


def test_thinking_and_no_thinking_contradict() -> None:
    steps = lambda b: options.effort(b, "none", "effort", ALL), lambda b: options.budget(b, 5, "max_tokens")
    _, builder = picture(*steps)
    assert refusals(builder) == [("max_tokens", "contradicts effort; set only one of them")]


@pytest.mark.parametrize(
    ("file_format", "quality", "expected", "origin"),
    [
        (None, None, {}, None),
        ("png", None, {"mime_type": "image/png"}, "output_format"),
        ("jpeg", 0, {"mime_type": "image/jpeg", "compression_quality": 0}, "output_format"),
        (None, 80, {"compression_quality": 80}, "output_compression"),
    ],
)
def test_a_file_format(
    file_format: str | None, quality: int | None, expected: dict[str, Any], origin: str | None
) -> None:
    made, builder = picture(lambda b: options.file_format(b, file_format, quality, "tools[0]."))
    assert made.output_options == pb.ImageOutputOptions(**expected)
    assert builder.origins.get("spec.image_config.output_options") == (origin and f"tools[0].{origin}")
    for name in expected:
        named = {"mime_type": "output_format", "compression_quality": "output_compression"}[name]
        assert builder.origins[f"spec.image_config.output_options.{name}"] == f"tools[0].{named}"


def test_a_quality_that_is_unknown() -> None:
    _, builder = picture(lambda b: options.quality(b, "ultra", ALL))
    assert refusals(builder) == [("quality", "is not supported; use auto, standard, medium, low, high, hd")]
    _, builder = picture(lambda b: options.image_size(b, None, ALL, "image_size"))
    assert not builder.violations


@pytest.mark.parametrize("names", [[], ["text"]])
def test_no_modalities_override_a_default(names: list[str]) -> None:
    assert reading("chat", modalities=names).cleared == (set() if names else {"response_modalities"})
