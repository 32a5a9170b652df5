"""Runs several worker processes on the same ports: it starts them (without fork), watches, restarts and drains them.

Workers share only the ports (SO_REUSEPORT) and the memory of the metrics. Each worker learns about a provider's health
itself, and limits apply to each. A worker ends when its parent does. Every second it reports that its event loop is
running. One that is silent for eight seconds is killed, because the kernel still gives it connections, and replaced. A
new worker starts with the last valid configuration, whatever the file contains at that time.
"""

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from imagewire_server.config.source import ConfigError
from imagewire_server.core import counters, metrics
from imagewire_server.core.fault_log import describe
from imagewire_server.process.worker_protocol import PACE, READY, framed

if TYPE_CHECKING:
    from asyncio.subprocess import Process

_log = structlog.get_logger("imagewire.workers")

# The number of beats for which a worker may be silent. This process counts them by its own waits, so no worker seems
# silent because this process was stopped or the machine was suspended. Before a worker serves, it loads its code, and a
# busy machine is slow.
_PATIENCE, _PATIENCE_AT_START = 8, 120
# While it stops: no longer than calls have to finish, but at least this.
_PATIENCE_AT_STOP = 3
# Seconds that a worker may take to stop, in addition to drain_delay and drain_grace.
_CLEANUP = 10.0
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0
_LIVED = 30.0  # seconds after which the end of a worker is not considered a failed start


@dataclass(frozen=True, slots=True)
class Reserved:
    """An address whose port is reserved for the workers."""

    address: str
    held: socket.socket


def reserve(address: str) -> Reserved:
    """Reserve HOST:PORT for the workers; the port may be 0. Raises OSError if another program uses it."""
    host, _, port = address.rpartition(":")
    info = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    # First without SO_REUSEPORT: with it, a port of another server that shares it would look free.
    with contextlib.closing(socket.socket(info[0], info[1])) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(info[4])
        except OSError as error:
            remedy = "stop the program that uses it, or choose another address with --grpc, --rest or --admin"
            raise OSError(f"cannot serve on {address}: {error.strerror}; {remedy}") from error
        where = probe.getsockname()
    held = socket.socket(info[0], info[1])
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(where)
    return Reserved(f"{host}:{where[1]}", held)


