"""The gRPC server: what it serves, how it starts, how it drains."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from grpc_channelz.v1 import channelz, channelz_pb2_grpc

from imagewire.v1 import (
    chat_service_pb2,
    chat_service_pb2_grpc,
    image_service_pb2,
    image_service_pb2_grpc,
    model_service_pb2,
    model_service_pb2_grpc,
)
from imagewire_server.api.grpc import tls, unix_socket
from imagewire_server.api.grpc.handlers import MethodHandlers
from imagewire_server.api.grpc.health import HEALTH, HealthService, add_health
from imagewire_server.api.grpc.interceptor import MethodInterceptor
from imagewire_server.api.grpc.orca import LoadReport
from imagewire_server.api.grpc.path_codec import tolerate_odd_paths
from imagewire_server.api.grpc.receiver import RequestReceiver
from imagewire_server.api.grpc.reflection import REFLECTION, add_reflection
from imagewire_server.api.grpc.scheduling import giving_way
from imagewire_server.api.grpc.unread_answers import UnreadAnswers
from imagewire_server.core.drain import CLEANUP, pause
from imagewire_server.core.generate import Engine
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.kept_images import KeptImages
from imagewire_server.core.listener import Listener
from imagewire_server.core.load import Load
from imagewire_server.core.receive_budget import ReceiveBudget
from imagewire_server.services.chat import ChatService, StreamTimes
from imagewire_server.services.images import ImageService
from imagewire_server.services.models import ModelService

_log = structlog.get_logger("imagewire.grpc")

_OURS = tuple(
    file.DESCRIPTOR.services_by_name[name].full_name
    for file, name in (
        (chat_service_pb2, "ChatService"),
        (image_service_pb2, "ImageService"),
        (model_service_pb2, "ModelService"),
    )
)
_CHANNELZ = "grpc.channelz.v1.Channelz"


# How much of a request a client may send before the handler reads it, which is after the key was checked. gRPC's own
# default is 4 MiB, and more on a fast connection.
_BYTES_AHEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class GrpcLimits:
    """Times in seconds. reflection, channelz: "key", "open", "off".

    receive_timeout: that a message may take, beside what its bytes need.

    max_request_bytes: of one message in. max_unread_bytes: of all unary answers that clients have not read.
    max_connection_age: after which a client is asked to connect anew, 0 for never; its calls then have
    max_connection_age_grace.
    max_connections: at once; max_streams_per_connection: calls open at once on each.
    handshake_timeout: from a connection's start until it speaks HTTP/2.
    keepalive_interval: after which a silent connection is pinged; it ends after keepalive_timeout without an answer.
    min_ping_interval: how often a client may ping.
    load: what the trailers of calls tell, None for nothing.
    """

    max_request_bytes: int
    reflection: str
    channelz: str
    max_unread_bytes: int
    receive_timeout: float
    drain_grace: float
    max_connection_age: float
    max_connection_age_grace: float
    max_connections: int
    max_streams_per_connection: int
    handshake_timeout: float
    keepalive_interval: float
    keepalive_timeout: float
    stall_timeout: float
    min_ping_interval: float
    load: Callable[[], Load] | None = None


class GrpcServer:
    """Serves an engine on one address. interceptors: run before a request is read, in this order."""

    def __init__(
        self,
        engine: Engine,
        keeper: Keeper,
        images: KeptImages,
        listener: Listener,
        times: StreamTimes,
        limits: GrpcLimits,
        interceptors: Sequence[Interceptor],
        receive_budget: ReceiveBudget,
    ) -> None:
        self._listener = listener
        self._receiver = RequestReceiver(limits.receive_timeout, receive_budget)
        unread = UnreadAnswers(limits.stall_timeout, limits.max_unread_bytes)
        asks_for_certificates = listener.tls is not None and listener.tls.files.client_ca
        self._interceptor = MethodInterceptor(
            interceptors,
            self._receiver,
            unread,
            tls.peer_id if asks_for_certificates else None,
            None if limits.load is None else LoadReport(limits.load, unread.size),
        )
        self._limits = limits
        self._health = HealthService(_OURS)
        asked = {_CHANNELZ: limits.channelz, **dict.fromkeys(REFLECTION, limits.reflection)}
        served = (*_OURS, HEALTH, *(name for name, who in asked.items() if who != "off"))
        no_key = frozenset({HEALTH, *(name for name, who in asked.items() if who == "open")})
        # Generated code wants no more of a server than this has, but is typed so.
        services: Any = MethodHandlers(self._interceptor, no_key)
        chat: Any = ChatService(keeper, times, self._interceptor.calls, unread.check)
        models: Any = ModelService(engine)
        chat_service_pb2_grpc.add_ChatServiceServicer_to_server(chat, services)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(models, services)
        pictures: Any = ImageService(images, stall_timeout=limits.stall_timeout)
        image_service_pb2_grpc.add_ImageServiceServicer_to_server(pictures, services)
        add_health(self._health, services)
        if limits.channelz != "off":
            channelz_pb2_grpc.add_ChannelzServicer_to_server(channelz.aio.ChannelzServicer(), services)
        if limits.reflection != "off":
            add_reflection(services, served)
        tolerate_odd_paths()
        with giving_way():
            self._server = grpc.aio.server(options=_options(limits, shared=listener.shared))
        self._server.add_generic_rpc_handlers((services,))

    async def start(self) -> int:
        """Bind and serve; return the port (1 for a unix socket). Raises OSError if the address is in use."""
        address, certificate = self._listener.address, self._listener.tls
        try:
            if certificate is None:
                port = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, tls.credentials(certificate))
        except RuntimeError as error:
            remedy = "stop the program that uses it, or choose another with --grpc HOST:PORT"
            why = unix_socket.fault(address) or f"it is in use, or not an address here; {remedy}"
            raise OSError(f"cannot serve gRPC on {address}: {why}") from error
        self._receiver.serve(port)
        await self._server.start()
        return port

    async def ended(self) -> None:
        """Return when gRPC no longer serves: it was stopped, or its main loop has failed."""
        with contextlib.suppress(Exception):  # what the loop failed with; gRPC logs it
            await self._server.wait_for_termination()

    def announce_stop(self) -> None:
        """Say NOT_SERVING; new calls are still served."""
        self._health.stop()

    @property
    def running(self) -> int:
        """How many calls run."""
        return len(self._interceptor.calls)

    async def drain(self, hurry: asyncio.Event | None = None) -> None:
        """Take no new calls. Running calls may finish within the grace or until `hurry` is set; then they are ended."""
        self.announce_stop()
        grace, calls = self._limits.drain_grace, self._interceptor.calls
        _log.info("draining", running=len(calls), grace=grace)
        # This cuts what is still running, so it comes after we have ended those calls ourselves.
        stopping = asyncio.create_task(self._server.stop(grace + CLEANUP))
        over = asyncio.create_task(pause(grace, hurry or asyncio.Event()))
        await calls.wait(over)
        # Health watches never end by themselves; they would hold the server for the whole grace.
        await self._interceptor.others.end()
        # What is left are calls whose requests are still arriving.
        await asyncio.wait({stopping, over}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        await asyncio.gather(calls.end(), stopping, self._server.stop(CLEANUP))
        # stop returns before the handlers' own cleanup has run.
        if self._interceptor.tasks:
            await asyncio.wait(self._interceptor.tasks, timeout=CLEANUP)


def _options(limits: GrpcLimits, *, shared: bool) -> tuple[tuple[str, int], ...]:
    age: tuple[tuple[str, int], ...] = ()
    if limits.max_connection_age:
        # gRPC adds or subtracts up to a tenth, so that connections made together do not end together.
        age = (
            ("grpc.max_connection_age_ms", _milliseconds(limits.max_connection_age)),
            ("grpc.max_connection_age_grace_ms", _milliseconds(limits.max_connection_age_grace)),
        )
    patience = _milliseconds(limits.keepalive_timeout)
    return (
        *age,
        ("grpc.max_receive_message_length", limits.max_request_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.http2.lookahead_bytes", _BYTES_AHEAD),
        ("grpc.http2.max_frame_size", _BYTES_AHEAD),
        ("grpc.http2.bdp_probe", 0),
        ("grpc.max_metadata_size", 16 * 1024),
        ("grpc.max_allowed_incoming_connections", limits.max_connections),
        # Without it, one connection that opens and drops calls fills the queue of the whole server. gRPC counts a call
        # until it is cleaned up, so a client at the limit may be refused (UNAVAILABLE) a call that it is allowed.
        ("grpc.max_concurrent_streams", limits.max_streams_per_connection),
        # Calls that wait for the event loop: above the first limit some are refused, at random; above the second, all.
        ("grpc.server.max_pending_requests", 8 * limits.max_streams_per_connection),
        ("grpc.server.max_pending_requests_hard_limit", 12 * limits.max_streams_per_connection),
        ("grpc.server_handshake_timeout_ms", _milliseconds(limits.handshake_timeout)),
        ("grpc.http2.settings_timeout", _milliseconds(limits.handshake_timeout)),
        ("grpc.keepalive_time_ms", _milliseconds(limits.keepalive_interval)),
        # The second ends a connection; the first sets the kernel's own limit, TCP_USER_TIMEOUT.
        ("grpc.keepalive_timeout_ms", patience),
        ("grpc.http2.ping_timeout_ms", patience),
        # A call may be silent for minutes, during which the server sends nothing but pings.
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _milliseconds(limits.min_ping_interval)),
        # Unless workers share the port: a second server on it would start, and take half of the calls.
        ("grpc.so_reuseport", int(shared)),
        ("grpc.enable_channelz", int(limits.channelz != "off")),
    )


def _milliseconds(seconds: float) -> int:
    return min(int(seconds * 1000), 2**31 - 1)
