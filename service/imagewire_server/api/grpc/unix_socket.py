"""Why a unix socket cannot be served at an address. gRPC itself does not tell."""

import os
import sys
from pathlib import Path

_SCHEME = "unix:"
# The longest path that gRPC gives to the system, in bytes.
_LONGEST = 107 if sys.platform == "linux" else 103
_OTHER = "or choose another with --grpc unix:PATH"


def fault(address: str) -> str:
    """What is wrong with the address of gRPC, with the remedy; empty if it is none of a unix socket, or unknown."""
    if not address.startswith(_SCHEME):
        return ""
    path = address.removeprefix(_SCHEME)
    size = len(os.fsencode(path))
    if size > _LONGEST:
        return f"its path has {size} bytes, and that of a unix socket may have {_LONGEST}; choose a shorter one"
    file = Path(path)
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}; make it, {_OTHER}"
    if file.exists() and not file.is_socket():
        return f"{file} is there already and is no socket; remove it, {_OTHER}"
    if not os.access(file.parent, os.W_OK | os.X_OK):
        return f"this user may not write to the folder {file.parent}; allow it, {_OTHER}"
    return ""
