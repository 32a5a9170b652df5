"""Unary calls that block. `async_calls` has the same for asyncio; the logic is in `call`."""

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty

from imagewire._grpc.call import Call
from imagewire._grpc.health import CHECK, Pong, pong
from imagewire.v1.model_service_pb2 import ListModelsRequest, ListModelsResponse

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


def unary(
    method: "grpc.UnaryUnaryMultiCallable[_Request, _Response]",
    request: _Request,
    call: Call,
    wait: Callable[[float], object],
) -> _Response:
    """Make a call, and repeat it where that is free. wait: waits for some seconds. Raises ImagewireError."""
    while True:
        try:
            return method(request, **call.settings())
        except grpc.RpcError as error:
            delay = call.retry_delay(error)
        wait(delay)


def ping(
    channel: grpc.Channel,
    list_models: "grpc.UnaryUnaryMultiCallable[ListModelsRequest, ListModelsResponse]",
    call: Call,
) -> Pong:
    """Make a call with the client's key, then ask for the health. Raises ImagewireError."""
    try:
        _, answered = list_models.with_call(ListModelsRequest(page_size=1), **call.settings())
        begun = time.monotonic()
        health = channel.unary_unary(**CHECK)(Empty(), timeout=call.settings()["timeout"])
        return pong(health, answered.initial_metadata(), time.monotonic() - begun)
    except grpc.RpcError as error:
        raise call.error(error) from None


def cancel(stream: Iterable[object]) -> None:
    """Cancel a stream. An interceptor may have replaced gRPC's call by a generator."""
    end: Callable[[], object] = getattr(stream, "cancel", None) or stream.close  # type: ignore[attr-defined]
    end()
