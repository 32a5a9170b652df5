"""Where an API listens."""

from dataclasses import dataclass

from imagewire_server.core.tls import Certificate


@dataclass(frozen=True, slots=True)
class Listener:
    """address: HOST:PORT, or a unix socket's for gRPC. shared: whether other workers have the port too.

    tls: the server's certificate, None for plain text. handshake_timeout: seconds that a new connection's may take.
    """

    address: str
    shared: bool = False
    tls: Certificate | None = None
    handshake_timeout: float = 10.0


def bound(address: str, port: int) -> str:
    """The address with the port that was bound in place of 0."""
    host, colon, asked = address.rpartition(":")
    return f"{host}{colon}{port}" if asked == "0" else address
