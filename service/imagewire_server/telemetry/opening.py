"""Opens what the settings, or OpenTelemetry's own variables, say of telemetry."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from imagewire_server.config.settings import Settings
from imagewire_server.config.source import ConfigError
from imagewire_server.core.interceptors import Interceptor

if TYPE_CHECKING:
    from imagewire_server.telemetry.delivery import Telemetry

_SIGNALS = ("TRACES", "METRICS")


@asynccontextmanager
async def telemetry(given: Settings) -> AsyncIterator[tuple[Interceptor, ...]]:
    """The interceptors of telemetry, none where spans are off. Raises ConfigError if it is on and cannot be."""
    wanted = {signal: named for signal in _SIGNALS if (named := _named(given, signal))}
    if not wanted:
        yield ()
        return
    made = await asyncio.to_thread(_made, given.otlp, wanted)
    try:
        yield made.interceptors
    finally:
        await made.aclose()


def _named(given: Settings, signal: str) -> str:
    """What switches a signal on, "" where nothing does. Raises ConfigError."""
    if given.otlp == "off" or _is_off(signal):
        return ""
    if given.otlp:
        # The variables hold for it too, but for the protocol: OTLP over HTTP is all there is.
        return "imagewire.otlp"
    named = _first(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    protocol = _first(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    if named and protocol and os.environ[protocol] != "http/protobuf":
        raise ConfigError(
            f"{protocol}: must be http/protobuf, not {os.environ[protocol]!r}: name a collector that takes OTLP over"
            " HTTP, by default on port 4318, or set imagewire.otlp to off"
        )
    return named


def _first(*names: str) -> str:
    return next((name for name in names if os.environ.get(name)), "")


def _is_off(signal: str) -> bool:
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return disabled or os.environ.get(f"OTEL_{signal}_EXPORTER", "").strip() == "none"


def _made(endpoint: str, wanted: Mapping[str, str]) -> "Telemetry":
    try:
        # Imported here: who sends nothing need not install what this imports.
        from imagewire_server.telemetry.delivery import Telemetry  # noqa: PLC0415
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        raise ConfigError(
            f"{next(iter(wanted.values()))}: needs the package {package}: pip install 'imagewire-server[otel]', or set"
            " imagewire.otlp to off"
        ) from error
    return Telemetry(endpoint, spans="TRACES" in wanted, figures="METRICS" in wanted)
