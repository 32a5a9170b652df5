"""The composition root: the only place that wires objects together."""

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import stamina
import structlog

from imagewire_server.api.grpc.server import GrpcServer
from imagewire_server.api.rest.admin import AdminServer
from imagewire_server.api.rest.server import RestServer
from imagewire_server.api_options import certificate_rule, grpc_limits, listener, rest_options, tracing
from imagewire_server.config.callers import check_counting, named
from imagewire_server.config.deployments import Deployment
from imagewire_server.config.keys import check_kept, exposed
from imagewire_server.config.load import Config
from imagewire_server.config.models import rows_of
from imagewire_server.config.prices import priced
from imagewire_server.config.settings import Settings
from imagewire_server.config.show import check_serves
from imagewire_server.config.transport_security import files as tls_files
from imagewire_server.core import metrics
from imagewire_server.core.access.keys import Access
from imagewire_server.core.access.opening import open_counts
from imagewire_server.core.access.quotas import Quotas
from imagewire_server.core.access.tokens import Tokens
from imagewire_server.core.access.tokens import opened as opened_tokens
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.drain import pause
from imagewire_server.core.fault_log import describe
from imagewire_server.core.generate import Engine
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.kept_images import KeptImages
from imagewire_server.core.load import LoadMeter
from imagewire_server.core.overview.last_calls import LastCalls
from imagewire_server.core.overview.overview import Overview, Sources
from imagewire_server.core.receive_budget import ReceiveBudget
from imagewire_server.core.router import Router, Upstream
from imagewire_server.core.spec_defaults import merged
from imagewire_server.core.store.opening import open_store
from imagewire_server.core.store.store import Store
from imagewire_server.core.tls import Certificate, watched
from imagewire_server.core.turns import Turns
from imagewire_server.providers.google.config import emulated as emulated_google
from imagewire_server.providers.registry import Policy, Registration, defaults, registered
from imagewire_server.services.chat import StreamTimes
from imagewire_server.telemetry.opening import telemetry as opened_telemetry
from imagewire_server.transport.http import HttpLimits, HttpTransport
from imagewire_server.transport.image_fetch import ImageFetcher

if TYPE_CHECKING:
    from imagewire_emulator import Emulator

_log = structlog.get_logger("imagewire")

RELOAD_TIMEOUT = 30.0  # seconds to read the configuration: a file system may hang

# The settings that a reload applies: those of providers, and the keys.
_RELOADED = frozenset({"providers", "max_retry_after", "metrics_key", "allowed_buckets", "allowed_resources"})


@dataclass(frozen=True, slots=True)
class _Resources:
    """What a server uses, and whoever makes it closes. tls: None for plain text."""

    http: HttpTransport
    fetcher: ImageFetcher
    store: Store | None
    tls: Certificate | None
    telemetry: Sequence[Interceptor]
    quotas: Quotas
    turns: Turns
    tokens: Tokens


