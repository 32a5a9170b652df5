"""Where the limits of callers are counted, by the settings."""

from imagewire_server.config.callers import check_counting
from imagewire_server.config.load import Config
from imagewire_server.config.shown_url import without_password
from imagewire_server.config.source import ConfigError
from imagewire_server.core.access.counts import Counts, LocalCounts


def open_counts(config: Config, workers: int) -> Counts:
    """The counts. workers: how many processes of this server count.

    Raises ConfigError where they cannot share a limit, or where Redis's package is not there. A Redis that does not
    answer is no error: limits are then counted by each process for itself.
    """
    check_counting(config, workers)
    given = config.settings
    local = LocalCounts(workers * given.replicas)
    if not given.counting_redis:
        return local
    try:
        # Imported here: who counts in one process need not install what this imports.
        from imagewire_server.core.access.shared_counts import SharedCounts  # noqa: PLC0415
        from imagewire_server.core.store.shared.connection import Connection  # noqa: PLC0415
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        raise ConfigError(
            f"imagewire.limits_redis needs the package {package}: pip install 'imagewire-server[shared]'"
        ) from error
    try:
        return SharedCounts(Connection(given.counting_redis), local)
    except ValueError as error:
        raise ConfigError(f"imagewire.limits_redis: {without_password(given.counting_redis)}: {error}") from error
