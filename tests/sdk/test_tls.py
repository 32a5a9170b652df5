"""The Python client, its command, curl and the server's health check, against the server's own TLS."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

import imagewire
from imagewire import Tls
from imagewire.cli import checks
from imagewire.cli.app import app
from tests import forked
from tests.authority import Authority
from tests.compat.conftest import needs
from tests.integration import processes
from tests.sdk.asks import MODEL, Ask, everything

CA, STRANGERS = Authority("ours"), Authority("strangers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates by their names."""
    made = tmp_path_factory.mktemp("certificates")
    (made / "ca.pem").write_bytes(CA.pem)
    CA.issue("localhost", "127.0.0.1").write(made, "server")
    CA.issue(uris=("spiffe://td/me",)).write(made, "client")
    CA.issue(name="late", left=-timedelta(days=1)).write(made, "expired")
    CA.issue(uris=("spiffe://td/another",)).write(made, "another")
    STRANGERS.issue(uris=("spiffe://td/me",)).write(made, "stranger")
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[processes.Program]:
    """It asks for certificates, and serves one client alone."""
    with (
        processes.emulator() as emulator,
        processes.server(
            emulator.address,
            tls_cert=str(folder / "server.pem"),
            tls_key=str(folder / "server.key"),
            tls_client_ca=str(folder / "ca.pem"),
            tls_allowed_ids="spiffe://td/me",
        ) as made,
    ):
        yield made


def _tls(folder: Path, name: str) -> Tls:
    return Tls(ca=folder / "ca.pem", cert=folder / f"{name}.pem", key=folder / f"{name}.key")


@everything
def test_a_client_with_a_certificate_draws(ask: Ask, folder: Path, server: processes.Program) -> None:
    ask(server.address, MODEL, "A banana", made={"tls": _tls(folder, "client")})
    assert server.log_line("call")["caller"] == "spiffe://td/me"


@everything
@pytest.mark.parametrize("shown", ["expired", "stranger", ""])
def test_any_other_is_hung_up_on(ask: Ask, folder: Path, server: processes.Program, shown: str) -> None:
    tls = _tls(folder, shown) if shown else Tls(ca=folder / "ca.pem")
    with pytest.raises(imagewire.Unavailable, match="a certificate of yours"):
        ask(server.address, MODEL, "A banana", made={"tls": tls, "retries": 0})


@everything
def test_an_id_that_is_not_allowed_is_refused(ask: Ask, folder: Path, server: processes.Program) -> None:
    with pytest.raises(imagewire.PermissionDenied, match=r"^this caller is not allowed here") as refused:
        ask(server.address, MODEL, "A banana", made={"tls": _tls(folder, "another")})
    assert (refused.value.reason, refused.value.retryable) == ("CALLER_NOT_ALLOWED", False)


def _command(folder: Path, server: processes.Program, name: str, shown: str) -> tuple[int, str]:
    flags = ["--tls-ca", str(folder / "ca.pem")]
    if shown:
        flags += ["--tls-cert", str(folder / f"{shown}.pem"), "--tls-key", str(folder / f"{shown}.key")]
    ended = CliRunner().invoke(app, [*name.split(), "--target", f"https://{server.address}", *flags])
    return ended.exit_code, ended.stdout


def test_the_command(folder: Path, server: processes.Program) -> None:
    code, said = _command(folder, server, "ping", "client")
    assert (code, "SERVING" in said) == (0, True)
    assert _command(folder, server, "ping", "another")[0] != 0


@pytest.mark.parametrize(
    ("shown", "state", "words"),
    [
        ("client", "warning", "TLSv1.3, the certificate is valid for 0 more day(s)"),
        ("", "failed", "the server hangs up"),
        ("expired", "failed", "the server hangs up on"),
    ],
)
def test_the_doctor_tells_who_is_hung_up_on(
    folder: Path, server: processes.Program, monkeypatch: pytest.MonkeyPatch, shown: str, state: str, words: str
) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    _, said = _command(folder, server, "doctor --json --timeout 20", shown)
    [found] = [check for check in json.loads(said)["checks"] if check["name"] == "tls"]
    assert (found["state"], words in found["found"]) == (state, True), found
    assert state == "warning" or "certificate" in found["remedy"]


def test_the_doctor_tells_of_an_expired_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    cert, key = CA.issue("localhost", "127.0.0.1", left=-timedelta(days=1)).write(tmp_path, "server")
    (tmp_path / "ca.pem").write_bytes(CA.pem)
    with (
        processes.emulator() as emulator,
        processes.server(emulator.address, tls_cert=str(cert), tls_key=str(key)) as server,
    ):
        _, said = _command(tmp_path, server, "doctor --json --timeout 20", "")
    [found] = [check for check in json.loads(said)["checks"] if check["name"] == "tls"]
    assert (found["state"], found["found"]) == ("failed", "the server's certificate has expired")
    assert "renew" in found["remedy"]


def test_curl(folder: Path, server: processes.Program) -> None:
    curl = needs("curl")

    def asked(*flags: str) -> subprocess.CompletedProcess[str]:
        url = server.rest.replace("http://", "https://") + "/v1/models"
        command = [curl, "--silent", "--max-time", "60", "--cacert", str(folder / "ca.pem"), *flags, url]
        return forked.run(command, capture_output=True, text=True, check=False)

    def shown(name: str) -> list[str]:
        return ["--cert", str(folder / f"{name}.pem"), "--key", str(folder / f"{name}.key")]

    assert json.loads(asked(*shown("client")).stdout)["object"] == "list"
    assert json.loads(asked(*shown("another")).stdout)["error"]["type"] == "permission_error"
    for refused in (asked(), asked(*shown("expired")), asked(*shown("stranger"))):
        assert (refused.returncode != 0, refused.stdout) == (True, "")


def _health(server: processes.Program, **environ: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "imagewire_server", "health"]
    given = processes._environ("http://127.0.0.1:1", {"grpc": server.address, **environ})
    ended = forked.run(command, capture_output=True, text=True, env=given, check=False, timeout=60)
    return ended.returncode, (ended.stdout + ended.stderr).strip()


def test_the_servers_health_is_asked_with_its_own_certificate(folder: Path, server: processes.Program) -> None:
    pair = {"tls_cert": str(folder / "server.pem"), "tls_key": str(folder / "server.key")}
    assert _health(server, **pair, tls_client_ca=str(folder / "ca.pem")) == (0, "SERVING")
    code, said = _health(server)
    assert (code, said.endswith("without TLS?")) == (1, True)
    code, said = _health(server, **pair)
    assert (code, f"with {folder / 'server.pem'}?" in said) == (1, True)
    code, said = _health(server, **{**pair, "tls_key": str(folder / "client.key")})
    assert (code, "is not the key of the certificate" in said) == (2, True)
