"""Requests over REST that are small to send and long to work on: each is refused, or served, without holding others."""

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.conftest import running_stack
from tests.integration.lag import MOST, watched

_MB = 1024 * 1024
_MODEL = b'"model":"gemini/gemini-2.5-flash-image"'


def chat(more: bytes = b"", messages: bytes = b'[{"role":"user","content":"A"}]') -> bytes:
    return b"{%b,%b%b}" % (_MODEL, b'"messages":' + messages, more and b"," + more)


def content(parts: bytes) -> bytes:
    return chat(messages=b'[{"role":"user","content":%b}]' % parts)


def listed(one: bytes, times: int) -> bytes:
    return b"[" + (one + b",") * (times - 1) + one + b"]"


def call(arguments: str) -> bytes:
    said = {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": arguments}}]}
    return chat(messages=json.dumps([said] * 4).encode())


REFUSED: dict[str, Callable[[], bytes]] = {
    "nulls in extra_body": lambda: chat(b'"extra_body":{"a":%b}' % listed(b"null", 8 * _MB // 5)),
    "79 objects": lambda: chat(
        b'"tools":%b' % listed(b'{"function":{"name":"f","parameters":{"a":%b}}}' % listed(b"0", 99_000), 79)
    ),
    "empty objects": lambda: chat(b'"extra_body":{"a":%b}' % listed(b"{}", 20 * _MB)),
    "names": lambda: b"{" + b'"":"",' * (10 * _MB) + b'"":""}',
    "nested lists": lambda: chat(b'"extra_body":{"a":%b}' % (b"[" * 16 * _MB)),
    "nested lists, fewer": lambda: chat(b'"extra_body":{"a":%b%b}' % (b"[" * 40_000, b"]" * 40_000)),
    "parts": lambda: content(listed(b'{"type":"text","text":"a"}', 800_000)),
    "settings": lambda: chat(b'"safety_settings":' + listed(b'{"category":"A","threshold":"B"}', 100_000)),
    "an unknown field and nulls": lambda: chat(b'"b":%b' % listed(b"null", 12 * _MB)),
    "arguments that are JSON": lambda: call(json.dumps({"a": [0] * 40_000})),
    "a result that is JSON": lambda: chat(
        messages=json.dumps(
            [{"role": "tool", "tool_call_id": "1", "name": "f", "content": json.dumps({"a": [0] * 60_000})}] * 2
        ).encode()
    ),
    "60 MB of escapes": lambda: content(b'"' + b"\\n" * 30 * _MB + b'"'),
    "60 MB of quotes": lambda: content(b'"' + b'\\"' * 30 * _MB + b'"'),
    "60 MB of backslashes": lambda: content(b'"' + b"\\" * 60 * _MB + b'"'),
    "60 MB of no ASCII": lambda: content(b'"' + "é".encode() * 30 * _MB + b'"'),
    "millions of parameters": lambda: content(
        b'[{"type":"image_url","image_url":{"url":"data:image/png%b;base64,AAAA"}}]' % (b";a=b" * 2 * _MB)
    ),
    "60 MB of no base64": lambda: content(
        b'[{"type":"image_url","image_url":{"url":"data:image/png;base64,%b"}}]' % (b"!" * 60 * _MB)
    ),
}


async def post(stack: Any, path: str, body: bytes, content_type: str = "application/json") -> tuple[int, Any]:
    """The status and the JSON of an answer, asked for in a thread of its own."""
    url = stack.rest.base_url

    def asked() -> tuple[int, Any]:
        with closing(HTTPConnection(url.host, url.port)) as connection:
            connection.request("POST", path, body, {"content-type": content_type})
            answer = connection.getresponse()
            return answer.status, json.load(answer)

    return await asyncio.to_thread(asked)


@pytest.mark.parametrize("made", REFUSED.values(), ids=REFUSED.keys())
async def test_d3_what_holds_too_much_is_refused_at_once(made: Callable[[], bytes], monkeypatch: Any) -> None:
    body = await asyncio.to_thread(made)
    async with running_stack(rest=True) as stack:
        assert (await post(stack, "/v1/chat/completions", chat()))[0] == 200
        with watched(monkeypatch) as watch:
            status, answer = await post(stack, "/v1/chat/completions", body)
        assert status == 400
        assert len(str(answer)) < 4000
        assert watch.worst < MOST, watch.what
        assert len(stack.emulator.ledger.entries) == 1


def part(name: str, value: bytes, headers: bytes = b"") -> bytes:
    return b'--x\r\ncontent-disposition: form-data; name="%b"\r\n%b\r\n%b\r\n' % (name.encode(), headers, value)


BEGUN = part("model", b"gemini/gemini-2.5-flash-image") + part("prompt", b"A")
FILE = b'--x\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\n'
FORMS: dict[str, Callable[[], bytes]] = {
    "100 000 parts": lambda: BEGUN + part("a", b"") * 100_000,
    "100 000 files": lambda: BEGUN + (FILE + b"\r\n") * 100_000,
    "100 000 headers": lambda: BEGUN + part("a", b"", b"a: b\r\n" * 100_000),
    "a header of 20 MB": lambda: BEGUN + part("a", b"", b"a: " + b"b" * 20 * _MB),
    "fields of JSON": lambda: BEGUN + part("extra_body", b'{"a":%b}' % listed(b"0", 400_000)) + FILE + b"\r\n--x--\r\n",
    "lines without end": lambda: BEGUN + FILE + b"\r\n-" * 4 * _MB,
}


@pytest.mark.parametrize("made", FORMS.values(), ids=FORMS.keys())
async def test_d3_forms_are_bounded(made: Callable[[], bytes], monkeypatch: Any) -> None:
    body = await asyncio.to_thread(made)
    async with running_stack(rest=True) as stack:
        await post(stack, "/v1/images/edits", BEGUN, "multipart/form-data; boundary=x")
        with watched(monkeypatch) as watch:
            status, answer = await post(stack, "/v1/images/edits", body, "multipart/form-data; boundary=x")
        assert status == 400, answer
        assert watch.worst < MOST, watch.what


async def test_d3_charsets_that_take_long_are_refused(monkeypatch: Any) -> None:
    async with running_stack(rest=True) as stack:
        with watched(monkeypatch) as watch:
            kind = "multipart/form-data; boundary=x; charset=punycode"
            status, answer = await post(stack, "/v1/images/edits", part("prompt", b"-" + b"a" * 1_000_000), kind)
        assert status == 400
        assert "UTF-8" in answer["error"]["message"]
        assert watch.worst < MOST, watch.what


async def test_d3_many_query_parameters_are_not_read(monkeypatch: Any) -> None:
    async with running_stack(rest=True) as stack:
        with watched(monkeypatch) as watch:
            status, _ = await post(stack, "/v1/chat/completions?" + "a&" * 12_000, chat())
        assert status == 200
        assert watch.worst < MOST, watch.what
