"""Writes a stream: heartbeats when it is idle, an error when the client stops reading.

The last message of a stream is not written here: an API sends it together with the status.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Stalled
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.call import Call
from imagewire_server.services.context import Context
from imagewire_server.services.image_chunk import Outgoing, file_bytes, framed, serialized

Wrap = Callable[[bytes], bytes]

_MOST_COPIED = 16 * 1024
_LONGEST_BEGINNING = 5.0  # seconds in which a stream's first message is sent, however busy the machine is


class StreamWriter:
    """Writes events to one call. Use as an async context manager.

    call: its bytes are counted. shielded: a context for what must be finished before the call is ended.
    heartbeat_interval, stall_timeout: seconds. max_frame_bytes: the most bytes of a picture in a message. batch:
    whether a message may hold several events. wrap: makes a message of a serialized event. last: the message that ends
    the stream, once there is one.
    """

    def __init__(
        self,
        context: Context,
        call: Call,
        shielded: Callable[[], AbstractContextManager[None]],
        *,
        heartbeat_interval: float,
        stall_timeout: float,
        max_frame_bytes: int,
        batch: bool = False,
        wrap: Wrap | None = None,
    ) -> None:
        self._context = context
        self._call = call
        self._shielded = shielded
        self._begun = False
        self._max_frame_bytes = max_frame_bytes
        self._batch = batch
        self._wrap = wrap
        self._interval = heartbeat_interval
        self._stall_timeout = stall_timeout
        self._loop = asyncio.get_running_loop()
        self._lock = asyncio.Lock()  # gRPC takes one write at a time
        self._sequence = 0
        self.last = b""
        self._written_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._beat: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "StreamWriter":
        self._arm(self._interval)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._beat is not None:
            if not self._begun and kind is not Stalled:
                await asyncio.wait({self._beat}, timeout=_LONGEST_BEGINNING)
            self._beat.cancel()
            await asyncio.gather(self._beat, return_exceptions=True)

    async def write(self, events: list[StreamEvent]) -> None:
        """Write events; returns when the API has taken them. Raises Stalled when it does not within the time-out."""
        frames = framed(events, self._max_frame_bytes)
        messages = batched(frames, self._max_frame_bytes) if self._batch else [[frame] for frame in frames]
        last = b""
        if _ends(events[-1]):
            messages, last = _without_last(messages)
        if messages or self._lock.locked():
            try:
                async with asyncio.timeout(self._stall_timeout), self._lock:
                    for message in messages:
                        await self._write(message)
            except TimeoutError as error:
                raise Stalled(f"the client did not read its stream for {self._stall_timeout:g} s") from error
        # No heartbeat is being sent now, and none is sent once this is set.
        self.last = self._wrap(last) if self._wrap is not None and last else last

    async def _write(self, message: list[Outgoing]) -> None:
        data = serialized(message[0], message[1:])
        if self._wrap is not None:
            data = self._wrap(data)
        if self._begun:
            await self._context.write(data)
        else:
            # The headers go with it. If it is cancelled, gRPC sends them again with the status, which then fails: the
            # client would wait until the connection ends.
            with self._shielded():
                await self._context.write(data)
            self._begun = True
        self._call.sent_bytes += len(data)
        self._sequence = message[-1].sequence
        self._written_at = self._loop.time()

    def _arm(self, delay: float) -> None:
        self._timer = self._loop.call_later(delay, self._due)

    def _due(self) -> None:
        idle = self._loop.time() - self._written_at
        # A write that waits for the client is not idle, and a heartbeat would only queue behind it.
        if idle < self._interval or self._lock.locked():
            self._arm(max(self._interval - idle, self._interval / 10))
        else:
            self._beat = self._loop.create_task(self._send_heartbeat())

    async def _send_heartbeat(self) -> None:
        async with self._lock:
            if self.last:
                return
            await self._write([pb.Event(sequence=self._sequence, heartbeat=pb.Heartbeat())])
        self._arm(self._interval)


def _without_last(messages: list[list[Outgoing]]) -> tuple[list[list[Outgoing]], bytes]:
    """The messages to write, and the last one, serialized: a small one, as nothing limits how long it waits."""
    *others, last = messages
    if sum(map(file_bytes, last)) <= _MOST_COPIED:
        message = serialized(last[0], last[1:])
        if len(message) <= _MOST_COPIED or len(last) == 1:
            return others, message
    return [*others, last[:-1]], serialized(last[-1])


def batched(events: Sequence[Outgoing], most: int) -> list[list[Outgoing]]:
    """Events as few messages, each with at most so many bytes of picture, a single event whatever it holds."""
    messages: list[list[Outgoing]] = []
    size = 0
    for event in events:
        added = file_bytes(event)
        size += added
        # What joins another message is copied once more, which is not worth it for many bytes.
        if messages and size <= most and added <= _MOST_COPIED:
            messages[-1].append(event)
        else:
            messages.append([event])
            size = added
    return messages


def _ends(event: Outgoing) -> bool:
    return isinstance(event, pb.Event) and event.HasField("finished")
