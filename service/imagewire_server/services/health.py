"""The health service's Check, for APIs without gRPC's streams that watch."""

from collections.abc import Callable, Collection

from grpc_health.v1 import health_pb2

from imagewire_server.contract.errors import NotFound
from imagewire_server.services.context import Context


class HealthService:
    """The server's health, under "", and that of each service: all are one. ready: whether new calls are taken."""

    def __init__(self, ready: Callable[[], bool], services: Collection[str]) -> None:
        self._ready = ready
        self._services = services

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Context) -> health_pb2.HealthCheckResponse:
        """The health of a service. Raises NotFound for one that is not there."""
        if request.service and request.service not in self._services:
            raise NotFound("there is no such service here")
        state = health_pb2.HealthCheckResponse
        return state(status=state.SERVING if self._ready() else state.NOT_SERVING)
