"""Whether a failure to connect is this machine's own: it has no file descriptors, memory, buffers or ports left."""

import errno
import socket

import structlog

from imagewire_server.contract.errors import Overloaded

_OWN = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})
_RETRY_AFTER = 1.0

_log = structlog.get_logger("imagewire.transport")


def is_own(error: BaseException) -> bool:
    """Whether this, or what it was raised from, is an exhaustion of our own."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _OWN:
            return True
        if isinstance(seen, socket.gaierror) and _no_descriptor_left():
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def overloaded() -> Overloaded:
    """What a caller is told, before anything was sent for the call."""
    _log.error("no file descriptors, memory or ports left to connect with")
    return Overloaded(
        "this server has no file descriptors, memory or ports left to connect with, and nothing was sent: try again in"
        " a second",
        retry_after=_RETRY_AFTER,
    )


def _no_descriptor_left() -> bool:
    """A look-up that could open nothing fails as if there were no such name."""
    try:
        socket.socket().close()
    except OSError as error:
        return error.errno in _OWN
    return False
