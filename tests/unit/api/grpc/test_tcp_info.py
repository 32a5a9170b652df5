"""The bytes that a connection received, by the name that gRPC gives its peer."""

import socket
import sys

import pytest

from imagewire_server.api.grpc.tcp_info import ReceivedBytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_kernel_counts_what_arrives(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        counts = ReceivedBytes(listener.getsockname()[1])
        with socket.create_connection((host, listener.getsockname()[1])) as client:
            port = client.getsockname()[1]
            peer = f"ipv4:{host}:{port}" if family is socket.AF_INET else f"ipv6:%5B{host}%5D:{port}"
            connection, _ = listener.accept()
            with connection:
                assert counts.received(peer) is None, "not before it was looked for"
                assert counts.look() >= 0
                before = counts.received(peer)
                client.sendall(bytes(1234))
                assert connection.recv(1234, socket.MSG_WAITALL) == bytes(1234)
                after = counts.received(peer)
                assert before is not None
                assert after == before + 1234
            # The descriptor is another's or nobody's by now.
            assert counts.received(peer) is None


@pytest.mark.parametrize(
    "peer", ["", "unix:", "unix:/run/x", "ipv4:127.0.0.1", "ipv4:127.0.0.1:x", "dns:a:1", "ipv4:1.2.3.4:5"]
)
def test_other_peers_are_not_known(peer: str) -> None:
    counts = ReceivedBytes(1)
    counts.look()
    assert counts.received(peer) is None
