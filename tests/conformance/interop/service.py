"""The service of gRPC's interop tests behind all that our own services have: limits, interceptors, stream writing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from tests.conformance.interop.messages import SERVICE, message

Context = grpc.aio.ServicerContext[Any, Any]


async def _check_status(request: Any, context: Context) -> None:
    if request.response_status.code:
        code = next(code for code in grpc.StatusCode if code.value[0] == request.response_status.code)
        await context.abort(code, request.response_status.message)


def _payload(size: int) -> Any:
    return message("Payload")(body=bytes(size))


async def _empty(request: Any, _: Context) -> Any:
    return request


async def _unary(request: Any, context: Context) -> Any:
    await _check_status(request, context)
    return message("SimpleResponse")(payload=_payload(request.response_size))


async def _output(request: Any, context: Context) -> bytes:
    """As our own streams: all but the last message are written, and that one leaves with the status."""
    *first, last = [one async for one in _outputs(request)]
    for one in first:
        await context.write(one.SerializeToString())
    data: bytes = last.SerializeToString()
    return data


async def _outputs(request: Any) -> AsyncIterator[Any]:
    for asked in request.response_parameters:
        await asyncio.sleep(asked.interval_us / 1e6)
        yield message("StreamingOutputCallResponse")(payload=_payload(asked.size))


async def _input(requests: AsyncIterator[Any], _: Context) -> Any:
    size = sum([len(request.payload.body) async for request in requests])
    return message("StreamingInputCallResponse")(aggregated_payload_size=size)


async def _duplex(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
    async for request in requests:
        await _check_status(request, context)
        async for one in _outputs(request):
            yield one


def add_to(services: Any) -> None:
    """Add the service, as generated code does."""

    def of(name: str) -> dict[str, Any]:
        return {
            "request_deserializer": message(name).FromString,
            "response_serializer": lambda answer: answer.SerializeToString(),
        }

    handlers = {
        "EmptyCall": grpc.unary_unary_rpc_method_handler(_empty, **of("Empty")),
        "UnaryCall": grpc.unary_unary_rpc_method_handler(_unary, **of("SimpleRequest")),
        "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(_output, **of("StreamingOutputCallRequest")),
        "StreamingInputCall": grpc.stream_unary_rpc_method_handler(_input, **of("StreamingInputCallRequest")),
        "FullDuplexCall": grpc.stream_stream_rpc_method_handler(_duplex, **of("StreamingOutputCallRequest")),
    }
    services.add_registered_method_handlers(SERVICE, handlers)
