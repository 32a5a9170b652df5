"""What the fields of a request say is not said again by a deployment's default extra_body."""

from typing import Any

import pytest
from google.protobuf import json_format

from imagewire_server.contract import pb
from imagewire_server.core.spec_defaults import merged
from imagewire_server.providers.google.wire.default_extra import give_way, leave_out


def of(**fields: Any) -> pb.Spec:
    return json_format.ParseDict(fields, pb.Spec())


@pytest.mark.parametrize(
    ("defaults", "caller", "expected"),
    [
        (
            {"extraBody": {"generationConfig": {"topK": 1, "new": 2, "image_config": {"imageSize": "1K", "x": 1}}}},
            {"generationConfig": {"topK": 3}, "imageConfig": {"imageSize": "2K"}},
            {
                "generationConfig": {"topK": 3},
                "imageConfig": {"imageSize": "2K"},
                "extraBody": {"generationConfig": {"new": 2, "image_config": {"x": 1}}},
            },
        ),
        (
            {"extraBody": {"generation_config": {"responseModalities": ["TEXT"]}, "safety_settings": [1]}},
            {"responseModalities": [2], "safetySettings": [{"category": "c", "threshold": "t"}]},
            {
                "responseModalities": [2],
                "safetySettings": [{"category": "c", "threshold": "t"}],
                "extraBody": {"generation_config": {}},
            },
        ),
        ({"extraBody": {"generationConfig": 1}}, {}, {"extraBody": {"generationConfig": 1}}),
        (
            {
                "responseModalities": [1],
                "generationConfig": {"topK": 1, "seed": 2},
                "imageConfig": {"imageSize": "1K", "aspectRatio": "1:1", "outputOptions": {"mimeType": "image/png"}},
                "safetySettings": [{"category": "c", "threshold": "t"}],
                "serviceTier": "flex",
            },
            {
                "extraBody": {
                    "generation_config": {
                        "topK": 3,
                        "response_modalities": ["IMAGE"],
                        "imageConfig": {"image_size": "2K", "imageOutputOptions": {}},
                    },
                    "safety_settings": [],
                }
            },
            {
                "generationConfig": {"seed": 2},
                "imageConfig": {"aspectRatio": "1:1"},
                "serviceTier": "flex",
                "extraBody": {
                    "generation_config": {
                        "topK": 3,
                        "response_modalities": ["IMAGE"],
                        "imageConfig": {"image_size": "2K", "imageOutputOptions": {}},
                    },
                    "safety_settings": [],
                },
            },
        ),
    ],
)
def test_the_caller_comes_first(defaults: dict[str, Any], caller: dict[str, Any], expected: dict[str, Any]) -> None:
    assert merged(of(**defaults), leave_out, give_way, of(**caller)) == of(**expected)


def test_what_the_caller_clears_gives_way_too() -> None:
    extra = {
        "generationConfig": {"stopSequences": ["END"], "presencePenalty": 1, "new": 2},
        "tools": [{"googleSearch": {}}],
        "serviceTier": "flex",
    }
    cleared = frozenset({"generation_config.stop_sequences", "generation_config.presence_penalty", "tools"})
    made = merged(of(extraBody=extra), leave_out, give_way, pb.Spec(), cleared)
    assert made == of(extraBody={"generationConfig": {"new": 2}, "serviceTier": "flex"})
