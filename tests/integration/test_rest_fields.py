"""The REST API on loopback: each field moves the upstream request, or is refused by its name."""

import base64
from typing import Any

import pytest

from tests.conftest import Stack
from tests.integration.rest_requests import MODEL, PNG_URL, THREE, ask, body
from tests.pictures import encoded


async def test_every_field_moves_the_request(rest: Stack) -> None:
    given = body(
        "vertex_ai/gemini-3-pro-image",
        messages=[
            {"role": "system", "content": "Be brief"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "Edit"}, {"type": "image_url", "image_url": PNG_URL}],
            },
        ],
        modalities=["image", "text"],
        image_config={"aspectRatio": "16:9", "imageSize": "2K"},
        n=1,
        seed=7,
        temperature=0.5,
        top_p=0.9,
        max_tokens=4000,
        stop=["END"],
        reasoning_effort="high",
        tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}, {"googleSearch": {}}],
        tool_choice="auto",
        safety_settings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
        user="someone",
        metadata={"team": "art"},
        extra_body={"generationConfig": {"topK": 40}},
    )
    answer = await ask(rest, given)
    assert answer.status_code == 200, answer.text
    sent = rest.emulator.ledger.entries[-1].body
    config = sent["generationConfig"]
    assert config["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}
    assert config["responseModalities"] == ["IMAGE", "TEXT"]
    assert (config["candidateCount"], config["seed"], config["temperature"], config["topP"]) == (1, 7, 0.5, 0.9)
    assert config["topK"] == 40
    assert (config["maxOutputTokens"], config["stopSequences"]) == (4000, ["END"])
    assert config["thinkingConfig"] == {"thinkingLevel": "HIGH"}
    assert sent["systemInstruction"]["parts"] == [{"text": "Be brief"}]
    assert [sorted(tool) for tool in sent["tools"]] == [["functionDeclarations"], ["googleSearch"]]
    assert sent["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}
    assert sent["safetySettings"] == [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}]
    assert sent["labels"] == {"team": "art", "user": "someone"}


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"size": "5000x100"}, "size", "far from every aspect ratio"),
        ({"image_config": {"image_size": "2K"}}, "image_config.image_size", "leave it out"),
        ({"image_config": {"aspect_ratio": "7:5"}}, "image_config.aspect_ratio", "use 1:1"),
        ({"aspect_ratio": "1:1", "image_config": {"aspectRatio": "16:9"}}, "aspect_ratio", "image_config.aspectRatio"),
        ({"n": 2}, "n", "must be 1"),
        ({"seed": 2**40}, "seed", "2147483647"),
        ({"temperature": 3}, "temperature", "0 to 2"),
        ({"max_tokens": 1, "max_completion_tokens": 2}, "max_tokens", "max_completion_tokens"),
        ({"reasoning_effort": "high"}, "reasoning_effort", "does not think"),
        ({"thinking": {"type": "enabled", "budget_tokens": 5}}, "thinking", "does not think"),
        ({"store": True}, "store", "false"),
        ({"logprobs": True}, "logprobs", "false"),
        ({"response_format": {"type": "json_object"}}, "response_format.type", '"text"'),
        ({"stream_options": {"include_usage": True}}, "stream_options", "stream"),
        ({"tools": [{"type": "code_interpreter"}]}, "tools[0].type", '"function"'),
        ({"tools": [{"type": "function"}]}, "tools[0]", "set function"),
        ({"tools": [{"type": "function", "function": {"name": "1"}}]}, "tools[0].function", "starting with a letter"),
        ({"messages": []}, "messages", "at least one"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", '"assistant"'),
        ({"messages": [{"role": "user"}]}, "messages[0]", "empty"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "messages[0].content[0].type",
            "image_url",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}]},
            "messages[0].content[0].image_url.url",
            "data:image/TYPE;base64",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}],
                    }
                ]
            },
            "messages[0].content[0].image_url.url",
            "not a supported image file",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "gs://b/o"}}]}]},
            "messages[0].content[0].image_url.format",
            "required beside a gs://",
        ),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "y"}]}, "messages[0].tool_call_id", "no call"),
        (
            {"extra_body": {"generationConfig": {"seed": 1}}, "seed": 2},
            "extra_body.generationConfig.seed",
            "already set",
        ),
        ({"sizes": "1K"}, "sizes", "did you mean 'size'"),
    ],
    ids=str,
)
async def test_what_cannot_be_honoured_is_named(rest: Stack, fields: dict[str, Any], param: str, words: str) -> None:
    answer = await ask(rest, body(**fields))
    error = answer.json()["error"]
    assert answer.status_code == 400, answer.text
    assert (error["type"], error["param"]) == ("invalid_request_error", param), error
    assert words in error["message"]
    assert rest.emulator.ledger.entries == []


