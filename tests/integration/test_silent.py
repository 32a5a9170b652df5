"""gRPC connections that say nothing, or no more: closed, while one that is merely idle lives."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from imagewire_server.contract import pb
from tests.conftest import running_stack
from tests.integration.floods import HEAD, PREFACE, frame, hello

_SETTINGS, _HEADERS, _END_HEADERS = 4, 1, 4


@contextlib.asynccontextmanager
async def connected(target: str, sent: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """A connection on which only this is sent."""
    host, _, port = target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _closed(reader: asyncio.StreamReader) -> None:
    """Return when the server has closed the connection."""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(20):
            await reader.read()


@pytest.mark.parametrize(
    "sent",
    [b"", PREFACE[:10], PREFACE, PREFACE + frame(_SETTINGS, 0, 0)],
    ids=["nothing", "half-a-preface", "a-preface", "no-acknowledgement"],
)
async def test_d5_a_connection_that_does_not_speak_http2_is_closed(sent: bytes) -> None:
    async with running_stack(handshake_timeout=0.3) as stack, connected(stack.target, sent) as silent:
        await _closed(silent)


@pytest.mark.parametrize("sent", [b"", frame(_HEADERS, _END_HEADERS, 1, HEAD)], ids=["idle", "in-a-call"])
async def test_d5_a_connection_that_answers_no_ping_is_closed(sent: bytes) -> None:
    async with (
        running_stack(keepalive_interval=0.3, keepalive_timeout=0.3) as stack,
        connected(stack.target, hello() + sent) as silent,
    ):
        await stack.models.ListModels(pb.ListModelsRequest())
        await _closed(silent)
        # This connection has answered its pings.
        await stack.models.ListModels(pb.ListModelsRequest(), wait_for_ready=False)


async def test_d5_connections_are_bounded() -> None:
    async with running_stack(max_connections=3) as stack:
        await stack.models.ListModels(pb.ListModelsRequest())
        async with connected(stack.target, hello()) as one, connected(stack.target, hello()) as two:
            assert await one.read(9)
            assert await two.read(9)
            async with connected(stack.target, hello()) as refused:
                await _closed(refused)
            await stack.models.ListModels(pb.ListModelsRequest())


async def test_d4_hundreds_of_calls_on_one_connection_are_no_flood() -> None:
    async with running_stack() as stack:

        async def caller() -> None:
            for _ in range(5):
                await stack.models.ListModels(pb.ListModelsRequest(page_size=1))

        await asyncio.gather(*(caller() for _ in range(400)))
