"""Lines to a file descriptor, by a thread: whoever logs never waits for the disk, or for who reads the other end.

Lines that find the queue full, or that cannot be written, are lost; they are counted, and a later line says how many.
"""

import os
import queue
import select
import threading
from collections.abc import Callable

from imagewire_server.core import metrics

# Held for a reader that is slow: a few seconds of a busy server's calls.
MOST = 8192
# So much at once is never mixed with what other processes write to the same pipe (PIPE_BUF).
_AT_ONCE = 4096
_GATHERED = 64 * 1024
# Lines that come within this time of each other leave together: waking the thread for each would hold the loop up.
_PAUSE = 0.02


class Writer:
    """Writes lines to `fd`. dropped: the line that tells how many were lost. most: lines held."""

    def __init__(self, fd: int, dropped: Callable[[int], bytes], most: int = MOST) -> None:
        self._fd = fd
        self._dropped = dropped
        self._most = most
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()  # None: the end
        self._closing = threading.Event()
        self._full = 0  # lines that found no room, all told
        self._failed = 0  # lines that could not be written, all told
        self._told = 0  # of both
        self._torn = False  # what was written last was half a line
        self._thread = threading.Thread(target=self._run, name="imagewire-logs", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Queue a line, its end included. Never waits."""
        if self._lines.qsize() >= self._most:
            self._full += 1
            metrics.count_lines_dropped("full", 1)
            return
        self._lines.put(line)

    def close(self, timeout: float = 1.0) -> None:
        """Write what is queued; give up after `timeout` seconds."""
        self._closing.set()
        self._lines.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        ended = False
        while not ended:
            lines, ended = self._gather()
            self._write_all(lines)
            if not ended:
                self._closing.wait(_PAUSE)

    def _gather(self) -> tuple[list[bytes], bool]:
        """Some of what is queued, once there is any; and whether it is the end."""
        lines: list[bytes] = []
        size, line = 0, self._lines.get()
        while line is not None:
            lines.append(line)
            size += len(line)
            if size >= _GATHERED:
                return lines, False
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return lines, False
        return lines, True

    def _write_all(self, lines: list[bytes]) -> None:
        at = 0
        while at < len(lines):
            end, size = at + 1, len(lines[at])
            while end < len(lines) and size + len(lines[end]) <= _AT_ONCE:
                size += len(lines[end])
                end += 1
            self._write(b"".join(lines[at:end]))
            at = end

    def _write(self, lines: bytes) -> None:
        """Write whole lines; once they are out, tell of those that were lost before."""
        lost = self._out(lines)
        if lost:
            self._failed += lost
            metrics.count_lines_dropped("unwritable", lost)
            return
        missing = self._full + self._failed - self._told
        if missing and not self._out(self._dropped(missing)):
            self._told += missing

    def _out(self, lines: bytes) -> int:
        """Write; return how many lines were lost."""
        left = memoryview(b"\n" + lines if self._torn else lines)
        while left:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:  # who shares the descriptor has made it so
                select.select((), (self._fd,), ())
            except OSError:
                self._torn = self._torn or len(left) < len(lines)
                return bytes(left).count(b"\n")
        self._torn = False
        return 0