@pytest.mark.parametrize(
    ("size", "model", "expected"),
    [
        ("1024x1024", MODEL, {"aspectRatio": "1:1"}),
        ("1536x1024", MODEL, {"aspectRatio": "3:2"}),
        ("1024x1792", MODEL, {"aspectRatio": "9:16"}),
        ("2048x2048", MODEL, {"aspectRatio": "1:1"}),
        ("1024x1024", THREE, {"aspectRatio": "1:1", "imageSize": "1K"}),
        ("3840x2160", THREE, {"aspectRatio": "16:9", "imageSize": "2K"}),
        ("4096x4096", THREE, {"aspectRatio": "1:1", "imageSize": "4K"}),
        ("2K", THREE, {"imageSize": "2K"}),
        ("auto", THREE, None),
    ],
)
async def test_a_size_becomes_the_nearest_ratio_and_size(rest: Stack, size: str, model: str, expected: Any) -> None:
    assert (await ask(rest, body(model, size=size))).status_code == 200
    assert rest.emulator.ledger.entries[-1].body["generationConfig"].get("imageConfig") == expected


@pytest.mark.parametrize(
    ("given", "param", "words"),
    [
        ([], "input", "is required"),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": "gs://bucket/object"}]}],
            "input[0].content[0].image_url",
            "gs://bucket/picture.png",
        ),
    ],
)
async def test_a_wrong_input_is_named(rest: Stack, given: Any, param: str, words: str) -> None:
    answer = await ask(rest, {"model": MODEL, "input": given}, "/v1/responses")
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, param), error
    assert words in error["message"]


async def test_pictures_of_input_are_read_by_their_bytes(rest: Stack) -> None:
    jpeg = base64.b64encode(encoded("JPEG", 4, 4)).decode()
    parts = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{jpeg}"}}]
    assert (await ask(rest, body(messages=[{"role": "user", "content": parts}]))).status_code == 200
    [part] = rest.emulator.ledger.entries[-1].body["contents"][0]["parts"]
    assert part["inlineData"]["mimeType"] == "image/jpeg"


@pytest.mark.parametrize(
    ("url", "told", "sent"),
    [
        ("gs://bucket/a.PNG", None, "image/png"),
        ("gs://bucket/a.b.jpg", None, "image/jpeg"),
        ("gs://bucket/a", "image/webp", "image/webp"),
        ("gs://bucket/a.png", "image/webp", "image/webp"),
    ],
)
async def test_a_picture_in_a_bucket_goes_to_vertex_by_its_name(
    rest: Stack, url: str, told: str | None, sent: str
) -> None:
    parts = [{"type": "text", "text": "Edit"}, {"type": "image_url", "image_url": {"url": url, "format": told}}]
    asked = body("vertex_ai/gemini-3-pro-image", messages=[{"role": "user", "content": parts}])
    answer = await ask(rest, asked)
    assert answer.status_code == 200, answer.text
    part = rest.emulator.ledger.entries[-1].body["contents"][0]["parts"][1]
    assert part["fileData"] == {"mimeType": sent, "fileUri": url}


async def test_pictures_as_urls(rest: Stack) -> None:
    given = {"model": MODEL, "prompt": "A banana", "seed": 1}
    [plain] = (await ask(rest, given, "/v1/images/generations")).json()["data"]
    [url] = (await ask(rest, {**given, "response_format": "url"}, "/v1/images/generations")).json()["data"]
    assert url == {"url": f"data:image/png;base64,{plain['b64_json']}"}
