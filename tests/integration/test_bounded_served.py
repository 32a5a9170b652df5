"""Large requests that are right are served, and hold nobody up meanwhile."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pybase64
import pytest
from aiohttp import web

from imagewire_server.contract import pb
from imagewire_server.providers.google.wire import Body
from tests.conftest import running_stack, spec
from tests.integration.lag import MOST, watched
from tests.integration.test_bounded_grpc import ask
from tests.integration.test_bounded_rest import chat, content, post
from tests.pictures import PNG
from tests.upstream import answering_beside

_MB = 1024 * 1024


@dataclass
class Provider:
    """Stands for the provider. bodies: what it was sent. most_at_once: calls."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    running: int = 0
    most_at_once: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            return await self._drawn(request)
        finally:
            self.running -= 1

    async def _drawn(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        picture = {"inlineData": {"mimeType": "image/png", "data": pybase64.b64encode(PNG).decode()}}
        return web.json_response(
            {"candidates": [{"content": {"parts": [picture]}, "finishReason": "STOP"}], "usageMetadata": {}}
        )

    def sent(self) -> Any:
        """The parts of the last turn of the last call."""
        return json.loads(self.bodies[-1])["contents"][-1]["parts"]


@pytest.fixture
def provider() -> Iterator[Provider]:
    """In a thread of its own: what it does is not the server's."""
    made = Provider()
    with answering_beside(made.answer) as made.url:
        yield made


def form(size: int) -> bytes:
    fields = {"prompt": b"A", "model": b"gemini/gemini-2.5-flash-image"}
    lines = [
        b'--x\r\ncontent-disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (k.encode(), v) for k, v in fields.items()
    ]
    head = b'--x\r\ncontent-disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    return b"".join(lines) + head + PNG + bytes(size) + b"\r\n--x--\r\n"


def data_url(size: int) -> bytes:
    return b"data:image/png;base64," + pybase64.b64encode(PNG + bytes(size))


CHAT: dict[str, Callable[[], bytes]] = {
    "a picture of 40 MB": lambda: content(
        b'[{"type":"text","text":"%b"},{"type":"image_url","image_url":{"url":"%b"}}]'
        % ("é\\n".encode() * 100_000, data_url(40 * _MB))
    ),
    "45 MB of plain text": lambda: content(b'"' + b"banana " * (45 * _MB // 7) + b'"'),
    "7 MB of escapes": lambda: content(b'"' + b"\\n" * (7 * _MB // 2) + b'"'),
    "95 000 values": lambda: chat(b'"extra_body":{"a":[%b]}' % b",".join([b"0"] * 95_000)),
    "16 000 parts": lambda: chat(
        messages=json.dumps(
            [{"role": "user", "content": [{"type": "text", "text": "a"}] * 4000} for _ in range(4)]
        ).encode()
    ),
}
GRPC: dict[str, Callable[[], pb.Spec]] = {
    "a picture of 30 MB": lambda: _with(image={"data": PNG + bytes(30 * _MB)}),
    "a picture of 20 MB as a URI": lambda: _with(image={"uri": data_url(20 * _MB).decode()}),
    "8 MB of text": lambda: _with(content="banana\n\n" * 800_000),
    "90 000 values": lambda: _with_values(22_000),
    "16 000 parts": lambda: _with_parts(4000),
}


def _with(**fields: Any) -> pb.Spec:
    made = spec()
    made.messages.add(role=pb.Role.ROLE_USER, **fields)
    return made


def _with_values(count: int) -> pb.Spec:
    made = spec()
    made.extra_body.update({"other": {f"a{i}": i for i in range(count)}})
    return made


def _with_parts(each: int) -> pb.Spec:
    made = spec()
    for _ in range(4):
        made.messages.add(role=pb.Role.ROLE_USER, parts=[pb.Part(text="a")] * each)
    return made


@pytest.mark.parametrize("made", CHAT.values(), ids=CHAT.keys())
async def test_d3_large_chats_hold_nobody_up(made: Callable[[], bytes], provider: Provider, monkeypatch: Any) -> None:
    async with running_stack(rest=True, gemini_base_url=provider.url) as stack:
        assert (await post(stack, "/v1/chat/completions", chat()))[0] == 200
        body = made()
        with watched(monkeypatch) as watch:
            status, answer = await post(stack, "/v1/chat/completions", body)
        assert watch.worst < MOST, watch.what
        assert status == 200, str(answer)[:1000]


async def test_d3_a_large_form_holds_nobody_up(provider: Provider, monkeypatch: Any) -> None:
    kind = "multipart/form-data; boundary=x"
    async with running_stack(rest=True, gemini_base_url=provider.url) as stack:
        assert (await post(stack, "/v1/images/edits", form(0), kind))[0] == 200
        size = 40 * _MB
        body = form(size)
        with watched(monkeypatch) as watch:
            status, answer = await post(stack, "/v1/images/edits", body, kind)
        assert watch.worst < MOST, watch.what
        assert status == 200, str(answer)[:1000]
        assert pybase64.b64decode(provider.sent()[1]["inlineData"]["data"]) == PNG + bytes(size)


@pytest.mark.parametrize("made", GRPC.values(), ids=GRPC.keys())
async def test_d3_large_requests_hold_nobody_up(
    made: Callable[[], pb.Spec], provider: Provider, monkeypatch: Any
) -> None:
    async with running_stack(gemini_base_url=provider.url) as stack:
        assert (await ask(stack, pb.CreateCompletionRequest(spec=spec()).SerializeToString()))[0] == "OK"
        data = pb.CreateCompletionRequest(spec=made()).SerializeToString()
        with watched(monkeypatch) as watch:
            code, words, _ = await ask(stack, data)
        assert watch.worst < MOST, watch.what
        assert code == "OK", words


def test_d3_a_large_body_is_what_a_small_one_would_be() -> None:
    document = {
        "contents": [{"parts": [{"text": 'é"\n😀\x01' * 50_000}, {"inlineData": {"data": bytes(range(256)) * 3000}}]}],
        "raw": msgspec.Raw(b'{"a" : [1]}'),
        "empty": [[], {}, "", b"", None, True, 1.5],
    }
    assert b"".join(Body(document).pieces()) == msgspec.json.encode(document)
    assert Body(document).size == len(msgspec.json.encode(document))


async def test_d3_several_large_pictures_are_not_sent_at_once(provider: Provider) -> None:
    kind = "multipart/form-data; boundary=x"
    body = form(20 * _MB).replace(b"--x--", b'--x\r\ncontent-disposition: form-data; name="n"\r\n\r\n3\r\n--x--')
    async with running_stack(rest=True, gemini_base_url=provider.url) as stack:
        status, answer = await post(stack, "/v1/images/edits", body, kind)
        assert status == 200, str(answer)[:1000]
        assert len(answer["data"]) == 3
    assert provider.most_at_once == 1
