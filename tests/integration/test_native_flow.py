"""Google's own API: flat memory and early bytes, measured on the real programs."""

import asyncio
import base64
import hashlib
import re
from pathlib import Path

import httpx
import pytest

from imagewire_emulator.ledger import Entry
from tests.conftest import Stack, ended_upstream, running_stack
from tests.integration import processes
from tests.integration.native import PATHS, body
from tests.integration.raw_client import Client

pytestmark = pytest.mark.system

_SIZE, _STREAMS = 20_000_000, 64
_DRIP = f"emulator-drip-2000-{_SIZE}"


@pytest.mark.parametrize("way", PATHS)
async def test_the_first_bytes_of_a_picture_arrive_before_a_fiftieth_of_the_body_has_left(
    rest: Stack, way: str
) -> None:
    path = f"/v1beta/models/emulator-drip-4000-{_SIZE}{PATHS[way]}"
    seen = b""
    async with rest.rest.stream("POST", path, json=body()) as answer:
        async for piece in answer.aiter_raw():
            seen += piece
            if re.search(rb'"data": "[A-Za-z0-9+/]', seen):
                break
        entry = rest.emulator.ledger.entries[-1]
        assert entry.bytes_sent / entry.body_bytes <= 0.02
    await ended_upstream(entry)


async def _sizes(url: str, model: str, way: str, count: int) -> set[int]:
    """How many bytes each of so many answers has that are asked for at once."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=300) as client:

        async def one() -> int:
            async with client.stream("POST", f"/v1beta/models/{model}{PATHS[way]}", json=body()) as answer:
                assert answer.status_code == 200
                return sum([len(piece) async for piece in answer.aiter_raw()])

        return set(await asyncio.gather(*(one() for _ in range(count))))


@pytest.mark.alone
async def test_64_streams_of_20_mb_take_less_than_3_mb_each() -> None:
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, max_concurrent_calls=str(_STREAMS)) as server,
    ):
        await _sizes(server.rest, "emulator-size-1000000", "sse", 2)
        before = server.memory("VmRSS")
        server.forget_peak()
        (size,) = await _sizes(server.rest, _DRIP, "sse", _STREAMS)
        grown = server.memory("VmHWM") - before
    assert size > _SIZE * 4 / 3
    assert grown / _STREAMS < 3_000_000, f"{grown / _STREAMS / 1e6:.2f} MB a stream"


async def _slowly(client: Client) -> bytes:
    """The body of an answer, of which the first 2 MB are read at 1 MB a second; it must be whole."""
    loop = asyncio.get_running_loop()
    begun, found = loop.time(), bytearray()
    while piece := await client.read():
        found += piece
        if len(found) < 2_000_000:
            await asyncio.sleep(max(begun + len(found) / 1_000_000 - loop.time(), 0))
    return await asyncio.to_thread(_dechunked, bytes(found))


def _dechunked(response: bytes) -> bytes:
    _, _, rest = response.partition(b"\r\n\r\n")
    found, at, size = bytearray(), 0, -1
    while size:
        begin = rest.index(b"\r\n", at) + 2
        size = int(rest[at:begin], 16)
        found += rest[begin : begin + size]
        at = begin + size + 2
    return bytes(found)


@pytest.mark.parametrize(
    ("way", "keep"), [("generateContent", "off"), ("array", "off"), ("sse", "off"), ("sse", "local")]
)
async def test_a_20_mb_picture_to_a_slow_reader_takes_less_than_4_mb(way: str, keep: str, tmp_path: Path) -> None:
    settings = {"keep": keep, "keep_dir": str(tmp_path)}
    with processes.emulator() as emulator, processes.server(emulator.address, **settings) as server:
        for _ in range(2):  # what is loaded late is loaded now, threads and all
            await _sizes(server.rest, "emulator-size-3MB", way, 1)
        before = server.memory("VmRSS")
        server.forget_peak()
        async with Client(server.rest) as client:
            await client.post(f"/v1beta/models/emulator-size-{_SIZE}{PATHS[way]}", body())
            text = await _slowly(client)
        peak = server.memory("VmHWM") - before
        drawn = processes.ledger(emulator.address)[-1]["images"][0]["sha256"]
    (picture,) = re.findall(rb'"data": "([^"]+)"', text)
    picture = picture.replace(rb"\u003d", b"=")
    assert hashlib.sha256(base64.b64decode(picture, validate=True)).hexdigest() == drawn
    assert peak < 4_000_000, f"{peak / 1e6:.2f} MB"


async def _half_sent(entry: Entry) -> None:
    while entry.bytes_sent < entry.body_bytes / 2:  # noqa: ASYNC110  # plain data of the emulator's
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("keep", ["off", "local"])
async def test_who_does_not_read_slows_the_upstream_and_may_leave(keep: str, tmp_path: Path) -> None:
    async with running_stack(rest=True, keep=keep, keep_dir=str(tmp_path)) as stack:
        async with Client(str(stack.rest.base_url)) as client:
            await client.post(f"/v1beta/models/emulator-size-60MB{PATHS['sse']}", body())
            await client.read()
            entry = stack.emulator.ledger.entries[-1]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_half_sent(entry), 1)
        await ended_upstream(entry)
    # With a store it goes on alone.
    assert entry.outcome == ("client_disconnected" if keep == "off" else "ok")
