"""Targets, options and metadata of channels, the same for both clients."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from imagewire import __version__
from imagewire._grpc import embedded, proxies
from imagewire._grpc.sizes import RECEIVED
from imagewire._grpc.target_form import is_target, too_long
from imagewire.errors import invalid

Metadata = tuple[tuple[str, str | bytes], ...]
OptionValue = int | str | bytes

DEFAULT_TARGET = "127.0.0.1:50051"
EMBEDDED = "embedded"
TARGET_VARIABLE = "IMAGEWIRE_TARGET"
KEY_VARIABLE = "IMAGEWIRE_API_KEY"
# Larger than any picture that a model makes today (4K: up to 30 MB), and still a bound.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024

# Only a socket's path may have blanks.
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f]*")
_USER = re.compile(r"(?s)(?<=://).*@|^(?!\w+://).*@")
_PRINTABLE = re.compile(r"[ -~]*")
_NAME = re.compile(r"[a-z0-9_.-]+")

# A call that draws is never repeated by the channel: UNAVAILABLE without trailers may mean a server that died after the
# provider had charged. (gRPC's transparent retries stay on: they repeat only what no server has seen.) Looking up
# models is free.
_SERVICE_CONFIG = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{"service": "imagewire.v1.ModelService"}],
                "retryPolicy": {
                    "maxAttempts": 3,
                    "initialBackoff": "0.6s",
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
    """address: as gRPC takes it. secure: whether to use TLS."""

    address: str
    secure: bool


def parse_target(target: str | None) -> Target:
    """Read "host:port", "unix:/path", "dns:///host:port", "https://host[:port]" (TLS) or "embedded".

    None: IMAGEWIRE_TARGET, else this machine. "embedded" starts a server in this process when there is none yet.
    Raises ValueError when a URL is no server's address, NotSupported when there is no server to embed.
    """
    given = target or os.environ.get(TARGET_VARIABLE) or DEFAULT_TARGET
    if given == EMBEDDED:
        return Target(embedded.address(), secure=False)
    shown = _without_secret(given)
    if not _URL.fullmatch(given):
        if not is_target(given):
            raise ValueError(f"target {shown!r}: is no server's address; write host:port, https://host or unix:/path")
        if wrong := too_long(given):
            raise ValueError(f"target {given!r}: {wrong}")
        return Target(given, secure=False)
    try:
        url = urlsplit(given)
        port = url.port
    except ValueError as error:
        why = error if shown == given else "it is no URL"  # the error has a piece of it
        raise ValueError(f"target {shown}: {why}; write https://host:port") from None
    if not url.hostname or url.path.strip("/") or url.query or url.username is not None:
        raise ValueError(f"target {shown}: gRPC knows a host and a port and nothing more; write https://host:port")
    secure = url.scheme == "https"
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    return Target(f"{host}:{port or (443 if secure else 80)}", secure)


def _without_secret(target: str) -> str:
    """The target for messages: in front of an @ there may be a password."""
    return _USER.sub("...@", target)


def channel_options(
    address: str, max_message_bytes: int, given: Iterable[tuple[str, OptionValue]] = ()
) -> dict[str, OptionValue]:
    """gRPC's channel options by name.

    max_message_bytes: the most bytes that are received in one message. given: the caller's, which override ours of the
    same name. Raises InvalidRequest for what is no option.
    """
    overrides: dict[str, OptionValue] = {}
    for pair in given:
        match pair:
            case (str(name), int() | str() | bytes() as value):
                overrides[name] = value
            case _:
                raise invalid(
                    "channel_options", 'must be pairs of a name and a value, such as ("grpc.keepalive_time_ms", 10000)'
                )
    return {
        RECEIVED: max_message_bytes,
        "grpc.max_send_message_length": -1,
        # A model may think in silence for minutes: pings tell a dead peer from a busy one.
        "grpc.keepalive_time_ms": 30_000,
        "grpc.keepalive_timeout_ms": 10_000,
        "grpc.keepalive_permit_without_calls": 0,
        "grpc.http2.max_pings_without_data": 0,
        # gRPC's own backoff grows to two minutes, and all clients of a process share it. Here a server that is back is
        # found within two seconds. An attempt to connect has 5 s, since the kernel's own pauses between packets grow.
        "grpc.initial_reconnect_backoff_ms": 200,
        "grpc.max_reconnect_backoff_ms": 1_000,
        "grpc.min_reconnect_backoff_ms": 5_000,
        # A server may come back at another address.
        "grpc.dns_min_time_between_resolutions_ms": 1_000,
        "grpc.primary_user_agent": f"imagewire-python/{__version__}",
        "grpc.service_config": _SERVICE_CONFIG,
        # A proxy cannot reach this machine's own addresses.
        **({"grpc.enable_http_proxy": 0} if proxies.is_local(address) else {}),
        **overrides,
    }


def metadata(api_key: str | None, further: Iterable[tuple[str, str | bytes]] = ()) -> Metadata:
    """The metadata of each call: the key (else IMAGEWIRE_API_KEY's, else none), and the caller's own pairs.

    Raises InvalidRequest for what gRPC cannot send.
    """
    key = api_key or os.environ.get(KEY_VARIABLE) or ""
    if not _PRINTABLE.fullmatch(key):
        raise invalid(
            "api_key",
            f"(else {KEY_VARIABLE}) holds what no key has, such as a line's end: give the key alone",
        )
    return ((("authorization", f"Bearer {key}"),) if key else ()) + own_metadata(further)


def own_metadata(given: Iterable[tuple[str, str | bytes]]) -> Metadata:
    """The caller's own pairs. Raises InvalidRequest for what gRPC cannot send."""
    if isinstance(given, Mapping) or not isinstance(given, Iterable):
        kind = type(given).__name__
        raise TypeError(f'metadata: must be a list of pairs, such as [("x-team", "blue")], not {kind}')
    pairs: tuple[Any, ...] = tuple(given)
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise TypeError('metadata: must be a list of pairs, such as [("x-team", "blue")]')
        name, value = pair
        wanted = bytes if name.endswith("-bin") else str
        sound = isinstance(value, wanted) and (wanted is bytes or _PRINTABLE.fullmatch(str(value)))
        if not _NAME.fullmatch(name) or not sound:
            raise invalid(
                "metadata",
                "must be names of a-z, 0-9, -, _ and ., with printable ASCII as values, bytes for names in -bin",
            )
    return pairs
