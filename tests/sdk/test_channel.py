"""Where the clients connect, how, and what goes with each call."""

import asyncio
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import grpc
import pytest

import imagewire
from imagewire import AsyncClient, Client, Tls
from imagewire._grpc.channel import Target, parse_target
from tests.authority import certified
from tests.sdk.asks import MODEL, Ask, everything
from tests.sdk.conftest import Script, scripted


@everything
def test_tls(ask: Ask, tmp_path: Path) -> None:
    key, certificate = certified("localhost")
    (tmp_path / "ca.pem").write_bytes(certificate)
    trusted = Tls(ca=tmp_path / "ca.pem")
    script = Script()
    with scripted(script, grpc.ssl_server_credentials([(key, certificate)])) as target:
        port = target.rpartition(":")[2]
        ask(f"localhost:{port}", MODEL, "x", made={"credentials": grpc.ssl_channel_credentials(certificate)})
        ask(f"localhost:{port}", MODEL, "x", made={"tls": trusted})
        ask(f"https://localhost:{port}", MODEL, "x", made={"tls": trusted})
        with pytest.raises(imagewire.Unavailable, match=r"no TLS with localhost.*not trusted"):
            ask(f"https://localhost:{port}", MODEL, "x", made={"retries": 0})
        with pytest.raises(imagewire.Unavailable, match="hangs up at once: it may want TLS"):
            ask(target, MODEL, "x", made={"retries": 0})
    assert len(script.requests) == 3


@everything
def test_a_certificate_for_another_name(ask: Ask) -> None:
    key, certificate = certified("elsewhere")
    with scripted(Script(), grpc.ssl_server_credentials([(key, certificate)])) as target:
        port = target.rpartition(":")[2]
        trusting = grpc.ssl_channel_credentials(certificate)
        with pytest.raises(imagewire.Unavailable, match=r"no TLS with localhost.*for another name"):
            ask(f"localhost:{port}", MODEL, "x", made={"credentials": trusting, "retries": 0})


@everything
def test_a_server_that_asks_who_we_are(ask: Ask, tmp_path: Path) -> None:
    key, certificate = certified("localhost")
    for name, content in (("cert.pem", certificate), ("key.pem", key)):
        (tmp_path / name).write_bytes(content)
    ca = tmp_path / "cert.pem"
    credentials = grpc.ssl_server_credentials([(key, certificate)], certificate, require_client_auth=True)
    script = Script()
    with scripted(script, credentials) as target:
        port = target.rpartition(":")[2]
        tls = Tls(ca=ca, cert=ca, key=tmp_path / "key.pem")
        ask(f"localhost:{port}", MODEL, "x", made={"tls": tls})
        with pytest.raises(imagewire.Unavailable):
            ask(f"localhost:{port}", MODEL, "x", made={"tls": Tls(ca=ca)})
    assert len(script.requests) == 1


def test_a_certificate_goes_with_its_key() -> None:
    with pytest.raises(ValueError, match="cert and key go together"):
        Client("a:1", tls=Tls(cert="cert.pem"))


@pytest.mark.parametrize("given", ["https://a:99999", "https://", "https://a/path", "https://a?x=1", "https://u@a"])
def test_a_url_that_is_no_target_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="write https://host:port"):
        Client(given)


@pytest.mark.parametrize(
    "given",
    [
        *("localhost:99999", "localhost:0", "host:abc", "host:", "host:1:2:x", ":5", "host:1/path", "host/path"),
        *("ftp://x", "grpc://host:1", "tcp://host:1", "user@host:1", "host:1?x=1", "host:1#x", "dns:///a:99999"),
        *("ipv4:1.2.3.4:99999", "ipv4:1.2.3.4:1,b:x", "[::1", "[::1]:x", "a b:1", "unix:", "dns:///", "a,b:1"),
        *("unix://x", "unix://localhost/x"),
    ],
)
def test_a_text_that_is_no_target_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="is no server's address; write host:port"):
        Client(given)


