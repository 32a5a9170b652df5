"""The operator's own port: metrics, health and how the server is, over HTTP, without a key, with or without REST."""

import asyncio

from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from imagewire_server.api.rest import page_files
from imagewire_server.api.rest.http_protocol import ConnectionLimits
from imagewire_server.api.rest.http_server import HttpServer
from imagewire_server.api.rest.origin_check import OriginCheck
from imagewire_server.api.rest.status import HttpError
from imagewire_server.core import exposition
from imagewire_server.core.call import header
from imagewire_server.core.listener import Listener
from imagewire_server.core.overview.overview import Overview

_LIMITS = ConnectionLimits(most=256, stall_timeout=60.0)
_PATIENCE = 1.0  # seconds: it ends last, when the time that a stop may take is nearly over
_PATHS = ("/status", "/metrics", "/healthz", "/readyz")
_PAGE = "/page/"
_FILES = page_files.read("admin_page")  # once, before anything is served


class AdminServer:
    """Serves what no call is counted or logged for. It asks for no key: whoever reaches its address may read it.

    overview: what /status says. ui: whether / is the page that shows it.
    """

    def __init__(self, listener: Listener, overview: Overview, *, ui: bool) -> None:
        self._overview = overview
        self._ui = ui
        self._address = listener.address
        self._http = HttpServer(listener, _LIMITS, _PATIENCE)
        self._origin_check = OriginCheck((), ())
        self._ready = True

    async def start(self) -> int:
        """Bind and serve; return the port. Raises OSError if the address is in use."""
        self._origin_check.serve(self._address)
        remedy = "stop the program that uses it, choose another with --admin HOST:PORT, or set it to off"
        return await self._http.start(self, f"status, metrics and health on {self._address}", remedy)

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
        path, headers = scope["path"], scope["headers"]
        file = self._file(path)
        if path not in _PATHS and file is None:
            return _told(404, self._all_paths())
        if scope["method"] not in {"GET", "HEAD"}:
            return _told(405, f"{path} takes GET", {"allow": "GET, HEAD"})
        if file is not None:
            known = file.etag in header(headers, "if-none-match")
            kept = [*file.headers, (b"cache-control", file.caching), (b"content-type", file.kind)]
            found = {name.decode(): value.decode() for name, value in kept}
            return Response(status_code=304, headers=found) if known else Response(file.content, headers=found)
        if path == "/status":
            told = await self._overview.read(ready=self._ready)
            return Response(told, headers={"content-type": "application/json", **_NO_SNIFFING, **_FRESH})
        if path == "/healthz":
            return _told(200, "ok")
        if path == "/readyz":
            return _told(200, "ok") if self._ready else _told(503, "this server is stopping: use another")
        kind = exposition.media_type(header(headers, "accept"))
        return Response(await asyncio.to_thread(exposition.page, kind), headers={"content-type": kind, **_FRESH})

    def _file(self, path: str) -> page_files.PageFile | None:
        """The file of the page that a path names."""
        if not self._ui or not (path == "/" or path.startswith(_PAGE)):
            return None
        return _FILES.get(page_files.START if path == "/" else path.removeprefix(_PAGE))

    def _all_paths(self) -> str:
        *others, last = ("/", *_PATHS) if self._ui else _PATHS
        return f"here are only {', '.join(others)} and {last}"


_FRESH = {"cache-control": "no-store"}
_NO_SNIFFING = {"x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-origin"}


def _told(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(words + "\n", status, headers={**_FRESH, **(headers or {})})
