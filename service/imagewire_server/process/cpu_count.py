"""The number of cores that this process may use: those it is bound to, limited by its container's quota."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

from imagewire_server import linux


def usable(groups: Path = linux.CONTROL_GROUPS, mounted: Path = linux.MOUNTED_GROUPS, bound: int | None = None) -> int:
    """The number, rounded up, at least 1. groups, mounted: where Linux lists control groups, versions 1 and 2.

    bound: the cores that the process is bound to.
    """
    cores = float(_bound() if bound is None else bound)
    for folder in _folders(groups, mounted):
        cores = min(cores, _quota(folder))
    return max(1, math.ceil(cores))


def _bound() -> int:
    return linux.bound_cores() or os.cpu_count() or 1


def _folders(groups: Path, mounted: Path) -> Iterator[Path]:
    """The process's control groups and all their parents; each may have its own quota."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            top = mounted
        elif "cpu" in controllers.split(","):
            top = next((mounted / name for name in (controllers, "cpu") if (mounted / name).is_dir()), mounted)
        else:
            continue
        # A container may see its own group as the root, with a path of the host. Paths that do not exist are skipped.
        below = Path(path.strip("/"))
        yield from (top / folder for folder in (below, *below.parents))


def _quota(folder: Path) -> float:
    """The cores in a group's quota, infinity if it has none."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        cores = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # absent, "max", or not readable
        return math.inf
    return cores if cores > 0 else math.inf  # version 1 uses -1 for none
