"""Who may call, and which resources callers may name."""

import ipaddress

from imagewire_server.config.load import Config
from imagewire_server.config.settings import names


def named(setting: str, config: Config) -> tuple[str, ...] | None:
    """The names that a setting allows in requests; None for any.

    auto means any if callers need the master key, or must be on this machine, because they are then trusted with the
    server's credentials. If strangers can call, auto means none.
    """
    given = config.settings
    if setting == "auto":
        setting = "any" if config.master_key or (is_local(given.grpc) and is_local(given.rest)) else "none"
    return {"any": None, "none": ()}.get(setting, names(setting))


def is_local(address: str) -> bool:
    """Whether an address can be reached from this machine only."""
    host = address.rpartition(":")[0].strip("[]")
    if address == "off" or address.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a host name
        return False
