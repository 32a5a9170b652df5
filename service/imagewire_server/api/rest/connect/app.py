"""The application beside the REST API's middleware: it creates each call to our services, and settles it.

It keeps the order of both other APIs: what the head says, the interceptors (beginning with access), the checks of
cross-origin requests, and only then the body.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imagewire_server.api.rest.body import Body, Disconnected, Receive
from imagewire_server.api.rest.connect.answers import StreamAnswer, TextAnswer, UnaryAnswer
from imagewire_server.api.rest.connect.arrival import Messages, check_head, kind_for, speaks_connect
from imagewire_server.api.rest.leaving import intercept, leaving
from imagewire_server.api.rest.middleware import Scope
from imagewire_server.api.rest.origin_check import OriginCheck
from imagewire_server.api.rest.response import Response, Send
from imagewire_server.api.rest.status import HttpError, error_headers
from imagewire_server.contract import pb
from imagewire_server.contract.code import HTTP_STATUSES
from imagewire_server.contract.errors import Code, DeadlineExceeded, Error, Stalled
from imagewire_server.core import metrics
from imagewire_server.core.access.caller import Permission
from imagewire_server.core.call import Call, request_id
from imagewire_server.core.drain import RunningCalls
from imagewire_server.core.fault_log import log_fault
from imagewire_server.core.interceptors import Interceptor
from imagewire_server.core.receive_budget import ReceiveBudget
from imagewire_server.core.settle import settle
from imagewire_server.formats.connect import envelope
from imagewire_server.formats.connect.kinds import Kind
from imagewire_server.services.context import CALL
from imagewire_server.services.error_details import status_of
from imagewire_server.services.pushback import pushback
from imagewire_server.services.table import Method

# The headers of its answers that pages of other origins may read, beside those of the REST API.
EXPOSED = [
    *("grpc-status", "grpc-message", "grpc-status-details-bin", "x-imagewire-version", "x-imagewire-time"),
    "trailer-grpc-retry-pushback-ms",
    *(f"trailer-x-imagewire-{name}" for name in ("request-id", "model", "deployment", "attempts", "tried")),
    *(f"trailer-x-imagewire-{name}" for name in ("fallbacks", "signature-bypass", "cached-answers")),
]

Reply = StreamAnswer | UnaryAnswer

# Of what the REST API answers with a status of HTTP.
_CODES = {
    403: Code.PERMISSION_DENIED,
    404: Code.UNIMPLEMENTED,
    405: Code.UNKNOWN,
    408: Code.DEADLINE_EXCEEDED,
    413: Code.RESOURCE_EXHAUSTED,
    415: Code.UNKNOWN,
}
# How a request without a kind is answered.
_PLAIN = Kind(web=False, enveloped=False, json=True, content_type="application/json")
_UNLIMITED = 2**62
# Seconds in which the core may say of a deadline what it knows.
_GRACE = 0.1


@dataclass(frozen=True, slots=True)
class ConnectLimits:
    """Sizes in bytes, times in seconds."""

    max_request_bytes: int
    receive_timeout: float
    stall_timeout: float


class ConnectApp:
    """Serves methods. calls: the running ones of the port. interceptors: called before a body is read."""

    def __init__(
        self,
        methods: Mapping[str, Method],
        calls: RunningCalls,
        interceptors: Sequence[Interceptor],
        receive_budget: ReceiveBudget,
        origin_check: OriginCheck,
        limits: ConnectLimits,
    ) -> None:
        self._methods = methods
        self._prefixes = tuple({path.rpartition("/")[0] + "/" for path in methods})
        self._calls = calls
        self._interceptors = interceptors
        self._receive_budget = receive_budget
        self._origin_check = origin_check
        self._limits = limits

    def serves(self, path: str) -> bool:
        """Whether a path is one of its services'."""
        return path.startswith(self._prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        method = self._methods.get(scope["path"])
        headers = scope["headers"]
        name = "(unknown path)" if method is None else method.path
        permission = Permission.DRAW if method is None else method.permission
        call = Call(request_id(headers), name, headers, permission, quiet=permission is Permission.NONE)
        call.peer_id = scope["imagewire.peer_id"]
        call.protocol = _PLAIN.protocol
        CALL.set(call)
        ident = [(b"x-request-id", call.request_id.encode())]
        response = Response(send, lambda: ident, self._limits.stall_timeout, scope["imagewire.closing"])
        kind, status, reason = _PLAIN, "OK", ""
        answer: Reply = (UnaryAnswer if speaks_connect(call) else TextAnswer)(response, kind, pb.Event)
        if method is not None and not call.quiet:
            metrics.count_started(name)
        try:
            kind = kind_for(scope, method, call)
            call.protocol = kind.protocol
            assert method is not None  # noqa: S101  # it has a kind
            answer = (StreamAnswer if kind.enveloped else UnaryAnswer)(response, kind, method.answer)
            with self._calls.running(call):
                check_head(kind, call)
                await intercept(scope, self._interceptors, call)
                if call.caller.ambient and not call.quiet:
                    self._origin_check.check_source(headers)
                await self._answer_in_time(method, kind, answer, call, scope, receive)
        except (Disconnected, asyncio.CancelledError):
            status = "CANCELLED"
            scope["imagewire.abort"]()
        except Exception as error:  # noqa: BLE001  # the last resort: nothing foreign goes further
            failed = _translated(error, call.request_id)
            status, reason = failed.code.name, failed.reason
            await _fail(scope, answer, failed, call)
        finally:
            response.close()
            call.fail(reason or status)
            settle(call, code=status, reason=reason, protocol=call.protocol)

    async def _answer_in_time(
        self, method: Method, kind: Kind, answer: Reply, call: Call, scope: Scope, receive: Receive
    ) -> None:
        """The core ends a drawing at its deadline, and knows what it cost. This is for all else."""
        timer = asyncio.timeout_at(None if call.deadline is None else call.deadline + _GRACE)
        try:
            async with timer:
                await self._answer(method, kind, answer, call, scope, receive)
        except TimeoutError:
            if not timer.expired():
                raise
            if not call.tried:
                raise DeadlineExceeded.for_free() from None
            raise DeadlineExceeded("the deadline passed while the answer was sent: allow more time") from None

    async def _answer(
        self, method: Method, kind: Kind, answer: Reply, call: Call, scope: Scope, receive: Receive
    ) -> None:
        await answer.finish(await self._run(method, kind, answer, call, scope, receive), call.trailers())

    async def _run(
        self, method: Method, kind: Kind, answer: Reply, call: Call, scope: Scope, receive: Receive
    ) -> bytes:
        """Read the request and do the method's work. Returns the last message; nothing else keeps it."""
        # Envelopes are not of the message's size. What a stream's messages hold together is limited by its service.
        most = self._limits.max_request_bytes
        size = _UNLIMITED if method.takes_stream else most + envelope.HEAD * kind.enveloped
        body = Body(receive, scope["headers"], size, self._limits.receive_timeout, self._receive_budget)
        messages = Messages(body, kind, method, call, most)
        if method.takes_stream:
            made = await method.behaviour(messages.all(), answer)
        else:
            request = await messages.one()
            async with leaving(receive, self._calls, call):
                made = await method.behaviour(request, answer)
                del request
        data = answer.encoded(made)
        call.sent_bytes += len(data)
        return data


def _translated(error: Exception, ident: str) -> Error:
    """The error for the caller."""
    if isinstance(error, HttpError):
        error.code = _CODES.get(error.status, error.code)
    return error if isinstance(error, Error) else log_fault(error, ident)


async def _fail(scope: Scope, answer: Reply, error: Error, call: Call) -> None:
    """Say what failed; abort the connection where that cannot be said, so that the answer cannot look complete."""
    if isinstance(error, Stalled) or answer.broken:
        scope["imagewire.abort"]()
        return
    own = error.status if isinstance(error, HttpError) else HTTP_STATUSES[error.code]
    metadata = [*pushback(error), *call.trailers()]
    try:
        await answer.fail(status_of(error, call.request_id), metadata, own, error_headers(error))
    except (Stalled, Disconnected):
        scope["imagewire.abort"]()
