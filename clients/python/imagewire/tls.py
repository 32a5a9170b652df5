"""TLS: whom a client trusts, and who it is."""

import os
from dataclasses import dataclass
from pathlib import Path

import grpc


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates for TLS, as files in PEM.

    Attributes:
        ca: The certificates of the authorities to trust. None: those of gRPC, which are the web's.
        cert: The client's own certificate, with its chain, for servers that ask for one. Needs `key`.
        key: The private key of `cert`.

    Examples:
        >>> tls = imagewire.Tls(ca="ca.pem", cert="client.pem", key="client.key")
        >>> client = imagewire.Client("imagewire.example:443", tls=tls)
    """

    ca: str | os.PathLike[str] | None = None
    cert: str | os.PathLike[str] | None = None
    key: str | os.PathLike[str] | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files.

        Returns:
            gRPC's credentials for a channel.

        Raises:
            OSError: A file cannot be read.
            ValueError: Only one of `cert` and `key` is set.

        Examples:
            >>> credentials = imagewire.Tls(ca="ca.pem").credentials()
        """
        if (self.cert is None) != (self.key is None):
            raise ValueError("tls: cert and key go together; give both or neither")
        ca, key, cert = (None if file is None else Path(file).read_bytes() for file in (self.ca, self.key, self.cert))
        return grpc.ssl_channel_credentials(ca, key, cert)
