"""A Responses request becomes a spec."""

from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.json_values import struct
from imagewire_server.contract.provider import Capabilities
from imagewire_server.formats.openai.common.json_decode import convert
from imagewire_server.formats.openai.responses.decode import image_tool
from imagewire_server.formats.openai.responses.request import ImageTool, ResponsesRequest
from tests.unit.formats.openai.asked import reading, refusals, spec

TEXT, IMAGE = "MODALITY_TEXT", "MODALITY_IMAGE"
DRAW = {"type": "image_generation"}
FUNCTION = {"type": "function", "name": "f"}
FUNCTIONS = {"tools": [{"functions": {"declarations": [{"name": "f"}]}}]}


@pytest.mark.parametrize(
    ("fields", "modalities", "expected"),
    [
        ({}, [TEXT, IMAGE], {}),
        ({"temperature": 0, "top_p": 1}, [TEXT, IMAGE], {"generation_config": {"temperature": 0.0, "top_p": 1.0}}),
        ({"max_output_tokens": 5}, [TEXT, IMAGE], {"generation_config": {"max_output_tokens": 5}}),
        ({"reasoning": {}}, [TEXT, IMAGE], {}),
        (
            {"reasoning": {"effort": "low", "summary": "auto"}},
            [TEXT, IMAGE],
            {"generation_config": {"thinking_config": {"thinking_level": "LOW", "include_thoughts": True}}},
        ),
        ({"user": "me", "metadata": {"a": "b"}}, [TEXT, IMAGE], {"labels": {"user": "me", "a": "b"}}),
        ({"extra_body": {"a": [None]}}, [TEXT, IMAGE], {"extra_body": struct({"a": [None]})}),
        ({"tools": []}, [TEXT, IMAGE], {}),
        ({"tools": [DRAW]}, [TEXT, IMAGE], {}),
        (
            {"tools": [{**DRAW, "size": "2048x2048", "output_format": "jpeg", "output_compression": 5}]},
            [TEXT, IMAGE],
            {
                "image_config": {
                    "aspect_ratio": "1:1",
                    "image_size": "2K",
                    "output_options": {"mime_type": "image/jpeg", "compression_quality": 5},
                }
            },
        ),
        ({"tools": [{**DRAW, "aspect_ratio": "16:9"}]}, [TEXT, IMAGE], {"image_config": {"aspect_ratio": "16:9"}}),
        (
            {"tools": [{**DRAW, "partial_images": 1}]},
            [TEXT, IMAGE],
            {"generation_config": {"thinking_config": {"include_thoughts": True}}},
        ),
        ({"tools": [FUNCTION]}, [TEXT], FUNCTIONS),
        (
            {"tools": [{**FUNCTION, "description": "D", "parameters": {"type": "object"}}]},
            [TEXT],
            {
                "tools": [
                    {
                        "functions": {
                            "declarations": [
                                {"name": "f", "description": "D", "parameters": struct({"type": "object"})}
                            ]
                        }
                    }
                ]
            },
        ),
        (
            {"tools": [{"type": "web_search"}, FUNCTION]},
            [TEXT],
            {"tools": [*FUNCTIONS["tools"], {"google_search": {}}]},
        ),
        ({"tool_choice": "auto"}, [TEXT, IMAGE], {}),
        ({"tool_choice": "none"}, [TEXT], {}),
        ({"tools": [DRAW], "tool_choice": "required"}, [IMAGE], {}),
        ({"tools": [DRAW], "tool_choice": DRAW}, [IMAGE], {}),
        ({"tools": [DRAW], "tool_choice": "none"}, [TEXT], {}),
        ({"tools": [FUNCTION], "tool_choice": "auto"}, [TEXT], FUNCTIONS),
        ({"tools": [FUNCTION], "tool_choice": "none"}, [TEXT], {**FUNCTIONS, "tool_config": {"mode": "NONE"}}),
        ({"tools": [FUNCTION], "tool_choice": "required"}, [TEXT], {**FUNCTIONS, "tool_config": {"mode": "ANY"}}),
        (
            {"tools": [FUNCTION], "tool_choice": FUNCTION},
            [TEXT],
            {**FUNCTIONS, "tool_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
        ),
        ({"tools": [FUNCTION, DRAW], "tool_choice": DRAW}, [IMAGE], FUNCTIONS),
    ],
    ids=str,
)
def test_a_field_becomes_one_of_the_spec(
    fields: dict[str, Any], modalities: list[str], expected: dict[str, Any]
) -> None:
    messages = [{"role": "ROLE_USER", "content": "A banana"}]
    wanted = pb.Spec(model="gemini/model", messages=messages, response_modalities=modalities, **expected)
    assert spec("responses", **fields) == wanted


def test_instructions_are_the_first_message() -> None:
    made = reading("responses", instructions="Be brief")
    assert list(made.spec.messages) == [
        pb.ChatMessage(role=pb.Role.ROLE_SYSTEM, content="Be brief"),
        pb.ChatMessage(role=pb.Role.ROLE_USER, content="A banana"),
    ]
    assert (made.origins["spec.messages[0]"], made.origins["spec.messages[1]"]) == ("instructions", "input")
    assert spec("responses", instructions="") == spec("responses")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"previous_response_id": "resp_1"},
            [("previous_response_id", "is not the id of a response; send it as it came: resp_…")],
        ),
        ({"tools": [DRAW, DRAW]}, [("tools[1]", "is a second image_generation; leave it out")]),
        (
            {"tool_choice": "required"},
            [("tool_choice", "needs functions or image_generation in tools; add them, or leave it out")],
        ),
        ({"tool_choice": DRAW}, [("tool_choice", "names a tool that is not in tools")]),
        (
            {"tools": [{**DRAW, "size": "huge"}], "previous_response_id": ""},
            [
                ("previous_response_id", "is not the id of a response; send it as it came: resp_…"),
                ("tools[0].size", 'must be "auto", WIDTHxHEIGHT as "1024x1024", or one of 512, 1K, 2K, 4K'),
            ],
        ),
        (
            {"tools": [{**FUNCTION, "parameters": {"n": 10**400}}]},
            [("tools[0].parameters", "is nested too deeply, or has a number outside the range of a double")],
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_wrong_is_refused_together(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert refusals("responses", **fields) == expected


@pytest.mark.parametrize(
    ("fields", "origins"),
    [
        ({"tools": [FUNCTION]}, {"tools[0].functions.declarations[0]": "tools"}),
        ({"tools": [DRAW, FUNCTION], "tool_choice": "none"}, {"tool_config": "tool_choice"}),
        ({"tools": [DRAW, {"type": "web_search"}]}, {"tools[0].google_search": "tools[1]"}),
        ({"tools": [{**DRAW, "aspect_ratio": "1:1"}]}, {"image_config.aspect_ratio": "tools[0].aspect_ratio"}),
        (
            {"tools": [FUNCTION, {**DRAW, "output_format": "png"}]},
            {"image_config.output_options.mime_type": "tools[1].output_format"},
        ),
        ({"reasoning": {"effort": "low"}}, {"generation_config.thinking_config": "reasoning.effort"}),
    ],
    ids=str,
)
def test_a_field_of_the_spec_knows_its_origin(fields: dict[str, Any], origins: dict[str, str]) -> None:
    made = reading("responses", **fields).origins
    assert {path: made.get(f"spec.{path}") for path in origins} == origins


def test_a_model_that_does_not_think_is_not_asked_for_drafts() -> None:
    tools = [{**DRAW, "partial_images": 1}]
    assert spec("responses", Capabilities(), tools=tools) == spec("responses", tools=[DRAW])


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        (None, None),
        ([], None),
        ([FUNCTION], None),
        ([FUNCTION, {**DRAW, "partial_images": 2}], ImageTool(partial_images=2)),
    ],
)
def test_the_image_tool(tools: Any, expected: ImageTool | None) -> None:
    assert image_tool(convert({"model": "m", "input": "A", "tools": tools}, ResponsesRequest)) == expected


