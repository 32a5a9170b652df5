"""Programs that run until they are ended: each with its log, in a session of its own, ended by its pid."""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.mesh.envoy import until

_PATIENCE = 60.0  # seconds in which a program ends that is asked to


@dataclass(frozen=True)
class Running:
    """A program that runs. log: what it has written."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def until(self, ask: Callable[[], bool], what: str) -> None:
        """Return when `ask` gives True at last. Raises AssertionError if the program ends before, or after a minute."""

        def asked() -> bool | None:
            if self.process.poll() is not None:
                told = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
                raise AssertionError(f"{self.name} has ended with {self.process.returncode}:\n{told}")
            try:
                return ask() or None
            except (OSError, httpx.HTTPError):
                return None

        until(asked, f"{self.name}: {what}")


@contextlib.contextmanager
def running(
    name: str, command: Sequence[str], environ: Mapping[str, str], folder: Path, end: signal.Signals = signal.SIGTERM
) -> Iterator[Running]:
    """A program with these variables alone, as in a container. end: the signal that asks it to stop.

    A terminal's Ctrl-C does not reach it, so that all are ended here, one after the other.
    """
    log = folder / f"{name}.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            env={"PATH": os.defpath, "HOME": str(folder), **environ},
            cwd=folder,
            start_new_session=True,
        )
    try:
        yield Running(name, process, log)
    finally:
        process.send_signal(end)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            # What it has started is in its session, and has no other end.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(url: str) -> bool:
    """Whether a URL answers with 200."""
    return httpx.get(url, trust_env=False, timeout=20).status_code == 200


def listens(address: str) -> bool:
    """Whether a port takes connections."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), timeout=20).close()
    return True
