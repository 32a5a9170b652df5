"""Shared fixtures: a server and an emulator on loopback, and a guard against blocking the event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from blockbuster import blockbuster_ctx

from imagewire.v1 import chat_service_pb2_grpc, model_service_pb2_grpc
from imagewire_emulator import Emulator, running
from imagewire_emulator.ledger import Entry
from imagewire_server import bootstrap, logs
from imagewire_server.config import models
from imagewire_server.config.settings import Settings
from imagewire_server.contract import pb
from imagewire_server.edges.grpc_api.serve import GrpcServer

logs.configure("error")


@pytest.fixture(autouse=True)
def _no_blocking() -> Iterator[None]:
    """A test fails when our own code blocks the event loop."""
    with blockbuster_ctx("imagewire_server"):
        yield


@pytest.fixture(scope="session", autouse=True)
def _warm_up() -> None:
    """Load what is loaded lazily, so that no test meets an import inside its loop."""
    __import__("PIL.PngImagePlugin")
    models.load()


@dataclass
class Stack:
    """A running server, the emulator behind it, and a channel to it."""

    emulator: Emulator
    server: GrpcServer
    target: str
    channel: grpc.aio.Channel

    @property
    def chat(self) -> Any:
        return chat_service_pb2_grpc.ChatServiceStub(self.channel)

    @property
    def models(self) -> Any:
        return model_service_pb2_grpc.ModelServiceStub(self.channel)


def spec(model: str = "gemini/gemini-2.5-flash-image", prompt: str = "A banana", **fields: Any) -> pb.Spec:
    """A spec of one user message."""
    return pb.Spec(model=model, messages=[pb.Message(role=pb.Role.ROLE_USER, content=prompt)], **fields)


@asynccontextmanager
async def running_stack(**settings: Any) -> AsyncIterator[Stack]:
    """A server with `settings`, an emulator, and a channel that takes messages of any size."""
    async with running() as emulator:
        given = Settings(
            **{
                "grpc": "127.0.0.1:0",
                "gemini_base_url": emulator.base_url,
                "gemini_api_key": emulator.api_key,
                "drain_grace": 5.0,
                **settings,
            }
        )
        async with bootstrap.server(given) as server:
            target = f"127.0.0.1:{await server.start(given.grpc)}"
            options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
            try:
                async with grpc.aio.insecure_channel(target, options=options) as channel:
                    yield Stack(emulator, server, target, channel)
            finally:
                await server.drain()


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    """A server with the default settings."""
    async with running_stack() as made:
        yield made


async def rest_of(call: Any) -> list[pb.Event]:
    """What is still to come of a stream that was read from."""
    events = []
    while (event := await call.read()) is not grpc.aio.EOF:
        events.append(event)
    return events


async def ended_upstream(entry: Entry, within: float = 10) -> None:
    """Return when the emulator has seen the end of a request; fail after `within` seconds."""
    async with asyncio.timeout(within):
        while entry.outcome == "open":  # noqa: ASYNC110  # the ledger is plain data; this is the one place that polls it
            await asyncio.sleep(0)
