"""A deployment's defaults apply where the caller sets nothing, field by field."""

import json
from typing import Any

import pytest
from google.protobuf import json_format

from imagewire_server.contract import pb
from imagewire_server.core.spec_defaults import CLEARABLE, merged

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


FULL: dict[str, Any] = {
    "generationConfig": {"presencePenalty": 1.0, "frequencyPenalty": 1.0, "stopSequences": ["END"], "topK": 4},
    "imageConfig": {"aspectRatio": "16:9", "imageSize": "4K"},
    "responseModalities": ["MODALITY_IMAGE"],
    "tools": [{"googleSearch": {}}],
    "toolConfig": {"mode": "ANY"},
    "serviceTier": "priority",
}


@pytest.mark.parametrize("path", sorted(CLEARABLE))
def test_what_the_caller_cleared_has_no_default(path: str) -> None:
    names = [one.split("_")[0] + "".join(word.title() for word in one.split("_")[1:]) for one in path.split(".")]
    expected = json.loads(json.dumps(FULL))
    del (expected if len(names) == 1 else expected[names[0]])[names[-1]]
    defaults = of(**FULL)
    assert merged(defaults, nothing, nothing, pb.Spec(), frozenset({path})) == of(**expected)
    assert defaults == of(**FULL)


def test_nothing_is_left_of_what_was_cleared() -> None:
    defaults = of(generationConfig={"stopSequences": ["END"]}, serviceTier="flex")
    cleared = frozenset({"generation_config.stop_sequences", "service_tier", "tools"})
    assert merged(defaults, nothing, nothing, pb.Spec(), cleared) == pb.Spec()


@pytest.mark.parametrize("left", [{"b": 2}, {}])
def test_a_default_extra_body_gives_way_to_what_was_cleared(left: dict[str, int]) -> None:
    def leave_out(spec: pb.Spec) -> None:
        if spec.service_tier == "standard":
            del spec.extra_body.fields["a"]
        if not left:
            spec.ClearField("extra_body")

    made = merged(of(extraBody={"a": 1, **left}), leave_out, nothing, pb.Spec(), frozenset({"service_tier"}))
    assert made == (of(extraBody=left) if left else pb.Spec())


def test_the_wish_that_no_tool_is_called_overrides_default_tools() -> None:
    none = of(toolConfig={"mode": "NONE"})
    assert merged(of(tools=[{"googleSearch": {}}], serviceTier="flex"), nothing, nothing, none) == of(
        toolConfig={"mode": "NONE"}, serviceTier="flex"
    )
    own = of(toolConfig={"mode": "NONE"}, tools=[{"functions": {"declarations": [{"name": "f"}]}}])
    assert merged(of(tools=[{"googleSearch": {}}]), nothing, nothing, own) == own
