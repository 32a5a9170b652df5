"""Runs servers inside another program: on private unix sockets, in their own threads, until they are idle or it ends.

A program may use many keys, one after the other, and each key needs a server of its own. So servers that the Python
client starts end when they have been idle, and some earlier where there are many; the next call starts them again.
"""

import asyncio
import atexit
import dataclasses
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

import uvloop

from imagewire_server import logs
from imagewire_server.bootstrap import Server, server
from imagewire_server.config.load import Config, ConfigError
from imagewire_server.config.show import no_provider_in_environment
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.providers.registry import load, provider_configs

# How many servers that may end run at once, but for those that have calls.
_MOST = 8
# A server that was just asked for is about to have a call.
_JUST = 0.1

_lock = threading.Lock()  # for starting and ending servers
_ending: list["_Embedded"] = []  # those that may end, whether they run or not


class Target(str):
    """Where a server listens, as gRPC takes it."""

    __slots__ = ("_end", "_server")
    _server: "_Embedded"
    _end: Callable[[], None]

    def __new__(cls, made: "_Embedded", end: Callable[[], None]) -> "Target":
        target = super().__new__(cls, made.address)
        target._server, target._end = made, end
        return target

    def wake(self) -> None:
        """Start the server again if it has ended. Call it before each call."""
        self._server.wake()

    def stop(self) -> None:
        """Drain and stop the server. `wake` starts another one at the same address."""
        self._server.end()

    def end(self) -> None:
        """Drain and stop the server for good, and remove the folder of its socket."""
        atexit.unregister(self._end)
        self._end()


def start(
    environ: Mapping[str, str],
    interceptors: Sequence[Interceptor] = (),
    *,
    idle: float | None = None,
    repeats: bool = True,
) -> Target:
    """Serve with the settings of an environment; return the target, which only this user can reach.

    It is the ordinary server, with gRPC only. interceptors: called in this order for each call. idle: seconds without a
    call after which it may end, so that it must be woken before each call; None: it runs as long as the program.
    repeats: whether it repeats calls to the provider; False where its caller does. Raises ValueError if no provider is
    set up or a setting is wrong.
    """
    try:
        # Its address is the program's own, so nothing that the environment says of another server's counts.
        config = load(None, environ, rest="off", admin="off", grpc="unix:", plaintext="loopback")
    except ConfigError as error:
        raise ValueError(str(error)) from None
    if not config.deployments:
        raise ValueError(no_provider_in_environment(provider_configs()))
    if not repeats:
        config = dataclasses.replace(config, routing=dataclasses.replace(config.routing, num_retries=0))
    logs.embed()
    # Not in TMPDIR: a socket's path may have at most 107 bytes, and TMPDIR may be long.
    folder = Path(tempfile.mkdtemp(prefix="imagewire-", dir="/tmp"))  # accessible only to this user
    settings = dataclasses.replace(
        config.settings, grpc=f"unix:{folder / 'grpc'}", tls_cert="", tls_key="", tls_client_ca=""
    )
    # Nobody else can reach it, so it needs no key, even if the environment sets one for another server.
    made = _Embedded(dataclasses.replace(config, settings=settings, master_key="", callers=()), interceptors, idle)
    owner = os.getpid()

    def end() -> None:
        # A process that was forked from this one must not stop the server when it ends.
        if os.getpid() == owner:
            made.end()
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    made.wake()
    if idle is not None:
        _ending.append(made)
    return Target(made, end)


def _make_room() -> None:
    """End idle servers, the longest unused first, until another one may start."""
    running = [each for each in _ending if each.is_running]
    spare = sorted((each for each in running if each.is_idle(_JUST)), key=lambda each: each.used)
    for each in spare[: max(0, len(running) - _MOST + 1)]:
        each.end()


class _Embedded:
    """A server, which may run several times, one after the other."""

    def __init__(self, config: Config, interceptors: Sequence[Interceptor], idle: float | None) -> None:
        self.address = config.settings.grpc
        self.used = 0.0
        self.is_running = False
        self._config = config
        self._interceptors = interceptors
        self._idle = idle
        self._lock = threading.Lock()  # for `used` and `is_running`
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def is_idle(self, seconds: float) -> bool:
        """Whether it has no call, and was not asked for in the last seconds."""
        busy = self._server is not None and self._server.grpc.running > 0
        if busy:
            self.used = time.monotonic()
        return time.monotonic() - self.used >= seconds

    def wake(self) -> None:
        """Return when the server takes calls. Raises the error if it cannot start."""
        if self._is_awake():
            return
        with _lock:
            if self._is_awake():  # another thread has started it
                return
            if self._idle is not None:
                _make_room()
            self.end()
            self._loop = uvloop.new_event_loop()
            self._ended = asyncio.Event()
            self._begun: Future[None] = Future()
            self._thread = threading.Thread(target=self._run, name="imagewire", daemon=True)
            self._thread.start()
            self._begun.result()

    def end(self) -> None:
        """Drain and stop."""
        self.is_running = False
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(timeout=5)

    def _is_awake(self) -> bool:
        with self._lock:
            self.used = time.monotonic()
            return self.is_running

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except Exception as error:  # noqa: BLE001  # the caller's to see
                self._begun.set_exception(error)

    async def _serve(self) -> None:
        async with server(self._config, interceptors=self._interceptors) as made:
            await made.grpc.start()
            self._server = made
            # Here, not in `wake`: it may have ended again before that thread goes on.
            self.is_running = True
            self._begun.set_result(None)
            await self._until_over()
            self._server = None
            await made.grpc.drain()

    async def _until_over(self) -> None:
        """Return when the server is to end, or was idle for long."""
        while not self._ended.is_set():
            try:
                await asyncio.wait_for(self._ended.wait(), self._idle)
            except TimeoutError:
                with self._lock:
                    if self._idle is not None and self.is_idle(self._idle):
                        self.is_running = False
                        return
