"""Why a unix socket cannot be served."""

import os
import socket
from pathlib import Path

import grpc
import pytest

from imagewire_server.api.grpc.unix_socket import fault


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("unix:/tmp/" + "x" * 120, "its path has 125 bytes, and that of a unix socket may have 10"),
        ("unix:/" + "é" * 60, "its path has 121 bytes"),
        ("unix:none/a.sock", "there is no folder none; make it, or choose another with --grpc unix:PATH"),
        ("unix:file", "file is there already and is no socket; remove it"),
    ],
)
def test_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    assert fault(address).startswith(words)
    with pytest.raises(RuntimeError):  # gRPC cannot serve there, indeed
        grpc.server(None).add_insecure_port(address)


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert fault(f"unix:{tmp_path}/a.sock").startswith(f"this user may not write to the folder {tmp_path}; allow it")


def test_nothing_is_known_of_other_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind("a.sock")
        assert [fault(address) for address in ("unix:a.sock", "unix:b", "127.0.0.1:1")] == ["", "", ""]
