"""What only Linux has. Where it is missing, as on macOS, each function says so, and its caller does without."""

import contextlib
import os
import socket
import struct
from pathlib import Path

# Where it lists the control groups of this process, and where they are.
CONTROL_GROUPS = Path("/proc/self/cgroup")
MOUNTED_GROUPS = Path("/sys/fs/cgroup")
_BYTES_RECEIVED = 128  # where they stand in the kernel's struct tcp_info, eight bytes


def bound_cores() -> int | None:
    """The number of cores that this process is bound to, None if it is not known."""
    with contextlib.suppress(AttributeError, OSError):
        return len(os.sched_getaffinity(0))
    return None


def schedule_as_batch() -> bool:
    """Keep this thread, and those that it starts, from preempting others when they wake up. Returns whether it did."""
    with contextlib.suppress(AttributeError, OSError):  # some systems forbid it
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
            return True
    return False


def schedule_as_other() -> None:
    """Undo `schedule_as_batch`, for this thread alone."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def memory_file(name: str) -> int | None:
    """A file descriptor of memory that is no file, None if there is none."""
    with contextlib.suppress(AttributeError, OSError):
        return os.memfd_create(name)
    return None


def open_descriptors() -> list[int]:
    """The file descriptors of this process; none if they are not known."""
    with contextlib.suppress(OSError):
        return [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208  # names, not paths: there may be many
    return []


def bytes_received(connection: socket.socket) -> int | None:
    """How many bytes the kernel has received on a TCP connection, None if it does not say. Raises OSError."""
    with contextlib.suppress(AttributeError):
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED + 8)
        if len(info) == _BYTES_RECEIVED + 8:
            (received,) = struct.unpack_from("=Q", info, _BYTES_RECEIVED)
            return int(received)
    return None
