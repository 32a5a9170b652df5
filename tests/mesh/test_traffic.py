"""The callers of `make mesh` go on, whatever becomes of what they call: a person may stop a replica, or all of them."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

import imagewire
from tests.mesh import __main__ as command
from tests.mesh.envoy import until
from tests.mesh.traffic import Traffic

if TYPE_CHECKING:
    from tests.mesh.topology import Topology


class _NoReplica(BaseHTTPRequestHandler):
    """Envoy without a healthy replica."""

    def do_POST(self) -> None:
        body = b"no healthy upstream"
        self.send_response(503)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def no_replica() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _NoReplica) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def no_envoy() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize(("place", "end"), [("no_replica", "503"), ("no_envoy", "ConnectError")])
def test_a_caller_of_rest_goes_on_after_a_failure(
    request: pytest.FixtureRequest, tmp_path: Path, place: str, end: str
) -> None:
    traffic = Traffic(cast("Topology", SimpleNamespace(address=request.getfixturevalue(place))), tmp_path)
    caller = threading.Thread(target=traffic._loop, args=(traffic._rest,), daemon=True)
    caller.start()
    until(lambda: traffic.ends["rest", end] >= 2 or None, "a second call")
    traffic._over.set()
    caller.join()


def test_a_report_without_a_trace_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(_: "Topology") -> tuple[str, str]:
        raise imagewire.Unavailable("no healthy upstream")

    forgotten: list[bool] = []
    stub = SimpleNamespace(address="", prometheus="", spans=SimpleNamespace(forget=lambda: forgotten.append(True)))
    monkeypatch.setattr(command, "draw_traced", refused)
    monkeypatch.setattr(command.dashboard, "table", lambda _: ["Calls: none"])
    mesh = cast("Topology", stub)
    lines = list(command._report(mesh, Traffic(mesh, tmp_path)))
    assert lines[-3:] == ["no trace: no healthy upstream", "the dashboard:", "  Calls: none"]
    assert forgotten == [True]
