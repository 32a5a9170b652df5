"""A collector that is down, slow or ends holds up no call and no stop, and the log says so once."""

import json
import queue
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from imagewire_server.config.source import ConfigError
from imagewire_server.telemetry.opening import telemetry
from tests.deployments import settings
from tests.integration import processes
from tests.integration.otlp_receiver import receiving
from tests.integration.processes import Program
from tests.integration.test_metrics import drawn

LOST, AGAIN = "spans are not delivered: the collector does not take them", "spans are delivered again"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def emulator() -> Iterator[Program]:
    with processes.emulator() as made:
        yield made


def events(server: Program) -> list[str]:
    """What else the log has said, up to its end."""
    found: list[str] = []
    while True:
        try:
            line = server.lines.get_nowait()
        except queue.Empty:
            return found
        found += [json.loads(line)["event"]] if line.startswith("{") else []


def test_a_collector_that_ends_under_load_and_comes_back(emulator: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with receiving() as first:
        port = int(first.url.rpartition(":")[2])
        with processes.server(emulator.address, otlp=first.url) as server:
            drawn(server.address)
            first.spans(2)
            first.end()
            for _ in range(20):
                drawn(server.address)
            server.log_line(LOST)
            with receiving(port) as second:
                drawn(server.address)
                second.spans(2)
                server.log_line(AGAIN)
                server.ask_to_stop()
                server.process.wait(60)
    said = events(server)
    assert {LOST, AGAIN, "library", "uncaught exception"}.isdisjoint(said)


def test_a_collector_that_does_not_answer_holds_up_no_call_and_no_stop(
    emulator: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600")
    with receiving() as collector:
        collector.status = 0
        with processes.server(emulator.address, otlp=collector.url) as server:
            for _ in range(20):
                drawn(server.address)
            begun = time.monotonic()
            server.ask_to_stop()
            server.log_line("the last spans or metrics were not delivered")
            server.log_line("stopped")
            assert server.process.wait(60) == 0
            assert time.monotonic() - begun < 60  # and not the 600 s of the request


def test_opentelemetrys_own_variable_turns_it_on(emulator: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=pictures,team=art")
    with receiving() as collector:
        monkeypatch.setenv(ENDPOINT, collector.url)
        with processes.server(emulator.address) as server:
            drawn(server.address)
            collector.spans(2)
    said: dict[str, Any] = collector.resources[0]
    assert (said["service.name"], said["team"]) == ("pictures", "art")


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {ENDPOINT: "http://x", "OTEL_SDK_DISABLED": "true"},
        {ENDPOINT: "http://x", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"},
    ],
    ids=["nothing", "disabled", "no exporter"],
)
async def test_it_is_off(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENDPOINT, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    async with telemetry(settings()) as interceptors:
        assert interceptors == ()
    monkeypatch.setenv(ENDPOINT, "http://x")
    async with telemetry(settings(otlp="off")) as interceptors:
        assert interceptors == ()


async def test_what_it_cannot_send_by_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://x:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(ConfigError, match=r"OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf, not 'grpc': .* 4318"):
        async with telemetry(settings()):
            pass


@pytest.mark.parametrize(("otlp", "named"), [("", ENDPOINT), ("http://x:4318", "imagewire.otlp")])
async def test_what_is_not_installed_is_an_error_with_a_remedy(
    otlp: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://x:4318")
    monkeypatch.delitem(sys.modules, "imagewire_server.telemetry.delivery", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=rf"{named}: needs .* opentelemetry: pip install 'imagewire-server\[otel\]'"):
        async with telemetry(settings(otlp=otlp)):
            pass
