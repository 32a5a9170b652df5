"""The emulator refuses what Google refuses, in Google's shape."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from imagewire_emulator import Emulator, running
from imagewire_emulator.native_parts import NATIVE_PARTS
from tests.pictures import PNG, encoded

GEMINI = "/v1beta/models/gemini-3.1-flash-image:generateContent"
VERTEX = "/v1/projects/p/locations/global/publishers/google/models/gemini-3-pro-image:generateContent"


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with running() as made:
        yield made


async def post(emulator: Emulator, path: str, body: Any, **headers: str) -> httpx.Response:
    given = {"x-goog-api-key": emulator.api_key, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with httpx.AsyncClient(base_url=emulator.base_url, timeout=20) as client:
        return await client.post(path, json=body, headers={k: v for k, v in given.items() if v})


def body(parts: Any = None, **fields: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": parts or [{"text": "a banana"}]}], **fields}


def picture(data: bytes, mime_type: str = "image/png", **rest: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}, **rest}


def config(**fields: Any) -> dict[str, Any]:
    return body(generationConfig=fields)


def model_turn(signature: str) -> dict[str, Any]:
    turns = [{"text": "x"}], [picture(PNG, thoughtSignature=signature)]
    return {"contents": [{"role": role, "parts": parts} for role, parts in zip(("user", "model"), turns, strict=True)]}


RETURNED = ("executable-code", "code-execution-result", "tool-call", "tool-response", "video-metadata", "part-metadata")
URL_SAFE = base64.urlsafe_b64encode(PNG).decode().rstrip("=")

# what is sent, a phrase of the refusal
REFUSED: list[tuple[Any, str]] = [
    ({}, "contents is not specified"),
    ([], "Invalid value"),
    (body(foo=1), 'Unknown name "foo"'),
    (config(imageSizes=1), "at 'generation_config'"),
    (body([{"text": 1}]), "Invalid value at 'contents[0].parts[0].text'"),
    ({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}, "TYPE_ENUM"),
    ({"contents": [{"parts": []}]}, "must not be empty"),
    (body([{}]), "must have one initialized field"),
    (body([{"text": "x", "inlineData": {}}]), "must have one initialized field"),
    (body([{"inlineData": {"mimeType": "image/png", "data": "!"}}]), "Base64 decoding failed"),
    (body([picture(b"no picture")]), "Unable to process input image"),
    (body([picture(PNG[:40])]), "Unable to process input image"),
    (body([picture(encoded("JPEG", 4, 4))]), "it is image/jpeg"),
    (body([picture(PNG)] * 15), "Too many images"),
    (config(responseModalities=["AUDIO"]), "response modalities"),
    (config(responseModalities=["PICTURE"]), "TYPE_ENUM"),
    (config(imageConfig={"aspectRatio": "16x9"}), "aspect_ratio must be one of"),
    (config(imageConfig={"imageSize": "1k"}), "image_size '1k'"),
    (config(imageConfig={"personGeneration": "ALLOW_ALL"}), "personGeneration"),
    (config(candidateCount=2), "Multiple candidates"),
    (config(temperature=3), "temperature"),
    (config(temperature=True), "Invalid value"),
    (config(thinkingConfig={"thinkingLevel": "ENORMOUS"}), "TYPE_ENUM"),
    (body(labels={"a": "b"}), "labels"),
    (body(safetySettings=[{"category": "HARM_CATEGORY_X", "threshold": "OFF"}]), "TYPE_ENUM"),
    (
        {"contents": [{"role": "user", "parts": [{"text": "x"}]}, {"role": "model", "parts": [picture(PNG)]}]},
        "missing a thought_signature",
    ),
    ({"contents": [{"role": "model", "parts": [picture(PNG, thoughtSignature="QUJD")]}]}, "not valid"),
    (body(serviceTier="gold"), "Invalid value at 'service_tier' (TYPE_ENUM), 'gold'"),
    (body(outputConfig={"outputUriPrefix": "gs://b"}), 'Unknown name "outputConfig"'),
    (body(continuationToken="!"), "Base64 decoding failed"),
    (body(continuationToken="QUJD"), "continuation token is not valid"),
    (
        body(safetySettings=[{"category": "HARM_CATEGORY_IMAGE_HATE", "threshold": "OFF", "method": "SEVERITY"}]),
        "Unknown name \"method\" at 'safety_settings[0]'",
    ),
    (
        body(tools=[{"googleSearch": {"excludeDomains": ["a.com"]}}]),
        "Unknown name \"excludeDomains\" at 'tools[0].google_search'",
    ),
    (body(tools=[{"googleSearch": {"timeRangeFilter": {"startTime": "today"}}}]), "Timestamp"),
    (body(tools=[{"googleSearch": {"searchTypes": {"videoSearch": {}}}}]), 'Unknown name "videoSearch"'),
    (config(mediaResolution="MEDIA_RESOLUTION_ULTRA_HIGH"), "at 'generation_config.media_resolution' (TYPE_ENUM)"),
    (body([picture(PNG, mediaResolution={"level": "HUGE"})]), "media_resolution.level' (TYPE_ENUM)"),
    (body([{"functionResponse": {"name": "f", "response": {}, "parts": [{}]}}]), "function_response.parts[0].data"),
    (
        body([{"functionResponse": {"name": "f", "response": {}, "parts": [picture(b"none")]}}]),
        "Unable to process input image",
    ),
    (body([{"executableCode": {"language": "COBOL", "code": "x"}}]), "TYPE_ENUM"),
    (body([{"codeExecutionResult": {"outcome": "FINE"}}]), "TYPE_ENUM"),
    (body([{"toolCall": {"toolType": "HAMMER"}}]), "TYPE_ENUM"),
    (body([{"toolResponse": {"output": {}}}]), 'Unknown name "output"'),
    (body([{"hologramData": {}}]), 'Unknown name "hologramData"'),
    (body([{"videoMetadata": {"fps": 1}}]), "must have one initialized field"),
    (body([{"text": "x", "toolCall": {}}]), "must have one initialized field"),
    (config(candidateCount="1.5"), "TYPE_INT32"),
    (config(seed=2**31), "TYPE_INT32"),
    (config(temperature="warm"), "TYPE_FLOAT"),
    (body(generation_config={}, generationConfig={}), "given twice"),
    ({"contents": [{"role": "model", "parts": [{"toolCall": {}, "thoughtSignature": "QUJD"}]}]}, "not valid"),
]

# What Google takes: new fields, and the ways in which proto3 JSON may write them.
TAKEN: dict[str, Any] = {
    "service tier": body(serviceTier="flex"),
    "search types": body(tools=[{"googleSearch": {"searchTypes": {"imageSearch": {}, "webSearch": {}}}}]),
    "time range": body(
        tools=[
            {
                "googleSearch": {
                    "timeRangeFilter": {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-02-01T00:00:00.5Z"}
                }
            }
        ]
    ),
    "resolutions": body([picture(PNG, mediaResolution={"level": "MEDIA_RESOLUTION_ULTRA_HIGH"})]),
    "pictures of a function": body([{"functionResponse": {"name": "f", "response": {}, "parts": [picture(PNG)]}}]),
    "code": {
        "contents": [
            {"parts": [{"text": "x"}]},
            {"role": "model", "parts": [part for name, part in NATIVE_PARTS.items() if name in RETURNED]},
        ]
    },
    "image categories": body(
        safetySettings=[{"category": "HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT", "threshold": "BLOCK_NONE"}]
    ),
    "audio": body([picture(b"RIFF", mime_type="audio/wav"), {"text": "listen"}]),
    "xhigh": config(thinkingConfig={"thinkingLevel": "XHIGH"}),
    "single objects": {"contents": {"parts": {"text": "x"}}, "tools": {"googleSearch": {}}},
    "nulls": body(tools=None, systemInstruction=None, generationConfig={"temperature": None, "imageConfig": None}),
    "numbers as strings": config(temperature="0.5", seed="7", maxOutputTokens="1e3", topK=4.0),
    "enums in any case": config(responseModalities=["Text", "Image"]),
    "snake_case": {"contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": URL_SAFE}}]}]},
    "unsigned, literal": model_turn("skip_thought_signature_validator"),
    "unsigned, base64": model_turn(base64.b64encode(b"skip_thought_signature_validator").decode()),
}


@pytest.mark.parametrize("name", TAKEN)
async def test_what_google_takes_is_taken(emulator: Emulator, name: str) -> None:
    answer = await post(emulator, GEMINI, TAKEN[name])
    assert answer.status_code == 200, answer.text


# Fields of Vertex AI alone, and of the Gemini API alone.
VERTEX_ONLY: list[Any] = [
    body(outputConfig={"outputUriPrefix": "gs://bucket/"}),
    body(safetySettings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF", "method": "PROBABILITY"}]),
    body(tools=[{"googleSearch": {"excludeDomains": ["a.com"]}}]),
    body(tools=[{"googleSearch": {"blockingConfidence": "BLOCK_LOW_AND_ABOVE"}}]),
    body(labels={"a": "b"}),
]
GEMINI_ONLY: list[Any] = [
    body(tools=[{"googleSearch": {"timeRangeFilter": {"startTime": "2026-01-01T00:00:00Z"}}}]),
    {"contents": [{"role": "model", "parts": [NATIVE_PARTS["tool-call"]]}]},
    {"contents": [{"role": "model", "parts": [NATIVE_PARTS["tool-response"]]}]},
    body([{"text": "x", "partMetadata": {"a": 1}}]),
]


@pytest.mark.parametrize("sent", VERTEX_ONLY + GEMINI_ONLY)
async def test_each_api_takes_its_own_fields_only(emulator: Emulator, sent: Any) -> None:
    vertex = await post(emulator, VERTEX, sent, authorization="Bearer emulator-token")
    gemini = await post(emulator, GEMINI, sent)
    assert {sent in VERTEX_ONLY: vertex, sent in GEMINI_ONLY: gemini}[True].status_code == 200
    refused = gemini if sent in VERTEX_ONLY else vertex
    assert (refused.status_code, refused.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "Unknown name" in refused.json()["error"]["message"]


async def test_an_output_prefix_is_a_bucket(emulator: Emulator) -> None:
    sent = body(outputConfig={"outputUriPrefix": "https://example.com/"})
    answer = await post(emulator, VERTEX, sent, authorization="Bearer emulator-token")
    assert "must be a Cloud Storage URI" in answer.json()["error"]["message"]


async def test_the_ledger_names_the_parts_that_came_back(emulator: Emulator) -> None:
    model = "/v1beta/models/emulator-native-parts-signed:generateContent"
    drawn = (await post(emulator, model, body())).json()["candidates"][0]["content"]
    known = [part for part in drawn["parts"] if "hologramData" not in part]
    turns = [{"parts": [{"text": "a banana"}]}, {"role": "model", "parts": known}, {"parts": [{"text": "again"}]}]
    assert (await post(emulator, model, {"contents": turns})).status_code == 200
    kinds = emulator.ledger.entries[-1].parts
    assert kinds[0] == kinds[2] == ["text"]
    assert set(kinds[1]) >= {"executableCode", "codeExecutionResult", "toolCall", "toolResponse", "fileData"}
    known[1] = known[1] | {"thoughtSignature": known[2]["thoughtSignature"]}
    assert "not valid" in (await post(emulator, model, {"contents": turns})).json()["error"]["message"]


@pytest.mark.parametrize(("sent", "phrase"), REFUSED, ids=[row[1] for row in REFUSED])
async def test_a_wrong_request_is_refused(emulator: Emulator, sent: Any, phrase: str) -> None:
    answer = await post(emulator, GEMINI, sent)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert phrase in error["message"]
    assert emulator.ledger.entries[-1].outcome == "error"


async def test_older_models_lack_what_newer_have(emulator: Emulator) -> None:
    path = "/v1beta/models/gemini-2.5-flash-image:generateContent"
    for sent in (
        body(systemInstruction={"parts": [{"text": "x"}]}),
        config(imageConfig={"imageSize": "1K"}),
        config(thinkingConfig={"includeThoughts": True}),
    ):
        assert (await post(emulator, path, sent)).status_code == 400


@pytest.mark.parametrize(
    ("path", "headers", "http", "status"),
    [
        (GEMINI, {"x_goog_api_key": ""}, 403, "PERMISSION_DENIED"),
        (GEMINI, {"x_goog_api_key": "wrong"}, 400, "INVALID_ARGUMENT"),
        (f"{GEMINI}?key=emulator-key", {}, 400, "INVALID_ARGUMENT"),
        (VERTEX, {}, 401, "UNAUTHENTICATED"),
        (VERTEX, {"authorization": "Bearer wrong"}, 401, "UNAUTHENTICATED"),
        (VERTEX, {"authorization": "Bearer emulator-token"}, 200, ""),
        (VERTEX.replace("/projects/p/locations/global", ""), {}, 200, ""),
        ("/v1beta/models/nope:generateContent", {}, 404, "NOT_FOUND"),
        ("/v2/models/gemini-3-pro-image:generateContent", {}, 404, "NOT_FOUND"),
    ],
)
async def test_credentials_and_paths(
    emulator: Emulator, path: str, headers: dict[str, str], http: int, status: str
) -> None:
    answer = await post(emulator, path, body(), **headers)
    assert answer.status_code == http
    assert answer.json().get("error", {}).get("status", "") == status


async def test_a_wrong_key_says_so_by_its_reason(emulator: Emulator) -> None:
    answer = await post(emulator, GEMINI, body(), x_goog_api_key="wrong")
    assert answer.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"


@pytest.mark.parametrize("spelling", ["imageConfig", "image_config"])
async def test_both_spellings_of_a_field_are_taken(emulator: Emulator, spelling: str) -> None:
    inner = {"aspectRatio" if spelling == "imageConfig" else "aspect_ratio": "16:9"}
    answer = await post(emulator, GEMINI, config(**{spelling: inner}))
    assert answer.status_code == 200
    sent = emulator.ledger.entries[-1].images[0]
    assert abs(sent["width"] / sent["height"] - 16 / 9) < 0.02
