"""gRPC's health service over a real connection: Check, Watch and List, by who watches and who leaves."""

import asyncio
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imagewire_server.api.grpc.health import HEALTH, _ListRequest, _ListResponse
from tests.conftest import Stack

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICES = ("", *(f"imagewire.v1.{name}Service" for name in ("Chat", "Image", "Model")))


def asked(service: str = "") -> health_pb2.HealthCheckRequest:
    return health_pb2.HealthCheckRequest(service=service)


async def listed(stack: Stack) -> dict[str, int]:
    ask: Any = stack.channel.unary_unary(
        f"/{HEALTH}/List",
        request_serializer=_ListRequest.SerializeToString,
        response_deserializer=_ListResponse.FromString,
    )
    return {name: one.status for name, one in (await ask(_ListRequest())).statuses.items()}


@pytest.mark.parametrize("service", SERVICES)
async def test_each_service_is_checked(stack: Stack, service: str) -> None:
    health = health_pb2_grpc.HealthStub(stack.channel)
    assert (await health.Check(asked(service))).status == SERVING
    stack.server.grpc.announce_stop()
    assert (await health.Check(asked(service))).status == NOT_SERVING


async def test_a_service_that_is_not_there_is_not_found(stack: Stack) -> None:
    health = health_pb2_grpc.HealthStub(stack.channel)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await health.Check(asked("imagewire.v1.Nothing"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    watch = health.Watch(asked("imagewire.v1.Nothing"))
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


async def test_all_are_listed(stack: Stack) -> None:
    assert await listed(stack) == dict.fromkeys(SERVICES, SERVING)
    stack.server.grpc.announce_stop()
    assert await listed(stack) == dict.fromkeys(SERVICES, NOT_SERVING)


async def test_who_watches_is_told_whoever_else_leaves(stack: Stack) -> None:
    health = health_pb2_grpc.HealthStub(stack.channel)
    first, second = (health.Watch(asked(SERVICES[1])) for _ in range(2))
    assert (await first.read()).status == (await second.read()).status == SERVING
    first.cancel()
    await asyncio.wait([asyncio.ensure_future(first.code())])
    while len(stack.server.grpc._interceptor.others) > 1:  # noqa: ASYNC110  # it has left here too
        await asyncio.sleep(0)
    stack.server.grpc.announce_stop()
    assert (await second.read()).status == NOT_SERVING
    second.cancel()


async def test_who_watches_a_server_that_stops_already_is_told_at_once(stack: Stack) -> None:
    stack.server.grpc.announce_stop()
    watch = health_pb2_grpc.HealthStub(stack.channel).Watch(asked())
    assert (await watch.read()).status == NOT_SERVING
    watch.cancel()
