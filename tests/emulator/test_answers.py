"""The emulator's pictures and their requests' effect."""

import asyncio
import hashlib
import io
import json

import aiohttp
import pytest
from PIL import Image, ImageChops

from imagewire_emulator import Emulator, in_thread
from imagewire_emulator.directives import ALL
from imagewire_emulator.draw import Studio, Wish, pixels
from imagewire_emulator.models import BY_ID
from tests.conftest import ended_upstream
from tests.emulator.requests import ask, body, events, pictures


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
        assert (await answer.json()).keys() == ALL.keys()


async def test_a_size_too_small_for_a_picture_is_refused(client: aiohttp.ClientSession) -> None:
    status, text = await ask(client, "emulator-size-100")
    assert status == 400
    assert b"a picture takes at least" in text


def test_it_runs_in_a_thread() -> None:
    with in_thread() as emulator:
        assert emulator.ledger.entries == []
        assert emulator.base_url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("scenario", ["", "drafts", "two-images", "image-safety"])
async def test_every_event_of_a_stream_has_the_usage_so_far(client: aiohttp.ClientSession, scenario: str) -> None:
    _, text = await ask(client, f"emulator-{scenario}" if scenario else "gemini-3-pro-image", sse=True)
    *before, last = (event["usageMetadata"] for event in events(text))
    assert {usage["totalTokenCount"] for usage in before} == {last["promptTokenCount"]}
    assert last["totalTokenCount"] > last["promptTokenCount"]


# What is asked of a 3-series model → whether each part is a thought, and whether it is signed.
SIGNED: dict[str, list[tuple[bool, bool]]] = {
    "": [(False, True), (False, True)],
    "drafts": [(True, False), (True, False), (False, True), (False, True)],
    "two-images": [(False, True), (False, True), (False, True)],
    "interleaved": [(False, True), (False, True), (False, False), (False, True), (False, False)],
    "thought-only": [(False, True), (True, False)],
}


@pytest.mark.parametrize("scenario", SIGNED)
async def test_the_3_series_signs_its_first_text_and_final_pictures(
    client: aiohttp.ClientSession, scenario: str
) -> None:
    model = f"emulator-{scenario}" if scenario else "gemini-3.1-flash-image"
    asked, again = (body(f"{prompt} x-emulate: size=300KB") for prompt in ("a banana", "in blue"))
    _, text = await ask(client, model, asked)
    content = json.loads(text)["candidates"][0]["content"]
    assert [(part.get("thought", False), "thoughtSignature" in part) for part in content["parts"]] == SIGNED[scenario]
    turns = [*asked["contents"], content, *again["contents"]]
    assert (await ask(client, model, {"contents": turns}))[0] == 200


async def test_older_models_sign_nothing(client: aiohttp.ClientSession) -> None:
    _, text = await ask(client, "gemini-2.5-flash-image")
    assert b"thoughtSignature" not in text
