"""Channels to a server: their target and options, the same for both clients."""

import json
import os
from dataclasses import dataclass

import grpc

from imagewire import __version__

DEFAULT_TARGET = "127.0.0.1:50051"
TARGET_VARIABLE = "IMAGEWIRE_TARGET"
# Larger than any picture that a model makes today (4K: up to 30 MB), and still a bound.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
# Room for the text beside the pictures of an answer.
_MARGIN = 1024 * 1024

# A call that draws is never repeated by the channel: UNAVAILABLE without trailers may mean a server that died after the
# provider had charged. Looking up models is free.
_SERVICE_CONFIG = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{"service": "imagewire.v1.ModelService"}],
                "retryPolicy": {
                    "maxAttempts": 3,
                    "initialBackoff": "0.2s",
                    "maxBackoff": "2s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)


@dataclass(frozen=True, slots=True)
class Target:
    """address: what gRPC dials. secure: whether over TLS."""

    address: str
    secure: bool


def parse_target(target: str | None) -> Target:
    """Read "host:port", "unix:/path" or "https://host[:port]" (TLS). None: IMAGEWIRE_TARGET, else this machine."""
    given = target or os.environ.get(TARGET_VARIABLE) or DEFAULT_TARGET
    scheme, separator, rest = given.partition("://")
    if not separator or scheme not in {"http", "https"}:
        return Target(given, secure=False)
    host = rest.rstrip("/")
    return Target(host if ":" in host else f"{host}:{443 if scheme == 'https' else 80}", secure=scheme == "https")


def options(max_message_bytes: int) -> list[tuple[str, int | str]]:
    """gRPC's channel options. max_message_bytes: the most that is received in one message."""
    return [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", -1),
        # A model may think in silence for minutes: pings tell a dead peer from a busy one.
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.primary_user_agent", f"imagewire-python/{__version__}"),
        ("grpc.service_config", _SERVICE_CONFIG),
    ]


def inline_bytes(max_message_bytes: int) -> int:
    """How many bytes of pictures a unary answer may carry on such a channel."""
    return min(max(max_message_bytes - _MARGIN, 0), 2**31 - 1)


def credentials() -> grpc.ChannelCredentials:
    """TLS with the system's roots."""
    return grpc.ssl_channel_credentials()
