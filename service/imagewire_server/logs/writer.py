"""Writes lines to a file descriptor, in a thread. Logging never waits for the disk or for the reader.

If the queue is full, or a line cannot be written, the line is lost. A later line reports how many were lost.
"""

import os
import queue
import select
import threading
from collections.abc import Callable

from imagewire_server.core import metrics

# The queue for a slow reader: a few seconds of calls of a busy server.
MOST = 8192
# Writes up to this size are never mixed with those of other processes to the same pipe (PIPE_BUF).
_AT_ONCE = 4096
_GATHERED = 64 * 1024
# Lines within this time are written together, because waking the thread for each would delay the event loop.
_PAUSE = 0.02


class Writer:
    """Writes lines to `fd`. dropped: makes the line that reports lost lines. most: the size of the queue."""

    def __init__(self, fd: int, dropped: Callable[[int], bytes], most: int = MOST) -> None:
        self._fd = fd
        self._dropped = dropped
        self._most = most
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()  # None: the end
        self._closing = threading.Event()
        self._full = 0  # all lines that were lost because the queue was full
        self._failed = 0  # all lines that could not be written
        self._told = 0  # of both
        self._torn = False  # the last write ended within a line
        self._thread = threading.Thread(target=self._run, name="imagewire-logs", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Queue a line with its newline. Never waits."""
        if self._lines.qsize() >= self._most:
            self._full += 1
            metrics.count_lines_dropped("full", 1)
            return
        self._lines.put(line)

    def close(self, timeout: float = 1.0) -> None:
        """Write all queued lines; give up after `timeout` seconds."""
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
        """Wait for queued lines; return some of them, and whether it is the end."""
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
        """Write complete lines; after them, report the lines that were lost before."""
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
            except BlockingIOError:  # another process that shares the descriptor made it non-blocking
                select.select((), (self._fd,), ())
            except OSError:
                self._torn = self._torn or len(left) < len(lines)
                return bytes(left).count(b"\n")
        self._torn = False
        return 0
