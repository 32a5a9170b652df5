"""Connect and slow clients: flat memory, back-pressure, time-outs, and ends that travel up."""

import asyncio

import pytest

from imagewire_emulator.ledger import Entry
from imagewire_server.contract import pb
from tests.conftest import Stack, ended_upstream, running_stack
from tests.integration import processes
from tests.integration.connect_calls import CONNECT, CONNECT_JSON, CREATE, PROTO, STREAM, WEB, enveloped, spec, written
from tests.integration.raw_client import Client

pytestmark = pytest.mark.system

SILENT = "gemini/emulator-silent"
_SIZE = 20_000_000
_RATE = 2_000_000  # bytes a second


def _asked(path: str, headers: dict[str, str], model: str) -> bytes:
    if path == CREATE:
        unary = pb.CreateCompletionRequest(spec=spec(model=model), max_inline_bytes=32 * 1024 * 1024)
        return written(path, unary.SerializeToString(), headers)
    if headers is CONNECT_JSON:
        text = f'{{"spec":{{"model":"{model}","messages":[{{"role":"ROLE_USER","parts":[{{"text":"A"}}]}}]}}}}'
        return written(path, enveloped(text.encode()), headers)
    return written(path, enveloped(pb.StreamCompletionRequest(spec=spec(model=model))), headers)


@pytest.mark.parametrize("headers", [CONNECT, CONNECT_JSON, WEB], ids=["connect", "json", "web"])
async def test_a_20_mb_stream_to_a_slow_reader_takes_less_than_4_mb(headers: dict[str, str]) -> None:
    with processes.emulator() as emulator, processes.server(emulator.address) as server:
        for _ in range(2):  # what is loaded late is loaded now, threads and all
            async with Client(server.rest) as first:
                await first.send(_asked(STREAM, headers, "gemini/emulator-size-3MB"))
                await first.rest()
        before = server.memory("VmRSS")
        server.forget_peak()
        async with Client(server.rest) as client:
            await client.send(_asked(STREAM, headers, f"gemini/emulator-size-{_SIZE}"))
            size = sum([len(piece) async for piece in client.slowly(_RATE)])
        peak = server.memory("VmHWM") - before
    assert size > _SIZE
    assert peak < 4_000_000, f"{peak / 1e6:.2f} MB"


async def test_unary_answers_that_nobody_reads_are_not_in_memory() -> None:
    with processes.emulator() as emulator, processes.server(emulator.address) as server:
        async with Client(server.rest) as first:
            await first.send(_asked(CREATE, PROTO, f"gemini/emulator-size-{_SIZE}"))
            await first.rest()
        before = server.memory("VmRSS")
        clients = [Client(server.rest) for _ in range(6)]
        for client in clients:
            async with asyncio.timeout(60):
                await client.__aenter__()
                await client.send(_asked(CREATE, PROTO, f"gemini/emulator-size-{_SIZE}"))
                assert (await client.read()).startswith(b"HTTP/1.1 200 ")
        held = server.memory("VmRSS") - before
        for client in clients:
            await client.__aexit__()
    assert held < 2 * _SIZE, f"{held / 1e6:.2f} MB"


async def _half_sent(entry: Entry) -> None:
    while entry.bytes_sent < entry.body_bytes / 2:  # noqa: ASYNC110  # plain data of the emulator's
        await asyncio.sleep(0.002)


async def test_a_slow_reader_slows_the_upstream(rest: Stack) -> None:
    async with Client(str(rest.rest.base_url)) as client:
        await client.send(_asked(STREAM, CONNECT, "gemini/emulator-size-60MB"))
        await client.read()
        entry = rest.emulator.ledger.entries[-1]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_half_sent(entry), 1)
    await ended_upstream(entry)
    assert entry.outcome == "client_disconnected"


async def test_a_reader_that_stalls_is_cut() -> None:
    async with running_stack(rest=True, stall_timeout=0.3) as stack, Client(str(stack.rest.base_url)) as client:
        await client.send(_asked(STREAM, CONNECT, "gemini/emulator-size-60MB"))
        await client.read()
        [entry] = stack.emulator.ledger.entries
        await ended_upstream(entry)
        assert len(await client.rest()) < 60_000_000
    assert entry.outcome == "client_disconnected"


@pytest.mark.parametrize(("path", "headers"), [(STREAM, CONNECT), (STREAM, WEB), (CREATE, PROTO)])
async def test_d7_a_client_that_leaves_cancels_the_drawing(rest: Stack, path: str, headers: dict[str, str]) -> None:
    async with Client(str(rest.rest.base_url)) as client:
        await client.send(_asked(path, headers, SILENT))
        async with asyncio.timeout(10):
            while not rest.emulator.ledger.entries:  # noqa: ASYNC110  # plain data of the emulator's
                await asyncio.sleep(0.002)
    [entry] = rest.emulator.ledger.entries
    await ended_upstream(entry)
    assert entry.outcome == "client_disconnected"


async def test_d8_a_server_that_stops_says_so_in_the_stream(rest: Stack) -> None:
    async with Client(str(rest.rest.base_url)) as client:
        await client.send(_asked(STREAM, CONNECT, SILENT))
        async with asyncio.timeout(10):
            while not rest.emulator.ledger.entries:  # noqa: ASYNC110  # plain data of the emulator's
                await asyncio.sleep(0.002)
        ended = asyncio.create_task(client.rest())
        hurry = asyncio.Event()
        hurry.set()
        await rest.server.rest.drain(hurry)
        assert b'"reason":"SHUTTING_DOWN"' in await ended
