"""Several processes on the same ports: started anew, not forked; watched, restarted, and drained by this one.

Workers share the ports (SO_REUSEPORT) and the memory in which each counts, and nothing else: what one learns of a
provider's health, the others learn for themselves, and limits hold for each of them. A worker ends with its parent,
however that ends: its standard input is a pipe that then closes.
"""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from imagewire_server.engine import counts, metrics

if TYPE_CHECKING:
    from asyncio.subprocess import Process

_log = structlog.get_logger("imagewire.workers")

READY = b"ready\n"
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0
_LIVED = 30.0  # seconds after which a worker's end is no sequel of its start


@dataclass(frozen=True, slots=True)
class Reserved:
    """An address whose port was chosen and is held for the workers."""

    address: str
    held: socket.socket


def reserve(address: str) -> Reserved:
    """Hold HOST:PORT, whose port may be 0, for workers. Raises OSError when another program serves there."""
    host, _, port = address.rpartition(":")
    info = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    # Without SO_REUSEPORT first: with it, a port that another server shares would look free.
    with contextlib.closing(socket.socket(info[0], info[1])) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(info[4])
        except OSError as error:
            raise OSError(f"cannot serve on {address}: {error.strerror}; name another address") from error
        where = probe.getsockname()
    held = socket.socket(info[0], info[1])
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(where)
    return Reserved(f"{host}:{where[1]}", held)


class Workers:
    """Runs `number` workers. command: what starts one; its output is this process's, line for line.

    deployments: how many each will count.
    """

    def __init__(self, command: Sequence[str], number: int, deployments: int) -> None:
        self._command = command
        self._number = number
        # For this process, and for each worker two: one may still be ending when the next one begins.
        self._slots = 1 + 2 * number
        self._memory = counts.reserve(self._slots, metrics.slot_size(deployments))
        self._shared = counts.Shared(self._memory, self._slots)
        self._free = list(range(1, self._slots))
        metrics.share(self._shared, 0)
        self._running: dict[int, Process] = {}
        self._serving: set[int] = set()
        self._stopping = asyncio.Event()
        self._ready = asyncio.Semaphore(0)
        self._code = 0

    async def run(self, **serving: object) -> int:
        """Run until SIGTERM or SIGINT; return the exit code. serving: what the log says when all are ready."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        keepers = [asyncio.create_task(self._keep(index)) for index in range(self._number)]
        readiness = asyncio.create_task(self._told(serving))
        await asyncio.gather(*keepers)
        readiness.cancel()
        return self._code

    def _stop(self, number: int) -> None:
        """Pass on what asked to stop: a worker makes a difference between the two, and counts Ctrl-C."""
        self._stopping.set()
        for index, process in self._running.items():
            # One that has not begun to serve knows no Ctrl-C.
            _send(process, number if index in self._serving else signal.SIGTERM)

    def _hang_up(self) -> None:
        for process in self._running.values():
            _send(process, signal.SIGHUP)

    async def _told(self, serving: dict[str, object]) -> None:
        for _ in range(self._number):
            await self._ready.acquire()
        _log.info("serving", **serving, workers=self._number)

    async def _keep(self, index: int) -> None:
        """Start a worker, and another in its place whenever it ends."""
        wait, began_well = _FIRST_WAIT, False
        while not self._stopping.is_set():
            begun = time.monotonic()
            slot = self._free.pop(0)
            process = await asyncio.create_subprocess_exec(
                *self._command,
                "--worker",
                str(index),
                "--counts",
                f"{self._memory}:{self._slots}:{slot}",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is this process's to pass on
                pass_fds=(self._memory,),
            )
            self._running[index] = process
            if self._stopping.is_set():
                process.terminate()
            assert process.stdout is not None  # noqa: S101  # it was asked for
            if await process.stdout.readline() == READY:
                self._serving.add(index)
                if not began_well:
                    began_well = True
                    self._ready.release()
            code = await process.wait()
            del self._running[index]
            self._serving.discard(index)
            metrics.forget_running(self._shared.slots[slot])
            self._free.insert(0, slot)
            if self._stopping.is_set():
                return
            if not began_well:
                # It never served: neither would another one.
                self._code = code or 1
                self._stop(signal.SIGINT)
                return
            wait = _FIRST_WAIT if time.monotonic() - begun > _LIVED else min(wait * 2, _LONGEST_WAIT)
            _log.error("a worker ended and is started again", worker=index, code=code, wait=wait)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)


def _send(process: "Process", number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def share_counts(where: str) -> None:
    """In a worker: count in the memory that its parent has told of."""
    memory, slots, slot = (int(number) for number in where.split(":"))
    metrics.share(counts.Shared(memory, slots), slot)


async def parent_gone() -> None:
    """Return when the process that started this worker has ended, or closed its end of standard input."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), gone.set)
    await gone.wait()
    loop.remove_reader(sys.stdin.fileno())
