"""Credentials, paths, the shape of errors, and parts that come back. test_rules.py has the rules of requests."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from imagewire_emulator import Emulator, running
from imagewire_emulator.native_parts import NATIVE_PARTS

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


RETURNED = ("executable-code", "code-execution-result", "tool-call", "tool-response", "video-metadata", "part-metadata")


async def test_parts_of_all_kinds_come_back(emulator: Emulator) -> None:
    parts = [part for name, part in NATIVE_PARTS.items() if name in RETURNED]
    turns = [{"parts": [{"text": "x"}]}, {"role": "model", "parts": parts}, {"parts": [{"text": "again"}]}]
    answer = await post(emulator, GEMINI, {"contents": turns})
    assert answer.status_code == 200, answer.text


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


@pytest.mark.parametrize(
    ("sent", "field"), [({"foo": 1}, None), ({"generationConfig": {"foo": 1}}, "generation_config")]
)
async def test_a_malformed_request_has_the_field_in_its_details(
    emulator: Emulator, sent: dict[str, Any], field: str | None
) -> None:
    error = (await post(emulator, GEMINI, body(**sent))).json()["error"]
    ((violation,),) = (detail["fieldViolations"] for detail in error["details"])
    assert (violation.get("field"), violation["description"]) == (field, error["message"])
    assert emulator.ledger.entries[-1].outcome == "error"


async def test_what_is_no_object_is_refused(emulator: Emulator) -> None:
    error = (await post(emulator, GEMINI, [])).json()["error"]
    assert error["message"].startswith("Invalid JSON payload received.")


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
        ("/v1beta/cachedContents", {}, 400, "INVALID_ARGUMENT"),
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


async def test_vertex_ai_names_an_unknown_model_in_its_own_words(emulator: Emulator) -> None:
    headers = {"authorization": f"Bearer {emulator.token}"}
    for method in ("generateContent", "countTokens", "computeTokens"):
        path = VERTEX.replace("gemini-3-pro-image:generateContent", f"nope:{method}")
        answer = await post(emulator, path, body(), **headers)
        assert answer.status_code == 404
        assert answer.json()["error"]["message"].startswith("Publisher Model `publishers/google/models/nope` was not")


async def test_vertex_ai_has_no_tuned_models(emulator: Emulator) -> None:
    async with httpx.AsyncClient(base_url=emulator.base_url) as client:
        headers = {"authorization": f"Bearer {emulator.token}"}
        answer = await client.get("/v1beta1/projects/p/locations/l/models/gemini-3-pro-image", headers=headers)
    assert answer.status_code == 404
    assert answer.json()["error"]["status"] == "NOT_FOUND"
