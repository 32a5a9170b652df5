"""Wraps every handler: interceptors run before a request is read, and limits hold while it is worked on.

It also keeps the running calls, because the server's own stop returns before handlers have cleaned up, and cuts calls
that outlast the grace without a status of ours.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import grpc

from imagewire_server.api.grpc.call_context import CallContext, Context, PeerId, Tasks
from imagewire_server.api.grpc.open_streams import OpenStreams
from imagewire_server.api.grpc.orca import LoadReport
from imagewire_server.api.grpc.receiver import RequestReceiver
from imagewire_server.api.grpc.unread_answers import UnreadAnswers
from imagewire_server.core.access.caller import Permission
from imagewire_server.core.drain import RunningCalls
from imagewire_server.core.interceptors import Interceptor, intercept_all
from imagewire_server.services.context import CALL
from imagewire_server.services.request_decoder import decoder, read

_OURS = "/imagewire.v1."

Handler = Any  # grpc.RpcMethodHandler[Any, Any]; the stubs do not type its optional behaviours
Begin = Callable[[Context], CallContext]


class MethodInterceptor:
    """Wraps each method's handler. interceptors: run before a request is read. receiver: what receives requests.

    peer_id: tells who the certificate of a call's connection names, None where none is asked for. report: what the
    trailers of our own services tell of the load, None for nothing.
    """

    def __init__(
        self,
        interceptors: Sequence[Interceptor],
        receiver: RequestReceiver,
        unread: UnreadAnswers,
        peer_id: PeerId | None = None,
        report: LoadReport | None = None,
    ) -> None:
        self._report = report
        self._peer_id = peer_id
        self._interceptors = interceptors
        self._unread = unread
        self._open_streams = OpenStreams()
        self._receiver = receiver
        self.calls = RunningCalls()  # of our own services
        self.others = RunningCalls()  # of health, reflection and channelz, some of which never end by themselves
        self.tasks: Tasks = set()  # of all calls, until their status is out

    def wrap(self, handler: Handler, method: str, permission: Permission) -> Handler:
        """A method's handler, wrapped. permission: what its callers need.

        gRPC knows every method as one that takes a stream: of such a call nothing is read before the handler asks for
        it, and a stream of one message is the same on the wire. In the same way the streams of our own services are
        known as methods with one response: they write serialized messages through the context and return the last one.
        grpc.aio sends it together with the status, where a stream handler's status leaves by itself: that would cost
        5 to 8 % of a small stream's CPU time. Nothing bounds how long the last message waits for a reader, so it is
        small (`stream_writer.py`).
        """
        is_ours = method.startswith(_OURS)
        begin = partial(
            CallContext,
            method=method,
            permission=permission,
            quiet=not is_ours,
            tasks=self.tasks,
            unread=self._unread,
            peer_id=self._peer_id,
            report=self._report if is_ours else None,
        )
        decode, encode = decoder(handler.request_deserializer), handler.response_serializer
        if handler.stream_stream:
            return grpc.stream_stream_rpc_method_handler(
                self._generator(handler.stream_stream, decode, begin), None, encode
            )
        if handler.stream_unary:
            calls = self.calls if is_ours else self.others
            received = self._of_many_messages(handler.stream_unary, decode)
            return grpc.stream_unary_rpc_method_handler(self._call(received, begin, calls), None, encode)
        behaviour = handler.unary_unary or handler.unary_stream
        if is_ours:
            encoder = encode if handler.unary_unary else None
            return grpc.stream_unary_rpc_method_handler(
                self._ours(behaviour, handler.request_deserializer, encoder, begin)
            )
        called = self._of_one_message(behaviour, decode)
        if handler.unary_unary:
            return grpc.stream_unary_rpc_method_handler(self._call(called, begin, self.others), None, encode)
        return grpc.stream_stream_rpc_method_handler(self._call(self._held(called), begin, self.others), None, encode)

    def _of_one_message(
        self, behaviour: Callable[..., Awaitable[Any]], decode: Callable[[bytes], Any]
    ) -> Callable[..., Awaitable[Any]]:
        async def called(_: Any, context: Context) -> Any:
            return await behaviour(decode(await self._receiver.message(context, tiny=True)), context)

        return called

    def _of_many_messages(
        self, behaviour: Callable[..., Awaitable[Any]], decode: Callable[[bytes], Any]
    ) -> Callable[..., Awaitable[Any]]:
        async def called(_: Any, context: Context) -> Any:
            pieces = self._receiver.pieces(context)
            answer = await behaviour((decode(data) async for data in pieces), context)
            CALL.get().sent_bytes += answer.ByteSize()
            return answer

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
        begin: Begin,
    ) -> Callable[..., Awaitable[Any]]:
        """encode: of an answer that is not in bytes yet. gRPC would keep the answer beside its bytes."""

        async def wrapped(_: Any, context: Context) -> Any:
            async with begin(context) as running:
                with self.calls.running(running.call):
                    await intercept_all(self._interceptors, running.call)
                    # The request's bytes have no name here: they would be kept as long as the call.
                    answer = await behaviour(
                        await read(decode, await self._receiver.message(context, tiny=False), running.call), context
                    )
                    if encode is not None:
                        answer = encode(answer)
                    running.answer_bytes = len(answer)
                    running.call.sent_bytes += len(answer)
                    return answer

        return wrapped

    def _call(
        self, behaviour: Callable[..., Awaitable[Any]], begin: Begin, calls: RunningCalls
    ) -> Callable[..., Awaitable[Any]]:
        async def wrapped(messages: Any, context: Context) -> Any:
            async with begin(context) as running:
                with calls.running(running.call):
                    await intercept_all(self._interceptors, running.call)
                    return await behaviour(messages, context)

        return wrapped

    def _generator(
        self, behaviour: Callable[..., AsyncIterator[Any]], decode: Callable[[bytes], Any], begin: Begin
    ) -> Callable[..., AsyncIterator[Any]]:
        async def wrapped(_: Any, context: Context) -> AsyncIterator[Any]:
            async with begin(context) as running:
                with self.others.running(running.call):
                    await intercept_all(self._interceptors, running.call)
                    with self._open_streams.slot(context.peer()):
                        requests = (decode(data) async for data in self._receiver.messages(context))
                        async for response in behaviour(requests, context):
                            yield response

        return wrapped
