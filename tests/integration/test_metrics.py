"""GET /metrics: what Prometheus reads, of one process and of several."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from tests.conftest import Stack, spec
from tests.integration import processes
from tests.integration.processes import Program

pytestmark = pytest.mark.system

STREAM = "/imagewire.v1.ChatService/StreamCompletion"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(page: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0.0)


async def scraped(rest: Stack) -> Samples:
    answer = await rest.rest.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return read(answer.text)


async def test_a_call_is_counted(rest: Stack) -> None:
    before = await scraped(rest)
    asked = pb.StreamCompletionRequest(spec=spec("gemini/emulator-size-1MB"))
    events = [event async for event in rest.chat.StreamCompletion(asked)]
    after = await scraped(rest)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("imagewire_calls_total", method=STREAM, code="OK") == 1
    assert grown("imagewire_call_seconds_count", method=STREAM) == 1
    assert grown("imagewire_upstream_attempts_total", deployment="gemini", reason="OK") == 1
    assert grown("imagewire_image_bytes_total", deployment="gemini") == 1_000_000
    assert grown("imagewire_cost_usd_total", deployment="gemini") == pytest.approx(events[-1].finished.usage.cost_usd)
    assert value(after, "imagewire_calls_running") == 0


async def test_a_rest_call_is_counted_by_its_route(rest: Stack) -> None:
    chat = {"method": "POST /v1/chat/completions", "code": "OK"}
    model = {"method": "GET /v1/models/{model:path}", "code": "MODEL_NOT_FOUND"}
    before = await scraped(rest)
    body = {"model": "gemini/gemini-2.5-flash-image", "messages": [{"role": "user", "content": "A banana"}]}
    assert (await rest.rest.post("/v1/chat/completions", json=body)).status_code == 200
    assert (await rest.rest.get("/v1/models/none")).status_code == 404
    after = await scraped(rest)
    for labels in (chat, model):
        name = "imagewire_calls_total"
        assert value(after, name, **labels) == value(before, name, **labels) + 1
    assert value(after, "imagewire_cost_usd_total", deployment="gemini") > value(
        before, "imagewire_cost_usd_total", deployment="gemini"
    )


async def test_a_call_that_runs_is_seen_running(rest: Stack) -> None:
    call = rest.chat.StreamCompletion(pb.StreamCompletionRequest(spec=spec("gemini/emulator-drip-20000")))
    await call.read()
    assert value(await scraped(rest), "imagewire_calls_running") == 1
    call.cancel()


async def test_a_refused_call_is_counted_by_its_reason(rest: Stack) -> None:
    labels = {"method": STREAM, "code": "INVALID_REQUEST"}
    before = value(await scraped(rest), "imagewire_calls_total", **labels)
    with pytest.raises(grpc.aio.AioRpcError):
        await rest.chat.StreamCompletion(pb.StreamCompletionRequest()).read()
    assert value(await scraped(rest), "imagewire_calls_total", **labels) == before + 1


async def test_what_a_caller_wrote_is_no_label(rest: Stack) -> None:
    asked = spec("gemini/a-name-of-the-callers", prompt="a-prompt-of-the-callers")
    with pytest.raises(grpc.aio.AioRpcError):
        await rest.chat.StreamCompletion(pb.StreamCompletionRequest(spec=asked)).read()
    await rest.rest.get("/v1/models/a-name-of-the-callers")
    await rest.rest.get("/a-path-of-the-callers")
    assert "of-the-callers" not in (await rest.rest.get("/metrics")).text


@pytest.fixture
def served() -> Iterator[Program]:
    with processes.emulator() as emulator, processes.server(emulator.address, "--workers", "2") as server:
        yield server


def drawn(address: str) -> None:
    with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        stub = chat_service_pb2_grpc.ChatServiceStub(channel)
        list(stub.StreamCompletion(pb.StreamCompletionRequest(spec=spec()), timeout=20))


def test_any_worker_tells_of_all_and_of_those_that_ended(served: Program) -> None:
    calls, workers = 0, set()
    while len(workers) < 2:
        drawn(served.address)
        calls += 1
        workers.add(served.log_line("call")["worker"])

    def counted() -> Samples:
        return read(httpx.get(f"{served.rest}/metrics", timeout=20, trust_env=False).text)

    assert value(counted(), "imagewire_calls_total", method=STREAM, code="OK") == calls
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text()
    child = int(children.split()[0])
    os.kill(child, signal.SIGKILL)
    served.log_line("a worker ended and is started again")
    served.log_line("worker serving")
    assert value(counted(), "imagewire_calls_total", method=STREAM, code="OK") == calls
    assert value(counted(), "imagewire_calls_running") == 0
