"""Counters: of one process, or of several, each with its own slot in shared memory.

That memory is no file and is allocated when it is made, so a full disk does no harm. The counts of a process outlive
it, and the next process in its slot continues from them. A slot holds the number of bytes of all names, a double for
each name, and the names, each a line of JSON; behind them is room for its exemplars (`exemplars.py`). Only its own
process writes to it.

prometheus-client only writes the page: its own files for several processes are memory-mapped and sparse, so a full disk
would end every worker by SIGBUS.
"""

import mmap
import os
import tempfile
import threading
from bisect import bisect_left
from typing import NamedTuple

import msgspec
import structlog

from imagewire_server import linux

Name = tuple[str, ...]  # a metric's, then the values of its labels
SUM = "sum"  # the last label of the sum of what a histogram has counted


class Histogram(NamedTuple):
    """bounds: the upper ones of its buckets but the last. last: the last label of each bucket, then that of the sum."""

    bounds: tuple[float, ...]
    last: tuple[str, ...]


_ALONE = 256 * 1024
# One byte in so many is for doubles: a name's line has at least three times the bytes of one.
_SHARE = 4
# One byte in so many of a process's memory is for exemplars.
_CELLS = 5

_log = structlog.get_logger("imagewire.metrics")


class Counts:
    """One process's numbers. memory: its slot."""

    def __init__(self, memory: memoryview | None = None) -> None:
        memory = memory if memory is not None else memoryview(bytearray(_ALONE))
        doubles = len(memory) // _SHARE // 8 * 8
        self._doubles, self._names = memory[:doubles].cast("d"), memory[doubles:]
        self._spare = len(self._doubles) - 1  # for what has no room
        self._lock = threading.Lock()
        self._places = {name: at for at, name in enumerate(self.names(), 1)}
        self._series: dict[Name, list[int]] = {}  # the places of a histogram's buckets and of its sum, 0 if not known

    def add(self, name: Name, amount: float = 1.0) -> None:
        """Add to a number."""
        at = self._places.get(name) or self._place(name)
        self._doubles[at] += amount

    def observe(self, name: Name, value: float, of: "Histogram") -> int:
        """Count a value in its bucket, and in the sum; return the bucket's index. name: without the last label."""
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = [0] * len(of.last)
        bucket = bisect_left(of.bounds, value)
        doubles, at, whole = self._doubles, series[bucket], series[-1]
        if not at or not whole:
            at = series[bucket] = self._places.get((*name, of.last[bucket])) or self._place((*name, of.last[bucket]))
            whole = series[-1] = self._places.get((*name, SUM)) or self._place((*name, SUM))
        doubles[at] += 1.0
        doubles[whole] += value
        return bucket

    def clear(self, metric: str) -> None:
        """Set a metric's numbers to 0."""
        for name, at in self._places.items():
            if name[0] == metric:
                self._doubles[at] = 0.0

    def read(self) -> dict[Name, float]:
        """All numbers, also those that another process counts."""
        return {name: self._doubles[at] for at, name in enumerate(self.names(), 1)}

    def place(self, name: Name) -> int:
        """Which of `names` it is, from 1; 0 for none."""
        at = self._places.get(name, 0)
        return at if at != self._spare else 0

    def names(self) -> list[Name]:
        """The names of all numbers, in a lasting order."""
        lines = bytes(self._names[: int(self._doubles[0])]).splitlines()
        return [msgspec.json.decode(line, type=Name) for line in lines]

    def _place(self, name: Name) -> int:
        with self._lock:
            if name in self._places:
                return self._places[name]
            line = msgspec.json.encode(name) + b"\n"
            begin = int(self._doubles[0])
            at, end = len(self._places) + 1, begin + len(line)
            if at < self._spare and end <= len(self._names):
                self._names[begin:end] = line
                self._doubles[0] = end  # last: who reads it finds the name
            else:
                at = self._spare
                _log.warning("no room to count this; restart to make some", metric=name)
            self._places[name] = at
            return at


class Shared:
    """Memory of so many slots, by the file descriptor that `reserve` gave, here or in a parent process.

    cells: of each slot, for exemplars.
    """

    def __init__(self, fd: int, slots: int) -> None:
        memory = memoryview(mmap.mmap(fd, 0))
        size = len(memory) // slots
        counts = size - size // _CELLS
        self.slots = [memory[at : at + counts] for at in range(0, size * slots, size)]
        self.cells = [memory[at + counts : at + size] for at in range(0, size * slots, size)]

    def read(self) -> dict[Name, float]:
        """The sums over all slots."""
        sums: dict[Name, float] = {}
        for slot in self.slots:
            for name, number in Counts(slot).read().items():
                sums[name] = sums.get(name, 0.0) + number
        return sums


def reserve(slots: int, size: int) -> int:
    """A file descriptor of so many slots of so many bytes, for this process and its children. Raises OSError."""
    fd = linux.memory_file("imagewire-metrics")
    if fd is None:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    # Written, not only extended: if there is no memory, that fails now, and not by SIGBUS when it is used.
    left = slots * size
    while left:
        left -= os.write(fd, bytes(min(left, size)))
    return fd
