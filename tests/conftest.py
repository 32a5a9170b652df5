"""Shared fixtures: a server and an emulator on loopback, and what holds for all tests."""

import asyncio
import gc
import os
import signal
import ssl
import tempfile
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import certifi
import grpc
import httpx
import pytest
from blockbuster import blockbuster_ctx

from imagewire.v1 import chat_service_pb2_grpc, image_service_pb2_grpc, model_service_pb2_grpc
from imagewire_emulator import Emulator, running
from imagewire_emulator.ledger import Entry
from imagewire_server import bootstrap, logs
from imagewire_server.config import litellm
from imagewire_server.config.caller_policies import Policy
from imagewire_server.config.deployments import Deployment
from imagewire_server.config.load import Config
from imagewire_server.config.routing import Routing
from imagewire_server.config.token_issuers import Issuer
from imagewire_server.contract import pb
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.providers.google.capabilities import models
from imagewire_server.transport.image_fetch import ImageFetcher
from tests import effort, order  # noqa: F401  # the effort's profile holds for all
from tests.deployments import google
from tests.deployments import settings as google_settings

logs.configure("error")
# Under nohup, or in the background of a script, these are ignored, and every program that a test starts inherits it.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Without looking for garbage in what stays to the end: neither now nor in a test, which it would hold up."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items[:] = order.dealt(items, getattr(config, "workerinput", {}).get("workercount", 1))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, Any, Any]:
    """What holds for all tests. These are no fixtures: each of the many tests would look for each of them."""
    if session.config.pluginmanager.hasplugin("dsession"):
        return (yield)  # this process runs no test: the workers do
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, pytest.MonkeyPatch.context() as patch:
        _end_rest_soon(patch)
        _trust_one_authority(patch, Path(folder) / "one.pem")
        # Programs that the tests start keep nothing in this user's own folders.
        patch.setenv("XDG_STATE_HOME", f"{folder}/state")
        _warm_up()
        # A test fails when our own code blocks the event loop.
        with blockbuster_ctx("imagewire_server"):
            return (yield)


def _end_rest_soon(patch: pytest.MonkeyPatch) -> None:
    """uvicorn pauses before it looks whether it is to end, and each test of REST waits for it: a tenth of that here."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / 10)

    patch.setattr("uvicorn.server.asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))


def _trust_one_authority(patch: pytest.MonkeyPatch, file: Path) -> None:
    """An HTTP client of this process trusts one authority: to load all takes 30 ms, and no test leaves loopback."""
    first, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----")
    file.write_text(f"{first}{end}\n")
    patch.setattr(certifi, "where", lambda: str(file))
    create, named = ssl.create_default_context, os.environ.get("SSL_CERT_FILE")

    def create_one(*args: Any, cafile: Any = None, **options: Any) -> ssl.SSLContext:
        return create(*args, cafile=file if cafile and cafile == named else cafile, **options)

    patch.setattr(ssl, "create_default_context", create_one)


def _warm_up() -> None:
    """Load what is loaded lazily, so that no test meets an import inside its loop."""
    __import__("PIL.PngImagePlugin")
    # gRPC ends its poller with its last object, whenever that is collected, and waits for it: keep it to the end.
    grpc.aio.init_grpc_aio()
    models("gemini")
    __import__("imagewire_server.providers.google.connector")
    litellm.names("sections")


@dataclass
class Stack:
    """A running server, the emulator behind it, and a channel to it."""

    emulator: Emulator
    server: bootstrap.Server
    target: str
    channel: grpc.aio.Channel
    rest: httpx.AsyncClient

    @property
    def chat(self) -> Any:
        return chat_service_pb2_grpc.ChatServiceStub(self.channel)

    @property
    def images(self) -> Any:
        return image_service_pb2_grpc.ImageServiceStub(self.channel)

    @property
    def models(self) -> Any:
        return model_service_pb2_grpc.ModelServiceStub(self.channel)


def spec(model: str = "gemini/gemini-2.5-flash-image", prompt: str = "A banana", **fields: Any) -> pb.Spec:
    """A spec of one user message."""
    return pb.Spec(model=model, messages=[pb.ChatMessage(role=pb.Role.ROLE_USER, content=prompt)], **fields)


def everything(key: str) -> tuple[Deployment, ...]:
    """Deployments that serve every model of the Gemini API, and of Vertex AI in express mode."""
    return (
        google("gemini", "gemini/*", "gemini", "*", api_key=key),
        google("vertex", "vertex_ai/*", "vertex_ai", "*", api_key=key),
        google("bare", "*", "gemini", "*", api_key=key),
    )


@asynccontextmanager
async def running_stack(
    deployments: tuple[Deployment, ...] | None = None,
    routing: Routing | None = None,
    master_key: str = "",
    rest: bool = False,
    fetcher: ImageFetcher | None = None,
    interceptors: Sequence[Interceptor] = (),
    *,
    callers: tuple[Policy, ...] = (),
    issuers: tuple[Issuer, ...] = (),
    beside: Stack | None = None,
    **settings: Any,
) -> AsyncIterator[Stack]:
    """A server with these deployments (all models by default), an emulator, a channel that takes any message.

    beside: another one, whose emulator it uses too.
    """
    async with nullcontext(beside.emulator) if beside else running() as emulator:
        key = settings.pop("gemini_api_key", emulator.api_key)
        given = {
            "grpc": "127.0.0.1:0",
            "rest": "127.0.0.1:0",
            "gemini_base_url": emulator.base_url,
            "vertex_base_url": emulator.base_url,
            "drain_grace": 5.0,
            "keep": "off",
            **settings,
        }
        config = Config(
            google_settings(**given),
            deployments or everything(key),
            routing or Routing(),
            master_key=master_key,
            callers=callers,
            issuers=issuers,
        )
        async with bootstrap.server(config, fetcher, interceptors=interceptors) as server:
            target = f"127.0.0.1:{await server.grpc.start()}"
            port = await server.rest.start() if rest else 0
            options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
            try:
                async with (
                    grpc.aio.insecure_channel(target, options=options) as channel,
                    httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
                ):
                    yield Stack(emulator, server, target, channel, client)
            finally:
                await asyncio.gather(server.grpc.drain(), server.rest.drain(), server.admin.drain())


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    """A server with the default settings."""
    async with running_stack() as made:
        yield made


@pytest.fixture
async def rest() -> AsyncIterator[Stack]:
    """The same, with REST."""
    async with running_stack(rest=True) as made:
        yield made


async def rest_of(call: Any) -> list[pb.Event]:
    """What is still to come of a stream that was read from."""
    events = []
    while (event := await call.read()) is not grpc.aio.EOF:
        events.append(event)
    return events


async def ended_upstream(entry: Entry, within: float = 30) -> None:
    """Return when the emulator has seen the end of a request; fail after `within` seconds."""
    async with asyncio.timeout(within):
        while entry.outcome == "open":  # noqa: ASYNC110  # the ledger is plain data; this is the one place that polls it
            await asyncio.sleep(0.002)  # or the loop does nothing else
