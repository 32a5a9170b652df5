"""Unary calls for asyncio. `sync_calls` has the same for threads; the logic is in `call`."""

import asyncio
import time
from typing import TypeVar

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty

from imagewire._grpc.call import Call
from imagewire._grpc.health import CHECK, Pong, pong
from imagewire.v1.model_service_pb2 import ListModelsRequest, ListModelsResponse

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


async def unary(
    method: "grpc.aio.UnaryUnaryMultiCallable[_Request, _Response]", request: _Request, call: Call
) -> _Response:
    """Make a call, and repeat it where that is free. Raises ImagewireError."""
    while True:
        try:
            return await method(request, **call.settings())
        except grpc.RpcError as error:
            delay = call.retry_delay(error)
        await asyncio.sleep(delay)


async def ping(
    channel: grpc.aio.Channel,
    list_models: "grpc.aio.UnaryUnaryMultiCallable[ListModelsRequest, ListModelsResponse]",
    call: Call,
) -> Pong:
    """Make a call with the client's key, then ask for the health. Raises ImagewireError."""
    try:
        answered = list_models(ListModelsRequest(page_size=1), **call.settings())
        await answered
        begun = time.monotonic()
        health = await channel.unary_unary(**CHECK)(Empty(), timeout=call.settings()["timeout"])
        return pong(health, await answered.initial_metadata(), time.monotonic() - begun)
    except grpc.RpcError as error:
        raise call.error(error) from None
