"""A chat request becomes a spec, with the origin of each field."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.json_values import struct
from imagewire_server.contract.provider import Capabilities
from tests.unit.formats.openai.asked import reading, refusals, spec

FUNCTION = {"type": "function", "function": {"name": "f"}}
NAMED = {"type": "function", "function": {"name": "f"}}
ONCE = "set only one of them"


def config(**fields: Any) -> dict[str, Any]:
    return {"generation_config": fields}


def thinking(**fields: Any) -> dict[str, Any]:
    return config(thinking_config=fields)


SEARCH = {"tools": [{"google_search": {}}]}
FUNCTIONS = {"tools": [{"functions": {"declarations": [{"name": "f"}]}}]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"modalities": ["image", "text"]}, {"response_modalities": ["MODALITY_IMAGE", "MODALITY_TEXT"]}),
        ({"modalities": []}, {}),
        ({"image_config": {"aspect_ratio": "16:9"}}, {"image_config": {"aspect_ratio": "16:9"}}),
        ({"imageConfig": {"imageSize": "2K"}}, {"image_config": {"image_size": "2K"}}),
        ({"aspect_ratio": "16:9"}, {"image_config": {"aspect_ratio": "16:9"}}),
        ({"size": "1792x1024"}, {"image_config": {"aspect_ratio": "16:9"}}),
        ({"temperature": 0, "top_p": 0.5, "top_k": 3}, config(temperature=0.0, top_p=0.5, top_k=3)),
        ({"n": 1, "seed": -1}, config(candidate_count=1, seed=-1)),
        ({"max_tokens": 5}, config(max_output_tokens=5)),
        ({"max_completion_tokens": 5}, config(max_output_tokens=5)),
        ({"max_tokens": 5, "max_completion_tokens": 5}, config(max_output_tokens=5)),
        ({"presence_penalty": 0.5, "frequency_penalty": -0.5}, config(presence_penalty=0.5, frequency_penalty=-0.5)),
        ({"media_resolution": "MEDIA_RESOLUTION_LOW"}, config(media_resolution="MEDIA_RESOLUTION_LOW")),
        ({"stop": "END"}, config(stop_sequences=["END"])),
        ({"stop": ["A", "B"]}, config(stop_sequences=["A", "B"])),
        ({"stop": []}, {}),
        ({"reasoning_effort": "low"}, thinking(thinking_level="LOW")),
        ({"reasoning_effort": "none"}, thinking(thinking_budget=0)),
        ({"reasoning": {}}, {}),
        ({"reasoning": {"effort": "high"}}, thinking(thinking_level="HIGH")),
        ({"reasoning": {"max_tokens": 9}}, thinking(thinking_budget=9)),
        ({"reasoning": {"exclude": True}}, thinking(include_thoughts=False)),
        ({"reasoning": {"exclude": False}}, thinking(include_thoughts=True)),
        ({"thinking": {"type": "disabled", "budget_tokens": 9}}, thinking(thinking_budget=0)),
        ({"thinking": {"type": "enabled", "budget_tokens": 9}}, thinking(thinking_budget=9)),
        ({"thinking": {"type": "enabled"}}, {}),
        ({"include_reasoning": True}, thinking(include_thoughts=True)),
        ({"cached_content": "cachedContents/a"}, {"cached_content": "cachedContents/a"}),
        ({"user": "me", "metadata": {"a": "b"}}, {"labels": {"user": "me", "a": "b"}}),
        ({"extra_body": {"a": {"b": None}}}, {"extra_body": struct({"a": {"b": None}})}),
        ({"service_tier": "flex"}, {"service_tier": "flex"}),
        ({"tools": []}, {}),
        ({"tools": [FUNCTION]}, FUNCTIONS),
        ({"web_search_options": {}}, SEARCH),
        ({"tools": [{"type": "web_search"}]}, SEARCH),
        ({"tools": [{"type": "google_search"}]}, SEARCH),
        ({"tools": [{"google_search": {}}]}, SEARCH),
        ({"tools": [{"googleSearch": {}}]}, SEARCH),
        ({"web_search_options": {}, "tools": [{"type": "web_search"}, {"googleSearch": {}}]}, SEARCH),
        (
            {"tools": [{"googleSearch": {}}, FUNCTION]},
            {"tools": [*FUNCTIONS["tools"], *SEARCH["tools"]]},
        ),
        ({"tool_choice": "auto"}, {}),
        ({"tool_choice": "none"}, {}),
        ({"tool_choice": "none", "tools": [{"google_search": {}}], "web_search_options": {}}, {}),
        (
            {"tool_choice": "none", "tools": [FUNCTION, {"google_search": {}}]},
            {"tool_config": {"mode": "NONE"}, **FUNCTIONS},
        ),
        ({"tool_choice": "required", "tools": [FUNCTION]}, {"tool_config": {"mode": "ANY"}, **FUNCTIONS}),
        (
            {"tool_choice": NAMED, "tools": [FUNCTION]},
            {"tool_config": {"mode": "ANY", "allowed_function_names": ["f"]}, **FUNCTIONS},
        ),
    ],
    ids=str,
)
def test_a_field_becomes_one_of_the_spec(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    plain = spec("chat")
    assert spec("chat", **fields) == pb.Spec(model="gemini/model", messages=plain.messages, **expected)


def test_a_function_has_its_description_and_its_parameters() -> None:
    function = {"name": "f", "description": "Draws", "parameters": {"type": "object", "minimum": 3}}
    [tool] = spec("chat", tools=[{"function": function}]).tools
    assert tool == pb.Tool(
        functions={
            "declarations": [
                {"name": "f", "description": "Draws", "parameters": struct({"type": "object", "minimum": 3})}
            ]
        }
    )


@pytest.mark.parametrize(
    ("fields", "origins"),
    [
        ({"modalities": ["text"]}, {"response_modalities": "modalities"}),
        ({"stop": "END"}, {"generation_config.stop_sequences": "stop"}),
        ({"n": 1}, {"generation_config.candidate_count": "n"}),
        ({"thinking": {"type": "disabled"}}, {"generation_config.thinking_config.thinking_budget": "thinking"}),
        (
            {"tools": [{"googleSearch": {}}, FUNCTION]},
            {
                "tools[0].functions.declarations[0]": "tools[1].function",
                "tools[1].google_search": "tools[0].googleSearch",
            },
        ),
        ({"web_search_options": {}}, {"tools[0].google_search": "web_search_options"}),
        ({"tool_choice": "required", "tools": [FUNCTION]}, {"tool_config": "tool_choice"}),
    ],
    ids=str,
)
def test_a_field_of_the_spec_knows_its_origin(fields: dict[str, Any], origins: dict[str, str]) -> None:
    made = reading("chat", **fields).origins
    assert {path: made.get(f"spec.{path}") for path in origins} == origins


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"max_tokens": 5, "max_completion_tokens": 6},
            [("max_tokens", f"contradicts max_completion_tokens; {ONCE}")],
        ),
        (
            {"image_config": {"aspect_ratio": "1:1"}, "aspect_ratio": "16:9"},
            [("aspect_ratio", f"contradicts image_config.aspect_ratio; {ONCE}")],
        ),
        (
            {"reasoning_effort": "low", "reasoning": {"effort": "high"}},
            [("reasoning.effort", f"contradicts reasoning_effort; {ONCE}")],
        ),
        (
            {"reasoning": {"exclude": True}, "include_reasoning": True},
            [("include_reasoning", f"contradicts reasoning.exclude; {ONCE}")],
        ),
        (
            {"reasoning": {"max_tokens": 2**31}},
            [("reasoning.max_tokens", "must be -1 or more, and less than 2147483648")],
        ),
        ({"tools": [{}]}, [("tools[0]", "is empty; set function or google_search")]),
        ({"tool_choice": "required"}, [("tool_choice", "needs functions in tools; add them, or leave it out")]),
        ({"tools": [FUNCTION, {"type": "function"}]}, [("tools[1]", "is empty; set function or google_search")]),
        (
            {"size": "huge", "tools": [{}], "metadata": {"user": "a"}, "user": "b"},
            [
                ("size", 'must be "auto", WIDTHxHEIGHT as "1024x1024", or one of 512, 1K, 2K, 4K'),
                ("tools[0]", "is empty; set function or google_search"),
                ("metadata.user", f"contradicts user; {ONCE}"),
            ],
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_together(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert refusals("chat", **fields) == expected


@pytest.mark.parametrize("name", ["extra_body", "parameters"])
def test_an_object_that_is_nested_too_deeply_is_refused(name: str) -> None:
    deep: Any = 1
    for _ in range(40):
        deep = {"a": deep}
    fields = {"extra_body": deep} if name == "extra_body" else {"tools": [{"function": {"name": "f", name: deep}}]}
    field = "extra_body" if name == "extra_body" else "tools[0].function.parameters"
    words = "is nested too deeply, or has a number outside the range of a double"
    assert refusals("chat", **fields) == [(field, words)]


def test_sizes_are_those_of_the_model() -> None:
    builder = reading("chat", Capabilities(id="m", image_sizes=("1K",)), size="4096x4096")
    assert (builder.spec.image_config.image_size, builder.chosen_picture) == ("1K", "1K 1:1")


def test_stream_options_are_for_streams() -> None:
    assert refusals("chat", stream_options={"include_usage": True}) == [
        ("stream_options", "is only for streams; set stream, or leave it out")
    ]
    reading("chat", stream=True, stream_options={"include_usage": True})


TOOLS = {"tools", "tool_config"}
RATIO, SIZE = "image_config.aspect_ratio", "image_config.image_size"


@pytest.mark.parametrize(
    ("fields", "cleared"),
    [
        ({}, set()),
        ({"stop": []}, {"generation_config.stop_sequences"}),
        ({"stop": ""}, {"generation_config.stop_sequences"}),
        ({"stop": "X", "tools": [FUNCTION], "service_tier": "flex"}, set()),
        ({"tools": []}, TOOLS),
        ({"tool_choice": "none"}, TOOLS),
        ({"tool_choice": "none", "tools": [FUNCTION]}, set()),
        ({"service_tier": "auto"}, {"service_tier"}),
        ({"presence_penalty": 0}, {"generation_config.presence_penalty"}),
        ({"modalities": []}, {"response_modalities"}),
        ({"modalities": ["text"], "size": "1024x1024", "quality": "hd"}, set()),
        ({"size": "auto"}, {RATIO, SIZE}),
        ({"quality": "auto"}, {SIZE}),
        ({"image_config": {"aspect_ratio": "auto"}}, {RATIO}),
        ({"image_size": "auto"}, {SIZE}),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),  # a set differs by process
)
def test_what_the_caller_clears(fields: dict[str, Any], cleared: set[str]) -> None:
    assert reading("chat", **fields).cleared == cleared
