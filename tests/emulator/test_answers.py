"""What the emulator answers: real pictures, right numbers, and every accident as announced."""

import asyncio
import base64
import hashlib
import io
import json
import re
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image, ImageChops

from imagewire_emulator import Emulator, in_thread, running
from imagewire_emulator.draw import Studio, Wish, pixels
from imagewire_emulator.models import BY_ID
from imagewire_emulator.native_parts import NATIVE_PARTS
from imagewire_emulator.scenarios import SCENARIOS
from tests.conftest import ended_upstream


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with running() as made:
        yield made


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"x-goog-api-key": emulator.api_key}
    async with aiohttp.ClientSession(emulator.base_url, headers=headers, auto_decompress=False) as made:
        yield made


def body(prompt: str = "a banana", **fields: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": prompt}]}], **fields}


async def ask(client: aiohttp.ClientSession, model: str, given: Any = None, *, sse: bool = False) -> tuple[int, bytes]:
    method = "streamGenerateContent?alt=sse" if sse else "generateContent"
    async with client.post(f"/v1beta/models/{model}:{method}", json=given or body()) as answer:
        return answer.status, await answer.read()


def events(text: bytes) -> list[Any]:
    assert text.endswith(b"\r\n\r\n")
    return [json.loads(event.removeprefix(b"data: ")) for event in text.split(b"\r\n\r\n")[:-1]]


def pictures(answers: list[Any]) -> list[bytes]:
    parts = [p for a in answers for c in a.get("candidates", ()) for p in c.get("content", {}).get("parts", ())]
    return [base64.b64decode(part["inlineData"]["data"]) for part in parts if "inlineData" in part]


@pytest.mark.parametrize("sse", [False, True])
async def test_the_picture_is_real_and_in_the_ledger(
    emulator: Emulator, client: aiohttp.ClientSession, sse: bool
) -> None:
    _, text = await ask(client, "gemini-2.5-flash-image", sse=sse)
    (data,) = pictures(events(text) if sse else [json.loads(text)])
    entry = emulator.ledger.entries[-1]
    assert entry.images[0]["sha256"] == hashlib.sha256(data).hexdigest()
    assert (entry.outcome, entry.bytes_sent, entry.status) == ("ok", len(text), 200)
    assert entry.body["contents"][0]["parts"][0]["text"] == "a banana"
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert picture.size == (1024, 1024)


async def test_a_unary_body_is_pretty_printed_and_escaped(client: aiohttp.ClientSession) -> None:
    _, text = await ask(client, "emulator-interleaved")
    assert text.startswith(b'{\n  "candidates"')
    assert b"\\u003cnext\\u003e \\u0026 I\\u0027ll" in text


@pytest.mark.parametrize("model", sorted(BY_ID))
async def test_usage_adds_up(client: aiohttp.ClientSession, model: str) -> None:
    _, text = await ask(client, model)
    usage = json.loads(text)["usageMetadata"]
    parts = usage["promptTokenCount"] + usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
    assert parts == usage["totalTokenCount"]
    assert usage["candidatesTokensDetails"] == [{"modality": "IMAGE", "tokenCount": BY_ID[model].tokens["1K"]}]


@pytest.mark.parametrize(
    ("modalities", "texts", "images"), [(["TEXT", "IMAGE"], 1, 1), (["IMAGE"], 0, 1), (["TEXT"], 1, 0)]
)
async def test_modalities_decide_what_comes(
    client: aiohttp.ClientSession, modalities: list[str], texts: int, images: int
) -> None:
    _, text = await ask(client, "gemini-3-pro-image", body(generationConfig={"responseModalities": modalities}))
    parts = json.loads(text)["candidates"][0]["content"]["parts"]
    assert (sum("text" in part for part in parts), sum("inlineData" in part for part in parts)) == (texts, images)


async def test_thoughts_come_when_asked_for(client: aiohttp.ClientSession) -> None:
    given = body(generationConfig={"thinkingConfig": {"includeThoughts": True}})
    _, text = await ask(client, "gemini-3-pro-image", given)
    parts = json.loads(text)["candidates"][0]["content"]["parts"]
    assert [part.get("thought", False) for part in parts] == [True, True, False, False]
    assert all("thoughtSignature" in part for part in parts[2:])


async def test_search_and_functions(client: aiohttp.ClientSession) -> None:
    _, text = await ask(client, "gemini-3-pro-image", body(tools=[{"googleSearch": {}}]))
    assert json.loads(text)["candidates"][0]["groundingMetadata"]["webSearchQueries"] == ["a banana"]
    tools = [{"functionDeclarations": [{"name": "paint"}]}]
    _, text = await ask(client, "gemini-3-pro-image", body("please call:paint", tools=tools))
    assert json.loads(text)["candidates"][0]["content"]["parts"][0]["functionCall"]["name"] == "paint"


def test_pictures_are_deterministic_by_prompt_and_seed() -> None:
    studio, other = Studio(), Studio()
    assert studio.draw(Wish("a", seed=1)).data == other.draw(Wish("a", seed=1)).data
    assert studio.draw(Wish("a", seed=1)).data != studio.draw(Wish("a", seed=2)).data
    assert studio.draw(Wish("a", seed=1)).data != studio.draw(Wish("b", seed=1)).data


def test_an_edit_shows_the_input() -> None:
    studio = Studio()
    before = studio.draw(Wish("a cat"))
    after = studio.draw(Wish("framed", inputs=(before.data,)))
    with Image.open(io.BytesIO(before.data)) as small, Image.open(io.BytesIO(after.data)) as large:
        inner = large.crop((60, 60, 964, 964))
        shrunk = small.resize((921, 921)).crop((9, 9, 913, 913))
        difference = ImageChops.difference(inner, shrunk).convert("L").resize((1, 1)).getpixel((0, 0))
    assert isinstance(difference, int | float)
    assert difference < 40


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "21:9", "8:1"])
@pytest.mark.parametrize(("size", "side"), [("512", 512), ("1K", 1024), ("2K", 2048), ("4K", 4096)])
def test_sizes_have_the_area_and_the_ratio(ratio: str, size: str, side: int) -> None:
    width, height = pixels(ratio, size)
    across, down = map(int, ratio.split(":"))
    assert abs(width * height / side**2 - 1) < 0.05
    assert abs(width / height / (across / down) - 1) < 0.05
    assert width % 16 == height % 16 == 0


