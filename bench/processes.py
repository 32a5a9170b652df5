"""Processes on cores of their own, and what /proc says of a whole tree of them. Each is ended by its pid."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@lru_cache
def cores() -> tuple[str, str]:
    """The core of the server under test, and the cores of everything else, as taskset takes them; first asked first."""
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) < 2:
        raise SystemExit("bench: two cores are needed, one for the server and one for the load")
    return str(mine[-1]), ",".join(map(str, mine[:-1]))


@contextlib.contextmanager
def running(
    command: Sequence[str], core: str, *, env: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A pinned process in a group of its own. log: where its output goes; without it, pipes to us."""
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(log.open("w")) if log else None
        process = subprocess.Popen(
            ["taskset", "-c", core, *command],
            stdin=subprocess.DEVNULL if out else subprocess.PIPE,
            stdout=out or subprocess.PIPE,
            stderr=subprocess.STDOUT if out else None,
            # Nobody asks our server for its health when it is stopped.
            env={**os.environ, "IMAGEWIRE_DRAIN_DELAY": "0", **(env or {})},
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for member in found:
        found += children.get(member, ())
    return found


def cpu_seconds(pid: int) -> dict[int, float]:
    """User and system time so far of each process of the tree, with that of its ended children."""
    seconds = {}
    for member in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            seconds[member] = sum(map(int, fields[11:15])) / _TICKS
    return seconds


def move(pid: int, cores: str) -> None:
    """Have all threads of a process run on other cores."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {int(core) for core in cores.split(",")})


def wait_for_rest(pid: int) -> None:
    """Until the tree uses hardly any CPU time, or for ten seconds."""
    for _ in range(20):
        before = sum(cpu_seconds(pid).values())
        time.sleep(0.5)
        if sum(cpu_seconds(pid).values()) - before <= 0.03:
            return


def memory(pid: int, field: str) -> int:
    """VmRSS (now) or VmHWM (the peak) of the tree, in bytes: the sum, so shared pages count once a process."""
    total = 0
    for member in tree(pid):
        with contextlib.suppress(OSError):
            match = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{member}/status").read_text())
            total += int(match[1]) * 1024 if match else 0
    return total


def forget_peak(pid: int) -> None:
    """Let the peaks start from now."""
    for member in tree(pid):
        Path(f"/proc/{member}/clear_refs").write_text("5")


def foreign_seconds() -> float:
    """CPU time that all but us and our ended children have taken of the machine, since some moment."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / _TICKS - sum(os.times()[:4])


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[str], seconds: float) -> float:
    """Until it is ready: when, by time.perf_counter. Raises RuntimeError when it ends or takes too long."""
    until = time.perf_counter() + seconds
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"it ended with {process.returncode}")
        if time.perf_counter() > until:
            raise RuntimeError(f"it was not ready after {seconds:g} s")
        time.sleep(0.005)
    return time.perf_counter()
