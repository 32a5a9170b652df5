"""gRPC's health service: Check, Watch and List.

The package grpc_health has no List, and where two callers watch a service and one leaves, it tells the other nothing
more.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc

from imagewire_server.api.grpc.handlers import MethodHandlers

HEALTH = "grpc.health.v1.Health"
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class HealthService(health_pb2_grpc.HealthServicer):
    """The server's health, under "", and that of each service. All are one: before `stop` they serve, then they do not.

    Example:
        health = HealthService(["imagewire.v1.ChatService"])
        add_health(health, services)
        health.stop()
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._services = ("", *services)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Say NOT_SERVING from now on, to those who watch too."""
        self._stopped.set()

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Any) -> health_pb2.HealthCheckResponse:
        """The health of a service. NOT_FOUND for one that is not there."""
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service here")
        return health_pb2.HealthCheckResponse(status=self._status)

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:
        """The health of a service, now and when it changes. The stream stays open."""
        known = request.service in self._services
        await context.write(health_pb2.HealthCheckResponse(status=self._status if known else _UNKNOWN))
        if known and not self._stopped.is_set():
            await self._stopped.wait()
            await context.write(health_pb2.HealthCheckResponse(status=_NOT_SERVING))
        await asyncio.get_running_loop().create_future()  # until the caller or the server ends it

    async def list(self, _: Any, __: Any) -> Any:
        """The health of all services."""
        response = _ListResponse()
        for name in self._services:
            response.statuses[name].status = self._status
        return response

    @property
    def _status(self) -> Any:
        return _NOT_SERVING if self._stopped.is_set() else _SERVING


def add_health(health: HealthService, services: MethodHandlers) -> None:
    """Serve it."""
    # Generated code wants no more of a server than this has, but is typed so.
    server: Any = services
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    handler = grpc.unary_unary_rpc_method_handler(health.list, _ListRequest.FromString, _ListResponse.SerializeToString)
    services.add_registered_method_handlers(HEALTH, {"List": handler})


def _list_messages() -> tuple[Any, Any]:
    """The messages of List, in a pool of their own: the package's descriptor of this file lacks them."""
    file = descriptor_pb2.FileDescriptorProto()
    health_pb2.DESCRIPTOR.CopyToProto(file)
    file.message_type.add(name="HealthListRequest")
    response = file.message_type.add(name="HealthListResponse")
    entry = response.nested_type.add(name="StatusesEntry")
    entry.options.map_entry = True
    field = descriptor_pb2.FieldDescriptorProto
    entry.field.add(name="key", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    status = f".{file.package}.HealthCheckResponse"
    entry.field.add(name="value", number=2, type=field.TYPE_MESSAGE, type_name=status, label=field.LABEL_OPTIONAL)
    entries = f".{file.package}.HealthListResponse.StatusesEntry"
    response.field.add(
        name="statuses", number=1, type=field.TYPE_MESSAGE, type_name=entries, label=field.LABEL_REPEATED
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = (pool.FindMessageTypeByName(f"{file.package}.HealthList{name}") for name in ("Request", "Response"))
    request, made = (message_factory.GetMessageClass(one) for one in found)
    return request, made


_ListRequest, _ListResponse = _list_messages()
