"""The emulator's scenarios: each has the answer that its table says."""

import json
import re
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
import pytest

from imagewire_emulator import Emulator
from imagewire_emulator.native_parts import NATIVE_PARTS
from imagewire_emulator.scenarios import SCENARIOS
from tests.emulator.requests import ask, body

# scenario → HTTP status of its answer, and a pattern in the body
BODIES: dict[str, tuple[int, bytes]] = {
    "429": (429, rb'"retryDelay": "22s"'),
    "429-header": (429, rb"RESOURCE_EXHAUSTED"),
    "429-date": (429, rb"RESOURCE_EXHAUSTED"),
    "429-fraction": (429, rb"RESOURCE_EXHAUSTED"),
    "429-huge": (429, rb"RESOURCE_EXHAUSTED"),
    "429-per-day": (429, rb"GenerateRequestsPerDay.*\"33s\""),
    "500": (500, rb"INTERNAL"),
    "503": (503, rb"overloaded"),
    "201": (201, rb'^{"name"'),
    "408": (408, rb"^<html>"),
    "413": (413, rb"^<html>"),
    "bad-base64": (200, rb"!!!!"),
    "bad-type": (200, rb"<html>"),
    "gzip": (200, rb"^\x1f\x8b"),
    "redirect": (302, rb""),
    "leak": (500, rb"emulator-key and prompt a banana"),
    "safety": (200, rb'"blockReason": "SAFETY"'),
    "image-safety": (200, rb'"finishReason": "IMAGE_SAFETY"'),
    "no-image": (200, rb'"finishReason": "NO_IMAGE"'),
    "early-stop": (200, rb'"finishReason": "STOP".*"finishReason": "IMAGE_SAFETY"'),
    "unspecified-then-stop": (200, rb'inlineData.*"FINISH_REASON_UNSPECIFIED".*"STOP"'),
    "unspecified": (200, rb'^(?!.*"STOP").*"FINISH_REASON_UNSPECIFIED"'),
    "continuation": (200, rb'"CONTINUATION".*"continuationToken": "'),
    "two-images": (200, rb"inlineData.*inlineData"),
    "interleaved": (200, rb"text.*inlineData.*text.*inlineData.*text"),
    "drafts": (200, rb'"thought": true.*inlineData.*inlineData'),
    "thought-only": (200, rb'inlineData.*"thought": true'),
    "audio": (200, rb"image/png.*audio/wav"),
    "native-parts": (200, rb"executableCode.*toolResponse.*image/png.*partMetadata.*{}.*hologramData"),
    "native-parts-signed": (200, rb'toolCall[^\n]*"thoughtSignature".*hologramData[^\n]*"thoughtSignature"'),
    **dict.fromkeys(NATIVE_PARTS, (200, rb"text.*inlineData")),
    "no-candidates": (200, rb"^(?!.*candidates\")"),
    "model-status": (200, rb'"modelStage": "DEPRECATED", "retirementTime"'),
    "finish-twice": (200, rb'"finishReason": "STOP".*"finishReason": "STOP"'),
    "error-in-stream": (200, rb'data: {"error"'),
    "bare-error-in-stream": (200, rb'\n{\n  "error"'),
    "array-error": (400, rb"^\["),
    "error-text": (500, rb'^{"error": "The relay'),
    "error-message": (500, rb'^{"message": "The relay'),
    "error-gzip": (503, rb"^\x1f\x8b"),
    "error-bom": (503, rb'^\xef\xbb\xbf{"error"'),
    "error-long": (503, rb"overloaded.*x{100000}"),
    "data-first": (200, rb'"inlineData": {"data": "[^"]+", "mimeType"'),
    "nulls": (200, rb'"promptFeedback": null.*"groundingMetadata": null.*"thought": null.*"displayName": null'),
    "snake-case": (200, rb'^(?!.*mimeType).*"inline_data": {"mime_type".*"finish_reason": "STOP".*"usage_metadata"'),
    "base64-urlsafe": (200, rb'"data": "[^"+/]*[-_]'),
    "base64-unpadded": (200, rb'"data": "[^"\\=]+"'),
    "stream-array": (200, rb'^\[\n.*"STOP".*\]$'),
    "stream-array-in-event": (200, rb'^data: \[.*"STOP".*\]\r\n\r\n$'),
    "done": (200, rb'"STOP".*\r\n\r\ndata: \[DONE\]\r\n\r\n$'),
    "bom": (200, rb"^\xef\xbb\xbfdata: {"),
    "no-last-line": (200, rb'"STOP".*}$'),
    "empty-data": (200, rb"^data:\r\n\r\ndata: \r\n\r\ndata: {"),
    "sse-as-text": (200, rb"^data: "),
    "sse-as-json": (200, rb"^data: "),
    "sse-untyped": (200, rb"^data: "),
    "unicode": (200, "\u2028".encode()),
    "usage-split": (200, rb'"IMAGE", "tokenCount": 1020}, {"modality": "IMAGE", "tokenCount": 100}'),
    "usage-at-the-end": (200, rb"^[^u]*(?:(?!usageMetadata).)*finishReason.*usageMetadata"),
    "no-content": (200, rb'"candidates": \[{"index": 0, "finishReason": "NO_IMAGE"'),
    "declined": (200, rb'^(?!.*inlineData).*text.*"finishReason": "STOP"'),
    "429-no-credits": (429, rb"credits are depleted(?!.*details)"),
    "usage-without-details": (200, rb"^(?!.*TokensDetails).*candidatesTokenCount"),
    "usage-odd": (200, rb'^(?!.*totalTokenCount).*"tokenCount": "1120".*-5'),
    "latency": (200, rb"inlineData"),
    "400": (400, rb"INVALID_ARGUMENT"),
    "401": (401, rb"UNAUTHENTICATED"),
    "403": (403, rb"PERMISSION_DENIED"),
    "404": (404, rb"NOT_FOUND"),
    "499": (499, rb"CANCELLED"),
    "502": (502, rb"Bad Gateway"),
    "504": (504, rb"DEADLINE_EXCEEDED"),
    "drip": (200, rb"inlineData"),
    "size": (200, rb"inlineData"),
    "4k": (200, rb"inlineData"),
}

