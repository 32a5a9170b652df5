"""Reads a file, with a limit on its size, and without waiting for a pipe's other end."""

import os
import stat
from pathlib import Path

from imagewire_server.config.source import ConfigError

_MOST_BYTES = 1024 * 1024


def content(path: Path, *, pipe: bool = False) -> bytes:
    """The content of the file. pipe: it may be a pipe, which another program must write to. Raises ConfigError."""
    try:
        with open(path, "rb", opener=None if pipe else _without_waiting) as file:  # pathlib's has no opener
            if not pipe and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ConfigError(f"{path}: is not a regular file; use one that can be read again")
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); use an existing, readable file") from error
    if len(text) > _MOST_BYTES:
        raise ConfigError(f"{path}: is larger than {_MOST_BYTES} bytes; use a configuration file")
    return text


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
