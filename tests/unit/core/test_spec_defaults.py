"""A deployment's defaults apply where the caller sets nothing, field by field."""

from typing import Any

import pytest
from google.protobuf import json_format

from imagewire_server.contract import pb
from imagewire_server.core.spec_defaults import merged

TEXT, IMAGE = pb.Modality.MODALITY_TEXT, pb.Modality.MODALITY_IMAGE


def of(**fields: Any) -> pb.Spec:
    return json_format.ParseDict(fields, pb.Spec())


def nothing(*_: pb.ProtoMessage) -> None:
    """A provider that knows of no overlap."""


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
    ],
)
def test_the_caller_comes_first(defaults: dict[str, Any], caller: dict[str, Any], expected: dict[str, Any]) -> None:
    given = of(**caller)
    assert merged(of(**defaults), nothing, nothing, given) == of(**expected)
    assert given == of(**caller)


@pytest.mark.parametrize(("caller", "asked"), [({}, True), ({"extraBody": {"b": 2}}, False)])
def test_the_provider_may_leave_out_of_a_default_extra_body_what_the_caller_says(
    caller: dict[str, Any], asked: bool
) -> None:
    def leave_out(spec: pb.Spec) -> None:
        spec.extra_body.Clear()

    made = merged(of(extraBody={"a": 1}), leave_out, nothing, of(**caller))
    assert bool(made.extra_body.fields) is not asked
