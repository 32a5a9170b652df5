"""The gRPC server: what it serves, how it starts, how it drains."""

import asyncio
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from grpc_channelz.v1 import channelz, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio

from imagewire.v1 import (
    chat_service_pb2,
    chat_service_pb2_grpc,
    image_service_pb2,
    image_service_pb2_grpc,
    model_service_pb2,
    model_service_pb2_grpc,
)
from imagewire_server.edges.grpc_api.chat import ChatService, StreamTimes
from imagewire_server.edges.grpc_api.guard import Guard
from imagewire_server.edges.grpc_api.images import ImageService
from imagewire_server.edges.grpc_api.models import ModelService
from imagewire_server.edges.grpc_api.reflection import add_reflection
from imagewire_server.edges.grpc_api.services import Services
from imagewire_server.edges.grpc_api.threads import giving_way
from imagewire_server.engine.generate import Engine

_log = structlog.get_logger("imagewire.grpc")

_OURS = tuple(
    file.DESCRIPTOR.services_by_name[name].full_name
    for file, name in (
        (chat_service_pb2, "ChatService"),
        (image_service_pb2, "ImageService"),
        (model_service_pb2, "ModelService"),
    )
)
_SERVED = (*_OURS, "grpc.health.v1.Health", "grpc.channelz.v1.Channelz")


_CLEANUP = 2.0


@dataclass(frozen=True, slots=True)
class GrpcLimits:
    """max_request_bytes: of one message in. shared: with other workers. drain_delay, drain_grace: seconds."""

    max_request_bytes: int
    shared: bool
    drain_delay: float
    drain_grace: float


class GrpcServer:
    """Serves an engine on one address."""

    def __init__(self, engine: Engine, times: StreamTimes, limits: GrpcLimits, master_key: str) -> None:
        self._guard = Guard(master_key)
        self._limits = limits
        self._health = health_aio.HealthServicer()
        services: Any = Services(self._guard)  # generated code wants no more of a server, but is typed so
        chat_service_pb2_grpc.add_ChatServiceServicer_to_server(ChatService(engine, times), services)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(engine), services)
        image_service_pb2_grpc.add_ImageServiceServicer_to_server(ImageService(), services)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, services)
        channelz_pb2_grpc.add_ChannelzServicer_to_server(channelz.aio.ChannelzServicer(), services)
        add_reflection(services, _SERVED)
        with giving_way():
            self._server = grpc.aio.server(options=_options(limits))
        self._server.add_generic_rpc_handlers((services,))

    def use_master_key(self, master_key: str) -> None:
        """From now on ask callers for this key; "" for none."""
        self._guard.master_key = master_key

    async def start(self, address: str) -> int:
        """Bind and serve; return the port (1 for a unix socket). Raises OSError when the address is taken."""
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"cannot serve gRPC on {address}: the address is taken or not of this machine") from error
        await self._server.start()
        for name in _OURS:
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def drain(self) -> None:
        """Stop as a good neighbour: NOT_SERVING, GOAWAY, running calls to their end or the grace's, then closed."""
        await self._health.enter_graceful_shutdown()
        running = len(self._guard.drawing)
        _log.info("draining", running=running, grace=self._limits.drain_grace)
        await asyncio.sleep(self._limits.drain_delay)
        stopping = asyncio.create_task(self._server.stop(self._limits.drain_grace))
        await _ended(self._guard.drawing, self._limits.drain_grace)
        # Health watches never end by themselves; they would hold the server for the whole grace.
        for task in self._guard.others:
            task.cancel()
        await stopping
        # stop returns before the handlers' own cleanup has run.
        await _ended(self._guard.drawing | self._guard.others, _CLEANUP)


async def _ended(tasks: frozenset[asyncio.Task[Any]], within: float) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=within)


def _options(limits: GrpcLimits) -> tuple[tuple[str, int], ...]:
    return (
        ("grpc.max_receive_message_length", limits.max_request_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", 16 * 1024),
        # Clients ping each 30 s, also while a model thinks in silence; the default would cut them off.
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        # Where no other worker shares it, a second server on the port would start and take half the calls.
        ("grpc.so_reuseport", int(limits.shared)),
        ("grpc.enable_channelz", 1),
    )
