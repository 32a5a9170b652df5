"""Of a collector's answer no more is read than says whether it took what it was sent."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from imagewire_server.telemetry.session import session

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n"


class Collector:
    """accepted: how many connections it has had. sent: the bytes of its last answer that the other side took."""

    def __init__(self) -> None:
        self.url, self.accepted, self.sent = "", 0, 0
        self.ended = threading.Event()

    def endless(self, peer: socket.socket, frame: Callable[[bytes], bytes], head: bytes) -> None:
        peer.sendall(_HEAD + head + b"\r\n")
        try:
            while True:
                self.sent += peer.send(frame(b"x" * 65536))
        except OSError:
            self.ended.set()


@contextmanager
def collecting(answer: Callable[[Collector, socket.socket], None]) -> Iterator[Collector]:
    made = Collector()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/traces"

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                made.accepted += 1
                threading.Thread(target=talk, args=(peer,), daemon=True).start()

        def talk(peer: socket.socket) -> None:
            with contextlib.suppress(OSError), peer, peer.makefile("rb") as lines:
                while True:
                    length = 0
                    while (line := lines.readline()) not in (b"\r\n", b""):
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    if not line:
                        return
                    lines.read(length)
                    answer(made, peer)

        threading.Thread(target=serve, daemon=True).start()
        yield made


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


ENDLESS = {
    "length": lambda one, peer: one.endless(peer, bytes, b"content-length: 99999999999999\r\n"),
    "chunks": lambda one, peer: one.endless(peer, chunked, b"transfer-encoding: chunked\r\n"),
    "until it closes": lambda one, peer: one.endless(peer, bytes, b"connection: close\r\n"),
    "compressed": lambda one, peer: one.endless(
        peer, chunked, b"transfer-encoding: chunked\r\ncontent-encoding: gzip\r\n"
    ),
}


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("exporter", [OTLPSpanExporter, OTLPMetricExporter])
def test_an_answer_without_end_is_cut_and_counts_by_its_status(kind: str, exporter: type[OTLPSpanExporter]) -> None:
    with collecting(ENDLESS[kind]) as collector:
        sender = exporter(endpoint=collector.url, timeout=600, session=session())
        assert sender._client.export(b"spans").success
        assert collector.ended.wait(60)
        assert collector.sent < 32 * 1024 * 1024  # what the buffers of the system hold
        assert sender._client.export(b"spans").success
        assert collector.accepted == 2


def test_a_short_answer_leaves_the_connection_for_the_next() -> None:
    def answer(_: Collector, peer: socket.socket) -> None:
        peer.sendall(_HEAD + b"content-length: 2\r\n\r\n{}")

    with collecting(answer) as collector:
        sender = OTLPSpanExporter(endpoint=collector.url, timeout=600, session=session())
        assert all(sender._client.export(b"spans").success for _ in range(3))
        assert collector.accepted == 1


def test_an_answer_that_trickles_ends_with_the_time_that_an_export_has() -> None:
    def answer(collector: Collector, peer: socket.socket) -> None:
        peer.sendall(_HEAD + b"content-length: 99999999\r\n\r\n")
        try:
            while not collector.ended.wait(0.01):
                peer.sendall(b"x")
        except OSError:
            collector.ended.set()

    with collecting(answer) as collector:
        sender = OTLPSpanExporter(endpoint=collector.url, timeout=5, session=session())
        assert sender._client.export(b"spans").success
        assert collector.ended.wait(60)


@pytest.mark.parametrize("status", [b"429 Too Many Requests", b"500 Internal Server Error"])
def test_a_refusal_is_none_the_less_one(status: bytes) -> None:
    def answer(_: Collector, peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 " + status + b"\r\ncontent-length: 99999999\r\nretry-after: 600\r\n\r\n" + b"x" * 70000)

    with collecting(answer) as collector:
        sender = OTLPSpanExporter(endpoint=collector.url, timeout=5, session=session())
        assert not sender._client.export(b"spans").success


def test_a_session_of_the_operators_own_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_METRICS_CREDENTIAL_PROVIDER", "mine")
    assert session() is None
