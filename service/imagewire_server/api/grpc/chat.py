"""ChatService: valid requests to the engine, its events to the caller."""

from dataclasses import dataclass
from typing import Any

import grpc

from imagewire.v1 import chat_service_pb2_grpc as stubs
from imagewire_server.api.grpc.call_context import CALL
from imagewire_server.api.grpc.stream_writer import StreamWriter
from imagewire_server.api.grpc.unread_answers import UnreadAnswers
from imagewire_server.contract import inline_limit, pb, validation
from imagewire_server.contract.errors import Internal, NotBuilt
from imagewire_server.core.drain import RunningCalls
from imagewire_server.core.fold import DEFAULT_INLINE_BYTES, fold
from imagewire_server.core.generate import Engine
from imagewire_server.core.offload import run_for_call

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """Seconds: after how long a silence a heartbeat goes out; how long a client may leave a stream unread."""

    heartbeat_interval: float
    stall_timeout: float


class ChatService(stubs.ChatServiceServicer):
    """See the contract."""

    def __init__(self, engine: Engine, times: StreamTimes, calls: RunningCalls, unread: UnreadAnswers) -> None:
        self._engine = engine
        self._times = times
        self._calls = calls
        self._unread = unread

    async def CreateCompletion(
        self, request: pb.CreateCompletionRequest, context: Context
    ) -> pb.CreateCompletionResponse:
        """One answer: the folded stream."""
        call = CALL.get()
        await run_for_call(call, validation.check, request)
        most = request.max_inline_bytes if request.HasField("max_inline_bytes") else DEFAULT_INLINE_BYTES
        inline_limit.check(request.spec, most, self._engine.router.capabilities)
        self._unread.check()
        completion = self._engine.start(request.spec, stream=False, deadline=call.deadline, call=call)
        async with completion.attach(hashes=True) as reader:
            return await fold(reader, max_inline_bytes=most)

    async def StreamCompletion(  # type: ignore[override]  # see the interceptor
        self, request: pb.StreamCompletionRequest, context: Context
    ) -> bytes:
        """Events as they come."""
        call = CALL.get()
        await run_for_call(call, validation.check, request)
        completion = self._engine.start(request.spec, stream=True, deadline=call.deadline, call=call)
        async with (
            StreamWriter(
                context,
                self._calls.shielded,
                heartbeat_interval=self._times.heartbeat_interval,
                stall_timeout=self._times.stall_timeout,
                max_frame_bytes=request.max_frame_bytes or validation.FRAME_DEFAULT,
                batch=request.batch,
            ) as writer,
            completion.attach(hashes=True) as reader,
        ):
            async for events in reader:
                await writer.write(events)
            if not writer.last:
                raise Internal("the stream ended without its last event")
            return writer.last

    async def ResumeCompletion(  # type: ignore[override]  # see the interceptor
        self, request: pb.ResumeCompletionRequest, context: Context
    ) -> bytes:
        """Not built yet."""
        raise NotBuilt("this server keeps no answers yet, so it cannot resume one: ask again with StreamCompletion")
