"""gRPC does not survive a fork. A forked process gets an error, before a call hangs or breaks one of its parent's."""

import os

from imagewire.errors import NotSupported

# The ids of processes that have used gRPC: this one, and those that it was forked from.
_users: set[int] = set()


def check() -> None:
    """Record that this process uses gRPC. Raises NotSupported when it was forked from one that did."""
    if _users - {os.getpid()}:
        raise NotSupported(
            "this process was forked from one that had used imagewire, and gRPC does not survive that: start"
            ' processes with multiprocessing.get_context("spawn"), or make the first call after the fork',
            code="FAILED_PRECONDITION",
        )
    _users.add(os.getpid())
