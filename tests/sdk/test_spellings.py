"""The Python client and the server's REST API accept the same spellings of picture options."""

from dataclasses import replace
from typing import Any

import pytest

import imagewire
from imagewire import spellings
from imagewire.litellm.params import read
from imagewire_server.formats.openai.common import spellings as servers
from tests.unit.formats.openai.asked import ALL_FIELDS, reading, spec

PIXELS = ["1024x1024", "1792x1024", "1024x1536", "512x512", "2048X2048", "4096*2304", "1536x672"]
RATIOS = ["16:9", "16/9", " 16 x 9 ", "16X9", "auto", "AUTO", "", "x", "1:1:1", "100:1", "16.0:9"]
SIZES = [*servers.SIZES, *(name.upper() for name in servers.SIZES), "8K", "", "x"]


def test_the_tables_are_the_same() -> None:
    for name in ("SIZES", "SIDES", "RATIOS", "QUALITIES"):
        assert getattr(spellings, name) == getattr(servers, name)
    assert list(map(spellings.ratio, RATIOS)) == list(map(servers.ratio, RATIOS))
    assert list(map(spellings.size, SIZES)) == list(map(servers.size, SIZES))


@pytest.mark.parametrize(
    "options",
    [
        {"aspect_ratio": "16/9", "image_size": "2k"},
        {"aspect_ratio": "auto", "image_size": "AUTO"},
        {"image_size": "512px"},
        {"aspect_ratio": "7:5", "image_size": "8K"},
        {"modalities": ["text", "image"]},
        *({"image_size": size} for size in PIXELS),
    ],
    ids=str,
)
def test_an_option_is_the_same_in_the_client_and_in_rest(options: dict[str, Any]) -> None:
    made = imagewire.build_spec("gemini/m", "A banana", **options)
    asked = spec("chat", **options)
    if asked.image_config.image_size == "1K" and "image_size" in options and "x" in options["image_size"]:
        asked.image_config.ClearField("image_size")  # the client leaves the usual size to the model
    assert made.image_config.SerializeToString() == asked.image_config.SerializeToString()
    assert list(made.response_modalities) == list(asked.response_modalities)


@pytest.mark.parametrize(
    "options",
    [
        *({name: size} for size in PIXELS for name in ("size", "imageSize")),
        {"size": "2k"},
        {"size": "auto", "quality": "HD"},
        {"quality": "low"},
        {"quality": "standard"},
        {"size": "1792x1024", "aspect_ratio": "16/9", "quality": "hd"},
        {"size": "1000x700"},
        {"size": "1024x1024", "quality": "hd"},
    ],
    ids=str,
)
def test_an_option_is_the_same_in_completion_and_in_rest(options: dict[str, Any]) -> None:
    # A deployment of a server that runs may have another default, so the usual size is asked for by name too.
    made = read("gemini/m", [{"role": "user", "content": "x"}], {"target": "host:1", **options})
    model = replace(ALL_FIELDS, image_sizes=("512", "1K", "2K", "4K"), default_image_size="1K")
    asked = reading("chat", model, **options)
    for name in ("aspect_ratio", "image_size"):
        assert getattr(made.spec.image_config, name) == getattr(asked.spec.image_config, name)
    assert made.chosen_picture == asked.chosen_picture


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"size": "large"}, "size"),
        ({"size": "5000x100"}, "size"),
        ({"imageSize": "5000x100"}, "image_size"),
        ({"size": "1792x1024", "aspect_ratio": "1:1"}, "aspect_ratio"),
        ({"size": "1024x1024", "image_size": "2K"}, "size"),
        ({"quality": "best"}, "quality"),
    ],
)
def test_a_wrong_option_of_completion_is_named(options: dict[str, Any], field: str) -> None:
    with pytest.raises(imagewire.InvalidRequest) as caught:
        read("gemini/m", [{"role": "user", "content": "x"}], options)
    assert [one.field for one in caught.value.violations] == [field]


@pytest.mark.parametrize("size", ["5000x100", "1024x1024"])
def test_pixels_that_cannot_be_honoured_are_refused_with_the_remedy(size: str) -> None:
    with pytest.raises(ValueError, match=r"use one of 1:1|set only one of them"):
        imagewire.build_spec(prompt="x", image_size=size, aspect_ratio="16:9")


def test_a_size_that_was_chosen_gives_way_to_what_the_model_draws() -> None:
    request = read("gemini/m", [{"role": "user", "content": "x"}], {"quality": "hd"})
    refused = imagewire.errors.invalid("spec.image_config.image_size", "is not taken")
    assert request.drops.clear(request.spec, refused)
    assert (request.spec.image_config.image_size, request.drops.names) == ("", ["image_size"])
    usual = read("gemini/m", [{"role": "user", "content": "x"}], {"size": "1000x700", "target": "host:1"})
    assert usual.drops.clear(usual.spec, refused)
    assert (usual.spec.image_config.image_size, usual.drops.names, usual.chosen_picture) == ("", [], "1K 3:2")
    inside = read("gemini/m", [{"role": "user", "content": "x"}], {"size": "1000x700"})
    assert (inside.spec.image_config.image_size, inside.chosen_picture) == ("", "1K 3:2")
    exact = read("gemini/m", [{"role": "user", "content": "x"}], {"image_size": "2K"})
    assert not exact.drops.clear(exact.spec, refused)
