"""gRPC's health check, without the package grpcio-health-checking.

Each of its two messages has one field, of number 1. So protobuf's own messages read and write the same bytes: Empty for
a HealthCheckRequest that names no service, Int32Value for a HealthCheckResponse.
"""

from collections.abc import Callable
from typing import TypedDict

from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import Int32Value

_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")


class Method(TypedDict):
    """A unary method, as a channel takes it."""

    method: str
    request_serializer: Callable[[Empty], bytes]
    response_deserializer: Callable[[bytes], Int32Value]


CHECK: Method = {
    "method": "/grpc.health.v1.Health/Check",
    "request_serializer": Empty.SerializeToString,
    "response_deserializer": Int32Value.FromString,
}


def status_name(answer: Int32Value) -> str:
    """The name of the status that a server answered, "UNKNOWN" for one that this client does not know."""
    return _STATUSES[answer.value] if 0 <= answer.value < len(_STATUSES) else "UNKNOWN"
