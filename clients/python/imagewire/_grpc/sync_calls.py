"""Calls that block. `async_calls` has the same for asyncio; the logic is in `call`, `asking` and `downloading`."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from imagewire._grpc.asking import Asking
from imagewire._grpc.call import Call
from imagewire._grpc.downloading import Downloading
from imagewire._grpc.health import CHECK, Pong, pong
from imagewire._grpc.status import broke_off
from imagewire._grpc.verify import check_answer, kept_elsewhere
from imagewire.errors import ImagewireError
from imagewire.v1 import chat_service_pb2_grpc, image_service_pb2_grpc, model_service_pb2_grpc
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse, StreamCompletionResponse
from imagewire.v1.image_service_pb2 import UploadImageRequest, UploadImageResponse
from imagewire.v1.model_service_pb2 import ListModelsRequest

_Response = TypeVar("_Response")
_Wait = Callable[[float], object]


@contextlib.contextmanager
def _told_of_close(call: Call) -> Iterator[None]:
    """Raise Cancelled where another thread closed the client just before: gRPC raises a ValueError then."""
    try:
        yield
    except ImagewireError:
        raise  # InvalidRequest is a ValueError, too
    except ValueError:
        call.check_open()
        raise


def close(channel: grpc.Channel) -> None:
    """Close a channel. A close that Ctrl-C interrupts goes on: otherwise gRPC waits without end at the next one."""
    closing = threading.Thread(target=channel.close, name="imagewire-close", daemon=True)
    try:
        closing.start()
    except RuntimeError:  # no thread can be started, such as while the interpreter ends
        channel.close()
    else:
        closing.join()


class Connection:
    """A channel and its stubs."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.chat = chat_service_pb2_grpc.ChatServiceStub(channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(channel)
        self.images = image_service_pb2_grpc.ImageServiceStub(channel)


def unary(
    method: Callable[..., _Response],
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
                return method(request if isinstance(request, Message) else request(), **call.attempt())
        except grpc.RpcError as error:
            delay = call.retry_delay(error, free=free and broke_off(error))
        wait(delay)
        call.check_open()


def create(connection: Connection, asking: Asking, wait: _Wait) -> CreateCompletionResponse:
    """Ask for a whole answer, as `unary`, and get the pictures that came by their ids. Each is checked."""
    call = asking.call
    while True:
        _upload(connection, asking, wait)
        try:
            with _told_of_close(call):
                answer: CreateCompletionResponse = asking.begin(connection.chat)
        except grpc.RpcError as error:
            delay = asking.delay(error) or 0.0
            _pause(call, delay, wait)
            continue
        with asking.drawn():
            for image in kept_elsewhere(answer):
                image.data = b"".join(download(connection, asking.downloading(image.image_id), wait))
        return check_answer(answer)


def stream(connection: Connection, asking: Asking, wait: _Wait) -> Generator[StreamCompletionResponse]:
    """Ask for an answer, and yield its events, each one checked. Where the connection breaks, it is resumed."""
    call = asking.call
    while True:
        _upload(connection, asking, wait)
        with _told_of_close(call):
            attempt = asking.begin(connection.chat)
        try:
            for message in attempt:
                yield from asking.events(message)
            asking.finish()
            # An interceptor may have replaced gRPC's call by a generator, which has no metadata.
            if read := getattr(attempt, "trailing_metadata", None):
                call.settle(read())
        except grpc.RpcError as error:
            delay = asking.delay(error)
            if delay is None:
                return
        else:
            return
        finally:
            _cancel(attempt)
        _pause(call, delay, wait)


def download(connection: Connection, picture: Downloading, wait: _Wait) -> Generator[bytes]:
    """Yield the bytes of a picture, over as many connections as it takes. They are checked at the end."""
    call = picture.call
    while True:
        with _told_of_close(call):
            attempt = connection.images.DownloadImage(picture.request(), **call.attempt())
        try:
            for message in attempt:
                if data := picture.take(message):
                    yield data
            picture.finish()
        except grpc.RpcError as error:
            delay = picture.delay(error)
        else:
            return
        finally:
            _cancel(attempt)
        _pause(call, delay, wait)


def upload(
    connection: Connection, messages: Callable[[], Iterator[UploadImageRequest]], call: Call, wait: _Wait
) -> UploadImageResponse:
    """Upload a picture, again where the connection broke. Raises ImagewireError."""
    return unary(connection.images.UploadImage, messages, call, wait, free=True)


def _upload(connection: Connection, asking: Asking, wait: _Wait) -> None:
    """Upload what the next attempt needs."""
    for picture in asking.uploads():
        try:
            upload(connection, picture.upload, asking.call.for_free(), wait)
        except ImagewireError as error:
            asking.not_uploaded(picture, error)
        else:
            picture.uploaded = True


def _pause(call: Call, seconds: float, wait: _Wait) -> None:
    if seconds:
        wait(seconds)
    call.check_open()


def ping(connection: Connection, call: Call) -> Pong:
    """Make a call with the client's key, then ask for the health. Raises ImagewireError."""
    try:
        with _told_of_close(call):
            _, answered = connection.models.ListModels.with_call(ListModelsRequest(page_size=1), **call.attempt())
            begun = time.monotonic()
            health = connection.channel.unary_unary(**CHECK)(Empty(), timeout=call.settings()["timeout"])
            return pong(health, answered.initial_metadata(), time.monotonic() - begun)
    except grpc.RpcError as error:
        raise call.error(error) from None


def _cancel(stream: Iterable[object]) -> None:
    """Cancel a stream. An interceptor may have replaced gRPC's call by a generator."""
    end: Callable[[], object] = getattr(stream, "cancel", None) or stream.close  # type: ignore[attr-defined]
    end()
