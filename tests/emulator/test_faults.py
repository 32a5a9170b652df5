"""Faults on the paths beside generateContent, by header: they act on any answer."""

import gzip
import json
import time

import aiohttp
import pytest

from imagewire_emulator import Emulator

PATH = "/v1beta/models"


async def get(client: aiohttp.ClientSession, directive: str) -> tuple[int, bytes]:
    async with client.get(PATH, headers={"x-emulate": directive}) as answer:
        return answer.status, await answer.read()


@pytest.mark.parametrize("status", [201, 400, 401, 403, 404, 408, 413, 429, 499, 500, 502, 503, 504])
async def test_every_status(client: aiohttp.ClientSession, emulator: Emulator, status: int) -> None:
    assert (await get(client, f"status={status}"))[0] == status
    (entry,) = emulator.ledger.entries
    assert (entry.status, entry.outcome, entry.emulate) == (status, "error", f"status={status}")


@pytest.mark.parametrize("fault", ["cut", "reset@90%", "cut@0%"])
async def test_a_body_that_breaks_off(client: aiohttp.ClientSession, emulator: Emulator, fault: str) -> None:
    with pytest.raises(aiohttp.ClientError):
        await get(client, fault)
    assert emulator.ledger.entries[0].outcome == fault.partition("@")[0]


async def test_a_body_that_ends_too_early(client: aiohttp.ClientSession) -> None:
    whole = (await get(client, ""))[1]
    status, text = await get(client, "cut-clean@70%")
    assert status == 200
    assert text == whole[: len(whole) * 70 // 100]


async def test_a_compressed_body(client: aiohttp.ClientSession) -> None:
    status, text = await get(client, "gzip")
    assert "models" in json.loads(gzip.decompress(text))
    assert status == 200


@pytest.mark.parametrize("directive", ["latency=60ms", "drip=60ms", "latency=30ms; 503", "drip=40ms; latency=20ms"])
async def test_a_slow_answer(client: aiohttp.ClientSession, directive: str) -> None:
    began = time.monotonic()
    await get(client, directive)
    assert time.monotonic() - began >= 0.03


async def test_one_fault_then_none(client: aiohttp.ClientSession) -> None:
    assert [(await get(client, "503 times 1"))[0] for _ in range(3)] == [503, 200, 200]


async def test_a_wrong_key_comes_before_a_fault(client: aiohttp.ClientSession) -> None:
    async with client.get(PATH, headers={"x-emulate": "503", "x-goog-api-key": "wrong"}) as answer:
        assert answer.status == 400


async def test_an_unknown_directive_is_refused(client: aiohttp.ClientSession) -> None:
    status, text = await get(client, "cutt")
    assert status == 400
    assert "the nearest that there is: cut" in text.decode()


async def test_an_ordinary_answer_is_counted(client: aiohttp.ClientSession, emulator: Emulator) -> None:
    text = (await get(client, ""))[1]
    (entry,) = emulator.ledger.entries
    assert (entry.status, entry.outcome, entry.bytes_sent) == (200, "ok", len(text))
