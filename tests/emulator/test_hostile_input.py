"""Whatever is sent, the answer is one of Google's errors in JSON, and the list of requests can still be read."""

import asyncio
import gzip
import json
from typing import Any

import aiohttp
import pytest

from imagewire_emulator import Emulator
from tests.emulator.requests import ask, body

GEMINI = "/v1beta/models/gemini-3.1-flash-image:generateContent"
VERTEX = "/v1/publishers/google/models/gemini-3.1-flash-image:generateContent"
DIGITS = b"1" * 5000


async def refused(client: aiohttp.ClientSession, path: str, data: bytes, **headers: Any) -> str:
    async with client.post(path, data=data, headers=headers) as answer:
        error = json.loads(await answer.read())["error"]
        assert (answer.status, error["status"]) == (400, "INVALID_ARGUMENT")
    async with client.get("/_emulator/requests") as answer:
        assert answer.status == 200, await answer.text()
    async with client.get("/") as answer:
        assert answer.status == 200
    return str(error["message"])


@pytest.mark.parametrize(
    ("path", "data", "words"),
    [
        (GEMINI, b'{"x": ' + DIGITS + b"}", "Number exceeds the range of double."),
        (GEMINI, b'{"x": 1e999}', "Number exceeds the range of double."),
        (GEMINI, b'{"x": ' + DIGITS[:100] + b"}", 'Unknown name "x"'),
        (GEMINI, b'{"x": NaN}', "Unexpected token."),
        (GEMINI, rb'{"contents": [{"parts": [{"text": "\ud800 alone"}]}]}', "Missing low surrogate."),
        (GEMINI, rb'{"\udc00": 1}', "Invalid unicode code point."),
        (
            VERTEX,
            b'{"contents": [{"role": "user", "parts": [{"text": "x"}]}], "generationConfig": {"topK": "Infinity"}}',
            "topK",
        ),
        (GEMINI.replace("generateContent", "countTokens"), b'{"generateContentRequest": 5}', "Expected an object."),
        (GEMINI.replace("generateContent", "countTokens"), b'{"generateContentRequest": [1]}', "Expected an object."),
        (f"{GEMINI.replace('generateContent', 'batchGenerateContent')}", b'{"batch": ' + DIGITS + b"}", "double"),
    ],
    ids=lambda value: value[:40].decode() if isinstance(value, bytes) else None,
)
async def test_json_that_google_refuses(client: aiohttp.ClientSession, path: str, data: bytes, words: str) -> None:
    assert words in await refused(client, path, data)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "invented"])
async def test_a_body_that_is_not_compressed_as_its_header_says(client: aiohttp.ClientSession, encoding: str) -> None:
    message = await refused(client, GEMINI, json.dumps(body()).encode(), **{"Content-Encoding": encoding})
    assert encoding in message


async def test_a_compressed_body_is_read_and_needs_its_end(client: aiohttp.ClientSession) -> None:
    data = gzip.compress(json.dumps(body("a banana x-emulate: size=100KB")).encode())
    async with client.post(GEMINI, data=data, headers={"Content-Encoding": "gzip"}) as answer:
        assert answer.status == 200
    assert "end is missing" in await refused(client, GEMINI, data[:-4], **{"Content-Encoding": "gzip"})


async def test_a_surrogate_pair_is_a_character(client: aiohttp.ClientSession) -> None:
    status, _ = await ask(client, "emulator-size-100000", body("\U0001f34c"))
    assert status == 200


@pytest.mark.parametrize(
    "header",
    [b"x-goog-api-key: emulator-key-\xe9", b"x-emulate: \xe9", b"User-Agent: \xe9", b"Authorization: Bearer \xe9"],
)
async def test_headers_that_are_no_utf8(emulator: Emulator, client: aiohttp.ClientSession, header: bytes) -> None:
    lines = (f"POST {GEMINI} HTTP/1.1".encode(), b"Host: x", b"Content-Length: 8", b"Connection: close", header)
    key = b"" if header.startswith(b"x-goog") else b"x-goog-api-key: emulator-key\r\n"
    reader, writer = await asyncio.open_connection(emulator.host, emulator.port)
    writer.write(b"\r\n".join(lines) + b"\r\n" + key + b'\r\n{"x": 1}')
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
    await refused(client, GEMINI, b"no JSON")


START = {"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start"}


@pytest.mark.parametrize(
    "sent", ['{"file": 5}', '{"file": {"name": 5}}', '{"file": {"displayName": 5}}', '{"fil": {}}']
)
async def test_uploads_that_begin_wrongly(client: aiohttp.ClientSession, sent: str) -> None:
    assert "Invalid" in await refused(client, "/upload/v1beta/files", sent.encode(), **START)


async def test_numbers_of_urls_and_headers_may_have_any_length(client: aiohttp.ClientSession) -> None:
    long = DIGITS.decode()
    headers = {"X-Goog-Upload-Offset": long}
    assert "must be a number" in await refused(client, "/upload/v1beta/files?upload_id=x", b"", **headers)
    for path in (
        f"/v1beta/files?pageSize={long}",
        f"/v1beta/files?pageToken={long}",
        f"/_emulator/requests?after={long}",
    ):
        async with client.get(path) as answer:
            assert answer.status == 400
