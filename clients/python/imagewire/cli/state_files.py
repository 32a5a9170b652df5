"""The command's own files: in XDG's state folder, readable by their owner only."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def state_folder() -> Path | None:
    """The folder, which may not exist yet. None where there is no place for one."""
    given = os.environ.get("XDG_STATE_HOME", "")
    # XDG's specification says to ignore a relative path.
    # Not Path.home(), which fails where a user has no home.
    state = Path(given) if Path(given).is_absolute() else Path(os.path.expanduser("~/.local/state"))  # noqa: PTH111
    return state / "imagewire" if state.is_absolute() else None


def private_folder(path: Path) -> Path:
    """Make a folder for its owner only. Raises OSError."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Name the file in an OSError inside that names none, as on a full disk."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
