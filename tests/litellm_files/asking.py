"""Asks each deployment of a file for one picture, and returns what was sent to the upstream."""

import json
from typing import Any

import httpx
import pytest

from imagewire_server import bootstrap
from imagewire_server.config.load import Config
from imagewire_server.config.routing import Routing
from imagewire_server.core.call import Call
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.generate import Engine
from imagewire_server.core.router import Router, Upstream
from imagewire_server.formats.openai.chat.decode import spec_of
from imagewire_server.formats.openai.chat.request import ChatRequest
from imagewire_server.formats.openai.common.json_decode import decode
from imagewire_server.providers.google.token import Access
from imagewire_server.transport.http import HttpLimits, HttpTransport

ANSWER = {"candidates": [{"content": {"parts": [{"text": "Here"}]}, "finishReason": "STOP"}]}
# The body of a request without defaults.
COMMON = {
    "contents": [{"role": "user", "parts": [{"text": "A banana"}]}],
    "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
}
# The model that stands for a wildcard.
ANY = "gemini-2.5-flash-image"
_OF_HTTP = {"host", "content-length", "content-type", "user-agent", "accept-encoding"}


class Upstreams:
    """Google, for all addresses: it notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(ANSWER).encode()))


class Token:
    """Google's library, as far as it is asked for a token. source: as GoogleToken's."""

    def __init__(self, source: str) -> None:
        given = json.loads(source) if source.startswith("{") else {}
        owner = given.get("client_email", source or "default")
        self._access = Access(f"token-of-{owner}", 0.0, given.get("project_id", "project-of-the-token"), "")

    async def get(self) -> Access:
        """A token that names its owner."""
        return self._access


async def requests(config: Config, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> list[dict[str, Any]]:
    """What each deployment asks for a chat request of one text with these fields, in the order of the file."""
    google = Upstreams()

    def transport(limits: HttpLimits) -> HttpTransport:
        return HttpTransport(limits, httpx.MockTransport(google))

    monkeypatch.setattr(bootstrap, "HttpTransport", transport)
    monkeypatch.setattr("imagewire_server.providers.google.connector.GoogleToken", Token)
    found = []
    async with bootstrap.server(config) as server:
        for upstream in server._engine.router.upstreams:
            await _ask(upstream, fields)
            found.append({"id": upstream.deployment.id, **_told(google.asked.pop())})
    assert google.asked == []
    return found


async def _ask(upstream: Upstream, fields: dict[str, Any]) -> None:
    router = Router([upstream], Routing(num_retries=0))
    name = upstream.deployment.name.replace("*", ANY)
    body = {"model": name, "messages": [{"role": "user", "content": "A banana"}], **fields}
    builder = spec_of(decode(json.dumps(body).encode(), ChatRequest), router.capabilities(name))
    call = Call(cleared=frozenset(builder.cleared))
    drawing = Engine(router, Admission(1)).start(builder.spec, stream=False, deadline=None, call=call)
    async with drawing.attach(hashes=False) as events:
        async for _ in events:
            pass


def _told(request: httpx.Request) -> dict[str, Any]:
    headers = {name: value for name, value in request.headers.items() if name not in _OF_HTTP}
    return {"url": str(request.url), "headers": headers, "body": json.loads(request.content)}
