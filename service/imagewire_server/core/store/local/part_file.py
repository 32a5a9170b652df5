"""A picture's file while it is written."""

import io
import os
from pathlib import Path


class PartFile:
    """A new file. size: what is written, in bytes. Its methods raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._file = io.FileIO(path, "xb")

    def write(self, data: bytes) -> None:
        """Append."""
        write_all(self._file, data)
        self.size += len(data)

    def close(self) -> None:
        """Write no more."""
        self._file.close()


def write_all(file: io.FileIO, data: bytes) -> None:
    """Write all of it: a full disk may take some first. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(file.fileno(), view) :]
