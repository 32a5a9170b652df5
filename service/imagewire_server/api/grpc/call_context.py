"""One gRPC call: made from its metadata; at its end it gets a status and trailers. No exception's text leaves here."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc

from imagewire_server.api.grpc.orca import LoadReport
from imagewire_server.api.grpc.status import Trailers, status
from imagewire_server.api.grpc.unread_answers import UnreadAnswers
from imagewire_server.contract.errors import Error, Stalled
from imagewire_server.core import metrics
from imagewire_server.core.access.caller import Permission
from imagewire_server.core.call import Call, request_id
from imagewire_server.core.fault_log import log_fault
from imagewire_server.core.settle import settle
from imagewire_server.services.context import CALL

Context = grpc.aio.ServicerContext[Any, Any]
Tasks = set[asyncio.Task[Any]]
PeerId = Callable[[Context], str]

# What gRPC can send before the client reads: HTTP/2's first window. Larger answers are logged once they are read.
_AT_ONCE = 64 * 1024
# The caller's own clock ends the call at its deadline. Ours is this much earlier, so that the caller learns why.
_MARGIN = 0.05
# Ends of calls whose callers learn nothing of the server.
_STRANGER = ("UNAUTHENTICATED", "PERMISSION_DENIED")


class CallContext:
    """A call while its handler runs. Use as an async context manager.

    tasks: the handlers that run, until their status is out. answer_bytes: the size of an answer that gRPC is about to
    send together with the status; set by the wrapper of the handler. peer_id: tells who the certificate of the call's
    connection names, None where none is asked for. report: what the trailers tell of the load, None for nothing.
    """

    def __init__(
        self,
        context: Context,
        method: str,
        permission: Permission,
        *,
        quiet: bool,
        tasks: Tasks,
        unread: UnreadAnswers,
        peer_id: PeerId | None = None,
        report: LoadReport | None = None,
    ) -> None:
        self._report = report
        self._context = context
        self._tasks = tasks
        self._unread = unread
        headers = context.invocation_metadata() or ()
        self.call = Call(request_id(headers), method, headers, permission, quiet, _deadline(context))
        if peer_id is not None:
            self.call.peer_id = peer_id(context)
        self._status = "OK"
        self._reason = ""
        self.answer_bytes = 0

    async def __aenter__(self) -> "CallContext":
        self._task = asyncio.current_task()
        if self._task is not None:
            self._tasks.add(self._task)
        CALL.set(self.call)
        if not self.call.quiet:
            metrics.count_started(self.call.method)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        large = error is None and self.answer_bytes > _AT_ONCE
        try:
            ending = self._ending(error) if error is not None else None
            if error is None:
                self._context.set_trailing_metadata(self._trailers())
            if self._task is not None:
                size, ended = (self.answer_bytes, self._settle_large) if large else (0, None)
                self._unread.add(self._task, size, ended)
            if not large:
                self._settle()
            if ending is not None:
                await self._context.abort(*ending)
            elif isinstance(error, grpc.aio.InternalError):
                raise asyncio.CancelledError from None
        finally:
            if self._task is not None:
                self._tasks.discard(self._task)

    def _ending(self, error: BaseException) -> tuple[grpc.StatusCode, str, Trailers] | None:
        """The status to abort with; None for cancellation and for earlier aborts: that error is raised further."""
        if isinstance(error, asyncio.CancelledError) and self._task is not None and self._task.cancelling():
            self._status = "CANCELLED"
            return None
        if isinstance(error, (grpc.aio.InternalError, GeneratorExit)):
            # The connection broke while something was sent on it; gRPC closes a generator then.
            self._status = "CANCELLED"
            return None
        if isinstance(error, grpc.aio.AbortError):
            self._status = "ABORTED_BY_SERVICE"
            return None
        if not isinstance(error, Error):
            error = log_fault(error, self.call.request_id)
        code, message, trailers = status(error, self.call.request_id)
        self._status, self._reason = code.name, error.reason
        return code, message, (*trailers, *self._trailers())

    def _trailers(self) -> Trailers:
        if self._report is None or self._status in _STRANGER:
            return tuple(self.call.trailers())
        return (*self.call.trailers(), self._report.trailer())

    def _settle_large(self, read: bool) -> None:
        """A large answer was read, or its call was cut."""
        if not read:
            self._status, self._reason = Stalled.code.name, Stalled.reason
        self._settle()

    def _settle(self) -> None:
        self.call.fail(self._reason or self._status)
        settle(self.call, code=self._status, reason=self._reason)


def _deadline(context: Context) -> float | None:
    """The caller's deadline on the loop's clock, None where it set none."""
    left: float | None = context.time_remaining()  # the stubs forget None
    return None if left is None else asyncio.get_running_loop().time() + max(left - _MARGIN, left / 2)
