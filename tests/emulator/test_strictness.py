"""The emulator refuses what Google refuses, in Google's shape."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from imagewire_emulator import Emulator, running
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
]


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
