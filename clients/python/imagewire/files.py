"""Bytes into files: into a hidden one beside the goal, which takes its name only when all is verified."""

import contextlib
import errno
import itertools
import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "audio/aac": ".aac",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
}
_UNKNOWN = ".bin"
_SAME = {".jpeg": ".jpg"}
# The first bytes of a file; the rest is the server's to judge.
_SIGNATURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


class PartFile:
    """A picture on its way into `folder`. Nothing of it stays unless `keep` is called. Each method raises OSError."""

    def __init__(self, folder: Path) -> None:
        # Not by tempfile, whose files are for their owner alone: a picture has the rights that any new file has.
        self._path = folder / f".imagewire-{secrets.token_hex(8)}"
        try:
            self._file: IO[bytes] = self._path.open("xb")
        except OSError as error:
            error.filename = str(folder)  # the hidden file is nobody's concern
            raise

    def write(self, data: bytes) -> None:
        """Append."""
        self._file.write(data)

    def close(self) -> None:
        """All is written. A disk that is full says so here, before a name is taken."""
        self._file.close()

    def keep(self, path: Path) -> None:
        """Give it its name, in place of what may be there; a link stays, and what it leads to is replaced."""
        self._path.replace(path.resolve())

    def copy(self, into: IO[bytes]) -> None:
        """Write all of it to `into`."""
        with self._path.open("rb") as file:
            shutil.copyfileobj(file, into)

    def drop(self) -> None:
        """Remove it, unless it was kept."""
        with contextlib.suppress(OSError):  # a full disk has no room for what was not yet written
            self._file.close()
        self._path.unlink(missing_ok=True)


def write(path: Path, data: bytes) -> Path:
    """Write a file, whole or not at all, in place of what has that name; return the name. Raises OSError."""
    # A link's file is replaced where it is, so it is made there.
    return write_as(path.resolve().parent, data, lambda: path)


def write_as(folder: Path, data: bytes, name: Callable[[], Path]) -> Path:
    """Write a file in `folder`, whole or not at all; return its name, which is asked for when all else is done.

    Raises OSError, and what `name` raises.
    """
    file = PartFile(folder)
    try:
        file.write(data)
        file.close()
        path = name()
        file.keep(path)
    finally:
        file.drop()
    return path


def save(path: Path, data: bytes, mime_type: str) -> Path:
    """As `write`, under a name with the suffix of its media type."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; name a file in it", str(path))
    return write(fitting(path, mime_type), data)


def claimed(path: Path) -> Path:
    """The name, taken at once by an empty file. Raises FileExistsError when something has it."""
    path.touch(exist_ok=False)
    return path


def media_type(data: bytes) -> str:
    """What a file's first bytes say it is, "" for unknown."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), "")


def fitting(path: Path, mime_type: str) -> Path:
    """The path with the suffix of a media type: added, or in place of another file's."""
    if suffix(mime_type) == _UNKNOWN or fits(path, mime_type):
        return path
    given = path.suffix.lower()
    other = _SAME.get(given, given) in _SUFFIXES.values()
    return path.with_suffix(suffix(mime_type)) if other else path.with_name(path.name + suffix(mime_type))


def suffix(mime_type: str) -> str:
    """The suffix of a media type, ".bin" for an unknown one."""
    return _SUFFIXES.get(mime_type.partition(";")[0], _UNKNOWN)


def fits(path: Path, mime_type: str) -> bool:
    """Whether a file's name says what is in it."""
    given = path.suffix.lower()
    return _SAME.get(given, given) == suffix(mime_type)


def named_after(prompt: str, mime_type: str, folder: Path) -> Path:
    """A free name made from the prompt: "a-cat.png", else "a-cat-2.png" and so on."""
    # Composed, for an accent that stands alone is no letter. 48 letters are 192 bytes at most; names may have 255.
    letters = unicodedata.normalize("NFC", prompt.lower())
    words = re.sub(r"[\W_]+", "-", letters).strip("-")[:48].strip("-") or "picture"
    return _claim(folder, words, mime_type, itertools.chain([""], (f"-{number}" for number in itertools.count(2))))


def beside(path: Path, mime_type: str) -> Path:
    """A free name for a further picture: "a-cat-1.png" beside "a-cat.png", and so on."""
    return _claim(path.parent, path.stem, mime_type, (f"-{number}" for number in itertools.count(1)))


def _claim(folder: Path, stem: str, mime_type: str, endings: Iterable[str]) -> Path:
    """The first name that nothing has, taken at once by an empty file: two commands never choose the same."""
    for ending in endings:
        path = folder / f"{stem}{ending}{suffix(mime_type)}"
        with contextlib.suppress(FileExistsError):
            return claimed(path)
    raise AssertionError("the numbers never end")
