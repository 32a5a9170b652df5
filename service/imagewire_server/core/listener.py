"""Where an API listens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listener:
    """address: HOST:PORT, or a unix socket's for gRPC. shared: whether other workers have the port too.

    tls: None for plain text, which is all there is today: a proxy in front terminates TLS.
    """

    address: str
    shared: bool = False
    tls: None = None
