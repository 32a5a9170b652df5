"""A deployment's defaults apply where the caller sets nothing, field by field."""

from typing import Any

import pytest
from google.protobuf import json_format

from imagewire_server.contract import pb
from imagewire_server.core.spec_defaults import merged

TEXT, IMAGE = pb.Modality.MODALITY_TEXT, pb.Modality.MODALITY_IMAGE


def of(**fields: Any) -> pb.Spec:
    return json_format.ParseDict(fields, pb.Spec())


@pytest.mark.parametrize(
    ("defaults", "caller", "expected"),
    [
        ({"generationConfig": {"temperature": 0.5}}, {}, {"generationConfig": {"temperature": 0.5}}),
        (
            {"generationConfig": {"temperature": 0.5, "topP": 0.25}},
            {"generationConfig": {"temperature": 0.0}},
            {"generationConfig": {"temperature": 0.0, "topP": 0.25}},
        ),
        (
            {"imageConfig": {"imageSize": "2K", "aspectRatio": "1:1"}},
            {"imageConfig": {"aspectRatio": "16:9"}},
            {"imageConfig": {"imageSize": "2K", "aspectRatio": "16:9"}},
        ),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": 5}}},
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}},
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}},
        ),
        ({"responseModalities": [1]}, {"responseModalities": [2]}, {"responseModalities": [2]}),
        ({"responseModalities": [1]}, {}, {"responseModalities": [1]}),
        ({"labels": {"a": "b"}}, {}, {"labels": {"a": "b"}}),
        ({"serviceTier": "flex"}, {"serviceTier": "priority"}, {"serviceTier": "priority"}),
        ({"extraBody": {"a": 1}}, {"extraBody": {"b": 2}}, {"extraBody": {"b": 2}}),
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
    ],
)
def test_the_caller_comes_first(defaults: dict[str, Any], caller: dict[str, Any], expected: dict[str, Any]) -> None:
    given = of(**caller)
    assert merged(of(**defaults), given) == of(**expected)
    assert given == of(**caller)
