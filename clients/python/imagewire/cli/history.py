"""The lines typed into chats, kept for the arrow keys: in XDG's state folder, readable by their owner only."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LENGTH = 1000


def file() -> Path:
    """The history's file."""
    given = os.environ.get("XDG_STATE_HOME", "")
    # XDG's specification says to ignore a relative path.
    # Not Path.home(), which fails where a user has no home.
    state = Path(given) if Path(given).is_absolute() else Path(os.path.expanduser("~/.local/state"))  # noqa: PTH111
    return state / "imagewire" / "history"


@contextmanager
def kept() -> Iterator[Callable[[], None]]:
    """Line editing for `input`. Yields a function that saves the last line, where that is possible."""
    try:
        import readline
    except ImportError:  # Windows edits lines by itself
        yield lambda: None
        return
    path = file()
    if not path.is_absolute():
        yield lambda: None
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        readline.read_history_file(path)
    readline.set_history_length(_LENGTH)

    def keep() -> None:
        with contextlib.suppress(OSError):
            readline.append_history_file(1, path)

    yield keep