@pytest.mark.parametrize(
    "given", ["unix:/tmp/" + "x" * 120, "unix:///tmp/" + "x" * 120, "unix:" + "é" * 60, "unix-abstract:" + "x" * 108]
)
def test_a_sockets_path_that_is_too_long_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=rf"^target '{given}': has a path of 1\d\d bytes, .* name a shorter one"):
        Client(given)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("user:secret@host:1", "...@host:1"),
        ("grpc://user:sec/ret@host:1", "grpc://...@host:1"),
        ("https://user:secret@host", "https://...@host"),
        ("https://user:se@cret@host:1", "https://...@host:1"),
        ("https://user:sec/ret@host", "https://...@host"),
    ],
)
def test_a_secret_in_a_target_is_not_told(given: str, shown: str) -> None:
    with pytest.raises(ValueError, match=rf"^target '?{re.escape(shown)}'?: .* write ") as caught:
        Client(given)
    assert "ret" not in "".join(traceback.format_exception(caught.value)).partition("ValueError: ")[2]


def test_a_wrong_argument_is_told_with_the_clients_own_name() -> None:
    for kind in (Client, AsyncClient):
        with pytest.raises(
            TypeError, match=rf"^{kind.__name__}\.__init__\(\) got an unexpected keyword argument 'foo'"
        ):
            kind(foo=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("given", "address", "secure"),
    [
        *((same, same, False) for same in ("host", "unix-abstract:x", "dns:a", "dns://8.8.8.8/a:5", "xds:///a")),
        *((same, same, False) for same in ("ipv4:1.2.3.4:5,1.2.3.5:6", "ipv6:[::1]:5", "[fe80::1%eth0]:5", "::1")),
        (None, "127.0.0.1:50051", False),
        ("localhost:1", "localhost:1", False),
        *((same, same, False) for same in ("unix:x", "unix:///run/x", "unix:/" + "x" * 90, "unix:/" + "%20" * 90)),
        ("unix:/run/x.sock", "unix:/run/x.sock", False),
        ("dns:///a:5", "dns:///a:5", False),
        ("https://draw.example", "draw.example:443", True),
        ("https://draw.example:8443/", "draw.example:8443", True),
        ("http://draw.example", "draw.example:80", False),
        ("https://[::1]", "[::1]:443", True),
        ("[::1]:5", "[::1]:5", False),
    ],
)
def test_targets(monkeypatch: pytest.MonkeyPatch, given: str | None, address: str, secure: bool) -> None:
    monkeypatch.delenv("IMAGEWIRE_TARGET", raising=False)
    assert parse_target(given) == Target(address, secure)


@everything
@pytest.mark.parametrize(
    ("variable", "given", "shown"),
    [
        (None, None, None),
        ("env", None, "Bearer env"),
        ("env", "given", "Bearer given"),
        (None, "given", "Bearer given"),
    ],
)
def test_the_servers_key(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, variable: str | None, given: str | None, shown: str | None
) -> None:
    monkeypatch.delenv("IMAGEWIRE_API_KEY", raising=False)
    if variable:
        monkeypatch.setenv("IMAGEWIRE_API_KEY", variable)
    script = Script()
    with scripted(script) as target:
        ask(target, MODEL, "x", made={"api_key": given})
    assert script.metadata[0].get("authorization") == shown


async def test_what_the_client_was_made_with_goes_with_each_call() -> None:
    script = Script(hold=True, events=[])
    made: dict[str, Any] = {"metadata": [("x-team", "blue")], "timeout": 0.3}
    with scripted(script) as target:
        with Client(target, **made) as client, pytest.raises(imagewire.DeadlineExceeded, match="allow more time"):
            await asyncio.to_thread(list, client.stream_completion(MODEL, "x"))
        async with AsyncClient(target, **made) as aclient:
            with pytest.raises(imagewire.DeadlineExceeded, match="allow more time"):
                await anext(aclient.stream_completion(MODEL, "x"))
            await aclient.create_completion(MODEL, "x", max_inline_bytes=70_000, timeout=60.0)
    assert [sent["x-team"] for sent in script.metadata] == ["blue"] * 3
    assert all(str(sent["user-agent"]).startswith("imagewire-python/0.") for sent in script.metadata)
    assert script.requests[-1].max_inline_bytes == 70_000


def test_importing_the_package_loads_neither_grpc_nor_the_command_line() -> None:
    code = "import sys, imagewire; print(sorted({'grpc', 'typer', 'rich', 'google.protobuf'} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_every_public_name_is_there() -> None:
    assert all(getattr(imagewire, name) is not None for name in imagewire.__all__)
    with pytest.raises(AttributeError):
        imagewire.nothing_of_the_kind  # noqa: B018
