"""A function is called by toolConfig's mode, or by "call:NAME" in the prompt, with a value for each parameter."""

import json
from typing import Any

import aiohttp
import pytest

from imagewire_emulator.function_calls import arguments
from tests.emulator.requests import ask, body

PAINT = {
    "name": "paint",
    "parameters": {"type": "OBJECT", "properties": {"colour": {"type": "STRING", "enum": ["blue"]}}},
}
TOOLS = [{"functionDeclarations": [{"name": "look"}, PAINT]}]


@pytest.mark.parametrize(
    ("config", "prompt", "called"),
    [
        ({"mode": "ANY"}, "a banana", ("look", {})),
        ({"mode": "ANY"}, "a banana, call:paint", ("paint", {"colour": "blue"})),
        ({"mode": "ANY", "allowedFunctionNames": ["paint"]}, "a banana", ("paint", {"colour": "blue"})),
        ({"mode": "AUTO"}, "a banana, call:paint", ("paint", {"colour": "blue"})),
        ({"mode": "VALIDATED"}, "a banana", None),
        ({"mode": "NONE"}, "a banana, call:paint", None),
        (None, "call:other, call:look", ("look", {})),
        (None, "a banana", None),
    ],
)
async def test_the_mode_and_the_prompt_decide(
    client: aiohttp.ClientSession, config: Any, prompt: str, called: tuple[str, Any] | None
) -> None:
    given = body(f"{prompt}\nx-emulate: size=100KB", tools=TOOLS)
    if config is not None:
        given["toolConfig"] = {"functionCallingConfig": config}
    status, text = await ask(client, "gemini-3.1-flash-image", given)
    assert status == 200
    calls = [part.get("functionCall") for part in json.loads(text)["candidates"][0]["content"]["parts"]]
    assert [(call["name"], call["args"]) for call in calls if call] == ([called] if called else [])


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "INTEGER"}, 3),
        ({"type": "number"}, 1.5),
        ({"type": ["boolean", "null"]}, True),
        ({"type": "ARRAY", "items": {"type": "STRING"}}, ["abc"]),
        ({"anyOf": [{"type": "NULL"}, {"type": "STRING"}]}, None),
        ({"type": "object", "properties": {"deep": {"default": 7}}}, {"deep": 7}),
        ({"$ref": "#/$defs/Colour"}, "red"),
    ],
)
def test_each_parameter_gets_a_value_of_its_type(schema: Any, value: Any) -> None:
    shape = {"type": "object", "properties": {"x": schema}, "$defs": {"Colour": {"enum": ["red", "blue"]}}}
    declared = {"name": "f", "parametersJsonSchema": shape}
    assert arguments({"tools": [{"functionDeclarations": [declared]}]}, "f") == {"x": value}


def test_a_schema_may_refer_to_itself() -> None:
    shape = {"type": "object", "properties": {"x": {"$ref": "#/$defs/N"}}, "$defs": {"N": {"$ref": "#/$defs/N"}}}
    declared = {"name": "f", "parametersJsonSchema": shape}
    assert arguments({"tools": [{"functionDeclarations": [declared]}]}, "f") == {"x": None}
