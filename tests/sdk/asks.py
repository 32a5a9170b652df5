"""Both clients, both calls: four ways to ask, for one table of tests."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

from imagewire import AsyncClient, Client
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse
from tests.sdk.conftest import Event

MODEL = "gemini/gemini-2.5-flash-image"


def ran(asked: Coroutine[Any, Any, Any]) -> Any:
    """What it returns. asyncio.run writes what its own task returns as text: for a picture, a tenth of a second."""
    returned = []

    async def run() -> None:
        returned.append(await asked)

    asyncio.run(run())
    return returned[0]


# `made` is what the client is made with; all else goes into the call.
def streamed(target: str, *arguments: Any, made: Mapping[str, Any] = MappingProxyType({}), **rest: Any) -> list[Event]:
    with Client(target, **made) as client:
        return list(client.stream_completion(*arguments, **rest))


def created(
    target: str, *arguments: Any, made: Mapping[str, Any] = MappingProxyType({}), **rest: Any
) -> CreateCompletionResponse:
    with Client(target, **made) as client:
        return client.create_completion(*arguments, **rest)


def astreamed(target: str, *arguments: Any, made: Mapping[str, Any] = MappingProxyType({}), **rest: Any) -> list[Event]:
    async def run() -> list[Event]:
        async with AsyncClient(target, **made) as client:
            return [event async for event in client.stream_completion(*arguments, **rest)]

    return ran(run())


def acreated(
    target: str, *arguments: Any, made: Mapping[str, Any] = MappingProxyType({}), **rest: Any
) -> CreateCompletionResponse:
    async def run() -> CreateCompletionResponse:
        async with AsyncClient(target, **made) as client:
            return await client.create_completion(*arguments, **rest)

    return ran(run())


Ask = Callable[..., Any]
streams = pytest.mark.parametrize("stream", [streamed, astreamed], ids=["sync", "async"])
creates = pytest.mark.parametrize("create", [created, acreated], ids=["sync", "async"])
everything = pytest.mark.parametrize("ask", [streamed, astreamed, created, acreated], ids=lambda ask: ask.__name__)


def failing(code: str, reason: str, *, pushback: str = "") -> Callable[[Any], None]:
    """A failure with all details that a server may send."""

    def fail(context: Any) -> None:
        status = Status(code=grpc.StatusCode[code].value[0], message="words")
        details = (
            ErrorInfo(reason=reason, domain="imagewire.dev", metadata={"use": "it"}),
            RequestInfo(request_id="id-1"),
            RetryInfo(retry_delay=Duration(seconds=7)),
            BadRequest(field_violations=[BadRequest.FieldViolation(field="spec.model", description="is required")]),
        )
        for detail in details:
            packed = Packed()
            packed.Pack(detail)
            status.details.append(packed)
        trailers = [("grpc-status-details-bin", status.SerializeToString())]
        context.set_trailing_metadata([*trailers, ("grpc-retry-pushback-ms", pushback)] if pushback else trailers)
        context.abort(grpc.StatusCode[code], "words")

    return fail
