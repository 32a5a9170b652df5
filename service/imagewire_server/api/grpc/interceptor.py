"""Around every handler. No exception's text leaves through it, cancellation does, and each call is logged once.

It also knows every handler that runs, because the server's own stop returns before their cleanup has, and cuts what
outlasts its grace without a word.
"""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import grpc
import structlog

from imagewire_server.api.grpc.open_streams import OpenStreams
from imagewire_server.api.grpc.receiver import RequestReceiver
from imagewire_server.api.grpc.request_decoder import decoder, read
from imagewire_server.api.grpc.status import status
from imagewire_server.api.grpc.unread_answers import UnreadAnswers
from imagewire_server.contract.errors import Error, Internal, Stalled
from imagewire_server.core import metrics
from imagewire_server.core.access.keys import Access
from imagewire_server.core.call import Call
from imagewire_server.core.drain import RunningCalls
from imagewire_server.core.fault_log import describe

CALL: ContextVar[Call] = ContextVar("call")

_OURS = "/imagewire.v1."
# What a client takes without having read: the first window of HTTP/2. Larger answers are logged when they are taken.
_AT_ONCE = 64 * 1024
_REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_log = structlog.get_logger("imagewire.calls")

Handler = Any  # grpc.RpcMethodHandler[Any, Any]; the stubs do not type its optional behaviours
Context = grpc.aio.ServicerContext[Any, Any]


