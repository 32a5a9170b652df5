"""Proxies of the environment: never for this machine, and named in an error about the connection."""

import pytest

import imagewire
from imagewire._grpc.proxies import advice, is_local
from tests.sdk.asks import MODEL, Ask, everything
from tests.sdk.conftest import Script, scripted

VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
# Nobody listens there.
PROXY = "http://user:secret@127.0.0.1:9"


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*VARIABLES, "no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@everything
def test_this_machine_is_reached_without_a_proxy(ask: Ask, proxies: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        proxies.setenv(name, PROXY)
    script = Script()
    with scripted(script) as target:
        ask(target, MODEL, "x", made={"retries": 0})
        ask("dns:///localhost:" + target.rpartition(":")[2], MODEL, "x", made={"retries": 0})
    assert len(script.requests) == 2


@everything
def test_the_error_names_the_variable_and_no_password(ask: Ask, proxies: pytest.MonkeyPatch) -> None:
    proxies.setenv("https_proxy", PROXY)
    with pytest.raises(imagewire.Unavailable, match="the proxy of the variable https_proxy: unset it") as failed:
        ask("imagewire.example:50051", MODEL, "x", made={"retries": 0})
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1:1", True),
        ("127.8.0.1:1", True),
        ("localhost:1", True),
        ("a.localhost:1", True),
        ("[::1]:5", True),
        ("localhost.:5", True),
        ("127.1:5", True),
        ("[::ffff:127.0.0.1]:5", True),
        ("[::ffff:10.0.0.1]:5", False),
        ("10.1:5", False),
        ("ipv4:127.0.0.1:5", True),
        ("ipv6:[::1]:5", True),
        ("dns:///LOCALHOST:5", True),
        ("dns://8.8.8.8/localhost:5", True),
        ("unix:/run/x.sock", True),
        ("unix-abstract:x", True),
        ("draw.example:443", False),
        ("10.0.0.1:5", False),
        ("[2001:db8::1]:5", False),
        ("localhost.example:5", False),
    ],
)
def test_what_is_this_machine(address: str, local: bool) -> None:
    assert is_local(address) is local


def test_a_host_that_is_exempt_has_no_proxy(proxies: pytest.MonkeyPatch) -> None:
    proxies.setenv("http_proxy", PROXY)
    assert "http_proxy" in advice("draw.example:1")
    proxies.setenv("no_proxy", "example")
    assert advice("draw.example:1") == ""
