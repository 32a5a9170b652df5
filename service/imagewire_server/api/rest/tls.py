"""TLS for REST: each handshake uses the certificate that is current then."""

import ssl
from typing import Any, Self

from imagewire_server.core.tls import Certificate


class CurrentContext(ssl.SSLContext):
    """Stands for the context of a certificate, which may be replaced while the server runs."""

    def __new__(cls, certificate: Certificate) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, certificate: Certificate) -> None:
        self._certificate = certificate

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """Begin a handshake. Event loops call this for each connection."""
        return self._certificate.current.context.wrap_bio(*arguments, **named)
