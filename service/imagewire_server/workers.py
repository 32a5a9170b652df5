"""Several processes on the same ports: started anew, not forked; watched, restarted, and drained by this one.

Workers share the ports (SO_REUSEPORT) and the memory in which each counts, and nothing else: what one learns of a
provider's health, the others learn for themselves, and limits hold for each of them. A worker ends with its parent,
however that ends: its standard input is a pipe that then closes. On its standard output it says each second that its
event loop runs; one that is silent for eight is killed, because the kernel goes on giving it connections, and replaced.
"""

import asyncio
import contextlib
import os
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

# What a worker writes: once when it serves, then in each second in which its event loop runs.
_READY, _BEAT = b"!", b"."
# Seconds. They are counted in waits of this process: where it was stopped itself, or its machine slept, no worker is
# found silent. Before it serves, a worker loads its code, which a busy machine does slowly.
_PACE, _PATIENCE, _PATIENCE_AT_START = 1.0, 8, 120
# Seconds that a worker may take to stop, beyond what its settings give to calls.
_CLEANUP = 10.0
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
    """Runs `number` workers. command: what starts one. deployments: how many each will count.

    drain_delay, drain_grace: the seconds that each takes to stop, at the most; behind them it is killed.
    """

    def __init__(
        self, command: Sequence[str], number: int, deployments: int, *, drain_delay: float, drain_grace: float
    ) -> None:
        self._command = command
        self._number = number
        self._drain_delay = drain_delay
        self._drain_grace = drain_grace
        # For this process, and for each worker two: one may still be ending when the next one begins.
        self._slots = 1 + 2 * number
        self._memory = counts.reserve(self._slots, metrics.slot_size(deployments))
        self._shared = counts.Shared(self._memory, self._slots)
        self._free = list(range(1, self._slots))
        metrics.share(self._shared, 0)
        self._running: dict[int, Process] = {}
        self._serving: set[int] = set()
        self._began: set[int] = set()  # those that have served at least once
        self._hangups = 0
        self._stopping = asyncio.Event()
        self._interrupts = 0
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
        self._interrupts += number == signal.SIGINT
        seconds = (
            _CLEANUP
            + (self._drain_grace if self._interrupts < 2 else 0)
            + (self._drain_delay if not self._interrupts else 0)
        )
        asyncio.get_running_loop().call_later(seconds, self._kill_all)
        for index, process in self._running.items():
            # One that has not begun to serve knows no Ctrl-C.
            _send(process, number if index in self._serving else signal.SIGTERM)

    def _kill_all(self) -> None:
        for index, process in self._running.items():
            _log.error("a worker did not stop in time and is killed", worker=index)
            _send(process, signal.SIGKILL)

    def _hang_up(self) -> None:
        """Pass it on to those that serve: it would end the others, which are told when they do."""
        self._hangups += 1
        for index in self._serving:
            _send(self._running[index], signal.SIGHUP)

    async def _told(self, serving: dict[str, object]) -> None:
        for _ in range(self._number):
            await self._ready.acquire()
        _log.info("serving", **serving, workers=self._number)

    async def _keep(self, index: int) -> None:
        """Start a worker, and another in its place whenever it ends."""
        wait = _FIRST_WAIT
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = await self._run_one(index)
            if self._stopping.is_set():
                return
            if index not in self._began:
                # It never served: neither would another one.
                self._code = code or 1
                self._stop(signal.SIGINT)
                return
            wait = _FIRST_WAIT if time.monotonic() - begun > _LIVED else min(wait * 2, _LONGEST_WAIT)
            _log.error("a worker ended and is started again", worker=index, code=code, wait=wait)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def _run_one(self, index: int) -> int:
        """Start a worker, listen to it until it ends, and return its exit code."""
        hangups, slot = self._hangups, self._free.pop(0)
        try:
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
        except OSError as error:  # no file descriptors, memory or processes left
            _log.error("a worker cannot be started", worker=index, why=error.strerror)
            self._free.insert(0, slot)
            return 1
        self._running[index] = process
        if self._stopping.is_set():
            process.terminate()
        listening = asyncio.create_task(self._listen(index, process, hangups))
        code = await process.wait()
        await listening
        del self._running[index]
        self._serving.discard(index)
        metrics.forget_running(self._shared.slots[slot])
        self._free.insert(0, slot)
        return code

    async def _listen(self, index: int, process: "Process", hangups: int) -> None:
        """Note when a worker serves; kill it when it is silent for too long. hangups: how many came before it began."""
        assert process.stdout is not None  # noqa: S101  # it was asked for
        silent, patience = 0, _PATIENCE_AT_START
        while silent < patience:
            try:
                async with asyncio.timeout(_PACE):
                    heard = await process.stdout.read(1024)
            except TimeoutError:
                silent += 1
                continue
            if not heard:
                return  # it has ended
            silent = 0
            if _READY in heard:
                patience = _PATIENCE
                self._serving.add(index)
                if hangups != self._hangups:
                    _send(process, signal.SIGHUP)
                if index not in self._began:
                    self._began.add(index)
                    self._ready.release()
        _log.error("a worker does not answer and is killed", worker=index, seconds=silent * _PACE)
        _send(process, signal.SIGKILL)


def _send(process: "Process", number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def share_counts(where: str) -> None:
    """In a worker: count in the memory that its parent has told of."""
    memory, slots, slot = (int(number) for number in where.split(":"))
    metrics.share(counts.Shared(memory, slots), slot)


def say_ready() -> None:
    """Tell the process that started this worker that it serves."""
    _say(_READY)


async def beat_until_parent_gone() -> None:
    """Tell the process that started this worker that its loop runs; return when that has ended."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), gone.set)
    while not gone.is_set():
        _say(_BEAT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(gone.wait(), _PACE)
    loop.remove_reader(sys.stdin.fileno())


def _say(what: bytes) -> None:
    """Write to the pipe. One that is full belongs to a process that was stopped, and nothing waits for it."""
    os.set_blocking(sys.stdout.fileno(), False)
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), what)
