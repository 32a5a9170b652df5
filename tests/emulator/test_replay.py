"""Answering from recorded calls: as they were recorded, or with an error that says what is missing."""

import json
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from google import genai
from google.genai import types

from imagewire_emulator import Emulator, running
from imagewire_emulator.transcripts import Recorder, Replayer, ReplayError
from tests.emulator.requests import ask, body


async def record(emulator: Emulator, folder: Path, *calls: tuple[str, Any, bool]) -> list[tuple[int, bytes]]:
    async with (
        running(answerer=Recorder(folder, emulator.base_url)) as made,
        aiohttp.ClientSession(made.base_url, headers={"x-goog-api-key": emulator.api_key}) as client,
    ):
        return [await ask(client, model, given, sse=sse) for model, given, sse in calls]


async def replay(folder: Path, *calls: tuple[str, Any, bool]) -> list[tuple[int, bytes]]:
    """The answers without any key."""
    async with running(answerer=Replayer(folder)) as made, aiohttp.ClientSession(made.base_url) as client:
        return [await ask(client, model, given, sse=sse) for model, given, sse in calls]


CALLS = [
    ("emulator-size-200000", body("a red banana"), True),
    ("emulator-size-200000", body("a red banana"), False),
    ("emulator-429", body("a red banana"), False),
    ("emulator-done", body("a red banana", generationConfig={"responseModalities": ["TEXT"]}), True),
]


async def test_the_answers_are_the_recorded_ones_in_any_order(emulator: Emulator, tmp_path: Path) -> None:
    recorded = await record(emulator, tmp_path, *CALLS)
    assert [status for status, _ in recorded] == [200, 200, 429, 200]
    assert await replay(tmp_path, *reversed(CALLS)) == recorded[::-1]


async def test_a_stream_comes_in_its_chunks(emulator: Emulator, tmp_path: Path) -> None:
    async def chunks(client: aiohttp.ClientSession) -> list[bytes]:
        url = "/v1beta/models/emulator-size-200000:streamGenerateContent?alt=sse"
        async with client.post(url, json=body()) as answer:
            found = [b""]
            async for data, ends in answer.content.iter_chunks():
                found[-1] += data
                if ends:
                    found.append(b"")
        return found

    await record(emulator, tmp_path, ("emulator-size-200000", body(), True))
    headers = {"x-goog-api-key": emulator.api_key}
    async with aiohttp.ClientSession(emulator.base_url, headers=headers) as client:
        recorded = await chunks(client)
    async with running(answerer=Replayer(tmp_path)) as made, aiohttp.ClientSession(made.base_url) as client:
        assert await chunks(client) == recorded
    assert len(recorded) > 4


async def test_equal_requests_get_their_answers_in_order(emulator: Emulator, tmp_path: Path) -> None:
    call = ("emulator-503-burst", body(), False)
    await record(emulator, tmp_path, call, call)
    assert [status for status, _ in await replay(tmp_path, call, call, call)] == [503, 200, 200]


async def test_a_cut_is_a_cut(emulator: Emulator, tmp_path: Path) -> None:
    call = ("emulator-cut", body(), True)
    with pytest.raises(aiohttp.ClientError):
        await record(emulator, tmp_path, call)
    with pytest.raises(aiohttp.ClientError):
        await replay(tmp_path, call)


DIFFERENT = [
    (body("a blue banana"), "contents[0].parts[0].text is 'REDACTED (13 characters)'"),
    (body("a sad banana"), "a redacted text of the same length"),
    (body("a red banana", labels={"a": "b"}), "labels was not sent when it was recorded"),
    ({"contents": []}, "contents has 0 elements, recorded 1"),
]


@pytest.mark.parametrize(("given", "told"), DIFFERENT, ids=["longer", "another", "more", "fewer"])
async def test_an_unrecorded_body_is_told_with_the_difference(
    emulator: Emulator, tmp_path: Path, given: Any, told: str
) -> None:
    await record(emulator, tmp_path, ("emulator-429", body("a red banana"), False))
    ((status, text),) = await replay(tmp_path, ("emulator-429", given, False))
    message = json.loads(text)["error"]["message"]
    assert status == 404
    assert told in message
    assert "POST /v1beta/models/emulator-429:generateContent" in message
    assert "0001-generateContent.har" in message


async def test_an_unrecorded_path_is_told_with_those_that_are(emulator: Emulator, tmp_path: Path) -> None:
    await record(emulator, tmp_path, ("emulator-429", body(), False))
    ((status, text),) = await replay(tmp_path, ("gemini-3-pro-image", body(), True))
    message = json.loads(text)["error"]["message"]
    assert status == 404
    assert message.startswith("POST /v1beta/models/gemini-3-pro-image:streamGenerateContent?alt=sse is not recorded")
    assert "Recorded are: POST /v1beta/models/emulator-429:generateContent" in message


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "it has no recorded calls"),
        ({"a.har": "{}"}, "a.har: not a recorded call"),
        ({"a.har": "{"}, "a.har: Expecting property name"),
        ({"a.har": '{"log": {"entries": []}}'}, "a.har: not enough values"),
    ],
    ids=["empty", "other", "broken", "none"],
)
def test_a_folder_without_calls_is_refused(tmp_path: Path, files: dict[str, str], told: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ReplayError, match=told):
        Replayer(tmp_path)


async def test_directives_are_refused(emulator: Emulator, tmp_path: Path) -> None:
    await record(emulator, tmp_path, ("emulator-429", body(), False))
    headers = {"x-emulate": "reset"}
    async with (
        running(answerer=Replayer(tmp_path)) as made,
        aiohttp.ClientSession(made.base_url, headers=headers) as client,
    ):
        status, text = await ask(client, "emulator-429")
    assert (status, "x-emulate does not change recorded answers" in text.decode()) == (400, True)


# Google's SDK subclasses aiohttp's session, which aiohttp advises against.
@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
async def test_googles_sdk_is_recorded_and_replayed(emulator: Emulator, tmp_path: Path) -> None:
    """A chat with an edit: streamed, with pictures and signatures in its history."""

    async def chat(url: str, key: str) -> list[list[types.Part]]:
        said: list[list[types.Part]] = []
        async with genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url)).aio as client:
            made = client.chats.create(model="gemini-3.1-flash-image")
            for prompt in ("a red banana x-emulate: size=150KB", "a blue one x-emulate: size=160KB"):
                stream = await made.send_message_stream(prompt)
                said.append([part async for event in stream for part in event.parts or ()])
        return said

    async with running(answerer=Recorder(tmp_path, emulator.base_url)) as made:
        recorded = await chat(made.base_url, emulator.api_key)
    assert [len(part.inline_data.data or b"") for turn in recorded for part in turn if part.inline_data] == [
        150_000,
        160_000,
    ]
    async with running(answerer=Replayer(tmp_path)) as made:
        assert await chat(made.base_url, "any") == recorded


async def test_a_file_that_has_gone_is_told(emulator: Emulator, tmp_path: Path) -> None:
    await record(emulator, tmp_path, ("emulator-429", body(), False))
    replayer = Replayer(tmp_path)
    shutil.rmtree(tmp_path)
    async with running(answerer=replayer) as made, aiohttp.ClientSession(made.base_url) as client:
        status, text = await ask(client, "emulator-429")
    assert status == 500
    assert "0001-generateContent.har changed after it was read" in text.decode()
