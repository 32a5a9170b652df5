"""The REST server: what it serves, and how it drains."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from imagewire_server.api.rest.connect.app import EXPOSED, ConnectApp, ConnectLimits
from imagewire_server.api.rest.endpoints.meta import Ready
from imagewire_server.api.rest.http_protocol import ConnectionLimits
from imagewire_server.api.rest.http_server import HttpServer
from imagewire_server.api.rest.middleware import Middleware
from imagewire_server.api.rest.origin_check import OriginCheck
from imagewire_server.api.rest.picture_urls import PictureUrls
from imagewire_server.api.rest.remote_images import Pictures
from imagewire_server.api.rest.respond import Responder
from imagewire_server.api.rest.routes import application
from imagewire_server.core.drain import CLEANUP, pause
from imagewire_server.core.generate import Engine
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.kept_images import KeptImages
from imagewire_server.core.listener import Listener
from imagewire_server.core.receive_budget import ReceiveBudget
from imagewire_server.services.chat import ChatService, StreamTimes
from imagewire_server.services.images import ImageService
from imagewire_server.services.models import ModelService
from imagewire_server.services.table import methods
from imagewire_server.transport.image_fetch import ImageFetcher

# The headers that pages of other origins may read: about the call, and about whether and when to retry.
_EXPOSED = [
    "x-request-id",
    "idempotency-replayed",
    *(f"x-imagewire-{name}" for name in ("request-id", "model", "deployment", "attempts", "tried", "fallbacks")),
    "x-imagewire-cached-answers",
    "x-imagewire-completion-id",
    *(f"x-imagewire-{name}" for name in ("dropped", "image", "mask", "signature-bypass")),
    *(f"x-litellm-{name}" for name in ("call-id", "model-id", "response-cost")),
    *("retry-after", "retry-after-ms", "x-should-retry", "www-authenticate"),
    *EXPOSED,
]


@dataclass(frozen=True, slots=True)
class RestOptions:
    """public_url: "" for what each request says.

    image_fields: "both", "image", "images", "content". remote_images: "fetch", "pass", "refuse".

    image_order: "final", "drawn". ui: whether / is the page for people.

    Sizes are in bytes, times in seconds. metrics: whether they are served. open_metrics: whether they need no key.
    """

    public_url: str
    image_fields: str
    image_order: str
    remote_images: str
    metrics: bool
    open_metrics: bool
    ui: bool
    cors_origins: tuple[str, ...]
    hosts: tuple[str, ...]
    max_request_bytes: int
    max_connections: int
    receive_timeout: float
    heartbeat_interval: float
    stall_timeout: float
    drain_grace: float


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
                page=options.ui,
            ),
            interceptors,
            receive_budget,
            self._origin_check,
            open_paths=frozenset({"/metrics"} if options.open_metrics else ()),
            max_request_bytes=options.max_request_bytes,
            receive_timeout=options.receive_timeout,
            stall_timeout=options.stall_timeout,
        )
        times = StreamTimes(options.heartbeat_interval, options.stall_timeout)
        calls = self._middleware.calls
        self._connect = ConnectApp(
            methods(
                ChatService(keeper, times, calls, lambda: None),
                ImageService(images, stall_timeout=options.stall_timeout),
                ModelService(engine),
                lambda: self._ready.ready,
            ),
            calls,
            interceptors,
            receive_budget,
            self._origin_check,
            ConnectLimits(options.max_request_bytes, options.receive_timeout, options.stall_timeout),
        )
        limits = ConnectionLimits(options.max_connections, options.stall_timeout)
        # After this uvicorn cuts what is still running; we end those calls ourselves before.
        self._http = HttpServer(listener, limits, options.drain_grace + 2 * CLEANUP)

    async def start(self) -> int:
        """Bind and serve; return the port. Raises OSError if the address is in use."""
        self._origin_check.serve(self._listener.address)
        remedy = "stop the program that uses it, choose another with --rest HOST:PORT, or use --no-rest"
        return await self._http.start(self._application(), f"REST on {self._listener.address}", remedy)

    def _application(self) -> ASGIApp:
        """Both applications; in front of them, if origins are configured, what answers CORS requests."""
        both = _Both(self._connect, self._middleware)
        if not self._options.cors_origins:
            return both
        return CORSMiddleware(
            both,
            allow_origins=self._options.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
        )

    def warn(self, words: tuple[str, ...]) -> None:
        """Show these warnings in answers to health checks."""
        self._ready.warnings = words

    @property
    def running(self) -> int:
        """How many calls run."""
        return len(self._middleware.calls)

    def announce_stop(self) -> None:
        """Report that the server is not ready; new calls are still served."""
        self._ready.ready = False

    async def drain(self, hurry: asyncio.Event | None = None) -> None:
        """Take no new calls. Running calls may finish within the grace or until `hurry` is set; then they are ended."""
        if not self._http.is_serving:
            return
        self.announce_stop()
        ended = self._http.close()
        over = asyncio.create_task(pause(self._options.drain_grace, hurry or asyncio.Event()))
        await asyncio.wait({ended, over}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        await self._middleware.calls.end()
        # What is left are calls whose clients do not read.
        await self._http.end()


class _Both:
    """Our own services by their paths; the REST API for every other path."""

    def __init__(self, connect: ConnectApp, rest: Middleware) -> None:
        self._connect = connect
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        served = self._connect if self._connect.serves(scope["path"]) else self._rest
        await served(scope, receive, send)
