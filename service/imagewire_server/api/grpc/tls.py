"""TLS for gRPC: each handshake uses the certificate that is current then; and who the peer of a call is."""

import grpc

from imagewire_server.core.access.certificates import of_pem
from imagewire_server.core.tls import Certificate, Loaded


def credentials(certificate: Certificate) -> grpc.ServerCredentials:
    """The server's credentials. gRPC asks for a newer certificate before each handshake, in a thread of its own."""
    given = certificate.current

    def newer() -> grpc.ServerCertificateConfiguration | None:
        nonlocal given
        latest = certificate.current
        if latest is given:
            return None
        given = latest
        return _configuration(latest)

    asks = bool(certificate.files.client_ca)
    return grpc.dynamic_ssl_server_credentials(
        _configuration(given),
        newer,  # type: ignore[arg-type]  # the stubs forget None, which stands for no change
        require_client_authentication=asks,
    )


def peer_id(context: grpc.aio.ServicerContext[object, object]) -> str:
    """Who the client certificate of a call's connection names, "" for nobody."""
    certificates = list(context.auth_context().get("x509_pem_cert", ()))
    return of_pem(certificates[0]) if certificates else ""


def _configuration(loaded: Loaded) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(loaded.key, loaded.cert)], loaded.client_ca)
