"""Recording a real upstream, whose place another emulator takes: what is passed on, and what is written."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from imagewire_emulator import Emulator, running
from imagewire_emulator.transcripts import Recorder, RecordError
from imagewire_emulator.transcripts.har import read
from tests.emulator.requests import ask, body, events, pictures
from tests.pictures import PNG

PLANTED = "planted-secret-7f3a"


@pytest.fixture
async def relay(emulator: Emulator, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a relay to the emulator, which writes to tmp_path."""
    async with (
        running(answerer=Recorder(tmp_path, emulator.base_url)) as made,
        aiohttp.ClientSession(made.base_url, headers={"x-goog-api-key": emulator.api_key}) as client,
    ):
        yield client


def written(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def test_the_answer_is_passed_on_and_written(relay: aiohttp.ClientSession, tmp_path: Path) -> None:
    status, text = await ask(relay, "emulator-size-300000", body("a violet banana"), sse=True)
    (file,) = written(tmp_path)
    call = read(file)
    assert file.name == "0001-streamGenerateContent.har"
    assert (status, call.status, call.complete) == (200, 200, True)
    assert b"".join(chunk.data for chunk in call.chunks) == text
    assert len(call.chunks) > 3
    assert [chunk.at for chunk in call.chunks] == sorted(chunk.at for chunk in call.chunks)
    assert len(pictures(events(text))[0]) == 300_000
    assert dict(call.headers) == {"content-type": "text/event-stream"}


async def test_an_error_is_written_too(relay: aiohttp.ClientSession, tmp_path: Path) -> None:
    statuses = [(await ask(relay, "emulator-503-burst"))[0] for _ in range(2)]
    assert [read(file).status for file in written(tmp_path)] == statuses == [503, 200]


async def test_a_cut_answer_is_cut_for_the_client_and_written_as_cut(
    relay: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with pytest.raises(aiohttp.ClientError):
        await ask(relay, "emulator-cut", sse=True)
    (file,) = written(tmp_path)
    assert not read(file).complete


def planted() -> dict[str, Any]:
    """A request with a secret wherever a caller can put one. It is invalid: the upstream's error repeats some."""
    text = f"my {PLANTED} text"
    data = base64.b64encode(PLANTED.encode() * 3).decode()
    return {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": text},
                    {"inlineData": {"mimeType": "image/png", "data": data, "displayName": PLANTED}},
                    {"functionResponse": {"name": PLANTED, "response": {PLANTED: [PLANTED]}}},
                    {"fileData": {"fileUri": f"https://{PLANTED}/", "mimeType": PLANTED}},
                ],
            },
            {"role": "model", "parts": [{"functionCall": {"name": PLANTED, "args": {PLANTED: PLANTED}}}]},
        ],
        "system_instruction": {"parts": [{"text": text}]},
        "tools": [{"functionDeclarations": [{"name": PLANTED, "description": PLANTED, "parameters": {PLANTED: {}}}]}],
        "labels": {PLANTED: PLANTED},
        "cachedContent": PLANTED,
        "generation_config": {"response_schema": {PLANTED: PLANTED}, "stopSequences": [PLANTED], "seed": 7},
    }


@pytest.mark.parametrize("status", [200, 400])
async def test_no_planted_secret_is_written(tmp_path: Path, status: int) -> None:
    """Not from headers, the query or the body, even if the upstream repeats everything in its answer."""

    async def repeat(request: web.Request) -> web.Response:
        said = [await request.text(), request.query_string, *request.headers.values()]
        said += [part["text"] for part in (await request.json())["contents"][0]["parts"] if "text" in part]
        return web.json_response({"error": {"message": said}}, status=status, headers={"X-Echo": PLANTED})

    data = base64.b64encode(PLANTED.encode() * 3)
    async with AsyncExitStack() as stack:
        url = await serve(stack, repeat)
        relay = await stack.enter_async_context(running(answerer=Recorder(tmp_path, url)))
        client = await stack.enter_async_context(aiohttp.ClientSession(relay.base_url))
        headers = {
            "x-goog-api-key": PLANTED,
            "Authorization": f"Bearer {PLANTED}",
            "Cookie": PLANTED,
            "X-Own": PLANTED,
        }
        path = f"/v1beta/models/any:generateContent?key={PLANTED}&alt=json"
        async with client.post(path, json=planted(), headers=headers) as answer:
            passed = await answer.text()
    assert PLANTED in passed  # the caller's own answer is not changed
    (file,) = written(tmp_path)
    text = file.read_bytes()
    assert PLANTED.encode() not in text
    assert data not in text
    call = read(file)
    assert call.request.body["generation_config"]["seed"] == 7
    assert call.request.body["contents"][0]["role"] == "user"
    assert call.request.query == (("key", "REDACTED"), ("alt", "json"))


