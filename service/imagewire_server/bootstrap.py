"""The composition root: the only place that wires objects together."""

import asyncio
import dataclasses
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import stamina
import structlog

from imagewire_server.api.grpc.chat import StreamTimes
from imagewire_server.api.grpc.server import GrpcServer
from imagewire_server.api.rest.server import RestServer
from imagewire_server.api_options import grpc_limits, rest_options
from imagewire_server.config.callers import check_counting, named
from imagewire_server.config.keys import check_kept, exposed
from imagewire_server.config.load import Config
from imagewire_server.config.models import rows_of
from imagewire_server.config.prices import priced
from imagewire_server.config.settings import Settings
from imagewire_server.config.show import no_provider
from imagewire_server.config.source import ConfigError
from imagewire_server.core.access.keys import Access
from imagewire_server.core.access.opening import open_counts
from imagewire_server.core.access.quotas import Quotas
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.drain import Stop, pause
from imagewire_server.core.fault_log import describe
from imagewire_server.core.generate import Engine
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.kept_images import KeptImages
from imagewire_server.core.listener import Listener
from imagewire_server.core.receive_budget import ReceiveBudget
from imagewire_server.core.router import Router, Upstream
from imagewire_server.core.spec_defaults import merged
from imagewire_server.core.store.opening import open_store
from imagewire_server.core.store.store import Store
from imagewire_server.process import allocator, open_files
from imagewire_server.providers.google.config import emulated as emulated_google
from imagewire_server.providers.registry import Policy, Registration, defaults, registered
from imagewire_server.transport.http import HttpLimits, HttpTransport
from imagewire_server.transport.image_fetch import ImageFetcher

if TYPE_CHECKING:
    from imagewire_emulator import Emulator

_log = structlog.get_logger("imagewire")

_RELOAD_TIMEOUT = 30.0  # seconds to read the configuration: a file system may hang

# The settings that a reload applies: those of providers, and the keys.
_RELOADED = frozenset({"providers", "max_retry_after", "metrics_key", "allowed_buckets", "allowed_resources"})


class Server:
    """A server over the providers that a Config names. `reload` replaces them while calls run."""

    def __init__(
        self,
        config: Config,
        http: HttpTransport,
        fetcher: ImageFetcher,
        interceptors: Sequence[Interceptor],
        providers: Sequence[Registration],
        store: Store | None,
        quotas: Quotas,
        *,
        shared: bool,
    ) -> None:
        self._config = config
        self._is_worker = shared  # the process that watches workers logs the warnings once for all
        self._providers = [(registration, registration.connect(http)) for registration in providers]
        given = config.settings
        self._engine = Engine(self._router(config, ()), Admission(given.max_concurrent_calls), quotas)
        self.keeper = keeper = Keeper(
            self._engine,
            store,
            goes_on=given.on_disconnect == "keep",
            max_alone=given.max_unread_drawings,
            max_input_bytes=given.max_request_bytes,
            cache_ttl=given.cache_ttl,
        )
        images = KeptImages(store, given.max_request_bytes)
        times = StreamTimes(given.heartbeat_interval, given.stall_timeout)
        self._access = Access(config.master_key, given.metrics_key, config.callers)
        chain: Sequence[Interceptor] = (self._access, quotas, *interceptors)
        receive_budget = ReceiveBudget(max(given.max_arriving_bytes, given.max_request_bytes))
        listener = Listener(given.grpc, shared=shared)
        self.grpc = GrpcServer(self._engine, keeper, images, listener, times, grpc_limits(given), chain, receive_budget)
        self.rest = RestServer(
            self._engine,
            keeper,
            images,
            Listener(given.rest, shared=shared),
            fetcher,
            rest_options(given),
            chain,
            receive_budget,
        )
        self.rest.warn(exposed(given, asks_for_key=config.asks_for_key))

    async def reload(self, config: Config) -> None:
        """Serve another Config's models, routing, keys and callers, with credentials that are read again.

        Other settings need a restart: they are named. Deployments that stay as they were keep their health. Raises
        ConfigError, and then nothing has changed.
        """
        check_kept(self._config, config)
        check_counting(config, self._config.settings.workers if self._is_worker else 1)
        # In a thread: the first deployment of Vertex AI loads Google's library, and there may be thousands of others.
        self._engine.router = await asyncio.to_thread(self._router, config, self._engine.router.upstreams)
        self._access.use(config.master_key, config.settings.metrics_key, config.callers)
        self.rest.warn(exposed(config.settings, asks_for_key=config.asks_for_key))
        before, self._config = self._config, config
        for name in (f.name for f in dataclasses.fields(Settings) if f.name not in _RELOADED):
            if getattr(config.settings, name) != getattr(before.settings, name):
                _log.warning("restart to apply", setting=name)
        for registration, connector in self._providers:
            names = registration.config.names
            try:
                async with asyncio.timeout(_RELOAD_TIMEOUT):
                    await connector.reread([one for one in config.deployments if one.provider in names])
            except Exception as error:  # noqa: BLE001  # the rest is applied; others' credentials are read
                _log.error("credentials were not read again", providers=sorted(names), **describe(error))

    async def announce_stop(self, delay: float, hurry: asyncio.Event) -> None:
        """Say NOT_SERVING in both APIs and go on serving for `delay` seconds, or until `hurry` is set."""
        await self.grpc.announce_stop()
        self.rest.announce_stop()
        if delay and not hurry.is_set():
            _log.info("stopping", delay=delay)
            await pause(delay, hurry)

    def _router(self, config: Config, before: Iterable[Upstream]) -> Router:
        if not config.deployments:
            raise ConfigError(no_provider(registration.config for registration, _ in self._providers))
        for words in () if self._is_worker else config.warnings:
            _log.warning(words)
        known = {upstream.deployment.without_share(): upstream for upstream in before}
        given = config.settings
        policy = Policy(
            given.max_retry_after, named(given.allowed_buckets, config), named(given.allowed_resources, config)
        )
        names = [name for registration, _ in self._providers for name in registration.config.names]
        made = {
            name: (registration, connector, registration.models(name, rows_of(name, names, config.models)))
            for registration, connector in self._providers
            for name in registration.config.names
        }
        upstreams = []
        for deployment in config.deployments:
            registration, connector, models = made[deployment.provider]
            models = priced(models, deployment.model, deployment.prices)
            provider = connector.provider(deployment, models, given, policy)
            fields = defaults(deployment, registration, models).spec if deployment.defaults else None
            completed = partial(merged, fields, *registration.overlap) if fields is not None else None
            upstreams.append(Upstream(deployment, provider, known.get(deployment.without_share()), completed=completed))
        return Router(upstreams, config.routing)


