"""Starts a server inside this process. An installed package offers it by an entry point: the client knows no server."""

import os
import threading
from importlib.metadata import entry_points

from imagewire._grpc import fork
from imagewire.errors import InvalidRequest, NotSupported

# The group of entry points. Each is a function that takes an environment and returns a target.
GROUP = "imagewire.embedded"

# Seconds without a call after which a server ends. The next call starts it again.
_IDLE = 300.0

_lock = threading.Lock()
_started: dict[tuple[frozenset[tuple[str, str]], bool], str] = {}


def address(*, repeats: bool = True, **variables: str) -> str:
    """The target of a server inside this process. It is started unless one runs with the same arguments.

    The server may end when it is idle, so the target has a method `wake`, to be called before each call.

    repeats: whether the server repeats calls to the provider itself; False where its caller counts all repeats.
    variables: override those of the environment. Raises NotSupported where no server is installed, or after a fork,
    InvalidRequest when it cannot start in such an environment.
    """
    fork.check()
    environ = {**os.environ, **variables}
    # Each variable that a server reads has one of these words in its name.
    words = ("IMAGEWIRE", "GEMINI", "GOOGLE", "VERTEX", "GCLOUD", "PROXY", "SSL")
    read = frozenset((name, value) for name, value in environ.items() if any(word in name.upper() for word in words))
    key = read, repeats
    with _lock:
        if key not in _started:
            offered = entry_points(group=GROUP)
            if not offered:
                raise NotSupported(
                    'no server is installed in this environment: pip install "imagewire[embedded]", or name a running'
                    " one with target= or IMAGEWIRE_TARGET"
                )
            try:
                _started[key] = next(iter(offered)).load()(environ, idle=_IDLE, repeats=repeats)
            except ValueError as error:
                raise InvalidRequest(str(error), code="FAILED_PRECONDITION") from None
        return _started[key]
