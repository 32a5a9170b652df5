"""Calls for asyncio. `sync_calls` has the same for threads; the logic is in `call`."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import TypeVar

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty

from imagewire._grpc.call import Call
from imagewire._grpc.health import CHECK, Pong, pong
from imagewire._grpc.loops import Connection
from imagewire._grpc.verify import Verifier
from imagewire.v1.chat_service_pb2 import StreamCompletionRequest, StreamCompletionResponse
from imagewire.v1.model_service_pb2 import ListModelsRequest

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")
_Wait = Callable[[float], Awaitable[None]]


@contextlib.contextmanager
def _told_of_close(call: Call) -> Iterator[None]:
    """Raise Cancelled where closing the client cancelled the call, as a TaskGroup ignores a bare CancelledError.

    The task's own cancellation stays what it is.
    """
    try:
        yield
    except (asyncio.CancelledError, grpc.aio.UsageError):
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            call.check_open()
        raise


async def unary(
    method: "grpc.aio.UnaryUnaryMultiCallable[_Request, _Response]", request: _Request, call: Call, wait: _Wait
) -> _Response:
    """Make a call, and repeat it where that is free. wait: waits for some seconds. Raises ImagewireError."""
    while True:
        try:
            with _told_of_close(call):
                return await method(request, **call.attempt())
        except grpc.RpcError as error:
            delay = call.retry_delay(error)
        await wait(delay)
        call.check_open()


async def stream(
    method: "grpc.aio.UnaryStreamMultiCallable[StreamCompletionRequest, StreamCompletionResponse]",
    request: StreamCompletionRequest,
    call: Call,
    wait: _Wait,
) -> AsyncGenerator[StreamCompletionResponse]:
    """Make a call, and yield its events, each one checked. As `unary`; nothing is repeated after the first event."""
    verifier = Verifier()
    while True:
        with _told_of_close(call):
            attempt = method(request, **call.attempt())
        try:
            async for message in attempt:
                for event in verifier.events(message):
                    yield event
            verifier.close()
            call.settle(await attempt.trailing_metadata())
        except grpc.RpcError as error:
            delay = call.retry_delay(error, begun=verifier.begun)
        except asyncio.CancelledError:
            with _told_of_close(call):
                raise
        else:
            return
        finally:
            attempt.cancel()
        await wait(delay)
        call.check_open()


async def ping(connection: Connection, call: Call) -> Pong:
    """Make a call with the client's key, then ask for the health. Raises ImagewireError."""
    try:
        with _told_of_close(call):
            answered = connection.models.ListModels(ListModelsRequest(page_size=1), **call.attempt())
            await answered
            begun = time.monotonic()
            health = await connection.channel.unary_unary(**CHECK)(Empty(), timeout=call.settings()["timeout"])
            return pong(health, await answered.initial_metadata(), time.monotonic() - begun)
    except grpc.RpcError as error:
        raise call.error(error) from None
