"""The memory that a request takes, in a server of its own: its peak grows by less than four times the request."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from imagewire_server.contract import pb
from tests.conftest import spec
from tests.integration import processes
from tests.integration.test_bounded_grpc import REFUSED as GRPC_REFUSED
from tests.integration.test_bounded_grpc import ask
from tests.integration.test_bounded_rest import REFUSED as REST_REFUSED
from tests.integration.test_bounded_rest import chat, post
from tests.integration.test_bounded_served import CHAT, GRPC, Provider
from tests.upstream import answering_beside

# Alone: beside others, a piece that waits to be stored is one copy more at the peak.
pytestmark = [pytest.mark.system, pytest.mark.alone]

_OTHER = 16 * 1024 * 1024  # what the allocator and other threads hold


@pytest.fixture(scope="module")
def server() -> Iterator[processes.Program]:
    """A server whose provider stands in a thread of the test's."""
    with answering_beside(Provider().answer) as url, processes.server(url) as program:
        yield program


def small() -> bytes:
    return pb.CreateCompletionRequest(spec=spec()).SerializeToString()


async def grown(server: processes.Program, call: Callable[[], Any]) -> int:
    """By how much a call lets the server's peak grow, until it is kept; what was called before has no part in it."""
    await settle(server)
    server.forget_peak()
    before = server.memory("VmRSS")
    await call()
    await settle(server)
    return server.memory("VmHWM") - before


async def settle(server: processes.Program) -> None:
    """Return when all answers are kept: one with a request_id comes when it is, and they are kept in order."""
    request = pb.CreateCompletionRequest(spec=spec(), request_id=str(uuid.uuid4()))
    assert (await ask(SimpleNamespace(target=server.address), request.SerializeToString()))[0] == "OK"


@pytest.mark.parametrize(
    "made",
    [
        *(GRPC_REFUSED[name] for name in ("empty messages", "nulls in extra_body", "unknown fields", "nested lists")),
        *((lambda made=made: pb.CreateCompletionRequest(spec=made()).SerializeToString()) for made in GRPC.values()),
    ],
    ids=["empty messages", "nulls in extra_body", "unknown fields", "nested lists", *GRPC.keys()],
)
async def test_d3_memory_of_a_grpc_request(server: processes.Program, made: Callable[[], bytes]) -> None:
    stack = SimpleNamespace(target=server.address)
    await ask(stack, small())
    data = await asyncio.to_thread(made)
    size = await grown(server, lambda: ask(stack, data))
    assert size < 4 * len(data) + _OTHER


@pytest.mark.parametrize(
    "made",
    [
        *(
            REST_REFUSED[name]
            for name in ("nulls in extra_body", "empty objects", "nested lists", "millions of parameters")
        ),
        *CHAT.values(),
    ],
    ids=["nulls in extra_body", "empty objects", "nested lists", "millions of parameters", *CHAT.keys()],
)
async def test_d3_memory_of_a_rest_request(server: processes.Program, made: Callable[[], bytes]) -> None:
    stack = SimpleNamespace(rest=SimpleNamespace(base_url=httpx.URL(server.rest)))
    await post(stack, "/v1/chat/completions", chat())
    data = await asyncio.to_thread(made)
    size = await grown(server, lambda: post(stack, "/v1/chat/completions", data))
    assert size < 4 * len(data) + _OTHER
