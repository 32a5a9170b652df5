"""The file with the secret of a local store, which all processes that use the folder share."""

import contextlib
import fcntl
import os
from pathlib import Path

from imagewire_server.core.store import secret
from imagewire_server.core.store.secret import WrongSecret


def read(file: Path, part: Path, known: bytes = b"") -> bytes:
    """The secret. A file that is missing or empty is made: from `part`, a new file. known: what it was.

    Raises WrongSecret for what is no secret, and OSError.
    """
    if not file.exists():
        _write(part, known or secret.new())
        with contextlib.suppress(FileExistsError):
            os.link(part, file)  # another process may have been faster
        part.unlink()
    try:
        found = file.read_bytes() or _fill(file, known or secret.new())
    except IsADirectoryError as error:
        raise WrongSecret(f"{file}: is a directory, and the secret of a store is a file: {secret.remedy()}") from error
    return secret.checked(found, str(file))


def _write(part: Path, data: bytes) -> None:
    with part.open("xb") as made:
        os.fchmod(made.fileno(), 0o600)
        made.write(data)
        made.flush()
        os.fsync(made.fileno())  # a power failure must not leave the name without the bytes


def _fill(file: Path, data: bytes) -> bytes:
    """Write into an empty file, unless another process is faster. Returns what it has then."""
    with file.open("r+b") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        found = opened.read()
        if not found:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
            secret.warn_of_empty(str(file))
        return found or data
