"""Vertex AI's :predict, called without an SDK: values of other JSON types are refused, with the field's name."""

import base64
import io
import json
from typing import Any

import aiohttp
import PIL.Image
import pytest

from imagewire_emulator import Emulator
from tests.pictures import PNG, encoded

MODEL = "/v1/projects/p/locations/l/publishers/google/models/imagen-4.0-generate-001:predict"
IMAGE = {"bytesBase64Encoded": base64.b64encode(PNG).decode()}


async def predict(client: aiohttp.ClientSession, given: Any, model: str = MODEL) -> tuple[int, Any]:
    headers = {"Authorization": "Bearer emulator-token"}
    async with client.post(model, data=json.dumps(given), headers=headers) as answer:
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


async def test_a_picture_that_would_be_too_large_is_refused(client: aiohttp.ClientSession) -> None:
    image = {"bytesBase64Encoded": base64.b64encode(encoded("PNG", 2100, 2100)).decode()}
    parameters = {"mode": "upscale", "upscaleConfig": {"upscaleFactor": "x2"}}
    status, answer = await predict(client, {"instances": [{"image": image}], "parameters": parameters})
    assert status == 400
    assert "4200x4200 is more than the 17 megapixels" in answer["error"]["message"]


async def test_an_enlarged_jpeg_has_the_pixels_of_the_input(client: aiohttp.ClientSession) -> None:
    parameters = {"mode": "upscale", "upscaleConfig": {"upscaleFactor": "x3"}, "sampleCount": 1}
    parameters["outputOptions"] = {"mimeType": "image/jpeg", "compressionQuality": 100}
    _, answer = await predict(client, {"instances": [{"image": IMAGE}], "parameters": parameters})
    (made,) = answer["predictions"]
    with PIL.Image.open(io.BytesIO(base64.b64decode(made["bytesBase64Encoded"]))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (12, 9))
        red, green, blue = picture.getpixel((6, 4))  # type: ignore[misc]
    assert abs(red - 200) + abs(green - 30) + abs(blue - 60) < 12


@pytest.mark.parametrize(
    "name", ["imagen-9", "imagen-4.0-generate-999", "imagegeneration@999", "image-segmentation-002"]
)
async def test_a_model_that_there_is_not(client: aiohttp.ClientSession, name: str) -> None:
    model = MODEL.replace("imagen-4.0-generate-001", name)
    status, answer = await predict(client, {"instances": [{"prompt": "x"}]}, model)
    assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("instance", "parameters"), [({"referenceImages": []}, {}), ({}, {"editMode": "EDIT_MODE_STYLE"})]
)
async def test_an_edit_needs_a_picture(
    client: aiohttp.ClientSession, instance: dict[str, Any], parameters: dict[str, Any]
) -> None:
    model = MODEL.replace("imagen-4.0-generate-001", "imagen-3.0-capability-001")
    given = {"instances": [{"prompt": "x", **instance}], "parameters": parameters}
    status, answer = await predict(client, given, model)
    assert status == 400
    assert answer["error"]["details"][0]["fieldViolations"][0]["field"] == "instances[0].referenceImages"
