"""Pictures into files: bytes go into a hidden file beside the goal, which takes its name only when all is verified."""

import contextlib
import os
import re
import tempfile
from pathlib import Path
from typing import IO

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}
_SAME = {".jpeg": ".jpg"}


class PartFile:
    """A picture on its way into `folder`. Nothing of it stays unless `keep` is called."""

    def __init__(self, folder: Path) -> None:
        handle, name = tempfile.mkstemp(prefix=".imagewire-", dir=folder)
        self._path: Path | None = Path(name)
        self._file: IO[bytes] = os.fdopen(handle, "wb")

    def write(self, data: bytes) -> None:
        """Append."""
        self._file.write(data)

    def keep(self, path: Path) -> None:
        """Give it its name, in place of what may be there."""
        self._file.close()
        if self._path is not None:
            # A temporary file is for its owner alone; a picture has the rights that any new file has.
            umask = os.umask(0)
            os.umask(umask)
            self._path.chmod(0o666 & ~umask)
            self._path.replace(path)
            self._path = None

    def read(self) -> bytes:
        """All of it."""
        self._file.flush()
        return self._path.read_bytes() if self._path else b""

    def drop(self) -> None:
        """Remove it, unless it was kept."""
        self._file.close()
        if self._path is not None:
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()
            self._path = None


def suffix(mime_type: str) -> str:
    """The suffix of a media type, ".bin" for an unknown one."""
    return _SUFFIXES.get(mime_type, ".bin")


def fits(path: Path, mime_type: str) -> bool:
    """Whether a file's name says what is in it."""
    given = path.suffix.lower()
    return _SAME.get(given, given) == suffix(mime_type)


def named_after(prompt: str, mime_type: str, folder: Path) -> Path:
    """A name that is free, made from the prompt."""
    words = re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")[:48].strip("-") or "picture"
    number, path = 1, folder / f"{words}{suffix(mime_type)}"
    while path.exists():
        number += 1
        path = folder / f"{words}-{number}{suffix(mime_type)}"
    return path


def numbered(path: Path, number: int, mime_type: str) -> Path:
    """The name of a further picture beside `path`."""
    return path.with_name(f"{path.stem}-{number}{suffix(mime_type)}")
