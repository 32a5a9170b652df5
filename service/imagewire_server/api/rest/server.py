"""The REST server: it binds the address, starts and drains."""

import asyncio
import contextlib
import math
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from imagewire_server.api.rest.endpoints.meta import Ready
from imagewire_server.api.rest.http_protocol import ConnectionLimits, Protocol
from imagewire_server.api.rest.middleware import Middleware
from imagewire_server.api.rest.origin_check import OriginCheck
from imagewire_server.api.rest.picture_urls import PictureUrls
from imagewire_server.api.rest.remote_images import Pictures
from imagewire_server.api.rest.respond import Responder
from imagewire_server.api.rest.routes import application
from imagewire_server.api.rest.tls import CurrentContext
from imagewire_server.core.drain import CLEANUP, pause
from imagewire_server.core.generate import Engine
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.kept_images import KeptImages
from imagewire_server.core.listener import Listener
from imagewire_server.core.receive_budget import ReceiveBudget
from imagewire_server.transport.image_fetch import ImageFetcher

_KEEP_ALIVE = 75  # seconds: longer than clients and proxies keep idle connections in their pools
# The headers that pages of other origins may read: about the call, and about whether and when to retry.
_EXPOSED = [
    "x-request-id",
    "idempotency-replayed",
    *(f"x-imagewire-{name}" for name in ("request-id", "model", "deployment", "attempts", "tried", "fallbacks")),
    "x-imagewire-cached-answers",
    *(f"x-imagewire-{name}" for name in ("dropped", "image", "mask", "signature-bypass")),
    *(f"x-litellm-{name}" for name in ("call-id", "model-id", "response-cost")),
    *("retry-after", "retry-after-ms", "x-should-retry", "www-authenticate"),
]


@dataclass(frozen=True, slots=True)
class RestOptions:
    """public_url: "" for what each request says.

    image_fields: "both", "image", "images", "content". remote_images: "fetch", "pass", "refuse".

    image_order: "final", "drawn".

    Sizes are in bytes, times in seconds. metrics: whether they are served. open_metrics: whether they need no key.
    """

    public_url: str
    image_fields: str
    image_order: str
    remote_images: str
    metrics: bool
    open_metrics: bool
    cors_origins: tuple[str, ...]
    hosts: tuple[str, ...]
    max_request_bytes: int
    max_connections: int
    receive_timeout: float
    heartbeat_interval: float
    stall_timeout: float
    drain_grace: float


class _Uvicorn(uvicorn.Server):
    """uvicorn without signal handlers of its own, and with the listener's TLS.

    The composition root decides when to stop.
    """

    def __init__(self, config: uvicorn.Config, listener: Listener) -> None:
        super().__init__(config)
        self._listener = listener

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on the sockets. uvicorn itself would read the certificate once, and wait a minute for a handshake."""
        certificate = self._listener.tls
        if certificate is None:
            await super().startup(sockets)
            return
        await super().startup([])
        for each in sockets or ():
            served = await asyncio.get_running_loop().create_server(
                self._protocol,
                sock=each,
                ssl=CurrentContext(certificate),
                ssl_handshake_timeout=self._listener.handshake_timeout,
                backlog=self.config.backlog,
            )
            self.servers.append(served)

    def _protocol(self) -> asyncio.Protocol:
        made: Any = self.config.http_protocol_class
        return made(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)  # type: ignore[no-any-return]


class RestServer:
    """Serves the core on one address. interceptors: called in this order, before a body is read."""

    def __init__(
        self,
        engine: Engine,
        keeper: Keeper,
        images: KeptImages,
        listener: Listener,
        fetcher: ImageFetcher,
        options: RestOptions,
        interceptors: Sequence[Interceptor],
        receive_budget: ReceiveBudget,
    ) -> None:
        self._listener = listener
        self._options = options
        self._ready = Ready(lambda: images.is_down)
        pictures = Pictures(fetcher, options.remote_images, options.max_request_bytes)
        urls = PictureUrls(keeper, options.public_url)
        responder = Responder(engine, keeper, urls, pictures, options.heartbeat_interval)
        self._origin_check = OriginCheck(options.hosts, options.cors_origins)
        self._middleware = Middleware(
            application(
                responder,
                images,
                options.image_fields,
                self._ready,
                drafts_last=options.image_order == "final",
                metrics=options.metrics,
            ),
            interceptors,
            receive_budget,
            self._origin_check,
            open_paths=frozenset({"/metrics"} if options.open_metrics else ()),
            max_request_bytes=options.max_request_bytes,
            receive_timeout=options.receive_timeout,
            stall_timeout=options.stall_timeout,
        )
        self._uvicorn: _Uvicorn | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Bind and serve; return the port. Raises OSError if the address is in use."""
        address = self._listener.address
        host, _, port = address.rpartition(":")
        try:
            bound = _bound(host.strip("[]"), int(port), shared=self._listener.shared)
        except OSError as error:
            remedy = "stop the program that uses it, choose another with --rest HOST:PORT, or use --no-rest"
            raise OSError(f"cannot serve REST on {address}: {error.strerror}; {remedy}") from error
        self._origin_check.serve(address)
        config = uvicorn.Config(
            self._application(),
            http=partial(Protocol, ConnectionLimits(self._options.max_connections, self._options.stall_timeout)),  # type: ignore[arg-type]  # it is only called
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # our own log line says the same, without foreign text
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            # After this it cuts what is still running; we end those calls ourselves before.
            timeout_graceful_shutdown=math.ceil(self._options.drain_grace + 2 * CLEANUP),
        )
        self._uvicorn = _Uvicorn(config, self._listener)
        self._serving = asyncio.create_task(self._uvicorn.serve([bound]))
        return int(bound.getsockname()[1])

    def _application(self) -> ASGIApp:
        """The middleware; in front of it, if origins are configured, what answers CORS requests."""
        if not self._options.cors_origins:
            return self._middleware
        return CORSMiddleware(
            self._middleware,
            allow_origins=self._options.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
        )

    def warn(self, words: tuple[str, ...]) -> None:
        """Show these warnings in answers to health checks."""
        self._ready.warnings = words

    def announce_stop(self) -> None:
        """Report that the server is not ready; new calls are still served."""
        self._ready.ready = False

    async def drain(self, hurry: asyncio.Event | None = None) -> None:
        """Take no new calls. Running calls may finish within the grace or until `hurry` is set; then they are ended."""
        if self._uvicorn is None or self._serving is None:
            return
        self.announce_stop()
        self._uvicorn.should_exit = True
        over = asyncio.create_task(pause(self._options.drain_grace, hurry or asyncio.Event()))
        await asyncio.wait({self._serving, over}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        await self._middleware.calls.end()
        # What is left are calls whose clients do not read.
        for task in self._uvicorn.server_state.tasks:
            task.cancel()
        await self._serving
        if self._uvicorn.server_state.tasks:
            await asyncio.wait(self._uvicorn.server_state.tasks, timeout=CLEANUP)


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
        0
    ]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(where)
        listener.listen(2048)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
