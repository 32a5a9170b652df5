"""The outermost layer of the REST API. It creates each call, and settles it. It never sends the text of an exception.

Order: first the interceptors, beginning with access, before anything else of the request is read; then the checks of
cross-origin requests; then the route. If a client disconnects, its call is cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route, Router

from imagewire_server.api.rest import native_errors
from imagewire_server.api.rest.body import Body, Disconnected, Receive
from imagewire_server.api.rest.leaving import intercept
from imagewire_server.api.rest.origin_check import OriginCheck
from imagewire_server.api.rest.response import Response, Send
from imagewire_server.api.rest.status import Headers, HttpError, error_headers, http_status
from imagewire_server.contract.errors import Error, Stalled
from imagewire_server.core.access.caller import Permission
from imagewire_server.core.call import Call, request_id
from imagewire_server.core.drain import RunningCalls
from imagewire_server.core.fault_log import log_fault
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.core.receive_budget import ReceiveBudget
from imagewire_server.core.settle import settle
from imagewire_server.formats.google import paths
from imagewire_server.formats.openai.common import errors

_OPEN_PATHS = frozenset({"/", "/docs", "/openapi.json", "/health/liveliness", "/health/liveness", "/health/readiness"})
# Every path works behind these too, as callers of LiteLLM and of Azure write them.
_PREFIXES = ("/litellm/", "/openai/")
# Their paths are secrets, so that an <img> needs no key.
PICTURES = "/v1/images/files/"
# The files of the page for people.
PAGE = "/page/"
# What a path needs, by its first part behind /v1; any other needs a key that draws.
_PERMISSIONS = {
    "files": Permission.IMAGES,
    "health": Permission.INSPECT,
    "metrics": Permission.METRICS,
    "models": Permission.MODELS,
}
EXCHANGE = "imagewire.exchange"  # the key of the Exchange in the scope
NATIVE = "imagewire.native"  # whether the request is one of Google's own API

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response. calls: the running ones, including this one."""

    call: Call
    receive: Receive
    body: Body
    response: Response
    calls: RunningCalls


class Middleware:
    """Wraps the router. interceptors: called before the body is read. open_paths: more paths without a key.

    max_request_bytes: the limit of a body.
    """

    def __init__(
        self,
        app: Router,
        interceptors: Sequence[Interceptor],
        receive_budget: ReceiveBudget,
        origin_check: OriginCheck,
        *,
        open_paths: frozenset[str],
        max_request_bytes: int,
        receive_timeout: float,
        stall_timeout: float,
    ) -> None:
        self._app = app
        self._interceptors = interceptors
        self._receive_budget = receive_budget
        self._origin_check = origin_check
        self._open_paths = _OPEN_PATHS | open_paths
        self._max_request_bytes = max_request_bytes
        self._receive_timeout = receive_timeout
        self._stall_timeout = stall_timeout
        self.calls = RunningCalls()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        headers: Headers = scope["headers"]
        if scope["path"].startswith(_PREFIXES):
            scope["path"] = scope["path"][scope["path"].index("/", 1) :]
        method, path = scope["method"], scope["path"]
        native = scope[NATIVE] = paths.is_native(method, path, dict(headers), scope["query_string"])
        if native:
            headers = _with_key_of_url(scope, headers)
        permission = self._permission(method, path, native=native)
        call = Call(request_id(headers), f"{method} {path}", headers, permission, _is_quiet(path))
        call.peer_id = scope["imagewire.peer_id"]
        response = Response(send, lambda: _headers(call), self._stall_timeout, scope["imagewire.closing"])
        try:
            with self.calls.running(call):
                await intercept(scope, self._interceptors, call)
                if call.caller.ambient and call.permission is not Permission.NONE:
                    self._origin_check.check(method, headers)
                if native:
                    native_errors.check_served(path)
                body = Body(receive, headers, self._max_request_bytes, self._receive_timeout, self._receive_budget)
                scope[EXCHANGE] = Exchange(call, receive, body, response, self.calls)
                scope["app"] = self  # so that Starlette's router raises 404 and 405 instead of writing text
                await self._app(scope, receive, send)
        except (Disconnected, asyncio.CancelledError):
            # The client disconnected, or does not read while the server stops. Nothing that could be cancelled follows.
            call.fail("CANCELLED")
            scope["imagewire.abort"]()
        except Exception as error:  # noqa: BLE001  # the last resort: nothing foreign goes further
            failed = _translated(error, scope, call.request_id)
            call.fail(failed.reason)
            await _answer(scope, response, failed, call)
        finally:
            response.close()
            call.method = f"{method} {_known(scope, self._app)}"
            settle(call, code=call.code, status=response.status or 499)

    def _permission(self, method: str, path: str, *, native: bool) -> Permission:
        if path in self._open_paths or path.startswith((PICTURES, PAGE)):
            return Permission.NONE
        if native:
            return Permission.MODELS if method in {"GET", "HEAD"} and paths.lists_models(path) else Permission.DRAW
        first = path.removeprefix("/v1").removeprefix("/").partition("/")[0]
        return _PERMISSIONS.get(first, Permission.DRAW)