class Workers:
    """Runs `number` workers. command: starts one. deployments: the number of deployments in the metrics.

    text: that of the configuration. reread: reads it again; raises ConfigError if it is invalid. drain_delay,
    drain_grace: the maximum seconds that a worker takes to stop; after them it is killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        number: int,
        deployments: int,
        *,
        text: bytes,
        reread: Callable[[], bytes],
        drain_delay: float,
        drain_grace: float,
    ) -> None:
        self._command = command
        self._number = number
        self._text = text
        self._reread = reread
        self._drain_delay = drain_delay
        self._drain_grace = drain_grace
        # One for this process, and two per worker: one may still be ending when the next one starts.
        self._slots = 1 + 2 * number
        self._memory = counters.reserve(self._slots, metrics.slot_size(deployments))
        self._shared = counters.Shared(self._memory, self._slots)
        self._free = list(range(1, self._slots))
        metrics.share(self._shared, 0)
        self._running: dict[int, Process] = {}
        self._serving: set[int] = set()
        self._began: set[int] = set()  # those that have served at least once
        self._hangups: asyncio.Queue[None] = asyncio.Queue()
        self._reloads = 0
        self._stopping = asyncio.Event()
        self._interrupts = 0
        self._patience: float = _PATIENCE
        self._ready = asyncio.Semaphore(0)
        self._code = 0

    async def run(self, **serving: object) -> int:
        """Run until SIGTERM or SIGINT; return the exit code. serving: fields of the log line when all are ready."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._hangups.put_nowait, None)
        keepers = [asyncio.create_task(self._keep(index)) for index in range(self._number)]
        beside = asyncio.create_task(self._told(serving)), asyncio.create_task(self._reload())
        await asyncio.gather(*keepers)
        for task in beside:
            task.cancel()
        return self._code

    def _stop(self, number: int) -> None:
        """Forward the signal to stop. Workers treat the two signals differently, and count Ctrl-C."""
        self._stopping.set()
        self._interrupts += number == signal.SIGINT
        delay = self._drain_delay if not self._interrupts else 0
        grace = self._drain_grace if self._interrupts < 2 else 0
        self._patience = min(_PATIENCE, max(_PATIENCE_AT_STOP, delay + grace))
        asyncio.get_running_loop().call_later(delay + grace + _CLEANUP, self._kill_all)
        for index, process in self._running.items():
            # A worker that does not serve yet does not handle Ctrl-C.
            _send(process, number if index in self._serving else signal.SIGTERM)

    def _kill_all(self) -> None:
        for index, process in self._running.items():
            _log.error("a worker did not stop in time and is killed", worker=index)
            _send(process, signal.SIGKILL)

    async def _reload(self) -> None:
        """Forward SIGHUP if the file is valid, to workers that serve. It would end the others; they get it later."""
        while True:
            await self._hangups.get()
            try:
                self._text = await asyncio.to_thread(self._reread)
            except ConfigError as error:
                _log.error("the configuration was not reloaded", why=str(error))
            except Exception as error:  # noqa: BLE001  # else the next hangup would find nobody
                _log.error("the configuration was not reloaded", why="a fault of this server's", **describe(error))
            else:
                self._reloads += 1
                for index in self._serving:
                    _send(self._running[index], signal.SIGHUP)

    async def _told(self, serving: dict[str, object]) -> None:
        for _ in range(self._number):
            await self._ready.acquire()
        _log.info("serving", **serving, workers=self._number)

    async def _keep(self, index: int) -> None:
        """Start a worker, and a new one whenever it ends."""
        wait = _FIRST_WAIT
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = await self._run_one(index)
            if self._stopping.is_set():
                return
            if index not in self._began:
                # It never served, so another one would not either.
                self._code = code or 1
                self._stop(signal.SIGINT)
                return
            wait = _FIRST_WAIT if time.monotonic() - begun > _LIVED else min(wait * 2, _LONGEST_WAIT)
            _log.error("a worker ended and is started again", worker=index, code=code, wait=wait)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def _run_one(self, index: int) -> int:
        """Start a worker, read its reports until it ends, and return its exit code."""
        reloads, slot = self._reloads, self._free.pop(0)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                "--worker",
                str(index),
                "--counts",
                f"{self._memory}:{self._slots}:{slot}",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,  # this process forwards Ctrl-C
                pass_fds=(self._memory,),
            )
        except OSError as error:  # no file descriptors, memory or processes left
            _log.error("a worker cannot be started", worker=index, why=error.strerror)
            self._free.insert(0, slot)
            return 1
        assert process.stdin is not None  # noqa: S101  # it was asked for
        process.stdin.write(framed(self._text))
        self._running[index] = process
        if self._stopping.is_set():
            process.terminate()
        listening = asyncio.create_task(self._listen(index, process, reloads))
        code = await process.wait()
        await listening
        del self._running[index]
        self._serving.discard(index)
        metrics.forget_running(self._shared.slots[slot])
        self._free.insert(0, slot)
        return code

    async def _listen(self, index: int, process: "Process", reloads: int) -> None:
        """Record when a worker serves; kill it if it is silent too long. reloads: the number before its start."""
        assert process.stdout is not None  # noqa: S101  # it was asked for
        silent = 0
        while silent < (self._patience if index in self._serving else _PATIENCE_AT_START):
            try:
                async with asyncio.timeout(PACE):
                    heard = await process.stdout.read(1024)
            except TimeoutError:
                silent += 1
                continue
            if not heard:
                return  # it has ended
            silent = 0
            if READY in heard:
                self._serving.add(index)
                if reloads != self._reloads:
                    _send(process, signal.SIGHUP)
                if index not in self._began:
                    self._began.add(index)
                    self._ready.release()
        _log.error("a worker does not answer and is killed", worker=index, seconds=silent * PACE)
        _send(process, signal.SIGKILL)


def _send(process: "Process", number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
