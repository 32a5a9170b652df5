"""Opens the store that the settings name."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from imagewire_server.config.settings import Settings
from imagewire_server.config.shown_url import without_password
from imagewire_server.config.source import ConfigError
from imagewire_server.core.fault_log import describe
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.local.writer import FAULTS
from imagewire_server.core.store.secret import WrongSecret
from imagewire_server.core.store.store import Store

if TYPE_CHECKING:
    from imagewire_server.core.store.shared.store import SharedStore

_log = structlog.get_logger("imagewire.keep")


async def open_store(given: Settings) -> Store | None:
    """The store; None where nothing is kept, because that is switched off or the default folder cannot be used.

    Raises ConfigError for a folder that the settings name and that cannot be used, for a secret that is none, and where
    what a shared store needs is missing. A Redis or an object store that does not answer is no error: nothing is kept
    until it does.
    """
    if given.keep == "off":
        return None
    if given.keep == "shared":
        store = await asyncio.to_thread(_shared, given)
        try:
            await store.start()
        except WrongSecret as error:
            await store.aclose()
            raise ConfigError(f"imagewire.keep_redis: {without_password(given.keep_redis)}: {error}") from error
        return store
    folder = Path(given.keep_dir) if given.keep_dir else _default_folder()
    try:
        if folder is None:
            raise FileNotFoundError("there is no home directory")
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(LocalStore, folder, loop, ttl=given.keep_ttl, max_bytes=given.keep_max_bytes)
    except WrongSecret as error:
        raise ConfigError(f"imagewire.keep_dir: {error}") from error
    except FAULTS as error:
        if given.keep_dir:
            words = f"imagewire.keep_dir: {folder}: {getattr(error, 'strerror', None) or error}; name a folder that"
            raise ConfigError(f"{words} this user can write, or set imagewire.keep to off") from error
        _log.warning("answers are not kept: set keep_dir to a folder, or keep to off", **describe(error))
        return None


def _shared(given: Settings) -> "SharedStore":
    try:
        # Imported here: who keeps nothing, or on one machine, need not install what this imports.
        from obstore.exceptions import BaseError  # noqa: PLC0415

        from imagewire_server.core.store.shared.connection import Connection  # noqa: PLC0415
        from imagewire_server.core.store.shared.objects import Objects  # noqa: PLC0415
        from imagewire_server.core.store.shared.store import SharedStore  # noqa: PLC0415
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        raise ConfigError(
            f"imagewire.keep: shared needs the package {package}: pip install 'imagewire-server[shared]'"
        ) from error
    try:
        connection = Connection(given.keep_redis)
    except ValueError as error:
        raise ConfigError(f"imagewire.keep_redis: {without_password(given.keep_redis)}: {error}") from error
    try:
        objects = Objects(given.keep_objects)
    except (BaseError, OSError) as error:
        shown = without_password(given.keep_objects)
        said = str(error).partition("\n")[0].removeprefix("Generic ")
        raise ConfigError(f"imagewire.keep_objects: {shown}: {said}") from error
    return SharedStore(connection, objects, ttl=given.keep_ttl, max_bytes=given.keep_max_bytes)


def _default_folder() -> Path | None:
    """In XDG's state directory; None where this user has no home."""
    given = os.environ.get("XDG_STATE_HOME", "")
    state = Path(given) if Path(given).is_absolute() else Path(os.path.expanduser("~/.local/state"))  # noqa: PTH111
    return state / "imagewire" / "answers" if state.is_absolute() else None
