"""Serves until a signal, as the command does: it starts, reads its configuration again, and drains."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Sequence

import structlog

from imagewire_server.bootstrap import RELOAD_TIMEOUT, Server, server
from imagewire_server.config.load import Config
from imagewire_server.config.source import ConfigError
from imagewire_server.core.drain import Stop
from imagewire_server.core.fault_log import describe
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.core.listener import bound
from imagewire_server.process import allocator, open_files

_log = structlog.get_logger("imagewire")


async def serve(
    config: Config,
    reread: Callable[[], Config],
    *,
    interceptors: Sequence[Interceptor] = (),
    shared: bool = False,
    ready: Callable[[], None] = lambda: None,
    until: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain. SIGHUP reads the configuration again; a bad one changes nothing.

    interceptors: as `server` takes them. shared: other workers have the ports too. ready: called when calls are taken.
    until: another reason to stop, as soon as it returns. Raises ConfigError and OSError.
    """
    allocator.keep_blocks()
    open_files.raise_limit()
    stop = Stop()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.terminate)
    loop.add_signal_handler(signal.SIGINT, stop.interrupt)
    async with server(config, interceptors=interceptors, shared=shared) as made:
        hangups: asyncio.Queue[None] = asyncio.Queue()
        loop.add_signal_handler(signal.SIGHUP, hangups.put_nowait, None)
        beside: list[asyncio.Task[None]] = [asyncio.create_task(_reload_on(hangups, made, reread))]
        if until is not None:
            beside.append(asyncio.create_task(_hasten_after(until, stop)))
        serving = {"grpc": bound(config.settings.grpc, await made.grpc.start())}
        try:
            if config.settings.rest != "off":
                serving["rest"] = bound(config.settings.rest, await made.rest.start())
            if config.settings.admin != "off":
                serving["admin"] = bound(config.settings.admin, await made.admin.start())
            names = list(dict.fromkeys(deployment.name for deployment in config.deployments))
            _log.info("worker serving" if shared else "serving", **serving, models=names)
            # What is loaded by now stays: each look of the collector at it would hold every call up for 50 ms.
            gc.collect()
            gc.freeze()
            gc.enable()
            ready()
            beside.append(asyncio.create_task(_hasten_after(made.grpc.ended, stop)))
            await stop.begun.wait()
            failed = beside[-1].done()
            await made.announce_stop(config.settings.drain_delay, stop.hurry)
        finally:
            grace = config.settings.drain_grace
            await asyncio.gather(
                made.grpc.drain(stop.now), made.rest.drain(stop.now), made.keeper.drain(grace, stop.now)
            )
            # Not before: the process that watches a worker hears from `until` that its loop runs.
            for task in beside:
                task.cancel()
            await made.admin.drain()  # the last: until then it tells how the server drains
    if failed:
        raise OSError("gRPC has ended by itself: start the server again, and report it with what the log says")
    _log.info("stopped")


async def _hasten_after(until: Callable[[], Awaitable[None]], stop: Stop) -> None:
    await until()
    stop.hasten()


async def _reload_on(hangups: asyncio.Queue[None], made: Server, reread: Callable[[], Config]) -> None:
    """At each hangup, read the configuration beside the loop and serve it; where that fails, nothing changes."""
    while True:
        await hangups.get()
        try:
            async with asyncio.timeout(RELOAD_TIMEOUT):
                given = await asyncio.to_thread(reread)
            await made.reload(given)
        except ConfigError as error:
            _log.error("the configuration was not reloaded", why=str(error))
        except TimeoutError:
            _log.error("the configuration was not reloaded", why=f"it could not be read within {RELOAD_TIMEOUT:g} s")
        except Exception as error:  # noqa: BLE001  # else the next hangup would find nobody
            _log.error("the configuration was not reloaded", why="a fault of this server's", **describe(error))
        else:
            _log.info("reloaded")
