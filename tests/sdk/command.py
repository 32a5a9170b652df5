"""The command imagewire as a process, on pipes and in a terminal."""

import atexit
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import forked
from tests.integration.processes import ledger

COMMAND = [sys.executable, "-m", "imagewire"]
# A limit on the size of files is a disk that fills up, for anybody to have.
_SMALL_DISK = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
_TERMINAL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
_BACKGROUND = "; os.tcsetpgrp(0, os.getpgrp()); os.fork() and (os.wait(), os._exit(0)); os.setpgid(0, 0)"
_START = "; os.execv(sys.argv[1], sys.argv[1:])"
SMALL_DISK = [sys.executable, "-c", _SMALL_DISK + _START, *COMMAND]
KITTY = re.compile(rb"\x1b_Gi=(\d+),s=1,v=1,a=q[^\x1b]*\x1b\\")

_STATE = tempfile.mkdtemp(prefix="imagewire-state-")
atexit.register(shutil.rmtree, _STATE, ignore_errors=True)


def environ(target: str, **env: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("IMAGEWIRE_")}
    return {**clean, "IMAGEWIRE_TARGET": target, "COLUMNS": "200", "NO_COLOR": "1", "XDG_STATE_HOME": _STATE, **env}


def run(
    folder: Path,
    target: str,
    *arguments: str | bytes,
    stdin: bytes | None = None,
    command: list[str] | None = None,
    **env: str,
) -> subprocess.CompletedProcess[bytes]:
    return forked.run(
        [*(command or COMMAND), *arguments],
        capture_output=True,
        cwd=folder,
        env=environ(target, **env),
        timeout=60,
        input=stdin,
    )


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def outcome(emulator: str, within: float = 30) -> str:
    """How the emulator's last request ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found: str = ledger(emulator)[-1]["outcome"]
        if found != "open":
            return found
        time.sleep(0.01)  # between two questions to another process, which would do nothing else
    raise AssertionError("the request goes on upstream")


class Terminal:
    """A command in a pseudo-terminal: 40 rows, 100 columns, cells of 10 by 20 pixels. `seen` is all it printed.

    knows: "kitty" or "sixel": the terminal answers as one that knows that; else it is silent.
    """

    def __init__(self, main: int, process: subprocess.Popen[bytes], knows: str) -> None:
        self._main, self.process, self._knows = main, process, knows
        self._asked = 0
        self.seen = b""

    def until(self, words: bytes, after: int = 0, within: float = 60) -> int:
        """Read until words were printed; where they end in `seen`."""
        deadline = time.monotonic() + within
        while (at := self.seen.find(words, after)) < 0:
            assert time.monotonic() < deadline, self.seen[-2000:]
            assert self._read(deadline - time.monotonic()), self.seen[-2000:]
        return at + len(words)

    def when(self, words: bytes) -> float:
        """When words were printed, as time.monotonic()."""
        self.until(words)
        return time.monotonic()

    def type(self, keys: bytes) -> int:
        """Type; returns where in `seen` the answer begins."""
        os.write(self._main, keys)
        return len(self.seen)

    def ends(self, within: float) -> bool:
        """Read all; False if it prints nothing for so many seconds, and does not end."""
        while select.select([self._main], [], [], within)[0]:
            if not self._read(within):
                return True
        return False

    def end(self) -> int:
        """Read all; the exit code."""
        while self._read(60):
            pass
        return self.process.wait(60)

    def _read(self, within: float) -> bool:
        if not select.select([self._main], [], [], within)[0]:
            return False
        try:
            piece = os.read(self._main, 65536)
        except OSError:  # the terminal's end on Linux
            return False
        self.seen += piece
        if self._knows:
            self._answer()
        return bool(piece)

    def _answer(self) -> None:
        new = self.seen[self._asked :]
        attributes = b"\x1b[?62;4c" if self._knows == "sixel" else b"\x1b[?62c"
        queries = [(match.end(), b"\x1b_Gi=%s;OK\x1b\\" % match[1]) for match in KITTY.finditer(new)]
        queries += [(match.end(), attributes) for match in re.finditer(rb"\x1b\[c", new)]
        for end, answer in sorted(queries):
            os.write(self._main, answer)
            self._asked = len(self.seen) - len(new) + end


@contextmanager
def terminal(
    folder: Path, target: str, *arguments: str, knows: str = "", background: bool = False, **env: str
) -> Iterator[Terminal]:
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 1000, 800))
    given: dict[str, Any] = environ(target, TERM="xterm-256color", COLORTERM="truecolor", **env)
    for name in ("COLUMNS", *(() if "NO_COLOR" in env else ("NO_COLOR",))):
        del given[name]
    given.pop("LINES", None)  # pytest-xdist sets it
    process = subprocess.Popen(
        [sys.executable, "-c", _TERMINAL + (_BACKGROUND if background else "") + _START, *COMMAND, *arguments],
        cwd=folder,
        env=given,
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
    )
    os.close(side)
    try:
        yield Terminal(main, process, knows)
    finally:
        os.close(main)
        if process.poll() is None:
            process.kill()
            process.wait()
