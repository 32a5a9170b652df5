"""HTTP proxies, which gRPC reads from the environment by itself: never for this machine, and named where they fail."""

import ipaddress
import os
import re
import socket

# The variables that gRPC's core reads, in its order. It knows no names in capitals.
_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")
_EXEMPTIONS = ("no_grpc_proxy", "no_proxy")
_SCHEME = re.compile(r"(?:dns:(?://[^/]*/)?|ipv[46]:)/*")


def is_local(address: str) -> bool:
    """Whether an address, as gRPC takes it, is on this machine: a unix socket or a loopback address."""
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    host = host_of(address).removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return _is_short_loopback(host)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def _is_short_loopback(host: str) -> bool:
    """Whether it is a loopback address in one of the shorter forms that resolvers take, such as 127.1."""
    try:
        return socket.inet_aton(host)[0] == 127
    except (OSError, UnicodeError):
        return False


def in_use(address: str) -> str | None:
    """The variable that names the proxy which gRPC uses for an address; None for no proxy."""
    name = next((name for name in _VARIABLES if os.environ.get(name)), None)
    exempt = next((value for each in _EXEMPTIONS if (value := os.environ.get(each))), "")
    if is_local(address) or any(host_of(address).endswith(end) for end in exempt.lower().split(",") if end):
        return None
    return name


def advice(address: str) -> str:
    """What an error about the connection says of the proxy in use; "" where there is none."""
    name = in_use(address)
    if name is None:
        return ""
    return f"; the connection goes through the proxy of the variable {name}: unset it, or add the host to no_proxy"


def host_of(address: str) -> str:
    """The host of "host:port", "[host]:port" or "dns:///host:port"."""
    rest = _SCHEME.sub("", address, count=1)
    if rest.startswith("["):
        return rest[1:].partition("]")[0]
    return rest.rpartition(":")[0].lower() if rest.count(":") == 1 else rest.lower()
