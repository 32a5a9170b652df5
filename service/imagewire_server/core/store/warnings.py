"""What a store says in the log when it fails: each fault once a minute."""

import time

import structlog

from imagewire_server.core.fault_log import describe

_QUIET = 60.0  # seconds between two lines of the log about the same fault
_log = structlog.get_logger("imagewire.keep")


class Warnings:
    """The warnings of one store. Any thread may use it."""

    def __init__(self) -> None:
        self._quiet_until: dict[str, float] = {}

    def warn(self, what: str, error: BaseException) -> None:
        """Log a fault of the store, the same one once a minute. what: it was about to do."""
        now = time.monotonic()
        if now >= self._quiet_until.get(what, 0.0):
            self._quiet_until[what] = now + _QUIET
            _log.warning("the store of answers failed", what=what, **describe(error))
