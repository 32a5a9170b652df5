"""A picture's file while it is written."""

import io
import os
from pathlib import Path

_MOST = 512  # pieces that a system takes at once: Linux and macOS take 1024


class PartFile:
    """A new file. size: what is written, in bytes. Its methods raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._file = io.FileIO(path, "xb")

    def write(self, *pieces: bytes) -> None:
        """Append."""
        write_all(self._file, *pieces)
        self.size += sum(map(len, pieces))

    def close(self) -> None:
        """Write no more."""
        self._file.close()


def write_all(file: io.FileIO, *pieces: bytes) -> None:
    """Write all of them: a full disk may take some first. Raises OSError."""
    left = [memoryview(piece) for piece in pieces]
    while left:
        done = os.writev(file.fileno(), left[:_MOST])
        while left and done >= len(left[0]):
            done -= len(left.pop(0))
        if left:
            left[0] = left[0][done:]
