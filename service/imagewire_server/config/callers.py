"""Who may call, and which resources callers may name."""

from imagewire_server.config.load import Config
from imagewire_server.config.settings import names
from imagewire_server.config.transport_security import is_local


def named(setting: str, config: Config) -> tuple[str, ...] | None:
    """The names that a setting allows in requests; None for any.

    auto means any if callers need the master key or a client certificate, or must be on this machine, because they are
    then trusted with the server's credentials. If strangers can call, auto means none.
    """
    given = config.settings
    if setting == "auto":
        known = config.master_key or given.tls_client_ca
        setting = "any" if known or (is_local(given.grpc) and is_local(given.rest)) else "none"
    return {"any": None, "none": ()}.get(setting, names(setting))
