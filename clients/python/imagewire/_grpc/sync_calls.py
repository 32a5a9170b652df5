"""Calls that block. `async_calls` has the same for asyncio; the logic is in `call`."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty

from imagewire._grpc.call import Call
from imagewire._grpc.health import CHECK, Pong, pong
from imagewire._grpc.verify import Verifier
from imagewire.v1.chat_service_pb2 import StreamCompletionRequest, StreamCompletionResponse
from imagewire.v1.model_service_pb2 import ListModelsRequest, ListModelsResponse

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")
_Wait = Callable[[float], object]


@contextlib.contextmanager
def _told_of_close(call: Call) -> Iterator[None]:
    """Raise Cancelled where another thread closed the client just before: gRPC raises a ValueError then."""
    try:
        yield
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


def unary(
    method: "grpc.UnaryUnaryMultiCallable[_Request, _Response]", request: _Request, call: Call, wait: _Wait
) -> _Response:
    """Make a call, and repeat it where that is free. wait: waits for some seconds. Raises ImagewireError."""
    while True:
        try:
            with _told_of_close(call):
                return method(request, **call.attempt())
        except grpc.RpcError as error:
            delay = call.retry_delay(error)
        wait(delay)
        call.check_open()


def stream(
    method: "grpc.UnaryStreamMultiCallable[StreamCompletionRequest, StreamCompletionResponse]",
    request: StreamCompletionRequest,
    call: Call,
    wait: _Wait,
) -> Generator[StreamCompletionResponse]:
    """Make a call, and yield its events, each one checked. As `unary`; nothing is repeated after the first event."""
    verifier = Verifier()
    while True:
        with _told_of_close(call):
            attempt = method(request, **call.attempt())
        try:
            for message in attempt:
                yield from verifier.events(message)
            verifier.close()
            # An interceptor may have replaced gRPC's call by a generator, which has no metadata.
            if read := getattr(attempt, "trailing_metadata", None):
                call.settle(read())
        except grpc.RpcError as error:
            delay = call.retry_delay(error, begun=verifier.begun)
        else:
            return
        finally:
            _cancel(attempt)
        wait(delay)
        call.check_open()


def ping(
    channel: grpc.Channel,
    list_models: "grpc.UnaryUnaryMultiCallable[ListModelsRequest, ListModelsResponse]",
    call: Call,
) -> Pong:
    """Make a call with the client's key, then ask for the health. Raises ImagewireError."""
    try:
        with _told_of_close(call):
            _, answered = list_models.with_call(ListModelsRequest(page_size=1), **call.attempt())
            begun = time.monotonic()
            health = channel.unary_unary(**CHECK)(Empty(), timeout=call.settings()["timeout"])
            return pong(health, answered.initial_metadata(), time.monotonic() - begun)
    except grpc.RpcError as error:
        raise call.error(error) from None


def _cancel(stream: Iterable[object]) -> None:
    """Cancel a stream. An interceptor may have replaced gRPC's call by a generator."""
    end: Callable[[], object] = getattr(stream, "cancel", None) or stream.close  # type: ignore[attr-defined]
    end()
