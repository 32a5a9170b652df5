"""The operator's own port: metrics and health over HTTP, without a key, whether or not REST is served."""

import asyncio

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from imagewire_server.api.rest.http_protocol import ConnectionLimits
from imagewire_server.api.rest.http_server import HttpServer
from imagewire_server.api.rest.origin_check import OriginCheck
from imagewire_server.api.rest.status import HttpError
from imagewire_server.core import exposition
from imagewire_server.core.call import header
from imagewire_server.core.listener import Listener

_LIMITS = ConnectionLimits(most=256, stall_timeout=60.0)
_PATIENCE = 1.0  # seconds: it ends last, when the time that a stop may take is nearly over
_PATHS = "/metrics, /healthz and /readyz"


class AdminServer:
    """Serves what no call is counted or logged for. It asks for no key: whoever reaches its address may read it."""

    def __init__(self, listener: Listener) -> None:
        self._address = listener.address
        self._http = HttpServer(listener, _LIMITS, _PATIENCE)
        self._origin_check = OriginCheck((), ())
        self._ready = True

    async def start(self) -> int:
        """Bind and serve; return the port. Raises OSError if the address is in use."""
        self._origin_check.serve(self._address)
        remedy = "stop the program that uses it, choose another with --admin HOST:PORT, or set it to off"
        return await self._http.start(self, f"metrics and health on {self._address}", remedy)

    def announce_stop(self) -> None:
        """Report that the server is not ready; it is alive."""
        self._ready = False

    async def drain(self) -> None:
        """Stop serving."""
        if self._http.is_serving:
            await self._http.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        await (await self._answer(scope))(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        try:
            self._origin_check.check("GET", scope["headers"])
        except HttpError:
            # Its words are about REST's settings.
            return _told(403, "a web page may not read this; on loopback, name the server as localhost")
        path = scope["path"]
        if path not in {"/metrics", "/healthz", "/readyz"}:
            return _told(404, f"here are only {_PATHS}")
        if scope["method"] not in {"GET", "HEAD"}:
            return _told(405, f"{path} takes GET", {"allow": "GET, HEAD"})
        if path == "/healthz":
            return _told(200, "ok")
        if path == "/readyz":
            return _told(200, "ok") if self._ready else _told(503, "this server is stopping: use another")
        kind = exposition.media_type(header(scope["headers"], "accept"))
        return Response(await asyncio.to_thread(exposition.page, kind), headers={"content-type": kind, **_FRESH})


_FRESH = {"cache-control": "no-store"}


def _told(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(words + "\n", status, headers={**_FRESH, **(headers or {})})