class Server:
    """A server over the providers that a Config names. `reload` replaces them while calls run."""

    def __init__(
        self,
        config: Config,
        resources: _Resources,
        interceptors: Sequence[Interceptor],
        providers: Sequence[Registration],
        *,
        shared: bool,
    ) -> None:
        store, tls = resources.store, resources.tls
        self._tls = tls
        self._config = config
        self._is_worker = shared  # the process that watches workers logs the warnings once for all
        self._providers = [(registration, registration.connect(resources.http)) for registration in providers]
        given = config.settings
        refuses = given.missing_signatures == "refuse"
        admission = Admission(given.max_concurrent_calls)
        quotas = resources.quotas
        self._engine = Engine(self._router(config, ()), admission, quotas, resources.turns, refuses_unsigned=refuses)
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
        self._tokens = resources.tokens
        certificates = certificate_rule(given)
        self._access = Access(config.master_key, given.metrics_key, config.callers, certificates, self._tokens)
        metered = (LoadMeter(admission, resources.turns.quota_left),) if given.orca else ()
        limits = grpc_limits(given, *metered)
        last_calls = LastCalls()
        watching = (last_calls,) if given.admin != "off" else ()
        # The load is that of callers whose key was right: a stranger must not steer what balancers do.
        chain = (*watching, *tracing(given, resources.telemetry), self._access, *metered, quotas, *interceptors)
        receive_budget = ReceiveBudget(max(given.max_arriving_bytes, given.max_request_bytes))
        at = listener(given, given.grpc, tls, shared=shared)
        self.grpc = GrpcServer(self._engine, keeper, images, at, times, limits, chain, receive_budget)
        self.rest = RestServer(
            self._engine,
            keeper,
            images,
            listener(given, given.rest, tls, shared=shared),
            resources.fetcher,
            rest_options(given),
            chain,
            receive_budget,
        )
        self.rest.warn(exposed(given, asks_for_key=config.asks_for_key))
        sources = Sources(
            router=lambda: self._engine.router,
            policies=lambda: self._config.callers,
            quotas=quotas,
            admission=admission,
            open_calls=lambda: {"grpc": self.grpc.running, "rest": self.rest.running},
            address=self._address,
            workers=given.workers if shared else 1,
            shares_budgets=bool(given.counting_redis),
        )
        overview = Overview(last_calls, sources)
        self.admin = AdminServer(listener(given, given.admin, tls, shared=shared), overview, ui=given.ui)

    async def reload(self, config: Config) -> None:
        """Serve another Config's models, routing, keys and callers, with credentials that are read again.

        Other settings need a restart: they are named. Deployments that stay as they were keep their health. Raises
        ConfigError, and then nothing has changed.
        """
        check_kept(self._config, config)
        check_counting(config, self._config.settings.workers if self._is_worker else 1)
        if self._tls is not None:
            await asyncio.to_thread(self._tls.look, again=True)
        # In a thread: the first deployment of Vertex AI loads Google's library, and there may be thousands of others.
        router = await asyncio.to_thread(self._router, config, self._engine.router.upstreams)
        await self._tokens.use(config.issuers)
        self._engine.router = router
        self._access.use(config.master_key, config.settings.metrics_key, config.callers)
        self.rest.warn(exposed(config.settings, asks_for_key=config.asks_for_key))
        before, self._config = self._config, config
        for name in (f.name for f in dataclasses.fields(Settings) if f.name not in _RELOADED):
            if getattr(config.settings, name) != getattr(before.settings, name):
                _log.warning("restart to apply", setting=name)
        for registration, connector in self._providers:
            names = registration.config.names
            try:
                async with asyncio.timeout(RELOAD_TIMEOUT):
                    await connector.reread([one for one in config.deployments if one.provider in names])
            except Exception as error:  # noqa: BLE001  # the rest is applied; others' credentials are read
                _log.error("credentials were not read again", providers=sorted(names), **describe(error))

    async def announce_stop(self, delay: float, hurry: asyncio.Event) -> None:
        """Say NOT_SERVING everywhere and go on serving for `delay` seconds, or until `hurry` is set."""
        self.grpc.announce_stop()
        self.rest.announce_stop()
        self.admin.announce_stop()
        if delay and not hurry.is_set():
            _log.info("stopping", delay=delay)
            await pause(delay, hurry)

    def _address(self, deployment: Deployment) -> str:
        """Of a deployment, without what is secret, "" where it cannot be told."""
        names = ((one, one.config.names) for one, _ in self._providers)
        registration = next(one for one, served in names if deployment.provider in served)
        asked = registration.asked(deployment, self._config, os.environ)
        return deployment.options.where if asked is None else asked.url

    def _router(self, config: Config, before: Iterable[Upstream]) -> Router:
        check_serves(config, (registration.config for registration, _ in self._providers))
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
            model = "" if "*" in deployment.model else deployment.model
            metrics.deployments[deployment.id] = metrics.Served(models.unknown.traced_as or deployment.provider, model)
            upstreams.append(Upstream(deployment, provider, known.get(deployment.without_share()), completed=completed))
        configs = [registration.config for registration, _ in self._providers]
        return Router(
            upstreams,
            config.routing,
            claimed=lambda name: next((provider for one in configs if (provider := one.claims(name))), ""),
        )


@asynccontextmanager
async def server(
    config: Config,
    fetcher: ImageFetcher | None = None,
    *,
    interceptors: Sequence[Interceptor] = (),
    providers: Sequence[Registration] | None = None,
    shared: bool = False,
) -> AsyncIterator[Server]:
    """A server, not yet started. Raises ConfigError when no provider is set up, or its certificate cannot be used.

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
    counts = open_counts(config, given.workers if shared else 1)
    quotas = Quotas(counts)
    fetcher = fetcher or ImageFetcher(schemes=frozenset(given.rest_fetch_schemes.split(",")))
    try:
        chosen = registered() if providers is None else providers
        async with (
            watched(tls_files(given)) as tls,
            opened_telemetry(given) as telemetry,
            opened_tokens(config.issuers) as tokens,
        ):
            store = await open_store(given)
            resources = _Resources(http, fetcher, store, tls, telemetry, quotas, Turns(counts), tokens)
            made = Server(config, resources, interceptors, chosen, shared=shared)
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
