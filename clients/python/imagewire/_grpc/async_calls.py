"""Calls for asyncio. `sync_calls` has the same for threads; the logic is in `call`, `asking` and `downloading`."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import TypeVar

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from imagewire._grpc.asking import Asking
from imagewire._grpc.call import Call
from imagewire._grpc.downloading import Downloading
from imagewire._grpc.health import CHECK, Pong, pong
from imagewire._grpc.loops import Connection
from imagewire._grpc.status import broke_off
from imagewire._grpc.store import is_cut_upload
from imagewire._grpc.verify import check_answer, kept_elsewhere
from imagewire.errors import ImagewireError, InvalidRequest, ServerError
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse, StreamCompletionResponse
from imagewire.v1.image_service_pb2 import UploadImageRequest, UploadImageResponse
from imagewire.v1.model_service_pb2 import ListModelsRequest

_Response = TypeVar("_Response")
_Wait = Callable[[float], Awaitable[None]]

_BROKEN = grpc.aio.AioRpcError(
    grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "the connection broke during an upload"
)


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
    method: Callable[..., Awaitable[_Response]],
    request: Callable[[], object] | Message,
    call: Call,
    wait: _Wait,
    *,
    free: bool = False,
) -> _Response:
    """Make a call, and repeat it where that is free. wait: waits for some seconds. Raises ImagewireError.

    request: or what makes it for each attempt. free: whether a repeat costs nothing, also where the connection broke.
    """
    while True:
        try:
            with _told_of_close(call):
                return await method(request if isinstance(request, Message) else request(), **call.attempt())
        except grpc.RpcError as error:
            delay = call.retry_delay(error, free=free and broke_off(error))
        await wait(delay)
        call.check_open()


async def create(connection: Connection, asking: Asking) -> CreateCompletionResponse:
    """Ask for a whole answer, as `unary`, and get the pictures that came by their ids. Each is checked."""
    call = asking.call
    while True:
        await _upload(connection, asking)
        try:
            with _told_of_close(call):
                answer: CreateCompletionResponse = await asking.begin(connection.chat)
        except grpc.RpcError as error:
            delay = asking.delay(error) or 0.0
            await _pause(connection, call, delay)
            continue
        with asking.drawn():
            for image in kept_elsewhere(answer):
                image.data = b"".join([data async for data in download(connection, asking.downloading(image.image_id))])
        return check_answer(answer)


async def stream(connection: Connection, asking: Asking) -> AsyncGenerator[StreamCompletionResponse]:
    """Ask for an answer, and yield its events, each one checked. Where the connection breaks, it is resumed."""
    call = asking.call
    while True:
        await _upload(connection, asking)
        with _told_of_close(call):
            attempt = asking.begin(connection.chat)
        try:
            with _told_of_close(call):
                async for message in attempt:
                    for event in asking.events(message):
                        yield event
                asking.finish()
                call.settle(await attempt.trailing_metadata())
        except grpc.RpcError as error:
            delay = asking.delay(error)
            if delay is None:
                return
        else:
            return
        finally:
            attempt.cancel()
        await _pause(connection, call, delay)


async def download(connection: Connection, picture: Downloading) -> AsyncGenerator[bytes]:
    """Yield the bytes of a picture, over as many connections as it takes. They are checked at the end."""
    call = picture.call
    while True:
        with _told_of_close(call):
            attempt = connection.images.DownloadImage(picture.request(), **call.attempt())
        try:
            with _told_of_close(call):
                async for message in attempt:
                    if data := picture.take(message):
                        yield data
                picture.finish()
        except grpc.RpcError as error:
            delay = picture.delay(error)
        else:
            return
        finally:
            attempt.cancel()
        await _pause(connection, call, delay)


async def upload(
    connection: Connection, messages: Callable[[], Iterator[UploadImageRequest]], call: Call
) -> UploadImageResponse:
    """Upload a picture, again where the connection broke. Raises ImagewireError."""
    send, wait = connection.images.UploadImage, connection.wait
    while True:
        try:
            return await unary(send, messages, call, wait, free=True)
        except ServerError as error:
            if error.reason:
                raise
        # grpc.aio says nothing more where a server refuses what is still being sent, and where the connection breaks
        # meanwhile. The first message gets the server's words, or it is told that the rest is missing.
        try:
            return await unary(send, lambda: itertools.islice(messages(), 1), call, wait, free=True)
        except InvalidRequest as refused:
            if not is_cut_upload(refused):
                raise
        await _pause(connection, call, call.retry_delay(_BROKEN, free=True))


async def _upload(connection: Connection, asking: Asking) -> None:
    """Upload what the next attempt needs."""
    for picture in asking.uploads():
        try:
            await upload(connection, picture.upload, asking.call.for_free())
        except ImagewireError as error:
            asking.not_uploaded(picture, error)
        else:
            picture.uploaded = True


async def _pause(connection: Connection, call: Call, seconds: float) -> None:
    if seconds:
        await connection.wait(seconds)
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
