"""What the settings say to each API."""

from collections.abc import Sequence

from imagewire_server.api.grpc.server import GrpcLimits
from imagewire_server.api.rest.server import RestOptions
from imagewire_server.config.settings import Settings, listed
from imagewire_server.config.transport_security import ids
from imagewire_server.core.access.certificates import CertificateRule
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.core.listener import Listener
from imagewire_server.core.load import LoadMeter
from imagewire_server.core.propagation import Propagation
from imagewire_server.core.tls import Certificate


def tracing(given: Settings, telemetry: Sequence[Interceptor]) -> tuple[Interceptor, ...]:
    """For both: what comes before the check of the key, so that a call that is refused has its trace too."""
    return Propagation(listed(given.baggage), upstream=given.trace_upstream), *telemetry


def grpc_limits(given: Settings, meter: LoadMeter | None = None) -> GrpcLimits:
    """For gRPC. meter: of the load that the trailers of calls tell, None for nothing."""
    return GrpcLimits(
        max_request_bytes=given.max_request_bytes,
        reflection=given.reflection,
        channelz=given.channelz,
        max_unread_bytes=given.max_unread_bytes,
        receive_timeout=given.receive_timeout,
        drain_grace=given.drain_grace,
        max_connection_age=given.max_connection_age,
        max_connection_age_grace=given.max_connection_age_grace,
        max_connections=given.max_connections,
        max_streams_per_connection=given.max_streams_per_connection,
        handshake_timeout=given.handshake_timeout,
        keepalive_interval=given.keepalive_interval,
        keepalive_timeout=given.keepalive_timeout,
        stall_timeout=given.stall_timeout,
        min_ping_interval=given.min_ping_interval,
        load=None if meter is None else meter.read,
    )


def certificate_rule(given: Settings) -> CertificateRule | None:
    """Which client certificates may call."""
    return CertificateRule(ids(given), given.tls_client_suffices) if given.tls_client_ca else None


def listener(given: Settings, address: str, tls: Certificate | None, *, shared: bool) -> Listener:
    """For either API."""
    return Listener(address, shared=shared, tls=tls, handshake_timeout=given.handshake_timeout)


def rest_options(given: Settings) -> RestOptions:
    """For REST."""
    return RestOptions(
        public_url=given.public_url,
        image_fields=given.rest_image_fields,
        image_order=given.rest_image_order,
        remote_images=given.rest_remote_images,
        metrics=given.metrics != "off",
        open_metrics=given.metrics == "open",
        ui=given.ui,
        cors_origins=listed(given.rest_cors_origins),
        hosts=listed(given.rest_hosts),
        max_request_bytes=given.max_request_bytes,
        max_connections=given.max_connections,
        receive_timeout=given.receive_timeout,
        heartbeat_interval=given.heartbeat_interval,
        stall_timeout=given.stall_timeout,
        drain_grace=given.drain_grace,
    )