def test_what_can_be_included() -> None:
    reading("responses", include=["reasoning.encrypted_content", "file_search_call.results"])
    assert [field for field, _ in refusals("responses", include=["odd"])] == ["include[0]"]


@pytest.mark.parametrize("name", ["gpt-image-1", "gpt-image-1.5", "gemini/model", None])
def test_the_tool_may_name_openai_s_model_or_the_request_s(name: str | None) -> None:
    made = spec("responses", tools=[{"type": "image_generation", "model": name}])
    assert made == spec("responses", tools=[{"type": "image_generation"}])


def test_the_tool_may_name_no_other_model() -> None:
    found = refusals("responses", tools=[{"type": "image_generation", "model": "gemini/other"}])
    assert found == [("tools[0].model", "names another model than the request's, which draws; leave it out")]


def test_partial_images_are_not_for_pictures_by_url() -> None:
    words = "is only for pictures in the answer; leave it out, since a URL sends its picture while that is drawn"
    tools = [{**DRAW, "partial_images": 1}]
    assert refusals("responses", tools=tools, image_delivery="url") == [("image_delivery", words)]
    assert spec("responses", tools=tools, image_delivery="inline") == spec("responses", tools=tools)


@pytest.mark.parametrize(
    ("fields", "cleared"),
    [
        ({}, set()),
        ({"tools": []}, {"tools", "tool_config"}),
        ({"tool_choice": "none"}, {"tools", "tool_config"}),
        ({"tools": [{"type": "web_search"}], "tool_choice": "none"}, {"tools", "tool_config"}),
        ({"tools": [FUNCTION], "tool_choice": "none"}, set()),
        ({"tools": [{"type": "web_search"}]}, set()),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),  # a set differs by process
)
def test_what_the_caller_clears(fields: dict[str, Any], cleared: set[str]) -> None:
    assert reading("responses", **fields).cleared == cleared
