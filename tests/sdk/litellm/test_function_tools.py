"""Functions in OpenAI's shape: declared, called, answered; and what LiteLLM's callers say about them."""

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

import imagewire
from imagewire.litellm.params import read
from imagewire.v1.message_pb2 import Role
from imagewire.v1.spec_pb2 import Spec

MODEL = "gemini/gemini-3-pro-image"
SAY = [{"role": "user", "content": "A banana"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
ASKED = [*SAY, {"role": "assistant", "content": None, "tool_calls": [CALL]}]


def spec(messages: Any = SAY, **options: Any) -> Spec:
    return read(MODEL, messages, options).spec


def test_functions_stand_in_one_tool_before_the_search() -> None:
    other = {"function": {"name": "other", "description": None, "parameters": None, "strict": True}}
    made = spec(tools=[{"googleSearch": {}}, WEATHER, other]).tools
    assert [tool.WhichOneof("tool") for tool in made] == ["functions", "google_search"]
    first, second = made[0].functions.declarations
    assert (first.name, first.description) == ("weather", "Tells the weather")
    assert first.parameters["properties"]["city"]["type"] == "string"
    assert (second.name, second.description, second.HasField("parameters")) == ("other", "", False)


@pytest.mark.parametrize(
    ("choice", "mode", "names"),
    [
        ("auto", "AUTO", []),
        ("none", "NONE", []),
        ("required", "ANY", []),
        ({"type": "function", "function": {"name": "weather"}}, "ANY", ["weather"]),
    ],
    ids=str,
)
def test_which_function_must_be_called(choice: Any, mode: str, names: list[str]) -> None:
    config = spec(tools=[WEATHER], tool_choice=choice).tool_config
    assert (config.mode, list(config.allowed_function_names)) == (mode, names)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"tool_choice": "weather"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"tools": [{"type": "function", "function": {"name": 3}}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {"name": "f", "returns": {}}}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "name": "f"}]}, "tools[0]"),
        ({"tools": ["weather"]}, "tools"),
        ({"tools": [{"type": "code_interpreter"}]}, "tools[0]"),
        ({"tools": [WEATHER | {"cache_control": {"type": "e"}}]}, "tools[0].cache_control"),
        (
            {"tools": [{"function": {"name": "f", "parameters": {"const": 2**60}}}]},
            "tools[0].function.parameters",
        ),
        ({"web_search_options": {"search_context_size": "high"}}, "web_search_options.search_context_size"),
    ],
    ids=str,
)
def test_a_wrong_tool_is_named(options: Any, field: str) -> None:
    with pytest.raises(imagewire.InvalidRequest) as caught:
        spec(**options)
    assert [violation.field for violation in caught.value.violations] == [field]


def test_what_changes_no_call_is_dropped_when_asked() -> None:
    tool = {"function": WEATHER["function"] | {"strict": True}, "cache_control": {"type": "e"}}  # type: ignore[operator]
    request = read(MODEL, SAY, {"tools": [tool], "drop_params": True})
    assert request.drops.names == ["tools[0].cache_control"]
    assert request.spec.tools[0].functions.declarations[0].name == "weather"


@pytest.mark.parametrize(
    ("content", "response"),
    [
        ('{"celsius": 21}', {"celsius": 21}),
        ("sunny", {"result": "sunny"}),
        ("[1, 2]", {"result": [1, 2]}),
        ("", {"result": ""}),
        ('{"big": 1152921504606846976}', {"result": '{"big": 1152921504606846976}'}),
        ([{"type": "text", "text": '{"celsius"'}, {"type": "text", "text": ": 21}"}], {"celsius": 21}),
    ],
    ids=str,
)
def test_a_functions_answer(content: Any, response: Any) -> None:
    said = spec([*ASKED, {"role": "tool", "tool_call_id": "call_1", "content": content}]).messages[-1]
    (part,) = said.parts
    assert said.role == Role.ROLE_TOOL
    assert (part.function_response.id, part.function_response.name) == ("call_1", "weather")
    assert MessageToDict(part.function_response.response) == response


def test_a_functions_answer_may_be_a_picture() -> None:
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    said = spec([*ASKED, {"role": "tool", "tool_call_id": "call_1", "content": [shown]}]).messages[-1]
    (picture,) = said.parts[0].function_response.images
    assert picture.uri == shown["image_url"]["url"]  # type: ignore[index]
    assert not said.parts[0].function_response.response


def test_a_name_stands_for_a_call_that_is_not_there() -> None:
    said = spec([*SAY, {"role": "tool", "tool_call_id": "x", "name": "weather", "content": "ok"}]).messages[-1]
    assert said.parts[0].function_response.name == "weather"