_BURSTS = {"500-burst", "503-burst", "429-burst"}

_CUTS = {"stuck", "reset", "cut", "cut-clean", "silent", "bomb"}

_TUNING = {"latency": "-50", "drip": "-100-150000", "size": "-200000"}


def test_every_scenario_is_tested_here() -> None:
    assert set(SCENARIOS) == set(BODIES) | _BURSTS | _CUTS | {"latency-realistic"}


def test_every_scenario_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()
    section = page.split("\n## Scenarios\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|$", section, re.MULTILINE)
    assert dict(rows) == {name: words for name, (words, _) in SCENARIOS.items()}


@pytest.mark.parametrize("scenario", sorted(BODIES))
async def test_a_scenarios_body(client: aiohttp.ClientSession, scenario: str) -> None:
    async with client.post(
        f"/v1beta/models/emulator-{scenario}{_TUNING.get(scenario, '')}:streamGenerateContent?alt=sse",
        json=body(),
        allow_redirects=False,
    ) as answer:
        status, text = answer.status, await answer.read()
    assert status == BODIES[scenario][0]
    assert re.search(BODIES[scenario][1], text, re.DOTALL)


TYPES = {"sse-as-text": "text/plain; charset=UTF-8", "sse-as-json": "application/json", "sse-untyped": None}


TYPES |= {"stream-array": "application/json; charset=UTF-8", "done": "text/event-stream"}


@pytest.mark.parametrize("scenario", sorted(TYPES))
async def test_a_streams_media_type(client: aiohttp.ClientSession, scenario: str) -> None:
    async with client.post(f"/v1beta/models/emulator-{scenario}:streamGenerateContent?alt=sse", json=body()) as answer:
        await answer.read()
        assert answer.headers.get("Content-Type") == TYPES[scenario]


@pytest.mark.parametrize("name", sorted(NATIVE_PARTS))
async def test_a_native_part_comes_as_the_table_has_it(client: aiohttp.ClientSession, name: str) -> None:
    _, text = await ask(client, f"emulator-{name}")
    parts = json.loads(text)["candidates"][0]["content"]["parts"]
    assert parts[1] == NATIVE_PARTS[name]
    assert "inlineData" in parts[2]


@pytest.mark.parametrize("scenario", ["nulls", "snake-case", "base64-urlsafe", "base64-unpadded", "audio"])
async def test_oddities_come_unary_too(client: aiohttp.ClientSession, scenario: str) -> None:
    status, text = await ask(client, f"emulator-{scenario}")
    assert status == 200
    assert re.search(BODIES[scenario][1].replace(rb'{"mime', rb'{\s*"mime').removeprefix(b"^"), text, re.DOTALL)


@pytest.mark.parametrize(("scenario", "hint"), [("429-fraction", "1.5"), ("429-huge", "999999999"), ("429-date", "")])
async def test_hints_to_wait(client: aiohttp.ClientSession, scenario: str, hint: str) -> None:
    async with client.post(f"/v1beta/models/emulator-{scenario}:generateContent", json=body()) as answer:
        given = answer.headers["Retry-After"]
    if hint:
        assert given == hint
    else:
        assert 50 < parsedate_to_datetime(given).timestamp() - time.time() <= 60


async def test_vertex_ratings_have_severities(emulator: Emulator) -> None:
    path = "/v1/publishers/google/models/emulator-image-safety:generateContent"
    headers = {"x-goog-api-key": emulator.api_key}
    async with (
        aiohttp.ClientSession(emulator.base_url, headers=headers) as vertex,
        vertex.post(path, json=body()) as answer,
    ):
        (rating,) = (await answer.json())["candidates"][0]["safetyRatings"]
    assert rating["severity"] == "HARM_SEVERITY_MEDIUM"


@pytest.mark.parametrize(("scenario", "failing"), [("500-burst", 1), ("503-burst-2", 2), ("429-burst-3", 3)])
async def test_a_burst_passes(client: aiohttp.ClientSession, scenario: str, failing: int) -> None:
    statuses = [(await ask(client, f"emulator-{scenario}"))[0] for _ in range(failing + 1)]
    assert statuses == [int(scenario[:3])] * failing + [200]


@pytest.mark.parametrize("scenario", ["reset", "cut"])
async def test_a_cut_connection_is_an_error_in_http(client: aiohttp.ClientSession, scenario: str) -> None:
    with pytest.raises(aiohttp.ClientError):
        await ask(client, f"emulator-{scenario}", sse=True)


async def test_a_clean_cut_is_not_seen_by_http(client: aiohttp.ClientSession) -> None:
    status, text = await ask(client, "emulator-cut-clean", sse=True)
    assert status == 200
    assert not text.endswith(b"\r\n\r\n")
