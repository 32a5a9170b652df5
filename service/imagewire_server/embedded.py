"""Runs a server inside another program: on a private unix socket, in its own thread, until the program ends."""

import asyncio
import atexit
import dataclasses
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

import uvloop

from imagewire_server import logs
from imagewire_server.bootstrap import server
from imagewire_server.config.load import Config, ConfigError
from imagewire_server.config.show import no_provider_in_environment
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.providers.registry import load, provider_configs


def start(environ: Mapping[str, str], interceptors: Sequence[Interceptor] = ()) -> str:
    """Serve with the settings of an environment; return the target, which only this user can reach.

    It is the ordinary server, with gRPC only. interceptors: called in this order for each call. Raises ValueError if no
    provider is set up or a setting is wrong.
    """
    try:
        config = load(None, environ, rest="off")
    except ConfigError as error:
        raise ValueError(str(error)) from None
    if not config.deployments:
        raise ValueError(no_provider_in_environment(provider_configs()))
    logs.embed()
    # Not in TMPDIR: a socket's path may have at most 107 bytes, and TMPDIR may be long.
    folder = Path(tempfile.mkdtemp(prefix="imagewire-", dir="/tmp"))  # accessible only to this user
    target = f"unix:{folder / 'grpc'}"
    settings = dataclasses.replace(config.settings, grpc=target)
    # Nobody else can reach it, so it needs no key, even if the environment sets one for another server.
    running = _Running(dataclasses.replace(config, settings=settings, master_key=""), interceptors)
    owner = os.getpid()

    def end() -> None:
        # A process that was forked from this one must not stop the server when it ends.
        if os.getpid() == owner:
            running.end()
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    running.start()
    return target


class _Running:
    """A server and its thread."""

    def __init__(self, config: Config, interceptors: Sequence[Interceptor]) -> None:
        self._config = config
        self._interceptors = interceptors
        self._loop = uvloop.new_event_loop()
        self._ended = asyncio.Event()
        self._begun: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="imagewire", daemon=True)

    def start(self) -> None:
        """Return when the server takes calls. Raises the error if it cannot start."""
        self._thread.start()
        self._begun.result()

    def end(self) -> None:
        """Drain and stop."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(timeout=5)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except Exception as error:  # noqa: BLE001  # the caller's to see
                self._begun.set_exception(error)

    async def _serve(self) -> None:
        async with server(self._config, interceptors=self._interceptors) as made:
            await made.grpc.start()
            self._begun.set_result(None)
            await self._ended.wait()
            await made.grpc.drain()
