"""Opens the store that the settings name."""

import asyncio
import os
from pathlib import Path

import structlog

from imagewire_server.config.settings import Settings
from imagewire_server.config.source import ConfigError
from imagewire_server.core.fault_log import describe
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.local.writer import FAULTS
from imagewire_server.core.store.store import Store

_log = structlog.get_logger("imagewire.keep")


async def open_store(given: Settings) -> Store | None:
    """The store; None where nothing is kept, because that is switched off or the default folder cannot be used.

    Raises ConfigError for a folder that the settings name and that cannot be used.
    """
    if given.keep == "off":
        return None
    folder = Path(given.keep_dir) if given.keep_dir else _default_folder()
    try:
        if folder is None:
            raise FileNotFoundError("there is no home directory")
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(LocalStore, folder, loop, ttl=given.keep_ttl, max_bytes=given.keep_max_bytes)
    except FAULTS as error:
        if given.keep_dir:
            words = f"imagewire.keep_dir: {folder}: {getattr(error, 'strerror', None) or error}; name a folder that"
            raise ConfigError(f"{words} this user can write, or set imagewire.keep to off") from error
        _log.warning("answers are not kept: set keep_dir to a folder, or keep to off", **describe(error))
        return None


def _default_folder() -> Path | None:
    """In XDG's state directory; None where this user has no home."""
    given = os.environ.get("XDG_STATE_HOME", "")
    state = Path(given) if Path(given).is_absolute() else Path(os.path.expanduser("~/.local/state"))  # noqa: PTH111
    return state / "imagewire" / "answers" if state.is_absolute() else None
