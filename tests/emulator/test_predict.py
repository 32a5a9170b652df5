"""Vertex AI's :predict, called without an SDK: values of other JSON types are refused, with the field's name."""

import base64
import json
from typing import Any

import aiohttp
import pytest

from imagewire_emulator import Emulator
from tests.pictures import PNG

MODEL = "/v1/projects/p/locations/l/publishers/google/models/imagen-4.0-generate-001:predict"
IMAGE = {"bytesBase64Encoded": base64.b64encode(PNG).decode()}


async def predict(client: aiohttp.ClientSession, given: Any) -> tuple[int, Any]:
    headers = {"Authorization": "Bearer emulator-token"}
    async with client.post(MODEL, data=json.dumps(given), headers=headers) as answer:
        return answer.status, await answer.json()


# instance, parameters, the field and the words of the refusal
WRONG: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"prompt": 5}, {}, "instances[0].prompt", "must be a string"),
    ({"prompt": ["x"]}, {}, "instances[0].prompt", "must be a string"),
    ({"image": "x"}, {}, "instances[0].image", "must be an object"),
    ({"image": {"bytesBase64Encoded": 5}}, {}, "instances[0]", "must be the base64 of an image"),
    ({"referenceImages": {}}, {}, "instances[0].referenceImages", "must be a list of objects"),
    ({"referenceImages": ["x"]}, {}, "instances[0].referenceImages", "must be a list of objects"),
    ({}, {"sampleCount": True}, "parameters.sampleCount", "must be a whole number"),
    ({}, {"sampleCount": "1"}, "parameters.sampleCount", "must be a whole number"),
    ({}, {"sampleCount": 1.5}, "parameters.sampleCount", "must be a whole number"),
    ({}, {"seed": False, "addWatermark": False}, "parameters.seed", "must be a whole number"),
    ({}, {"addWatermark": "no"}, "parameters.addWatermark", "must be true or false"),
    ({}, {"includeRaiReason": 1}, "parameters.includeRaiReason", "must be true or false"),
    ({}, {"aspectRatio": ["1:1"]}, "parameters.aspectRatio", "must be a string"),
    ({}, {"personGeneration": 1}, "parameters.personGeneration", "must be a string"),
    ({}, {"storageUri": {}}, "parameters.storageUri", "must be a string"),
    ({}, {"guidanceScale": "15"}, "parameters.guidanceScale", "must be a number"),
    ({}, {"outputOptions": "image/png"}, "parameters.outputOptions", "must be an object"),
    ({}, {"outputOptions": []}, "parameters.outputOptions", "must be an object"),
    ({}, {"outputOptions": {"compressionQuality": True}}, "parameters.outputOptions.compressionQuality", "must be"),
    ({}, {"outputOptions": {"mimeType": ["image/png"]}}, "parameters.outputOptions.mimeType", "must be"),
    (
        {"image": IMAGE},
        {"mode": "upscale", "upscaleConfig": {"upscaleFactor": ["x2"]}},
        "parameters.upscaleConfig.upscaleFactor",
        "must be x2",
    ),
]


@pytest.mark.parametrize(("instance", "parameters", "field", "words"), WRONG, ids=str)
async def test_a_wrong_type_is_named(
    client: aiohttp.ClientSession, instance: Any, parameters: Any, field: str, words: str
) -> None:
    status, answer = await predict(
        client, {"instances": [{"prompt": "A banana", **instance}], "parameters": parameters}
    )
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert words in answer["error"]["message"]
    assert answer["error"]["details"][0]["fieldViolations"][0]["field"] == field


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"instances": {}},
        {"instances": [{"prompt": "x"}], "parameter": {"sampleCount": 1}},
        {"instances": "A banana"},
        {"instances": []},
        {"instances": [{"prompt": "x"}] * 2},
        {"instances": ["A banana"]},
        {"instances": [{"prompt": "x"}], "parameters": []},
        {"instances": [{"prompt": "x"}], "parameters": 0},
        {"instances": [{"prompt": "x"}], "parameters": "x"},
        [],
        "x",
    ],
    ids=str,
)
async def test_what_is_no_request_is_refused(client: aiohttp.ClientSession, emulator: Emulator, given: Any) -> None:
    status, answer = await predict(client, given)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert emulator.ledger.entries[-1].outcome == "error"


async def test_null_is_absent(client: aiohttp.ClientSession) -> None:
    parameters = {"sampleCount": 1, "seed": None, "aspectRatio": None, "outputOptions": None, "storageUri": None}
    given = {"instances": [{"prompt": "A banana", "image": None}], "parameters": parameters}
    status, answer = await predict(client, given)
    assert (status, len(answer["predictions"])) == (200, 1)
    status, answer = await predict(client, {"instances": [{"prompt": "A"}], "parameters": None})
    assert (status, len(answer["predictions"])) == (200, 4)
