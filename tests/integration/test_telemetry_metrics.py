"""Metrics by OTLP: what a collector gets of calls, from one process and from several servers in one."""

import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from imagewire.v1 import chat_service_pb2_grpc
from imagewire_server.contract import pb
from imagewire_server.core import metrics
from imagewire_server.telemetry import figures_delivery, names
from imagewire_server.telemetry.figures import Figures
from tests.conftest import Stack, running_stack, spec
from tests.integration import processes
from tests.integration.otlp_receiver import Receiver, attributes, receiving

STREAM = "imagewire.v1.ChatService/StreamCompletion"
INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv(INTERVAL, "20")
    with receiving() as made:
        yield made


class _Log:
    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def warning(self, event: str, **fields: Any) -> None:
        self.lines.append({"event": event, **fields})

    info = warning


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The lines that are logged of deliveries."""
    made = _Log()
    monkeypatch.setattr(figures_delivery, "_log", made)
    return made.lines


def points(metric: Any) -> list[tuple[dict[str, Any], Any]]:
    return [(attributes(point.attributes), point) for point in getattr(metric, metric.WhichOneof("data")).data_points]


async def taken(collector: Receiver, name: str) -> dict[str, Any]:
    """All metrics, as soon as one of this name is there."""
    await asyncio.to_thread(collector.wait, lambda receiver: name in receiver.metrics)
    return collector.metrics


async def _drawn(stack: Stack, model: str = "gemini/gemini-2.5-flash-image") -> int:
    """Draw; the bytes of what came."""
    asked = pb.StreamCompletionRequest(spec=spec(model))
    return sum([event.ByteSize() async for event in stack.chat.StreamCompletion(asked)])


async def test_what_a_collector_gets_of_a_call(collector: Receiver) -> None:
    async with running_stack(rest=True, otlp=collector.url) as stack:
        size = await _drawn(stack)
        await stack.rest.get("/v1/models")
        found = await taken(collector, names.REQUEST_DURATION)
    ((told, started),) = points(found[names.CALL_STARTED])
    assert (told, started.as_double) == ({"grpc.method": STREAM}, 1)
    ((told, duration),) = points(found[names.CALL_DURATION])
    assert (told, duration.count) == ({"grpc.method": STREAM, "grpc.status": "OK"}, 1)
    (exemplar,) = duration.exemplars
    assert len(exemplar.trace_id) == 16
    assert [point.sum for _, point in points(found[names.SENT_SIZE])] == [size]
    deployment = {"gen_ai.operation.name": "generate_content", "gen_ai.provider.name": "gcp.gemini"}
    deployment["imagewire.deployment"] = "gemini"
    assert [told for told, _ in points(found[names.OPERATION_DURATION])] == [deployment]
    tokens = {
        (told["gen_ai.token.type"], told["imagewire.modality"]): told for told, _ in points(found[names.TOKEN_USAGE])
    }
    assert tokens["output", "image"].items() >= deployment.items()
    assert found.keys() >= {"imagewire.cost_usd", "imagewire.image_bytes", "imagewire.first_image_byte_seconds"}
    ((told, _),) = points(found[names.REQUEST_DURATION])
    assert told == {"http.request.method": "GET", "http.route": "/v1/models", "http.response.status_code": 200}


async def test_repeats_and_cooldowns_are_told(collector: Receiver) -> None:
    async with running_stack(otlp=collector.url) as stack:
        with pytest.raises(grpc.aio.AioRpcError):
            await _drawn(stack, "gemini/emulator-503")
    found = collector.metrics  # the last ones, from when the server stopped
    repeated = [(told, point.as_double) for told, point in points(found["imagewire.upstream_retries"])]
    failed = [point.count for told, point in points(found[names.OPERATION_DURATION]) if "error.type" in told]
    assert repeated == [({"imagewire.deployment": "gemini"}, sum(failed) - 1)]


@pytest.mark.parametrize(
    ("environ", "spans", "figures"),
    [
        ({"OTEL_TRACES_EXPORTER": "none"}, 0, True),
        ({"OTEL_METRICS_EXPORTER": "none"}, 2, False),
    ],
)
async def test_each_can_be_turned_off(
    collector: Receiver, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], spans: int, figures: bool
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    async with running_stack(otlp=collector.url) as stack:
        await _drawn(stack)
    # Whatever there was has been delivered when the server has stopped.
    assert len(collector.spans(0)) == spans
    assert (names.CALL_DURATION in collector.metrics) is figures


async def test_several_servers_of_a_process_tell_of_a_call_once(collector: Receiver) -> None:
    async with running_stack(otlp=collector.url) as first:
        async with running_stack(otlp=collector.url, beside=first):
            await _drawn(first)
            assert len(figures_delivery._sending) == 2
            assert len(set(figures_delivery._sending)) == 1
            found = await taken(collector, names.CALL_DURATION)
        # The one that goes leaves the other what it needs.
        assert len(figures_delivery._sending) == 1
        await _drawn(first)
        await asyncio.to_thread(collector.wait, lambda receiver: _calls(receiver) == 2)
    assert [point.count for _, point in points(found[names.CALL_DURATION])] == [1]
    assert figures_delivery._sending == []


def _calls(receiver: Receiver) -> int:
    return sum(point.count for _, point in points(receiver.metrics[names.CALL_DURATION]))


def test_a_collector_that_takes_no_metrics_is_told_of_once(collector: Receiver, log: list[dict[str, Any]]) -> None:
    given = Figures(Resource({}), InstrumentationScope("ours"))
    metrics.count_cooldown("d")
    collector.metrics_status = 400
    made = figures_delivery.Delivery(given, f"{collector.url}/v1/metrics")
    collector.wait(lambda receiver: receiver.metrics_asked > 2)
    collector.metrics_status = 200
    collector.wait(lambda receiver: bool(receiver.metrics))
    made.end()
    said = [line["event"] for line in log]
    assert said == ["metrics are not delivered: the collector does not take them", "metrics are delivered again"]


@pytest.mark.parametrize(("given", "seconds"), [("", 60.0), ("250", 0.25), ("x", 60.0), ("0", 60.0), ("-1", 60.0)])
def test_the_interval_is_opentelemetrys(given: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INTERVAL, given)
    assert figures_delivery._interval() == seconds


def test_a_variable_that_is_not_followed_is_named(
    collector: Receiver, monkeypatch: pytest.MonkeyPatch, log: list[dict[str, Any]]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")
    made = figures_delivery.Delivery(Figures(Resource({}), InstrumentationScope("ours")), f"{collector.url}/v1/metrics")
    made.end()
    assert [line["variable"] for line in log] == ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"]


@pytest.mark.system
def test_a_worker_tells_of_its_own_calls_and_the_last_when_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INTERVAL, "3600000")
    with receiving() as collector, processes.emulator() as emulator:
        with (
            processes.server(emulator.address, otlp=collector.url) as server,
            grpc.insecure_channel(server.address) as ch,
        ):
            list(chat_service_pb2_grpc.ChatServiceStub(ch).StreamCompletion(pb.StreamCompletionRequest(spec=spec())))
        ((_, duration),) = points(collector.metrics[names.CALL_DURATION])
        assert duration.count == 1