@pytest.mark.parametrize("size", [300_000, 8_000_000])
async def test_a_picture_of_an_exact_size_is_still_a_picture(client: aiohttp.ClientSession, size: int) -> None:
    _, text = await ask(client, f"emulator-size-{size}", sse=True)
    (data,) = pictures(events(text))
    assert len(data) == size
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()


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
    "usage-every-event": (200, rb"(usageMetadata.*){4}"),
    "usage-without-details": (200, rb"^(?!.*TokensDetails).*candidatesTokenCount"),
    "usage-odd": (200, rb'^(?!.*totalTokenCount).*"tokenCount": "1120".*-5'),
    "slow": (200, rb"inlineData"),
    "drip": (200, rb"inlineData"),
    "size": (200, rb"inlineData"),
    "4k": (200, rb"inlineData"),
}
_BURSTS = {"500-burst", "503-burst", "429-burst"}
_CUTS = {"stuck", "reset", "truncated", "truncated-clean", "silent", "bomb"}
_TUNING = {"slow": "-50", "drip": "-100-150000", "size": "-200000"}


def test_every_scenario_is_tested_here() -> None:
    assert set(SCENARIOS) == set(BODIES) | _BURSTS | _CUTS


def test_every_scenario_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|$", page, re.MULTILINE)
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


async def test_a_continuation_goes_on_with_its_token(client: aiohttp.ClientSession) -> None:
    _, text = await ask(client, "emulator-continuation")
    (first,) = json.loads(text)["candidates"]
    status, text = await ask(client, "emulator-continuation", body(continuationToken=first["continuationToken"]))
    (second,) = json.loads(text)["candidates"]
    assert (status, second["finishReason"], "continuationToken" in second) == (200, "STOP", False)
    assert "inlineData" in second["content"]["parts"][0]


async def test_pictures_go_where_the_request_wants_them(emulator: Emulator) -> None:
    path = "/v1/projects/p/locations/global/publishers/google/models/gemini-3-pro-image:generateContent"
    headers = {"Authorization": f"Bearer {emulator.token}"}
    given = body(outputConfig={"outputUriPrefix": "gs://bucket/drawn/"})
    async with (
        aiohttp.ClientSession(emulator.base_url, headers=headers) as vertex,
        vertex.post(path, json=given) as answer,
    ):
        parts = (await answer.json())["candidates"][0]["content"]["parts"]
    (sent,) = emulator.ledger.entries[-1].images
    name = f"gs://bucket/drawn/{sent['sha256'][:16]}.png"
    assert [part.get("fileData") for part in parts] == [None, {"mimeType": "image/png", "fileUri": name}]


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


@pytest.mark.parametrize("scenario", ["reset", "truncated"])
async def test_a_cut_connection_is_an_error_in_http(client: aiohttp.ClientSession, scenario: str) -> None:
    with pytest.raises(aiohttp.ClientError):
        await ask(client, f"emulator-{scenario}", sse=True)


async def test_a_clean_cut_is_not_seen_by_http(client: aiohttp.ClientSession) -> None:
    status, text = await ask(client, "emulator-truncated-clean", sse=True)
    assert status == 200
    assert not text.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("scenario", ["stuck", "silent", "bomb"])
async def test_who_leaves_is_noticed_at_once(emulator: Emulator, client: aiohttp.ClientSession, scenario: str) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await ask(client, f"emulator-{scenario}", sse=True)
    await ended_upstream(emulator.ledger.entries[-1])
    assert emulator.ledger.entries[-1].outcome == "client_disconnected"


async def test_the_ledger_is_served_and_reset(client: aiohttp.ClientSession) -> None:
    await ask(client, "gemini-3-pro-image")
    async with client.get("/_emulator/requests") as answer:
        (entry,) = await answer.json()
    assert (entry["model"], entry["auth"]) == ("gemini-3-pro-image", "key")
    assert "emulator-key" not in json.dumps(entry)
    await (await client.delete("/_emulator/requests")).read()
    async with client.get("/_emulator/requests") as answer:
        assert await answer.json() == []
    async with client.get("/_emulator/scenarios") as answer:
        assert (await answer.json()).keys() == SCENARIOS.keys()


async def test_a_size_too_small_for_a_picture_is_refused(client: aiohttp.ClientSession) -> None:
    status, text = await ask(client, "emulator-size-100")
    assert status == 400
    assert b"a picture takes at least" in text


def test_it_runs_in_a_thread() -> None:
    with in_thread() as emulator:
        assert emulator.ledger.entries == []
        assert emulator.base_url.startswith("http://127.0.0.1:")
