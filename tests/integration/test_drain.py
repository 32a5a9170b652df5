"""Stopping: who is told, what still runs, and that no call that may be charged ends in a status that meshes repeat."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_emulator import Emulator
from imagewire_server.contract import pb
from tests.conftest import ended_upstream, rest_of, running_stack, spec
from tests.integration import processes, raw_client
from tests.integration.status import Told, told

pytestmark = pytest.mark.system

STUCK = "gemini/emulator-stuck"  # sends half of a picture, then nothing
CHAT = {"model": STUCK, "messages": [{"role": "user", "content": "A"}]}
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


async def asked_upstream(emulator: Emulator, number: int = 1) -> None:
    """Return when so many calls are at the provider."""
    async with asyncio.timeout(20):
        while len(emulator.ledger.entries) < number:  # noqa: ASYNC110  # plain data of the emulator's
            await asyncio.sleep(0.002)


def is_charged_end(error: Told) -> bool:
    """Whether an error is the one of a call that a stopping server ended."""
    return (error.code, error.info.reason, error.pushback) == ("ABORTED", "SHUTTING_DOWN", "-1")


@pytest.fixture
def brief() -> Any:
    """A server that gives running calls hardly any time."""
    return running_stack(rest=True, drain_grace=0.1, heartbeat_interval=0.05)


@pytest.mark.parametrize("method", ["CreateCompletion", "StreamCompletion"])
async def test_m1_a_call_that_outlasts_the_grace_ends_in_aborted_with_details(brief: Any, method: str) -> None:
    async with brief as stack:
        request = {"CreateCompletion": pb.CreateCompletionRequest, "StreamCompletion": pb.StreamCompletionRequest}
        call = getattr(stack.chat, method)(request[method](spec=spec(STUCK)), metadata=(("x-request-id", "mine"),))
        await asked_upstream(stack.emulator)
        await stack.server.grpc.drain()
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await (rest_of(call) if method == "StreamCompletion" else call)
        error = told(ended.value)
        assert is_charged_end(error)
        assert error.request.request_id == "mine"
        assert not error.retry.HasField("retry_delay")
        assert dict(ended.value.trailing_metadata() or ())["x-imagewire-attempts"] == "1"
        await ended_upstream(stack.emulator.ledger.entries[0])


@pytest.mark.parametrize(
    ("path", "asked", "attempts"),
    [
        ("/v1/chat/completions", CHAT, "1"),
        ("/v1/responses", {"model": STUCK, "input": "A"}, "1"),
        ("/v1/images/generations", {"model": STUCK, "prompt": "A", "n": 2}, "2"),
    ],
)
async def test_m1_over_rest_it_is_500_without_a_retry_hint(brief: Any, path: str, asked: Any, attempts: str) -> None:
    async with brief as stack:
        call = asyncio.create_task(stack.rest.post(path, json=asked))
        await asked_upstream(stack.emulator, int(attempts))
        await stack.server.rest.drain()
        answer = await call
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "shutting_down")
        assert answer.headers["x-should-retry"] == "false"
        assert answer.headers["x-imagewire-attempts"] == attempts
        assert "retry-after" not in answer.headers
        for entry in stack.emulator.ledger.entries:
            await ended_upstream(entry)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/chat/completions", CHAT),
        ("/v1/images/generations", {"model": STUCK, "prompt": "A"}),
        ("/v1/responses", {"model": STUCK, "input": "A"}),
    ],
)
async def test_m1_a_rest_stream_ends_with_an_error_event(brief: Any, path: str, asked: Any) -> None:
    async with brief as stack:
        async with stack.rest.stream("POST", path, json={**asked, "stream": True}) as answer:  # it has begun
            await stack.server.rest.drain()
            *_, last = [line async for line in answer.aiter_lines() if line]
        assert last.startswith("data: {")
        assert json.loads(last[6:])["error"]["code"] == "shutting_down"


async def test_m1_a_request_that_is_still_on_its_way_costs_nothing_and_may_be_repeated(brief: Any) -> None:
    async with brief as stack, raw_client.Client(str(stack.rest.base_url)) as client:
        await client.send(b"POST /v1/chat/completions HTTP/1.1\r\n" + raw_client.JSON + b"content-length: 100\r\n\r\n{")
        await stack.rest.get("/health/liveliness")  # the loop has seen the head by now
        await stack.server.rest.drain()
        status, headers, body = await client.answer()
        assert (status, json.loads(body)["error"]["code"]) == (503, "shutting_down")
        assert "x-should-retry" not in headers
        assert stack.emulator.ledger.entries == []


async def test_running_calls_come_to_their_end_while_the_server_drains() -> None:
    asked = {**CHAT, "model": "gemini/emulator-drip-1000-400000", "stream": True}
    async with running_stack(rest=True, drain_grace=60.0) as stack:
        streamed = asyncio.create_task(stack.rest.post("/v1/chat/completions", json=asked))
        call = stack.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec(asked["model"])))
        await asked_upstream(stack.emulator, 2)
        await asyncio.gather(stack.server.grpc.drain(), stack.server.rest.drain())
        assert (await streamed).text.endswith("data: [DONE]\n\n")
        assert (await rest_of(call))[-1].HasField("finished")
        with pytest.raises(httpx.ConnectError):
            await stack.rest.get("/health/liveliness")


@contextmanager
def served(*arguments: str, **settings: str) -> Iterator[tuple[processes.Program, str]]:
    """A server as a process, and the address of the emulator behind it."""
    with processes.emulator() as emulator, processes.server(emulator.address, *arguments, **settings) as server:
        yield server, emulator.address


@contextmanager
def drawing(server: processes.Program, model: str = STUCK) -> Iterator[Any]:
    """A stream whose first event has come."""
    with grpc.insecure_channel(server.address) as channel:
        call = chat_service_pb2_grpc.ChatServiceStub(channel).StreamCompletion(
            pb.StreamCompletionRequest(spec=spec(model))
        )
        next(call)
        yield call


def end_of(call: Any) -> Told:
    """The error that a stream ends with."""
    with pytest.raises(grpc.RpcError) as ended:
        list(call)
    return told(ended.value)  # type: ignore[arg-type]  # it has what is asked of it


def readiness(server: processes.Program) -> int:
    try:
        with urllib.request.urlopen(f"{server.rest}/health/readiness") as answer:  # noqa: S310  # loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_m4_after_sigterm_health_says_so_and_new_calls_are_served_until_the_delay_is_over() -> None:
    with served(drain_delay="60") as (server, _), grpc.insecure_channel(server.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == SERVING
        assert readiness(server) == 200
        server.ask_to_stop()
        assert next(watch).status == NOT_SERVING
        server.log_line("stopping")
        assert health.Check(health_pb2.HealthCheckRequest(service="imagewire.v1.ChatService")).status == NOT_SERVING
        assert readiness(server) == 503
        with drawing(server, "gemini/gemini-2.5-flash-image") as call:
            assert list(call)[-1].HasField("finished")
        server.interrupt()  # ends the delay; the open watch does not hold the server
        assert server.process.wait(30) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_m4_ctrl_c_does_not_wait_for_those_who_ask_for_health(workers: str) -> None:
    with (
        served("--workers", workers, drain_delay="3600") as (server, _),
        drawing(server, "gemini/emulator-drip-500-400000") as call,
    ):
        server.interrupt()
        assert list(call)[-1].HasField("finished")
        assert server.process.wait(60) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_m1_a_second_ctrl_c_ends_calls_with_their_own_status(workers: str) -> None:
    with served("--workers", workers, drain_grace="3600") as (server, upstream), drawing(server) as call:
        server.interrupt()
        for _ in range(int(workers)):
            server.log_line("draining")
        server.interrupt()
        assert is_charged_end(end_of(call))
        assert server.process.wait(60) == 0
        assert processes.outcomes(upstream) == ["client_disconnected"]


def test_m1_another_sigterm_changes_nothing() -> None:
    with served() as (server, _), drawing(server, "gemini/emulator-drip-1000-400000") as call:
        server.ask_to_stop()
        server.log_line("draining")
        server.ask_to_stop()
        assert list(call)[-1].HasField("finished")
        assert server.process.wait(60) == 0


def test_m1_workers_without_a_parent_end_calls_with_their_own_status() -> None:
    with (
        served("--workers", "2", drain_delay="3600", drain_grace="0.3") as (server, upstream),
        drawing(server) as call,
    ):
        server.process.kill()
        assert is_charged_end(end_of(call))
        assert processes.outcomes(upstream) == ["client_disconnected"]
