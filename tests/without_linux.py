"""Runs one of our programs, or code, as on a system that has nothing of Linux's own: `python -m tests.without_linux`.

What macOS lacks is taken away before anything is loaded. The kernel and gRPC are still Linux's.
"""

import ctypes
import fcntl
import mmap
import os
import resource
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

TAKEN: dict[Any, tuple[str, ...]] = {
    os: (
        *("sched_getaffinity", "sched_setaffinity", "sched_getscheduler", "sched_setscheduler", "sched_param"),
        *("SCHED_BATCH", "SCHED_OTHER", "SCHED_IDLE", "memfd_create", "pidfd_open", "eventfd", "splice"),
        *("copy_file_range", "posix_fadvise", "posix_fallocate", "getrandom", "pipe2", "preadv", "O_TMPFILE"),
        *("O_DIRECT", "O_PATH", "setresuid", "getresuid", "unshare", "setns", "getxattr", "setxattr", "timerfd_create"),
    ),
    fcntl: ("F_OFD_SETLK", "F_OFD_SETLKW", "F_OFD_GETLK", "F_SETPIPE_SZ", "F_ADD_SEALS", "F_NOTIFY", "F_SETLEASE"),
    mmap: ("MAP_POPULATE", "MAP_NORESERVE", "MADV_HUGEPAGE"),
    resource: ("prlimit", "RUSAGE_THREAD"),
    select: ("epoll",),
    signal: ("pidfd_send_signal", "sigtimedwait", "sigwaitinfo"),
    socket: (
        *("TCP_INFO", "TCP_USER_TIMEOUT", "TCP_QUICKACK", "TCP_KEEPIDLE", "TCP_DEFER_ACCEPT", "SO_PEERCRED"),
        *("SO_INCOMING_CPU", "SO_DOMAIN", "SO_PROTOCOL", "SOCK_CLOEXEC", "SOCK_NONBLOCK", "AF_NETLINK"),
    ),
    time: ("CLOCK_BOOTTIME", "pthread_getcpuclockid"),
}


class _Library:
    """A C library without glibc's functions."""

    def __init__(self, *_: object, **__: object) -> None:
        pass


def _hidden(path: Any) -> bool:
    return isinstance(path, str | Path) and str(path).startswith(("/proc", "/sys/fs"))


def take_away() -> None:
    """Take it away from this process."""
    for module, names in TAKEN.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    ctypes.CDLL = _Library  # type: ignore[misc,assignment]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in {"open", "os.listdir", "os.scandir"} and _hidden(arguments[0]):
            raise FileNotFoundError(2, "No such file or directory", str(arguments[0]))

    sys.addaudithook(hook)


if __name__ == "__main__":
    take_away()
    module, *sys.argv[1:] = sys.argv[1:]
    sys.argv[0] = module
    import runpy

    runpy.run_module(module, run_name="__main__", alter_sys=True)