def _with_key_of_url(scope: Scope, headers: Headers) -> Headers:
    """The headers, with the key of the URL as Google's header has it. From now on the URL has none."""
    key, scope["query_string"] = paths.take_key(scope["query_string"])
    if not key or (b"x-goog-api-key", key) in headers:
        return headers
    return [*headers, (b"x-goog-api-key", key)]


def _is_quiet(path: str) -> bool:
    """Whether it is housekeeping."""
    return path in _OPEN_PATHS or path.startswith(PAGE)


def _translated(error: Exception, scope: Scope, ident: str) -> Error:
    """The error for the caller."""
    if isinstance(error, Error):
        return error
    if isinstance(error, HTTPException) and error.status_code == 404 and scope[NATIVE]:
        return native_errors.no_path()
    if isinstance(error, HTTPException):
        words = {404: "there is no such path; see /docs", 405: "this path does not support this method; see /docs"}
        reason = {404: "PATH_NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "BAD_REQUEST")
        allow = [(b"allow", value.encode()) for name, value in (error.headers or {}).items() if name == "Allow"]
        return HttpError(error.status_code, reason, words.get(error.status_code, "the request is malformed"), allow)
    return log_fault(error, ident)


async def _answer(scope: Scope, response: Response, error: Error, call: Call) -> None:
    """Answer with the error, or abort the connection if an answer has begun, so that it cannot look complete."""
    if response.started:
        scope["imagewire.abort"]()
        return
    status, body = http_status(error), errors.body(error, call.request_id)
    if scope[NATIVE]:
        status, body = native_errors.answer(error, call, scope["path"])
    try:
        response.typed(b"application/json")
        await response.whole(status, msgspec.json.encode(body), error_headers(error))
    except (Stalled, Disconnected):
        scope["imagewire.abort"]()


def _known(scope: Scope, router: Router) -> str:
    """The pattern of the route, one of a few. The path itself is the caller's text."""
    # A call that was refused before the router saw it has no route yet.
    route = scope.get("route") or next(
        (each for each in router.routes if each.matches(scope)[0] is not Match.NONE), None
    )
    return str(route.path) if isinstance(route, Route) else "(unknown path)"


def _headers(call: Call) -> Headers:
    """The headers of every response that describe its call, with our names and LiteLLM's."""
    ident = call.request_id.encode()
    found: Headers = [(b"x-request-id", ident), (b"x-litellm-call-id", ident)]
    found += [(name.encode(), value.encode()) for name, value in call.trailers()]
    if call.joined:
        found.append((b"idempotency-replayed", b"true"))
    if call.tried:
        found.append((b"x-litellm-model-id", call.deployment.encode("ascii", "replace")))
    if call.cost_usd is not None:
        found.append((b"x-litellm-response-cost", str(call.cost_usd).encode()))
    return found
