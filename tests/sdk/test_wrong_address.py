"""Addresses where something else answers than gRPC, or nothing: the error says what to write."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest

import imagewire
from imagewire._grpc.status import from_grpc
from tests.sdk.asks import MODEL, Ask, everything


@pytest.mark.parametrize(
    ("target", "hinted"),
    [
        ("127.0.0.1", True),
        ("dns:///localhost", True),
        ("[::1]", True),
        ("127.0.0.1:1", False),
        ("[::1]:1", False),
        ("dns:///localhost:1", False),
        ("unix:/nowhere", False),
        ("ipv4:127.0.0.1:1", False),
    ],
)
def test_an_address_without_a_port_is_told(target: str, *, hinted: bool) -> None:
    class Failed(grpc.RpcError):
        code = staticmethod(lambda: grpc.StatusCode.UNAVAILABLE)
        details = staticmethod(lambda: "failed to connect to all addresses; last error: Connection refused")
        trailing_metadata = staticmethod(tuple)

    told = from_grpc(Failed(), target).message
    assert (f"It names no port: write {target}:50051" in told) is hinted


@everything
def test_the_port_of_rest_is_told(ask: Ask) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as rest:
        threading.Thread(target=rest.serve_forever).start()
        try:
            with pytest.raises(imagewire.Unavailable, match="it may be the port of REST") as failed:
                ask(f"http://127.0.0.1:{rest.server_port}", MODEL, "x")
        finally:
            rest.shutdown()
    assert "50051" in str(failed.value)
    assert "charged" not in str(failed.value)
