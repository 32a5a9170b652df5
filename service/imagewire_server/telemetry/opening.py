"""Opens what the settings, or OpenTelemetry's own variables, say of telemetry."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from imagewire_server.config.settings import Settings
from imagewire_server.config.source import ConfigError
from imagewire_server.core.interceptors import Interceptor

if TYPE_CHECKING:
    from imagewire_server.telemetry.delivery import Telemetry

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


@asynccontextmanager
async def telemetry(given: Settings) -> AsyncIterator[tuple[Interceptor, ...]]:
    """The interceptors of telemetry, none where it is off. Raises ConfigError if it is on and cannot be."""
    named = "imagewire.otlp" if given.otlp else next((name for name in _ENDPOINTS if os.environ.get(name)), "")
    if not named or given.otlp == "off" or _is_off():
        yield ()
        return
    # The variables hold for a URL of the settings too, but for this one: OTLP over HTTP is all there is.
    protocol = next((name for name in _PROTOCOLS if os.environ.get(name)), "")
    if not given.otlp and protocol and os.environ[protocol] != "http/protobuf":
        raise ConfigError(
            f"{protocol}: must be http/protobuf, not {os.environ[protocol]!r}: name a collector that takes OTLP over"
            " HTTP, by default on port 4318, or set imagewire.otlp to off"
        )
    made = await asyncio.to_thread(_made, given.otlp, named)
    try:
        yield (made.tracing,)
    finally:
        await made.aclose()


def _is_off() -> bool:
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return disabled or os.environ.get("OTEL_TRACES_EXPORTER", "").strip() == "none"


def _made(endpoint: str, named: str) -> "Telemetry":
    try:
        # Imported here: who sends no spans need not install what this imports.
        from imagewire_server.telemetry.delivery import Telemetry  # noqa: PLC0415
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        raise ConfigError(
            f"{named}: needs the package {package}: pip install 'imagewire-server[otel]', or set imagewire.otlp to off"
        ) from error
    return Telemetry(endpoint)