class MethodInterceptor:
    """Wraps each method's handler. access: who may call. receiving: what receives their requests."""

    def __init__(self, access: Access, receiver: RequestReceiver, unread: UnreadAnswers) -> None:
        self.access = access
        self.unread = unread
        self._open_streams = OpenStreams()
        self._receiver = receiver
        self.calls = RunningCalls()  # of our own services
        self.others = RunningCalls()  # of health, reflection and channelz, some of which never end by themselves
        self.tasks: set[asyncio.Task[Any]] = set()  # of all calls, until their status is out

    def wrap(self, handler: Handler, method: str, *, asks: bool) -> Handler:
        """A method's handler, wrapped. asks: whether its callers must show a key.

        gRPC knows every method as one that takes a stream: of such a call nothing is read before the handler asks for
        it, and a stream of one message is the same on the wire. In the same way the streams of our own services are
        known as unary: they write serialized messages through the context and return the last one, which leaves with
        the status in one step.
        """
        decode, encode = decoder(handler.request_deserializer), handler.response_serializer
        if handler.stream_stream:
            streaming = self._generator(handler.stream_stream, decode, method, asks=asks)
            return grpc.stream_stream_rpc_method_handler(streaming, None, encode)
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(
                self._call(handler.stream_unary, method, asks=asks), decode, encode
            )
        behaviour = handler.unary_unary or handler.unary_stream
        if method.startswith(_OURS):
            encoder = encode if handler.unary_unary else None
            ours = self._ours(behaviour, handler.request_deserializer, encoder, method, asks=asks)
            return grpc.stream_unary_rpc_method_handler(ours)
        called = self._of_one_message(behaviour, decode)
        if handler.unary_unary:
            return grpc.stream_unary_rpc_method_handler(self._call(called, method, asks=asks), None, encode)
        return grpc.stream_stream_rpc_method_handler(self._call(self._held(called), method, asks=asks), None, encode)

    def _of_one_message(
        self, behaviour: Callable[..., Awaitable[Any]], decode: Callable[[bytes], Any]
    ) -> Callable[..., Awaitable[Any]]:
        async def called(_: Any, context: Context) -> Any:
            return await behaviour(decode(await self._receiver.message(context, tiny=True)), context)

        return called

    def _held(self, behaviour: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def held(messages: Any, context: Context) -> Any:
            with self._open_streams.slot(context.peer()):
                return await behaviour(messages, context)

        return held

    def _ours(
        self,
        behaviour: Callable[..., Awaitable[Any]],
        decode: Callable[[bytes], Any],
        encode: Callable[[Any], bytes] | None,
        method: str,
        *,
        asks: bool,
    ) -> Callable[..., Awaitable[Any]]:
        """encode: of an answer that is not in bytes yet. gRPC would keep the answer beside its bytes."""

        async def wrapped(_: Any, context: Context) -> Any:
            async with _Watched(self, method, context) as watched:
                if asks:
                    self.access.check(watched.metadata)
                with self.calls.running(watched.call):
                    # The request's bytes have no name here: they would be kept as long as the call.
                    answer = await behaviour(
                        await read(decode, await self._receiver.message(context, tiny=False), watched.call), context
                    )
                    if encode is not None:
                        answer = encode(answer)
                    watched.answer_bytes = len(answer)
                    return answer

        return wrapped

    def _call(
        self, behaviour: Callable[..., Awaitable[Any]], method: str, *, asks: bool
    ) -> Callable[..., Awaitable[Any]]:
        calls = self.calls if method.startswith(_OURS) else self.others

        async def wrapped(messages: Any, context: Context) -> Any:
            async with _Watched(self, method, context) as watched:
                if asks:
                    self.access.check(watched.metadata)
                with calls.running(watched.call):
                    return await behaviour(messages, context)

        return wrapped

    def _generator(
        self,
        behaviour: Callable[..., AsyncIterator[Any]],
        decode: Callable[[bytes], Any],
        method: str,
        *,
        asks: bool,
    ) -> Callable[..., AsyncIterator[Any]]:
        async def wrapped(_: Any, context: Context) -> AsyncIterator[Any]:
            async with _Watched(self, method, context) as watched:
                if asks:
                    self.access.check(watched.metadata)
                with self._open_streams.slot(context.peer()), self.others.running(watched.call):
                    requests = (decode(data) async for data in self._receiver.messages(context))
                    async for response in behaviour(requests, context):
                        yield response

        return wrapped


class _Watched:
    """One call: counted while it runs, its errors translated, its line logged."""

    def __init__(self, interceptor: MethodInterceptor, method: str, context: Context) -> None:
        self._tasks = interceptor.tasks
        self._unread = interceptor.unread
        self._method = method
        self._context = context
        self.metadata = context.invocation_metadata() or ()
        given = next((str(value) for name, value in self.metadata if name == "x-request-id"), "")
        self._request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        self.call = Call()
        self._begun = time.monotonic()
        self._code = "OK"
        self._reason = ""
        self.answer_bytes = 0

    async def __aenter__(self) -> "_Watched":
        self._task = asyncio.current_task()
        if self._task is not None:
            self._tasks.add(self._task)
        CALL.set(self.call)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        large = error is None and self.answer_bytes > _AT_ONCE
        try:
            ending = self._ending(error) if error is not None else None
            if error is None:
                self._context.set_trailing_metadata(self._trailers())
            self._book(large=large)
            if ending is not None:
                await self._context.abort(*ending)
            elif isinstance(error, grpc.aio.InternalError):
                raise asyncio.CancelledError from None
        finally:
            if self._task is not None:
                self._tasks.discard(self._task)

    def _book(self, *, large: bool) -> None:
        """Count, log and watch over what the client still has to take. Nothing that fails here is the caller's."""
        try:
            if self._task is not None:
                size, ended = (self.answer_bytes, self._left) if large else (0, None)
                self._unread.add(self._task, size, ended)
            if not large:
                self._report()
        except Exception as error:  # noqa: BLE001  # its text would go to the caller, in place of an answer
            _log.error("fault", request_id=self._request_id, **describe(error))

    def _left(self, taken: bool) -> None:
        """A large answer was taken, or cut."""
        if not taken:
            self._code, self._reason = Stalled.code.name, Stalled.reason
        self._report()

    def _ending(self, error: BaseException) -> tuple[grpc.StatusCode, str, tuple[tuple[str, str | bytes], ...]] | None:
        """The status to abort with; None, so that the error goes on, for cancellation and for aborts already made."""
        if isinstance(error, asyncio.CancelledError) and self._task is not None and self._task.cancelling():
            self._code = "CANCELLED"
            return None
        if isinstance(error, (grpc.aio.InternalError, GeneratorExit)):
            # The connection broke while something was sent on it; gRPC closes a generator then.
            self._code = "CANCELLED"
            return None
        if isinstance(error, grpc.aio.AbortError):
            self._code = "ABORTED_BY_SERVICE"
            return None
        if not isinstance(error, Error):
            _log.error("fault", request_id=self._request_id, **describe(error))
            error = Internal(f"a fault of this server's; its log names it under request id {self._request_id}")
        code, message, trailers = status(error, self._request_id)
        self._code, self._reason = code.name, error.reason
        return code, message, (*trailers, *self._trailers())

    def _trailers(self) -> tuple[tuple[str, str], ...]:
        return (("x-imagewire-request-id", self._request_id), *self.call.trailers())

    def _report(self) -> None:
        """Count the call, and log it."""
        seconds = time.monotonic() - self._begun
        ours = self._method.startswith(_OURS)
        if ours:
            metrics.count(self._method, self._reason or self._code, seconds, self.call)
        log = _log.info if ours else _log.debug
        log(
            "call",
            request_id=self._request_id,
            method=self._method,
            code=self._code,
            reason=self._reason,
            seconds=round(seconds, 4),
            **self.call.fields(),
        )
