"""Who may call, and what callers may name."""

from typing import Any

import pytest

from imagewire_server.config.callers import named
from imagewire_server.config.transport_security import is_local
from imagewire_server.providers import registry


@pytest.mark.parametrize(
    "address",
    ["off", "unix:/run/imagewire", "unix:", "localhost:1", "127.0.0.1:50051", "127.255.0.1:1", "[::1]:50051"],
)
def test_an_address_of_this_machine_alone(address: str) -> None:
    assert is_local(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0:1",
        "[::]:1",
        "10.0.0.1:1",
        "[2001:db8::1]:1",
        "host.example:1",
        "localhost.example:1",
        ":50051",
        "",
        "x",
    ],
)
def test_an_address_that_others_reach(address: str) -> None:
    assert not is_local(address)


def config(**environ: str) -> Any:
    return registry.load(None, {"GEMINI_API_KEY": "k", **environ})


_OPEN = {"IMAGEWIRE_GRPC": "0.0.0.0:50051", "IMAGEWIRE_PLAINTEXT": "anywhere"}
_OPEN_REST = {"IMAGEWIRE_REST": "0.0.0.0:4000", "IMAGEWIRE_PLAINTEXT": "anywhere"}
_CLIENTS = {"IMAGEWIRE_TLS_CERT": "c", "IMAGEWIRE_TLS_KEY": "k", "IMAGEWIRE_TLS_CLIENT_CA": "a"}
_KEY = {"IMAGEWIRE_MASTER_KEY": "sk-1234567890abcdef"}


@pytest.mark.parametrize(
    ("setting", "environ", "found"),
    [
        ("any", _OPEN, None),
        ("none", {}, ()),
        ("a, b,c", _OPEN, ("a", "b", "c")),
        ("auto", {"IMAGEWIRE_GRPC": "127.0.0.1:1", "IMAGEWIRE_REST": "localhost:2"}, None),
        ("auto", {"IMAGEWIRE_GRPC": "unix:/run/x", "IMAGEWIRE_REST": "off"}, None),
        ("auto", {**_OPEN, "IMAGEWIRE_REST": "off"}, ()),
        ("auto", {"IMAGEWIRE_GRPC": "localhost:1", **_OPEN_REST}, ()),
        ("auto", {**_OPEN, **_OPEN_REST, **_KEY}, None),
        ("auto", {**_OPEN, **_OPEN_REST, **_CLIENTS}, None),
    ],
)
def test_strangers_may_name_nothing_unless_it_is_said(
    setting: str, environ: dict[str, str], found: tuple[str, ...] | None
) -> None:
    assert named(setting, config(**environ)) == found