@asynccontextmanager
async def server(
    config: Config,
    fetcher: ImageFetcher | None = None,
    *,
    interceptors: Sequence[Interceptor] = (),
    providers: Sequence[Registration] | None = None,
    shared: bool = False,
) -> AsyncIterator[Server]:
    """A server, not yet started. Raises ConfigError when no provider is set up.

    fetcher, providers: others than the server's own, for tests. interceptors: run behind the check of the key, in this
    order. shared: other workers have its ports too.
    """
    # stamina would log what it repeats, exceptions and all; the call's own line says what was tried.
    stamina.instrumentation.set_on_retry_hooks(())
    given = config.settings
    http = HttpTransport(
        HttpLimits(
            connect_timeout=given.connect_timeout,
            first_byte_timeout=given.first_byte_timeout,
            idle_timeout=given.idle_timeout,
            max_answer_bytes=given.max_answer_bytes,
        )
    )
    store: Store | None = None
    quotas = Quotas(open_counts(config, given.workers if shared else 1))
    fetcher = fetcher or ImageFetcher(schemes=frozenset(given.rest_fetch_schemes.split(",")))
    try:
        chosen = registered() if providers is None else providers
        store = await open_store(given)
        made = Server(config, http, fetcher, interceptors, chosen, store, quotas, shared=shared)
        try:
            yield made
        finally:
            await made.keeper.drain(0.0, asyncio.Event())
    finally:
        if store is not None:
            await store.aclose()
        await quotas.aclose()
        await fetcher.aclose()
        await http.aclose()


@asynccontextmanager
async def emulated(config: Config) -> AsyncIterator[tuple[Config, "Emulator"]]:
    """A Config whose Gemini models are an emulator's, which runs as long as the context, and the emulator."""
    # Imported here: it draws with Pillow, which a server with a real provider has no use for.
    from imagewire_emulator import running  # noqa: PLC0415

    async with running() as emulator:
        yield emulated_google(config, emulator.base_url, emulator.api_key), emulator


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
        serving = {"grpc": _bound(config.settings.grpc, await made.grpc.start())}
        try:
            if config.settings.rest != "off":
                serving["rest"] = _bound(config.settings.rest, await made.rest.start())
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
            async with asyncio.timeout(_RELOAD_TIMEOUT):
                given = await asyncio.to_thread(reread)
            await made.reload(given)
        except ConfigError as error:
            _log.error("the configuration was not reloaded", why=str(error))
        except TimeoutError:
            _log.error("the configuration was not reloaded", why=f"it could not be read within {_RELOAD_TIMEOUT:g} s")
        except Exception as error:  # noqa: BLE001  # else the next hangup would find nobody
            _log.error("the configuration was not reloaded", why="a fault of this server's", **describe(error))
        else:
            _log.info("reloaded")


def _bound(address: str, port: int) -> str:
    """The address with the port that was bound in place of 0."""
    host, colon, asked = address.rpartition(":")
    return f"{host}{colon}{port}" if asked == "0" else address
