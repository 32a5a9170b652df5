"""Who may call, by the configuration, and what callers may name."""

import ipaddress

from imagewire_server.config.load import Config
from imagewire_server.config.settings import names


def named(setting: str, config: Config) -> tuple[str, ...] | None:
    """What requests may name by a setting: None for anything.

    Whoever has the master key, or an account of this machine, may have the server's credentials at any rate. Where
    strangers may call, auto is none.
    """
    given = config.settings
    if setting == "auto":
        setting = "any" if config.master_key or (is_local(given.grpc) and is_local(given.rest)) else "none"
    return {"any": None, "none": ()}.get(setting, names(setting))


def is_local(address: str) -> bool:
    """Whether an address is reached from this machine only."""
    host = address.rpartition(":")[0].strip("[]")
    if address == "off" or address.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name
        return False
