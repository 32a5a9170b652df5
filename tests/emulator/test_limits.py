"""Where an answer ends early, at maxOutputTokens or at a stop sequence; and answers in JSON."""

import json
from typing import Any

import aiohttp
import pytest

from imagewire_emulator import Emulator
from tests.emulator.requests import body, events

NEW, OLD = "gemini-3.1-flash-image", "gemini-2.5-flash-image"
TEXT = "Here's the image you requested:"


async def asked(emulator: Emulator, config: Any, model: str = NEW, *, sse: bool = False, **fields: Any) -> Any:
    """The answer, or the list of its events."""
    method = "streamGenerateContent?alt=sse" if sse else "generateContent"
    headers = {"x-goog-api-key": emulator.api_key, "x-emulate": "size=100KB"}
    async with (
        aiohttp.ClientSession(emulator.base_url, headers=headers) as client,
        client.post(f"/v1beta/models/{model}:{method}", json=body(generationConfig=config, **fields)) as answer,
    ):
        assert answer.status == 200, await answer.text()
        return events(await answer.read()) if sse else await answer.json()


def parts(answer: Any) -> list[str]:
    """Each text, and "image" for each picture."""
    return [part.get("text", "image") for part in answer["candidates"][0]["content"]["parts"]]


# A series-3 model thinks 60 tokens; a text has 9, a picture 1120 or 1290.
ENDS = {
    "thinking": (NEW, 1, []),
    "all-thinking": (NEW, 60, []),
    "text": (NEW, 64, [TEXT[:13]]),
    "picture": (NEW, 1188, [TEXT]),
    "old-text": (OLD, 3, [TEXT[:10]]),
    "old-picture": (OLD, 1298, [TEXT]),
}


@pytest.mark.parametrize("name", ENDS)
async def test_an_answer_ends_at_the_limit_of_tokens(emulator: Emulator, name: str) -> None:
    model, most, said = ENDS[name]
    answer = await asked(emulator, {"maxOutputTokens": most}, model)
    assert (parts(answer), answer["candidates"][0]["finishReason"]) == (said, "MAX_TOKENS")
    used = answer["usageMetadata"]
    assert used.get("candidatesTokenCount", 0) + used.get("thoughtsTokenCount", 0) <= most
    total = used["promptTokenCount"] + used.get("candidatesTokenCount", 0) + used.get("thoughtsTokenCount", 0)
    assert total == used["totalTokenCount"]
    assert "safetyRatings" not in answer["candidates"][0]


@pytest.mark.parametrize(("model", "most"), [(NEW, 1189), (OLD, 1299)])
async def test_an_answer_within_the_limit_is_whole(emulator: Emulator, model: str, most: int) -> None:
    answer = await asked(emulator, {"maxOutputTokens": most}, model)
    assert (parts(answer), answer["candidates"][0]["finishReason"]) == ([TEXT, "image"], "STOP")


async def test_a_stream_ends_at_the_limit(emulator: Emulator) -> None:
    last = (await asked(emulator, {"maxOutputTokens": 1}, sse=True))[-1]
    assert last["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert last["usageMetadata"]["thoughtsTokenCount"] == 1


async def test_a_function_is_not_called_beyond_the_limit(emulator: Emulator) -> None:
    tools = {"tools": [{"functionDeclarations": [{"name": "f"}]}]}
    choice = {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}
    answer = await asked(emulator, {"maxOutputTokens": 1}, **tools, **choice)
    assert (parts(answer), answer["candidates"][0]["finishReason"]) == ([], "MAX_TOKENS")


@pytest.mark.parametrize(("stops", "said"), [(["image"], TEXT[:11]), (["requested", "the"], TEXT[:7])])
async def test_an_answer_ends_at_a_stop_sequence(emulator: Emulator, stops: list[str], said: str) -> None:
    answer = await asked(emulator, {"stopSequences": stops})
    assert (parts(answer), answer["candidates"][0]["finishReason"]) == ([said], "STOP")


async def test_a_stop_sequence_that_does_not_occur_ends_nothing(emulator: Emulator) -> None:
    assert parts(await asked(emulator, {"stopSequences": ["END"]})) == [TEXT, "image"]


SCHEMA = {
    "type": "OBJECT",
    "properties": {
        "name": {"type": "STRING", "minLength": 5},
        "short": {"type": "STRING", "maxLength": "2"},
        "at": {"type": "STRING", "format": "date-time"},
        "level": {"type": "INTEGER", "minimum": 7},
        "share": {"type": "NUMBER", "maximum": 1},
        "kinds": {"type": "ARRAY", "minItems": 2, "items": {"type": "STRING", "enum": ["x", "y"]}},
        "none": {"type": "ARRAY", "maxItems": 0, "items": {"type": "STRING"}},
        "inner": {"type": "OBJECT", "properties": {"on": {"type": "BOOLEAN"}}},
    },
}
FITTING = {
    "name": "abcab",
    "short": "ab",
    "at": "2026-01-01T00:00:00Z",
    "level": 7,
    "share": 1,
    "kinds": ["x", "x"],
    "none": [],
    "inner": {"on": True},
}
JSON_SCHEMA = {
    "type": "object",
    "$defs": {"size": {"type": "integer", "exclusiveMaximum": 0}},
    "properties": {"size": {"$ref": "#/$defs/size"}, "id": {"const": "z"}},
}
JSON = "application/json"
STRUCTURED = {
    "schema": ({"responseMimeType": JSON, "responseSchema": SCHEMA}, FITTING),
    "json-schema": ({"responseMimeType": JSON, "responseJsonSchema": JSON_SCHEMA}, {"size": -1, "id": "z"}),
    "no-schema": ({"responseMimeType": JSON}, {}),
}


@pytest.mark.parametrize("name", STRUCTURED)
async def test_json_fits_the_schema(emulator: Emulator, name: str) -> None:
    config, value = STRUCTURED[name]
    (text,) = parts(await asked(emulator, config | {"responseModalities": ["TEXT"]}))
    assert json.loads(text) == value


async def test_an_enum_is_answered_with_one_of_its_values(emulator: Emulator) -> None:
    config = {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["red", "blue"]}}
    assert parts(await asked(emulator, config)) == ["red", "image"]


@pytest.mark.parametrize(("kind", "start"), [("image/png", "iVBOR"), ("image/jpeg", "/9j/")])
async def test_the_picture_is_of_the_type_that_is_asked_for(emulator: Emulator, kind: str, start: str) -> None:
    url = f"{emulator.base_url}/v1/projects/p/locations/l/publishers/google/models/{NEW}:generateContent"
    given = body(generationConfig={"imageConfig": {"imageOutputOptions": {"mimeType": kind}}})
    headers = {"authorization": f"Bearer {emulator.token}", "x-emulate": "size=100KB"}
    async with aiohttp.ClientSession(headers=headers) as client, client.post(url, json=given) as answer:
        made = (await answer.json())["candidates"][0]["content"]["parts"][1]["inlineData"]
    assert made["mimeType"] == kind
    assert made["data"].startswith(start)
