"""Reads a file, with a limit on its size, and without waiting for a pipe's other end."""

import os
import stat
from pathlib import Path

from imagewire_server.config.source import ConfigError

_MOST_BYTES = 1024 * 1024


class UnusableFile(Exception):
    """The message says what is the matter with the file. It goes on from the file's name, and names no remedy."""


def content(path: Path, *, pipe: bool = False) -> bytes:
    """The content of a configuration file. pipe: it may be a pipe, which another program must write to.

    Raises ConfigError.
    """
    try:
        return bounded(path, _MOST_BYTES, pipe=pipe)
    except UnusableFile as error:
        raise ConfigError(f"{path}: {error}; use a configuration file that can be read, and read again") from error


def bounded(path: Path, most: int, *, pipe: bool = False) -> bytes:
    """The content of a file of at most so many bytes. pipe: see `content`. Raises UnusableFile."""
    try:
        with open(path, "rb", opener=None if pipe else _without_waiting) as file:  # pathlib's has no opener
            if not pipe and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnusableFile("is not a regular file")
            text = file.read(most + 1)
    except OSError as error:
        raise UnusableFile(f"cannot be read ({error.strerror})") from error
    if len(text) > most:
        raise UnusableFile(f"is larger than {most} bytes")
    return text


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
