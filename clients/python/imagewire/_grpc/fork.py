"""gRPC does not survive a fork: a child of a process that has used it is told so, before it hangs or breaks a call."""

import os

from imagewire.errors import NotSupported

# The processes that have used gRPC, as this one knows: itself, or what it was forked from.
_users: set[int] = set()


def check() -> None:
    """Note that this process uses gRPC. Raises NotSupported when it was forked from one that did."""
    if _users - {os.getpid()}:
        raise NotSupported(
            "this process was forked from one that had used imagewire, and gRPC does not survive that: start"
            ' processes with multiprocessing.get_context("spawn"), or make the first call after the fork',
            code="FAILED_PRECONDITION",
        )
    _users.add(os.getpid())
