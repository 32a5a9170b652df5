"""The outermost layer of the REST API. No exception's text leaves through it, and each call is logged once.

Order: the key before anything else of the request is looked at, then the route. A client that leaves ends its call.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.routing import Route

from imagewire_server.api.rest.body import Body, Disconnected, Receive
from imagewire_server.api.rest.origin_check import OriginCheck
from imagewire_server.api.rest.response import Response, Send
from imagewire_server.api.rest.status import Headers, HttpError, error_headers, http_status
from imagewire_server.contract.errors import Error, Internal, Stalled
from imagewire_server.core import metrics
from imagewire_server.core.access.keys import Access
from imagewire_server.core.call import Call
from imagewire_server.core.drain import RunningCalls
from imagewire_server.core.fault_log import describe
from imagewire_server.core.receive_budget import ReceiveBudget
from imagewire_server.formats.openai.common import errors

_log = structlog.get_logger("imagewire.calls")

_OPEN_PATHS = frozenset({"/", "/docs", "/openapi.json", "/health/liveliness", "/health/liveness", "/health/readiness"})
_METRICS_PATH = "/metrics"
_REQUEST_ID = re.compile(rb"[\w.:-]{1,128}")
EXCHANGE = "imagewire.call"  # where the scope carries the Call

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(slots=True)
class Exchange:
    """One request: its body, its response, what is learned of it. calls: those that run, this one among them."""

    request_id: str
    receive: Receive
    body: Body
    response: Response
    calls: RunningCalls
    call: Call = field(default_factory=Call)
    error: Error | None = None


class Middleware:
    """Wraps the router. access: who may call. open_paths: more paths without a key. max_request_bytes: of a body."""

    def __init__(
        self,
        app: App,
        access: Access,
        receive_budget: ReceiveBudget,
        origin_check: OriginCheck,
        *,
        open_paths: frozenset[str],
        max_request_bytes: int,
        receive_timeout: float,
        stall_timeout: float,
    ) -> None:
        self._receive_budget = receive_budget
        self._origin_check = origin_check
        self._receive_timeout = receive_timeout
        self.access = access
        self._open_paths = _OPEN_PATHS | open_paths
        self.calls = RunningCalls()
        self._app = app
        self._max_request_bytes = max_request_bytes
        self._stall_timeout = stall_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        begun = time.monotonic()
        headers: Headers = scope["headers"]
        exchange: Exchange | None = None
        request_id = _request_id(headers)
        response = Response(
            send, lambda: _headers(request_id, exchange), self._stall_timeout, scope["imagewire.closing"]
        )
        code = "OK"
        try:
            self._authenticate(scope, headers)
            body = Body(receive, headers, self._max_request_bytes, self._receive_timeout, self._receive_budget)
            exchange = Exchange(request_id, receive, body, response, self.calls)
            scope[EXCHANGE] = exchange
            scope["app"] = self  # Starlette's router then raises 404 and 405 instead of writing text
            with self.calls.running(exchange.call):
                await self._app(scope, receive, send)
        except (Disconnected, asyncio.CancelledError):
            # The client left, or does not read while the server stops; nothing runs after this that could be cancelled.
            code = "CANCELLED"
            scope["imagewire.abort"]()
        except Exception as error:  # noqa: BLE001  # the last resort: nothing foreign goes further
            failed = self._ours(error, request_id)
            code = failed.reason
            await self._fail(scope, response, failed, request_id)
        finally:
            response.close()
            self._report(scope, code, response.status, begun, request_id, exchange)

    def _authenticate(self, scope: Scope, headers: Headers) -> None:
        path = scope["path"]
        if path in self._open_paths:
            return
        if path == _METRICS_PATH:
            self.access.check_metrics(headers)
            keyless = self.access.metrics_keyless
        else:
            self.access.check(headers)
            keyless = self.access.keyless
        if keyless:
            self._origin_check.check(scope["method"], headers)

    @staticmethod
    def _ours(error: Exception, request_id: str) -> Error:
        if isinstance(error, Error):
            return error
        if isinstance(error, HTTPException):
            words = {404: "there is no such path; see /docs", 405: "the path does not take this method; see /docs"}
            reason = {404: "PATH_NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "BAD_REQUEST")
            allow = [(b"allow", value.encode()) for name, value in (error.headers or {}).items() if name == "Allow"]
            return HttpError(error.status_code, reason, words.get(error.status_code, "the request is malformed"), allow)
        _log.error("fault", request_id=request_id, **describe(error))
        return Internal(f"a fault of this server's; its log names it under request id {request_id}")

    @staticmethod
    async def _fail(scope: Scope, response: Response, error: Error, request_id: str) -> None:
        """Answer with the error, or cut the connection where an answer has begun: never end it well."""
        if response.started:
            scope["imagewire.abort"]()
            return
        body = msgspec.json.encode(errors.body(error, request_id))
        try:
            response.typed(b"application/json")
            await response.whole(http_status(error), body, error_headers(error))
        except (Stalled, Disconnected):
            scope["imagewire.abort"]()

    @staticmethod
    def _report(scope: Scope, code: str, status: int, begun: float, request_id: str, exchange: Exchange | None) -> None:
        """Count the call, and log it."""
        failed = exchange.error if exchange else None
        call = exchange.call if exchange else Call()
        seconds = time.monotonic() - begun
        method, code = f"{scope['method']} {_known(scope)}", failed.reason if failed else code
        quiet = scope["path"] in _OPEN_PATHS
        if not quiet:
            metrics.count(method, code, seconds, call)
        log = _log.debug if quiet else _log.info
        log(
            "call",
            request_id=request_id,
            method=method,
            code=code,
            status=status or 499,
            seconds=round(seconds, 4),
            **call.fields(),
        )


def _known(scope: Scope) -> str:
    """The pattern of the route that was asked, one of few; what else a path holds is the caller's text."""
    route = scope.get("route")
    return str(route.path) if isinstance(route, Route) else "(unknown path)"


def _request_id(headers: Headers) -> str:
    given = next((value for name, value in headers if name == b"x-request-id"), b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


def _headers(request_id: str, exchange: Exchange | None) -> Headers:
    """What every response tells of its call; LiteLLM's names beside ours."""
    ident = request_id.encode()
    found: Headers = [(b"x-request-id", ident), (b"x-imagewire-request-id", ident), (b"x-litellm-call-id", ident)]
    if exchange is None:
        return found
    call = exchange.call
    found += [(name.encode(), value.encode()) for name, value in call.trailers()]
    if call.tried:
        found.append((b"x-litellm-model-id", call.deployment.encode("ascii", "replace")))
    if call.cost_usd is not None:
        found.append((b"x-litellm-response-cost", str(call.cost_usd).encode()))
    return found
