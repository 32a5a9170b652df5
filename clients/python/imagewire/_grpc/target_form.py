"""Whether a text is written as one of gRPC's targets. gRPC itself says nothing, and then finds no server."""

import re
import sys
from urllib.parse import unquote_to_bytes

# The longest path that gRPC gives to the system, in bytes.
_LONGEST_PATH = 107 if sys.platform == "linux" else 103
_HOST = re.compile(r"(?:\[[\w:.%]+\]|[^\s\x00-\x1f\x7f:/@?#\[\],]+)(?::(?P<port>\d{1,5}))?")
_BARE_V6 = re.compile(r"[0-9a-fA-F.]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*")
_SOCKET = re.compile(r"(?:unix:(?!//[^/])/*[^/\x00-\x1f\x7f]|unix-abstract:[^\x00-\x1f\x7f])[^\x00-\x1f\x7f]*")
_LOOKED_UP = re.compile(r"(?:dns|xds):(?://[^/\s]*/)?(?P<address>.+)")
_ADDRESSES = re.compile(r"(?:ipv4|ipv6):/*(?P<addresses>.+)")


def is_target(text: str) -> bool:
    """Whether it is "host:port", "[v6]:port", "unix:/path", "dns:///host:port", "ipv4:address:port"."""
    if _SOCKET.fullmatch(text):
        return True
    if match := _LOOKED_UP.fullmatch(text):
        return _is_host(match["address"])
    if match := _ADDRESSES.fullmatch(text):
        return all(_is_host(address) for address in match["addresses"].split(","))
    return _is_host(text)


def too_long(text: str) -> str:
    """What is wrong with a target whose socket's path is too long, empty for all others."""
    scheme, _, path = text.partition(":")
    size = len(unquote_to_bytes(path))
    if scheme not in {"unix", "unix-abstract"} or size <= _LONGEST_PATH:
        return ""
    return f"has a path of {size} bytes, and that of a unix socket may have {_LONGEST_PATH}; name a shorter one"


def has_port(text: str) -> bool:
    """Whether a target names a port, or needs none. Without one, gRPC takes that of HTTPS."""
    if match := _LOOKED_UP.fullmatch(text):
        text = match["address"]
    match = _HOST.fullmatch(text)
    return _BARE_V6.fullmatch(text) is None and (match is None or match["port"] is not None)


def _is_host(text: str) -> bool:
    match = _HOST.fullmatch(text)
    if match is None:
        return _BARE_V6.fullmatch(text) is not None
    return match["port"] is None or 1 <= int(match["port"]) <= 65_535
