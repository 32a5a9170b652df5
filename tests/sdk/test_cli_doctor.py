"""imagewire doctor finds what is wrong, and says what to do."""

import json
import re
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from typer.testing import CliRunner

import imagewire
from imagewire.cli import checks
from imagewire.cli.app import app
from imagewire.v1 import model_service_pb2_grpc
from imagewire.v1.model_service_pb2 import ListModelsResponse
from tests.authority import certified


class Models(model_service_pb2_grpc.ModelServiceServicer):
    """A server that says what a test wants of itself."""

    def __init__(self, version: str, ahead: float, *, refuses: bool) -> None:
        self._version, self._ahead, self._refuses = version, ahead, refuses

    def ListModels(self, request: Any, context: Any) -> ListModelsResponse:
        if self._refuses:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "wrong key")
        clock = f"{checks.time.time() + self._ahead:.3f}"
        context.send_initial_metadata((("x-imagewire-version", self._version), ("x-imagewire-time", clock)))
        return ListModelsResponse()


@contextmanager
def serving(
    version: str = imagewire.__version__,
    ahead: float = 0.0,
    *,
    refuses: bool = False,
    status: int = health_pb2.HealthCheckResponse.SERVING,
    credentials: grpc.ServerCredentials | None = None,
) -> Iterator[int]:
    """A server; yields its port."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Models(version, ahead, refuses=refuses), server)
    servicer = health.HealthServicer()
    servicer.set("", status)  # type: ignore[arg-type]
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = (
        server.add_secure_port("127.0.0.1:0", credentials) if credentials else server.add_insecure_port("127.0.0.1:0")
    )
    server.start()
    try:
        yield port
    finally:
        server.stop(0).wait()


def examined(target: str, *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and the checks by name."""
    ended = CliRunner().invoke(app, ["doctor", "--json", "--timeout", "20", "--target", target, *arguments])
    assert ended.stderr == ""
    return ended.exit_code, {check["name"]: check for check in json.loads(ended.stdout)["checks"]}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "IMAGEWIRE_API_KEY", "grpc_proxy", "https_proxy", "http_proxy", "no_proxy", "no_grpc_proxy":
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(checks, "find_spec", lambda name: None)


def test_all_is_well() -> None:
    with serving() as port:
        code, found = examined(f"127.0.0.1:{port}")
        shown = CliRunner().invoke(app, ["doctor", "--target", f"127.0.0.1:{port}"]).stdout
    assert code == 0
    assert {check["state"] for name, check in found.items() if name != "emulator"} == {"ok"}
    assert shown.endswith("all is well\n")


def test_another_version_a_wrong_clock_and_a_server_that_ends() -> None:
    with serving("9.1.0", 3600.0, status=health_pb2.HealthCheckResponse.NOT_SERVING) as port:
        code, found = examined(f"127.0.0.1:{port}")
    assert code == 4
    assert (found["server"]["state"], "the client is" in found["server"]["found"]) == ("warning", True)
    assert re.fullmatch(r"the server's clock is 3\d\d\d\.\d s ahead of this one", found["clock"]["found"])
    assert (found["clock"]["state"], "NTP" in found["clock"]["remedy"]) == ("failed", True)
    assert (found["target"]["state"], "NOT_SERVING" in found["target"]["found"]) == ("failed", True)


def test_a_key_with_a_blank_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEWIRE_API_KEY", "bad key")
    with serving() as port:
        code, found = examined(f"127.0.0.1:{port}")
    assert (code, found["key"]["state"]) == (0, "warning")
    assert "IMAGEWIRE_API_KEY has a blank inside" in found["key"]["found"]


@pytest.mark.parametrize(("key", "words"), [("", "none is set"), ("wrong", "refuses the key")])
def test_a_wrong_key(monkeypatch: pytest.MonkeyPatch, key: str, words: str) -> None:
    monkeypatch.setenv("IMAGEWIRE_API_KEY", key)
    with serving(refuses=True) as port:
        code, found = examined(f"127.0.0.1:{port}")
    assert (code, found["key"]["state"], found["target"]["state"]) == (7, "failed", "ok")
    assert words in found["key"]["found"]
    assert "IMAGEWIRE_API_KEY" in found["key"]["remedy"]


def test_no_server_and_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as port:
        pass
    code, found = examined(f"127.0.0.1:{port}")
    assert (code, found["target"]["state"], found["key"]["state"]) == (4, "failed", "skipped")
    assert "no imagewire server answers" in found["target"]["found"]
    monkeypatch.setenv("https_proxy", f"http://user:secret@127.0.0.1:{port}")
    assert examined(f"127.0.0.1:{port}")[1]["proxy"]["state"] == "ok"
    proxy = checks._proxy("imagewire.internal:443")
    assert (proxy.state, "https_proxy" in proxy.found, "secret" in proxy.found + proxy.remedy) == (
        "warning",
        True,
        False,
    )
    monkeypatch.setenv("no_proxy", "internal")
    assert checks._proxy("imagewire.internal:443").state == "ok"


def test_tls(tmp_path: Path) -> None:
    key, certificate = certified("localhost")
    (tmp_path / "ca.pem").write_bytes(certificate)
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    with serving(credentials=credentials) as port:
        code, found = examined(f"https://localhost:{port}", "--tls-ca", str(tmp_path / "ca.pem"))
        assert (code, found["tls"]["state"]) == (0, "warning"), found
        assert "the certificate is valid for 0 more day(s)" in found["tls"]["found"]
        _, found = examined(f"https://localhost:{port}")
        assert (found["tls"]["state"], "--tls-ca" in found["tls"]["remedy"]) == ("failed", True)
    with serving() as port:
        _, found = examined(f"https://localhost:{port}")
    assert (found["tls"]["state"], "leave out https://" in found["tls"]["remedy"]) == ("failed", True)


def test_the_emulator_draws_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert checks._draw().state == "ok"


# arguments, words on stderr
FILES: list[tuple[list[str], str]] = [
    (["--tls-ca", "none.pem"], "--tls-ca none.pem: No such file"),
    (["--tls-ca", "."], "--tls-ca .: is no file"),
    (["--tls-ca", "empty"], "--tls-ca empty: has no certificate in PEM"),
    (["--tls-ca", "binary"], "--tls-ca binary: has no certificate in PEM"),
    (["--tls-cert", "good.pem"], "--tls-key: is missing"),
    (["--tls-key", "good.key"], "--tls-cert: is missing"),
    (["--tls-cert", "good.pem", "--tls-key", "binary"], "belong together"),
    (["--tls-cert", "good.pem", "--tls-key", "other.key"], "belong together"),
]
COMMANDS = [["draw", "x"], ["chat"], ["models"], ["ping"], ["doctor"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_wrong_files_for_tls_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    key, certificate = certified("localhost")
    contents = {"good.key": key, "good.pem": certificate, "other.key": certified("localhost")[0]}
    for name, content in (contents | {"empty": b"", "binary": bytes(range(256))}).items():
        Path(name).write_bytes(content)
    for arguments, words in FILES:
        ended = CliRunner().invoke(app, [*command, *arguments, "--target", "127.0.0.1:1"])
        assert (ended.exit_code, words in ended.stderr) == (2, True), (arguments, ended.stderr)
