"""Detects failures to connect that are this machine's own: no file descriptors, memory, buffers or ports are left."""

import errno
import socket

import structlog

from imagewire_server.contract.errors import Overloaded

_OWN = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})
_RETRY_AFTER = 1.0

_log = structlog.get_logger("imagewire.transport")


def is_own(error: BaseException) -> bool:
    """Whether this error, or one of its causes, means that this machine is out of resources."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _OWN:
            return True
        if isinstance(seen, socket.gaierror) and _no_descriptor_left():
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def overloaded() -> Overloaded:
    """The error for the caller, if nothing was sent yet."""
    _log.error("no file descriptors, memory or ports left to connect with")
    return Overloaded(
        "this server has no file descriptors, memory or ports left to connect with, and nothing was sent: try again in"
        " a second",
        retry_after=_RETRY_AFTER,
    )


def _no_descriptor_left() -> bool:
    """Whether no file descriptor is left. A DNS lookup then fails as if the name did not exist."""
    try:
        socket.socket().close()
    except OSError as error:
        return error.errno in _OWN
    return False