async def serve(stack: AsyncExitStack, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> str:
    """An upstream that answers everything so."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


@pytest.mark.parametrize("keep", [False, True])
async def test_input_pictures_are_written_on_request(emulator: Emulator, tmp_path: Path, *, keep: bool) -> None:
    data = base64.b64encode(PNG).decode()
    given = body("edit it", generationConfig={"seed": 1})
    given["contents"][0]["parts"].append({"inlineData": {"mimeType": "image/png", "data": data}})
    async with (
        running(answerer=Recorder(tmp_path, emulator.base_url, keep_inputs=keep)) as made,
        aiohttp.ClientSession(made.base_url, headers={"x-goog-api-key": emulator.api_key}) as client,
    ):
        assert (await ask(client, "emulator-size-200000", given))[0] == 200
    (file,) = written(tmp_path)
    kept = read(file).request.body["contents"][0]["parts"]
    assert (kept[1]["inlineData"]["data"] == data) is keep
    assert kept[0] == {"text": "REDACTED (7 characters)"}


async def test_the_model_may_repeat_itself(relay: aiohttp.ClientSession, tmp_path: Path) -> None:
    """A text of the model's own turns is not masked in its next answer."""
    said = "Here's the image you requested:"
    given = body("now a red one", generationConfig={"responseModalities": ["TEXT"]})
    given["contents"].insert(0, {"role": "user", "parts": [{"text": "a banana"}]})
    given["contents"].insert(1, {"role": "model", "parts": [{"text": said}]})
    status, text = await ask(relay, "gemini-2.5-flash-image", given)
    assert status == 200, text
    (file,) = written(tmp_path)
    assert "the image you requested" in file.read_text()


async def test_an_answer_is_passed_on_while_it_arrives(tmp_path: Path) -> None:
    """The upstream sends the second event only when the client has the first one."""
    seen = asyncio.Event()

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\r\n\r\n")
        await seen.wait()
        await response.write(b"data: 2\r\n\r\n")
        return response

    async with AsyncExitStack() as stack:
        upstream = await serve(stack, stream)
        relay = await stack.enter_async_context(running(answerer=Recorder(tmp_path, upstream)))
        client = await stack.enter_async_context(aiohttp.ClientSession())
        async with client.post(relay.base_url, json={}) as answer:
            assert await answer.content.readuntil(b"\r\n\r\n") == b"data: 1\r\n\r\n"
            seen.set()
            assert await answer.read() == b"data: 2\r\n\r\n"
    (file,) = written(tmp_path)
    assert [chunk.data for chunk in read(file).chunks] == [b"data: 1\r\n\r\n", b"data: 2\r\n\r\n"]


async def test_an_upload_goes_on_through_the_relay(tmp_path: Path) -> None:
    async def start(request: web.Request) -> web.Response:
        if "upload_id" in request.query:
            return web.json_response({"file": {"name": "files/1", "got": len(await request.read())}})
        url = f"http://{request.host}/upload/v1beta/files?upload_id={PLANTED}&upload_protocol=resumable"
        return web.Response(headers={"X-Goog-Upload-URL": url, "X-Goog-Upload-Status": "active"})

    async with AsyncExitStack() as stack:
        upstream = await serve(stack, start)
        relay = await stack.enter_async_context(running(answerer=Recorder(tmp_path, upstream)))
        client = await stack.enter_async_context(aiohttp.ClientSession())
        async with client.post(f"{relay.base_url}/upload/v1beta/files", json={}) as answer:
            url = answer.headers["X-Goog-Upload-URL"]
            await answer.read()
        assert url.startswith(relay.base_url)
        async with client.post(url, data=b"abc" * 100) as answer:
            assert (await answer.json())["file"]["got"] == 300
    assert all(PLANTED not in file.read_text() for file in written(tmp_path))
    # The two may be written in either order: the client goes on when it has the first answer.
    headers = {name: value for file in written(tmp_path) for name, value in read(file).headers}
    assert headers["x-goog-upload-url"] == "/upload/v1beta/files?upload_id=REDACTED&upload_protocol=resumable"


async def test_an_upstream_that_is_away_is_an_error_of_the_emulator(tmp_path: Path) -> None:
    async with (
        running(answerer=Recorder(tmp_path, "http://127.0.0.1:9")) as made,
        aiohttp.ClientSession(made.base_url) as client,
    ):
        status, text = await ask(client, "any")
    assert status == 503
    assert "http://127.0.0.1:9" in json.loads(text)["error"]["message"]
    assert written(tmp_path) == []


async def test_an_answer_that_cannot_be_written_arrives(
    relay: aiohttp.ClientSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(tmp_path)
    assert (await ask(relay, "emulator-size-200000"))[0] == 200
    assert "a call is not recorded" in caplog.text


async def test_odd_paths_are_files_too(relay: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with relay.get("/v1beta/files/..%2F%00%20x") as answer:
        await answer.read()
    assert [file.name for file in written(tmp_path)] == ["0001-__x.har"]


@pytest.mark.parametrize(
    ("folder", "upstream"),
    [
        ("taken", "http://127.0.0.1:9"),
        ("free", "127.0.0.1:9"),
        ("free", "ftp://127.0.0.1:9"),
        ("free", "https://user:secret@127.0.0.1"),
        ("free", "https://127.0.0.1/?key=secret"),
    ],
)
def test_a_wrong_folder_or_url_is_refused(tmp_path: Path, folder: str, upstream: str) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(RecordError, match=r"--record|--upstream: not a URL") as raised:
        Recorder(tmp_path / folder, upstream)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("path", "kept"), [("files", False), ("tunedModels", False), ("models", True)])
async def test_display_names_are_not_written_but_those_of_googles_models(
    tmp_path: Path, path: str, *, kept: bool
) -> None:
    async def listed(_: web.Request) -> web.Response:
        return web.json_response({"items": [{"displayName": "My cat"}]})

    async with AsyncExitStack() as stack:
        upstream = await serve(stack, listed)
        relay = await stack.enter_async_context(running(answerer=Recorder(tmp_path, upstream)))
        client = await stack.enter_async_context(aiohttp.ClientSession(relay.base_url))
        async with client.get(f"/v1beta/{path}") as answer:
            assert await answer.json() == {"items": [{"displayName": "My cat"}]}
    (file,) = written(tmp_path)
    assert ("My cat" in file.read_text()) is kept
