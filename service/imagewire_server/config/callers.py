"""Who may call, and which resources callers may name."""

from imagewire_server.config import rate_limits
from imagewire_server.config.caller_policies import check_shares
from imagewire_server.config.load import Config
from imagewire_server.config.settings import names
from imagewire_server.config.transport_security import is_local


def named(setting: str, config: Config) -> tuple[str, ...] | None:
    """The names that a setting allows in requests; None for any.

    auto means any if all callers need the master key or a client certificate, or if none needs a key and all must be on
    this machine, because they are then trusted with the server's credentials. If strangers or callers of
    imagewire.callers can call, auto means none.
    """
    given = config.settings
    if setting == "auto":
        known = config.master_key or given.tls_client_ca
        is_trusted = known or (is_local(given.grpc) and is_local(given.rest))
        setting = "any" if is_trusted and not config.callers else "none"
    return {"any": None, "none": ()}.get(setting, names(setting))


def check_counting(config: Config, workers: int) -> None:
    """Raise ConfigError where a limit of a caller or deployment is too small to be split among all processes that count
    alone.
    """
    if config.settings.counting_redis:
        return
    shares = workers * config.settings.replicas
    check_shares(config.callers, shares)
    rate_limits.check_shares(config.routing, config.deployments, shares)
