"""TLS for REST: each handshake uses the certificate that is current then, and a closed connection ends at once."""

import ssl
from typing import Any, Self

from imagewire_server.core.tls import Certificate


class CurrentContext(ssl.SSLContext):
    """Stands for the context of a certificate, which may be replaced while the server runs."""

    def __new__(cls, certificate: Certificate) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, certificate: Certificate) -> None:
        self._certificate = certificate

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *more: Any, **named: Any) -> ssl.SSLObject:
        """Begin a handshake. Event loops call this for each connection."""
        context = self._certificate.current.context
        context.sslobject_class = _OneWayEnd
        made: Any = context.wrap_bio(incoming, outgoing, *more, **named)
        made.outgoing = outgoing
        return made  # type: ignore[no-any-return]


class _OneWayEnd(ssl.SSLObject):
    """Ends with its own close_notify, and does not wait for the client's, as TLS allows.

    A client that keeps the connection in a pool answers only when it uses it again. Event loops would wait 30 s for
    that, which a server that stops spends for nothing. A shorter ssl_shutdown_timeout would also cut off clients that
    have not read everything yet.
    """

    outgoing: ssl.MemoryBIO

    def unwrap(self) -> Any:
        """Write close_notify behind what is written. While more is written than the client reads, wait for it."""
        unsent = self.outgoing.pending
        try:
            return super().unwrap()
        except ssl.SSLWantReadError:
            if unsent:
                raise
            return None
