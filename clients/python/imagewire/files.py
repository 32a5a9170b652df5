"""Writes files completely or not at all: first into a hidden file, which is renamed when all is verified."""

import contextlib
import errno
import itertools
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
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
# Of pictures that are sent; a provider reads the type of one in a bucket from what stands beside its address.
INPUTS = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heif",
}
_UNKNOWN = ".bin"
_SAME = {".jpeg": ".jpg"}
# The first bytes of a file. The server checks the rest.
_SIGNATURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))
# The brands of ISO's container, which begins with its own length.
_HEIF = {
    **dict.fromkeys((b"heic", b"heix", b"hevc"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), "image/heif"),
}


HIDDEN = ".imagewire-"


class PartFile:
    """A hidden, unfinished file in `folder`. It is removed unless `keep` is called. Each method raises OSError.

    call: what its name begins with, so that it is found again if this process is killed.
    """

    def __init__(self, folder: Path, call: str = "") -> None:
        self.call = call
        # Not tempfile: its files are readable by their owner only, and a picture gets the rights of any new file.
        self._path = folder / f"{HIDDEN}{call and call + '-'}{secrets.token_hex(8)}"
        try:
            # Without a buffer: what `write` has taken is in the file.
            self._file: IO[bytes] = self._path.open("x+b", buffering=0)
        except OSError as error:
            error.filename = str(folder)  # users do not know the hidden file
            raise

    def write(self, data: bytes) -> None:
        """Append all of it, or nothing."""
        size = self._file.tell()
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(size)
            self._file.seek(size)
            raise

    def close(self) -> None:
        """Close. Some network file systems report a full disk here, before the file gets its name."""
        self._file.close()

    def keep(self, path: Path) -> None:
        """Rename it to `path`, replacing what is there. A symbolic link stays, and its target is replaced."""
        self._path.replace(path.resolve())

    def is_there(self) -> bool:
        """Whether it still has a name. Its folder may have been removed, and then closing it loses its bytes."""
        return self._path.exists()

    def copy(self, into: "IO[bytes] | PartFile") -> None:
        """Copy its content to `into`."""
        if self._file.closed:
            with self._path.open("rb") as file:
                shutil.copyfileobj(file, into)
        else:
            self._file.seek(0)
            shutil.copyfileobj(self._file, into)

    def drop(self) -> None:
        """Remove it, unless `keep` was called."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()


def write(path: Path, data: bytes) -> Path:
    """Write a file, completely or not at all, replacing one of that name. Returns the name. Raises OSError."""
    # The target of a link is replaced, so the hidden file stands beside the target.
    return write_as(path.resolve().parent, data, lambda: path)


def write_as(folder: Path, data: bytes, name: Callable[[], Path]) -> Path:
    """Write a file in `folder`, completely or not at all. Returns its name; `name` is called when all else is done.

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
    """Write a file under a name with the suffix of its media type.

    Raises OSError, FileExistsError if the suffix was another type's and the fitting name is taken: nobody named that.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; name a file in it", str(path))
    named = fitting(path, mime_type)
    if path.suffix and named == path.with_suffix(named.suffix) != path and os.path.lexists(named):
        what = f"is there already, and {path.name} would hold {mime_type}; name the one to replace"
        raise FileExistsError(errno.EEXIST, what, str(named))
    return write(named, data)


def claimed(path: Path) -> Path:
    """Reserve a name with an empty file; returns it. Raises FileExistsError when it is taken."""
    path.touch(exist_ok=False)
    return path


def media_type(data: bytes) -> str:
    """The media type by the first bytes of a file, "" when unknown."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF:
        return _HEIF[data[8:12]]
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), "")


def input_type(uri: str) -> str:
    """The media type by the ending of the name of a picture in a bucket, "" when it does not tell."""
    return INPUTS.get(PurePosixPath(uri).suffix.lower(), "")


def fitting(path: Path, mime_type: str) -> Path:
    """The path with the suffix of a media type. The suffix of another known type is replaced."""
    if suffix(mime_type) == _UNKNOWN or fits(path, mime_type):
        return path
    given = path.suffix.lower()
    other = _SAME.get(given, given) in _SUFFIXES.values()
    return path.with_suffix(suffix(mime_type)) if other else path.with_name(path.name + suffix(mime_type))


def suffix(mime_type: str) -> str:
    """The suffix of a media type, ".bin" when unknown."""
    return _SUFFIXES.get(mime_type.partition(";")[0], _UNKNOWN)


def fits(path: Path, mime_type: str) -> bool:
    """Whether the suffix of a path fits a media type."""
    given = path.suffix.lower()
    return _SAME.get(given, given) == suffix(mime_type)


def named_after(prompt: str, mime_type: str, folder: Path) -> Path:
    """Reserve a free name made from the prompt: "a-cat.png", else "a-cat-2.png" and so on."""
    # NFC, since a combining accent alone is no letter. 48 letters are at most 192 bytes; file names may have 255.
    letters = unicodedata.normalize("NFC", prompt.lower())
    words = re.sub(r"[\W_]+", "-", letters).strip("-")[:48].strip("-") or "picture"
    return _claim(folder, words, mime_type, itertools.chain([""], (f"-{number}" for number in itertools.count(2))))


def beside(path: Path, mime_type: str) -> Path:
    """Reserve a free name for a further picture: "a-cat-1.png" beside "a-cat.png", and so on."""
    return _claim(path.parent, path.stem, mime_type, (f"-{number}" for number in itertools.count(1)))


def _claim(folder: Path, stem: str, mime_type: str, endings: Iterable[str]) -> Path:
    """Reserve the first free name with an empty file, so that two commands never choose the same."""
    for ending in endings:
        path = folder / f"{stem}{ending}{suffix(mime_type)}"
        with contextlib.suppress(FileExistsError):
            return claimed(path)
    raise AssertionError("the numbers never end")
