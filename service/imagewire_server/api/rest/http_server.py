"""An HTTP server on one address, for an ASGI application: it binds, serves and ends."""

import asyncio
import contextlib
import math
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from imagewire_server.api.rest.http_protocol import ConnectionLimits, Protocol
from imagewire_server.api.rest.tls import CurrentContext
from imagewire_server.core.drain import CLEANUP
from imagewire_server.core.listener import Listener

_KEEP_ALIVE = 75  # seconds: longer than clients and proxies keep idle connections in their pools


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


class HttpServer:
    """patience: seconds after `close` for requests to end and for clients to read; then it ends without them."""

    def __init__(self, listener: Listener, limits: ConnectionLimits, patience: float) -> None:
        self._listener = listener
        self._limits = limits
        self._patience = patience
        self._uvicorn: _Uvicorn | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def is_serving(self) -> bool:
        """Whether it was started."""
        return self._serving is not None

    async def start(self, application: ASGIApp, what: str, remedy: str) -> int:
        """Bind and serve; return the port. Raises OSError, which names `what` and the remedy."""
        host, _, port = self._listener.address.rpartition(":")
        try:
            bound = _bound(host.strip("[]"), int(port), shared=self._listener.shared)
        except OSError as error:
            raise OSError(f"cannot serve {what}: {error.strerror}; {remedy}") from error
        config = uvicorn.Config(
            application,
            http=partial(Protocol, self._limits),  # type: ignore[arg-type]  # it is only called
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # our own log line says the same, without foreign text
            access_log=False,
            server_header=False,
            proxy_headers=False,  # else any program on this machine could change a request's scheme and address
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=math.ceil(self._patience),
        )
        self._uvicorn = _Uvicorn(config, self._listener)
        self._serving = asyncio.create_task(self._uvicorn.serve([bound]))
        return int(bound.getsockname()[1])

    def close(self) -> "asyncio.Task[None]":
        """Take no new requests; the task ends with the last one that runs. It must have been started."""
        assert self._uvicorn is not None  # noqa: S101
        assert self._serving is not None  # noqa: S101
        self._uvicorn.should_exit = True
        return self._serving

    async def end(self) -> None:
        """Cancel the requests that still run."""
        ended = self.close()
        assert self._uvicorn is not None  # noqa: S101
        running = self._uvicorn.server_state.tasks
        for task in running:
            task.cancel()
        await ended
        if running:
            await asyncio.wait(running, timeout=CLEANUP)


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
