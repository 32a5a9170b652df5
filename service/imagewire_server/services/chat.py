"""ChatService: valid requests to the keeper, its events to the caller."""

from collections.abc import Callable
from dataclasses import dataclass

from imagewire_server.contract import inline_limit, pb, validation
from imagewire_server.contract.errors import Internal
from imagewire_server.core.drain import RunningCalls
from imagewire_server.core.fold import DEFAULT_INLINE_BYTES, fold, kept_elsewhere, too_large
from imagewire_server.core.keeper import Keeper
from imagewire_server.core.offload import run_for_call
from imagewire_server.core.reader import Reader
from imagewire_server.core.wishes import ANY, CacheWish, Wishes
from imagewire_server.services.context import CALL, Context
from imagewire_server.services.image_chunk import resumed
from imagewire_server.services.stream_writer import StreamWriter, Wrap


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """Seconds: after how long a silence a heartbeat goes out; how long a client may leave a stream unread."""

    heartbeat_interval: float
    stall_timeout: float


class ChatService:
    """See the contract. calls: the running ones. check_unread: raises Overloaded while too many answers are unread."""

    def __init__(
        self, keeper: Keeper, times: StreamTimes, calls: RunningCalls, check_unread: Callable[[], None]
    ) -> None:
        self._keeper = keeper
        self._times = times
        self._calls = calls
        self._check_unread = check_unread

    async def CreateCompletion(
        self, request: pb.CreateCompletionRequest, context: Context
    ) -> pb.CreateCompletionResponse:
        """One answer: the folded stream."""
        call = CALL.get()
        await run_for_call(call, validation.check, request)
        most = request.max_inline_bytes if request.HasField("max_inline_bytes") else DEFAULT_INLINE_BYTES
        if not self._keeper.is_keeping:  # else a picture that does not fit has an image_id
            inline_limit.check(request.spec, most, self._keeper.capabilities)
        self._check_unread()
        reader = await self._keeper.open(
            request.spec,
            call,
            stream=False,
            hashes=True,
            deadline=call.deadline,
            request_id=request.request_id,
            on_disconnect=request.on_disconnect,
            wishes=_wishes(request),
        )
        async with reader:
            answer = await fold(reader, max_inline_bytes=most)
        if not await self._keeper.has_images(call.caller.id, kept_elsewhere(answer)):
            raise too_large(most, " and could not be kept")
        return answer

    async def StreamCompletion(self, request: pb.StreamCompletionRequest, context: Context) -> bytes:
        """Events as they come."""
        call = CALL.get()
        await run_for_call(call, validation.check, request)
        reader = await self._keeper.open(
            request.spec,
            call,
            stream=True,
            hashes=True,
            deadline=call.deadline,
            request_id=request.request_id,
            on_disconnect=request.on_disconnect,
            wishes=_wishes(request),
        )
        last = await self._write(reader, context, request.max_frame_bytes, batch=request.batch)
        if not last:
            raise Internal("the stream ended without its last event")
        return last

    async def ResumeCompletion(self, request: pb.ResumeCompletionRequest, context: Context) -> bytes:
        """The events of a kept answer."""
        call = CALL.get()
        validation.check(request)
        reader = await self._keeper.resume(call, request)
        # What has all events already gets a heartbeat: the stream's last message is sent with its status.
        nothing = pb.Event(sequence=request.after_sequence, heartbeat=pb.Heartbeat()).SerializeToString()
        last = await self._write(reader, context, request.max_frame_bytes, wrap=resumed)
        return last or resumed(nothing)

    async def _write(
        self, reader: Reader, context: Context, max_frame_bytes: int, *, batch: bool = False, wrap: Wrap | None = None
    ) -> bytes:
        """Write a stream's messages; returns the last. wrap: makes the response of an event."""
        async with (
            reader,
            StreamWriter(
                context,
                CALL.get(),
                self._calls.shielded,
                heartbeat_interval=self._times.heartbeat_interval,
                stall_timeout=self._times.stall_timeout,
                max_frame_bytes=max_frame_bytes or validation.FRAME_DEFAULT,
                batch=batch,
                wrap=wrap,
            ) as writer,
        ):
            async for events in reader:
                await writer.write(events)
            return writer.last


def _wishes(request: pb.CreateCompletionRequest | pb.StreamCompletionRequest) -> Wishes:
    if not request.HasField("cache_ttl"):
        return ANY
    return Wishes(cache=CacheWish(request.cache_ttl.seconds + request.cache_ttl.nanos / 1e9))
