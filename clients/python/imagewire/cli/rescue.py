"""Keeps the bytes of a picture that is paid for when its own folder does not take them."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from imagewire.files import PartFile, write_as


def check_writable(folder: Path) -> None:
    """Make a file in the folder and remove it: the folder's rights do not tell all. Raises OSError."""
    PartFile(folder).drop()


def elsewhere(folder: Path) -> Iterator[Path]:
    """Other folders: the working directory, the user's own, the system's temporary one."""
    seen: list[Path] = []
    # A relative path cannot be resolved once the working directory is removed; then it is none of the others.
    with contextlib.suppress(OSError, RuntimeError):
        seen.append(folder.resolve())
    for find in (Path.cwd, Path.home, lambda: Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError, RuntimeError):
            other = find().resolve()
            if other not in seen and other.is_dir():
                seen.append(other)
                yield other


def moved(file: PartFile, folders: Iterator[Path], more: bytes, error: OSError) -> tuple[Path, PartFile]:
    """Copy an unfinished file, and the bytes that follow, to the first folder that takes them, and drop the file.

    Returns the folder and the new file, which is open. Raises `error` if no folder takes them.
    """
    for folder in folders:
        try:
            other = PartFile(folder, file.call)
        except OSError:
            continue
        try:
            file.copy(other)
            other.write(more)
        except OSError:
            other.drop()
            continue
        file.drop()
        return folder, other
    raise error


def write_somewhere(folder: Path, data: bytes, name: Callable[[Path], Path]) -> tuple[Path, OSError | None]:
    """Write a whole file in a folder, else in another one. name: reserves a name in a folder.

    Returns the name, and why it is not in the folder. Raises OSError if no folder takes it.
    """
    try:
        return write_as(folder, data, partial(name, folder)), None
    except OSError as error:
        for other in elsewhere(folder):
            with contextlib.suppress(OSError):
                return write_as(other, data, partial(name, other)), error
        raise


def told(wanted: Path, error: OSError, path: Path) -> str:
    """A note about a file that is elsewhere."""
    return f"{wanted}: {error.strerror or error}; the picture is in {path}"
