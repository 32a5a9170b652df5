"""Where an API listens, in words."""

import pytest

from imagewire_server.core.listener import bound


@pytest.mark.parametrize(
    ("address", "port", "shown"),
    [
        ("127.0.0.1:0", 4711, "127.0.0.1:4711"),
        ("[::1]:0", 4711, "[::1]:4711"),
        ("127.0.0.1:50051", 50051, "127.0.0.1:50051"),
        ("unix:/run/imagewire", 1, "unix:/run/imagewire"),
    ],
)
def test_the_port_that_was_bound_stands_for_0(address: str, port: int, shown: str) -> None:
    assert bound(address, port) == shown
