"""The bounds of the bench, and imagewire's other settings, draw what was asked for; the page tells the ratios."""

import asyncio
import dataclasses
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import processes, upstream
from bench.cases import FULL, Figures
from bench.load import run
from bench.peers import PEERS
from bench.peers.base import Peer, Place, free_ports
from bench.peers.envoy import Envoy
from bench.peers.imagewire import WithTelemetry, WithTls
from bench.pictures import Ask
from bench.ratios import ratio, ratios
from bench.report import page
from bench.scan import Wrong
from bench.session import _serves
from bench.tables import Run
from bench.targets import verdicts
from tests.compat.conftest import needs, package

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]  # a first run compiles gRPC


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    served = await asyncio.get_running_loop().create_server(upstream.Connection, "127.0.0.1", 0)
    yield Place(f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}", tmp_path, free_ports())
    served.close()


@asynccontextmanager
async def _started(peer: Peer, place: Place) -> AsyncIterator[None]:
    started = await asyncio.to_thread(peer.command, place, place.folder)
    assert started is not None
    core = ",".join(processes.cores())
    with processes.running(started.words, core, env=started.env, log=place.folder / "log") as process:
        await asyncio.to_thread(processes.wait_for, lambda: _serves(peer, place), process, 300)
        yield


async def _draws(peer: Peer, place: Place) -> None:
    for surface in peer.surfaces:
        for ask in (Ask(1000), Ask(1001), Ask(1002), Ask(700_001)):
            job = peer.job(surface, ask, place)
            outcome = await run(job)
            assert (outcome.requests, outcome.errors) == (1, 0), outcome.error
            with pytest.raises(Wrong):
                await run(dataclasses.replace(job, size=ask.size + 1))


async def test_the_server_in_go_draws_checks_the_key_and_logs_each_call(place: Place) -> None:
    peer = PEERS["Go"]
    needs(peer.tool)
    peer.install(place.folder)
    assert "grpc-go v" in peer.version(place.folder)
    async with _started(peer, place):
        await _draws(peer, place)
        for surface in peer.surfaces:
            job = peer.job(surface, Ask(1000), place)
            with pytest.raises(Wrong, match="UNAUTHENTICATED"):
                await run(dataclasses.replace(job, headers={"authorization": "Bearer sk-other"}))
        # What the upstream refuses.
        for surface in peer.surfaces:
            with pytest.raises(Wrong, match="INTERNAL: the upstream answered HTTP 404"):
                await run(dataclasses.replace(peer.job(surface, Ask(3), place), size=1000))
    lines = (place.folder / "log").read_text().splitlines()
    assert sum('"code":"Unauthenticated"' in line for line in lines) == 2
    assert sum('"code":"OK"' in line for line in lines) > 16


async def test_envoy_relays_and_logs_each_call(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    package("envoy")
    # The one that the tests have, in place of a venv of its own.
    monkeypatch.setattr("bench.peers.envoy._python", lambda _: Path(sys.executable))
    peer = Envoy()
    assert peer.version(place.folder)
    async with _started(peer, place):
        await _draws(peer, place)
    lines = (place.folder / "log").read_text().splitlines()
    assert sum(" POST 200 " in line for line in lines) >= 16


async def test_imagewire_draws_by_tls(place: Place) -> None:
    peer = WithTls()
    async with _started(peer, place):
        await _draws(peer, place)
        with pytest.raises((OSError, Wrong)):
            await run(dataclasses.replace(peer.job("REST unary", Ask(1000), place), authority=""))


async def test_the_upstream_takes_spans(place: Place) -> None:
    peer = WithTelemetry()
    taken = []
    write = upstream.Connection.on_message_complete

    def told(connection: upstream.Connection) -> None:
        taken.append(connection._url)
        write(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upstream.Connection, "on_message_complete", told)
        async with _started(peer, place):
            await _draws(peer, place)
            while b"/v1/traces" not in taken:
                await run(peer.job("gRPC stream", Ask(1000), place))
    assert "does not take" not in (place.folder / "log").read_text()


def test_a_bound_whose_tool_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    figures = Figures()
    assert [name for name, peer in PEERS.items() if not command._is_here(peer, figures)] == ["Go", "Portkey"]
    assert figures.notes == ["Go: left out, go is missing", "Portkey: left out, npm is missing"]


def test_ratios_are_ours_divided_by_theirs() -> None:
    figures = Figures()
    for name, surface, seen in (
        ("imagewire", "gRPC unary", {"cpu_ms": 1.0, "p50_ms": 1.5}),
        ("imagewire", "gRPC stream", {"mb_per_cpu": 300.0, "per_cpu": 900.0}),
        ("imagewire", "REST unary", {"cpu_ms": 0.8}),
        ("imagewire", "REST stream", {"mb_per_cpu": 500.0}),
        ("imagewire keep off", "gRPC stream", {"per_cpu": 1000.0, "mb_per_cpu": 400.0}),
        ("imagewire TLS", "gRPC stream", {"mb_per_cpu": 240.0}),
        ("imagewire telemetry", "gRPC stream", {"per_cpu": 720.0}),
        ("Go", "gRPC unary", {"cpu_ms": 0.5, "p50_ms": 0.6}),
        ("Go", "gRPC stream", {"mb_per_cpu": 200.0}),
        ("Envoy", "REST stream", {"mb_per_cpu": 900.0}),
        ("LiteLLM", "REST unary", {"cpu_ms": 16.0}),
        ("direct", "REST unary", {"p50_ms": 0.1}),
    ):
        figures.note(PEERS[name], surface, **seen)
    written = ratios(figures)
    assert "| gRPC unary, 1 KB: CPU ms a request (less is better) | 1.00 | 0.0625 | 2 | – |" in written
    assert "| gRPC unary, 1 KB, one caller: p50 over direct, ms (less is better) | 1.40 | – | 2.8 | – |" in written
    assert "| REST unary, 1 KB: CPU ms a request (less is better) | 0.80 | 0.05 | 1.6 | – |" in written
    assert "| gRPC stream, 8 MB: MB per CPU-second (more is better) | 300 | – | 1.5 | 0.333 |" in written
    assert ratio(figures, "Go", "REST stream", "mb_per_cpu") == 2.5
    run = Run("a machine", {}, {name: peer.surfaces for name, peer in PEERS.items()}, FULL, 3.0)
    assert written in page(run, figures, "")
    met = {verdict.wanted: verdict.met for verdict in verdicts(figures)}
    assert met["1 KB, gRPC unary: ≤ 2.5× the CPU of Go by hand over gRPC"] is True
    assert met["gRPC unary, one caller: p50 over direct ≤ 2× that of Go by hand"] is False
    assert met["8 MB, gRPC stream: ≥ 1.4× the MB per CPU-second of Go by hand"] is True
    assert met["8 MB, REST stream: ≥ 0.5× the MB per CPU-second of Envoy"] is True
    assert met["1 KB, gRPC stream: answers are kept for ≤ 15 % of what is done without"] is True
    assert met["8 MB, gRPC stream: answers are kept for ≤ 15 % of what is done without"] is False
    assert met["8 MB, gRPC stream: TLS ≥ 0.7× the MB per CPU-second of plaintext"] is True
    assert met["1 KB, gRPC stream: telemetry costs ≤ 10 % of the requests per CPU-second"] is False
    assert ratios(Figures()) == ""
