"""Asking a server for its health, for containers and for people."""

from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imagewire_server.config.transport_security import TlsFiles
from imagewire_server.core.tls import Certificate

_WAIT = 3.0


def reachable(address: str) -> str:
    """Where to ask a server that serves on `address`, which may be all of a machine's."""
    host, colon, port = address.rpartition(":")
    return {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host) + colon + port  # noqa: S104  # not to serve there


def probe(target: str, tls: TlsFiles | None = None) -> str:
    """What the server at `target` says of itself: "SERVING", "NOT_SERVING", or why it says nothing.

    tls: the server's own files. Its certificate is the one to trust, and is shown in turn, where clients must show one.
    Raises ConfigError if they cannot be used.
    """
    # A server of one's own is never behind a proxy.
    options: list[tuple[str, Any]] = [("grpc.enable_http_proxy", 0)]
    if tls is None:
        channel = grpc.insecure_channel(target, options=options)
    else:
        own = Certificate(tls).current
        shown = (own.key, own.cert) if own.client_ca else (None, None)
        options += [("grpc.ssl_target_name_override", name) for name in own.names[:1]]
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(own.cert, *shown), options)
    with channel:
        try:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=_WAIT)
        except grpc.RpcError as error:
            return f"no answer from {target} ({error.code().name}): {_remedy(tls)}"
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def _remedy(tls: TlsFiles | None) -> str:
    asks = "is imagewire-server serving there"
    if tls is None:
        return f"{asks}, without TLS?"
    if tls.client_ca:
        return f"{asks}, with {tls.cert}, and may that certificate be shown by a client, by {tls.client_ca}?"
    return f"{asks}, with {tls.cert}?"
