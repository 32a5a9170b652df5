"""How many bytes a connection of gRPC's has received. gRPC does not say; on Linux, the kernel does."""

import contextlib
import socket
import time
import urllib.parse

from imagewire_server import linux

# A host and a port.
_Peer = tuple[str, int]


class ReceivedBytes:
    """The connections of this process at one port. They are named as gRPC names peers ("ipv4:127.0.0.1:5")."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._found: dict[_Peer, int] = {}

    def received(self, peer: str) -> int | None:
        """The bytes since the connection began; None if it is not known: then `look` may find it."""
        wanted = _peer(peer)
        fd = self._found.get(wanted) if wanted else None
        if fd is None:
            return None
        with contextlib.suppress(OSError), _borrowed(fd) as connection:
            if _name(connection.getpeername()) == wanted:
                return linux.bytes_received(connection)
        return None

    def look(self) -> float:
        """Find all connections, which takes a few microseconds each; return the seconds it took."""
        begun = time.monotonic()
        found = {}
        for fd in linux.open_descriptors():
            with contextlib.suppress(OSError), _borrowed(fd) as connection:
                if _name(connection.getsockname())[1] == self._port:
                    found[_name(connection.getpeername())] = fd
        self._found = found
        return time.monotonic() - begun


class _borrowed:  # noqa: N801  # used as a function
    """A descriptor as a socket, without owning it: it is gRPC's to close."""

    def __init__(self, fd: int) -> None:
        # Whatever it is: the family only says how much room its addresses need.
        self._socket = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 0, fileno=fd)

    def __enter__(self) -> socket.socket:
        return self._socket

    def __exit__(self, *_: object) -> None:
        self._socket.detach()


def _name(address: object) -> _Peer:
    if not isinstance(address, tuple):  # of no TCP socket
        return "", 0
    return str(address[0]).removeprefix("::ffff:"), int(address[1])


def _peer(peer: str) -> _Peer | None:
    """gRPC writes ipv4:127.0.0.1:5, ipv6:%5B::1%5D:5 and unix:."""
    family, _, rest = urllib.parse.unquote(peer).partition(":")
    host, _, port = rest.rpartition(":")
    if family not in {"ipv4", "ipv6"} or not port.isdecimal():
        return None
    return host.strip("[]").removeprefix("::ffff:"), int(port)
