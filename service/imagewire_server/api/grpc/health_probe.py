"""Asking a server for its health, for containers and for people."""

from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_WAIT = 3.0


def reachable(address: str) -> str:
    """Where to ask a server that serves on `address`, which may be all of a machine's."""
    host, colon, port = address.rpartition(":")
    return {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host) + colon + port  # noqa: S104  # not to serve there


def probe(target: str) -> str:
    """What the server at `target` says of itself: "SERVING", "NOT_SERVING", or why it says nothing."""
    # A server of one's own is never behind a proxy.
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=_WAIT)
        except grpc.RpcError as error:
            return f"no answer from {target} ({error.code().name}): is imagewire-server serving there?"
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
