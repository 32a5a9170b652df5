"""The composition root: the only place that wires objects together."""

import asyncio
import dataclasses
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import stamina
import structlog

from imagewire_server.config import models
from imagewire_server.config.settings import ConfigError, Settings
from imagewire_server.edges.grpc_api.chat import StreamTimes
from imagewire_server.edges.grpc_api.serve import GrpcLimits, GrpcServer
from imagewire_server.engine.admit import Admission
from imagewire_server.engine.generate import Engine
from imagewire_server.engine.retry import RetryBudget
from imagewire_server.engine.route import Router
from imagewire_server.providers.gemini_api import GeminiApi
from imagewire_server.providers.gemini_api.provider import Endpoint
from imagewire_server.transport.http import HttpLimits, HttpTransport

if TYPE_CHECKING:
    from imagewire_emulator import Emulator

_log = structlog.get_logger("imagewire")

NO_KEY = """no provider is set up. Do one of these:
  export GEMINI_API_KEY=...            serve Google's models (a key: https://aistudio.google.com/apikey)
  imagewire-server serve --config F    with gemini_api_key under imagewire: in F
  imagewire-server serve --demo        serve the built-in emulator's pictures, without a key"""


@asynccontextmanager
async def server(settings: Settings) -> AsyncIterator[GrpcServer]:
    """A server over the providers that `settings` name, not yet started. Raises ConfigError when there is none."""
    if not settings.gemini_api_key:
        raise ConfigError(NO_KEY)
    # stamina would log what it repeats, exceptions and all; the call's own line counts the attempts.
    stamina.instrumentation.set_on_retry_hooks(())
    table = models.load()
    http = HttpTransport(
        HttpLimits(
            connect_timeout=settings.connect_timeout,
            first_byte_timeout=settings.first_byte_timeout,
            idle_timeout=settings.idle_timeout,
            max_answer_bytes=settings.max_answer_bytes,
        )
    )
    endpoint = Endpoint(settings.gemini_base_url, settings.gemini_api_version, settings.gemini_api_key)
    router = Router([GeminiApi(http, endpoint, table)], table)
    engine = Engine(router, Admission(settings.max_concurrent_calls), RetryBudget())
    times = StreamTimes(settings.heartbeat_interval, settings.stall_timeout)
    limits = GrpcLimits(settings.max_request_bytes, settings.drain_delay, settings.drain_grace)
    try:
        yield GrpcServer(engine, times, limits)
    finally:
        await http.aclose()


@asynccontextmanager
async def emulated(settings: Settings) -> AsyncIterator[tuple[Settings, "Emulator"]]:
    """Settings that lead to an emulator, which runs as long as the context, and the emulator."""
    # Imported here: it draws with Pillow, which a server with a real provider has no use for.
    from imagewire_emulator import running  # noqa: PLC0415

    async with running() as emulator:
        given = dataclasses.replace(settings, gemini_base_url=emulator.base_url, gemini_api_key=emulator.api_key)
        yield given, emulator


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Raises ConfigError and OSError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with server(settings) as grpc_server:
        port = await grpc_server.start(settings.grpc)
        _log.info("serving", grpc=_bound(settings.grpc, port), models=f"{settings.gemini_base_url} (gemini/)")
        await stop.wait()
        await grpc_server.drain()
    _log.info("stopped")


def _bound(address: str, port: int) -> str:
    """The address with the port that was bound in place of 0."""
    host, colon, asked = address.rpartition(":")
    return f"{host}{colon}{port}" if asked == "0" else address
