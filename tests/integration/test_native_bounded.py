"""Large requests of Google's own API: they are served or refused, hold nobody up, and take little memory."""

import asyncio
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pybase64
import pytest

from tests.conftest import running_stack
from tests.integration import processes
from tests.integration.lag import MOST, watched
from tests.integration.native import FLASH
from tests.integration.test_bounded_memory import _OTHER, grown
from tests.integration.test_bounded_rest import listed, post
from tests.integration.test_bounded_served import Provider
from tests.pictures import PNG
from tests.upstream import answering_beside

pytestmark = pytest.mark.system

_MB = 1024 * 1024
_PATH = f"/v1beta/models/{FLASH}:generateContent"


def asked(parts: bytes, more: bytes = b"") -> bytes:
    return b'{"contents":[{"role":"user","parts":%b}]%b}' % (parts, more)


def picture(size: int) -> bytes:
    data = pybase64.b64encode(PNG + bytes(size))
    return asked(b'[{"text":"A"},{"inlineData":{"mimeType":"image/png","data":"%b"}}]' % data)


SERVED: dict[str, Callable[[], bytes]] = {
    "a picture of 40 MB": lambda: picture(40 * _MB),
    "45 MB of plain text": lambda: asked(b'[{"text":"%b"}]' % (b"banana " * (45 * _MB // 7))),
    "7 MB of escapes": lambda: asked(b'[{"text":"%b"}]' % (b"\\n" * (7 * _MB // 2))),
    "90 000 values": lambda: asked(b'[{"text":"A"}]', b',"new":{"a":%b}' % listed(b"0", 90_000)),
    "16 000 parts": lambda: asked(listed(b'{"text":"A"}', 16_000)),
}
REFUSED: dict[str, Callable[[], bytes]] = {
    "nulls": lambda: asked(b'[{"text":"A"}]', b',"new":%b' % listed(b"null", 8 * _MB // 5)),
    "empty objects": lambda: asked(listed(b"{}", 20 * _MB)),
    "nested lists": lambda: asked(b"[" * 16 * _MB),
    "nested lists, fewer": lambda: asked(b"[" * 40_000 + b"]" * 40_000),
    "60 MB of escapes": lambda: asked(b'[{"text":"%b"}]' % (b"\\n" * 30 * _MB)),
    "half of a picture": lambda: picture(20 * _MB)[: 20 * _MB],
}


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    with answering_beside(made.answer) as made.url:
        yield made


@pytest.mark.parametrize("made", SERVED.values(), ids=SERVED)
async def test_d3_large_requests_hold_nobody_up(
    made: Callable[[], bytes], provider: Provider, monkeypatch: Any
) -> None:
    settings = {"gemini_base_url": provider.url, "allowed_buckets": "none", "allowed_resources": "none"}
    async with running_stack(rest=True, **settings) as stack:
        assert (await post(stack, _PATH, asked(b'[{"text":"A"}]')))[0] == 200
        body = await asyncio.to_thread(made)
        with watched(monkeypatch) as watch:
            status, answer = await post(stack, _PATH, body)
        assert watch.worst < MOST, watch.what
        assert status == 200, str(answer)[:1000]
        assert provider.bodies[-1] == body


@pytest.mark.parametrize("made", REFUSED.values(), ids=REFUSED)
async def test_d3_what_holds_too_much_is_refused_at_once(made: Callable[[], bytes], monkeypatch: Any) -> None:
    async with running_stack(rest=True) as stack:
        assert (await post(stack, _PATH, asked(b'[{"text":"A"}]')))[0] == 200
        body = await asyncio.to_thread(made)
        with watched(monkeypatch) as watch:
            status, answer = await post(stack, _PATH, body)
        assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
        assert len(json.dumps(answer)) < 4000
        assert watch.worst < MOST, watch.what
        assert len(stack.emulator.ledger.entries) == 1


@pytest.mark.alone
@pytest.mark.parametrize("name", ["a picture of 40 MB", "45 MB of plain text", "16 000 parts"])
async def test_d3_memory_of_a_request(name: str) -> None:
    provider = Provider()
    with answering_beside(provider.answer) as url, processes.server(url) as server:
        stack = SimpleNamespace(rest=SimpleNamespace(base_url=httpx.URL(server.rest)))
        await post(stack, _PATH, asked(b'[{"text":"A"}]'))
        body = await asyncio.to_thread(SERVED[name])
        size = await grown(server, lambda: post(stack, _PATH, body))
    assert provider.bodies[-1] == body or len(provider.bodies) > 2
    assert size < 4 * len(body) + _OTHER, f"{size / 1e6:.0f} MB for {len(body) / 1e6:.0f} MB"
