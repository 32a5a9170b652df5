"""gRPC's health check, without the package grpcio-health-checking.

Each of its two messages has one field, of number 1. So protobuf's own messages read and write the same bytes: Empty for
a HealthCheckRequest that names no service, Int32Value for a HealthCheckResponse.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypedDict

from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import Int32Value

_VERSION = "x-imagewire-version"
_TIME = "x-imagewire-time"
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


@dataclass(frozen=True, slots=True)
class Pong:
    """A server that answered; `Client.ping` returns it.

    Attributes:
        status: "SERVING", or "NOT_SERVING" while the server starts or stops.
        version: The server's version, such as "0.1.0"; "" when it did not say.
        seconds: How long one round trip took.
        clock_offset: How many seconds the server's clock is ahead of this machine's; None when it did not say.

    Examples:
        >>> with imagewire.Client() as client:
        ...     pong = client.ping()
        ...     print(f"{pong.status} {pong.version}, {1000 * pong.seconds:.1f} ms")
        SERVING ..., ... ms
    """

    status: str
    version: str
    seconds: float
    clock_offset: float | None = None


def pong(health: Int32Value, header: Iterable[tuple[str, str | bytes]], seconds: float) -> Pong:
    """The result of a ping. header: the initial metadata of one of the server's own methods."""
    status = _STATUSES[health.value] if 0 <= health.value < len(_STATUSES) else "UNKNOWN"
    told = {name: str(value) for name, value in header}
    try:
        offset = float(told[_TIME]) - time.time()
    except (KeyError, ValueError):
        offset = None
    return Pong(status, told.get(_VERSION, ""), seconds, offset)
