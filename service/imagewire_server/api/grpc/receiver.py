"""Limits on requests that are still arriving: on their time, and on the memory of all of them.

gRPC receives a whole message and says nothing of it before. So a call whose message is not there at once is watched
from outside: by the bytes that the kernel received on its connection, less the messages that were finished meanwhile.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import grpc

from imagewire_server.api.grpc.tcp_info import ReceivedBytes
from imagewire_server.contract.errors import Error, InvalidRequest, Overloaded, RequestTimeout, Violation
from imagewire_server.core.receive_budget import SLOWEST, ReceiveBudget

_TICK = 0.01  # seconds between two measurements, while any message is awaited
_PAUSE = 10  # between two measurements, and between two searches for connections: as a multiple of the time one took
_AT_ONCE = 256  # connections that are measured at once
# What a connection may have received between the start of a message and its first measurement, in bytes a second.
_FASTEST = 1024**3
# The size of a message of a call that needs no key, such as a health check, and how many such calls may wait for one.
_TINY_BYTES = 64 * 1024
_TINY_CALLS = 256
# Seconds within which a call is cancelled whose client left in the middle of a message.
_LEAVING = 0.2

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(eq=False, slots=True)
class _Connection:
    """A connection on which messages are awaited. first: its bytes at the first measurement. charged:
    of them, what may belong to these messages. finished: bytes of messages that were finished. grew_at: when the last
    bytes came.
    """

    peer: str
    first: int | None = None
    charged: int = 0
    finished: int = 0
    received: int = 0
    grew_at: float = 0.0
    reads: "dict[_Read, None]" = field(default_factory=dict)

    @property
    def grown(self) -> int:
        return 0 if self.first is None else max(self.received - self.first - self.finished, 0)

    @property
    def held(self) -> int:
        return self.charged + self.grown


class _Read:
    """A message that is awaited. A plain class, because each call has one. begun: about when; None at first."""

    __slots__ = ("begun", "connection", "context", "error", "patient", "task", "tiny")

    def __init__(self, context: Context, *, tiny: bool, patient: bool) -> None:
        self.task = asyncio.current_task()
        self.context = context
        self.tiny = tiny
        self.patient = patient
        self.begun: float | None = None
        self.connection: _Connection | None = None
        self.error: Error | None = None

    def fail(self, error: Error) -> None:
        if self.error is None and self.task is not None:
            self.error = error
            self.task.cancel()


class RequestReceiver:
    """Receives the messages of calls. timeout: seconds that a message may take, plus what its bytes need."""

    def __init__(self, timeout: float, receive_budget: ReceiveBudget) -> None:
        self._timeout = timeout
        self._receive_budget = receive_budget
        self._received_bytes = ReceivedBytes(0)
        self._reads: dict[_Read, None] = {}  # in the order in which they began
        self._connections: dict[str, _Connection] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Future[float] | None = None
        self._look_again_at = 0.0
        self._next = 0  # which connection is measured first

    def serve(self, port: int) -> None:
        """The port whose connections these are."""
        self._received_bytes = ReceivedBytes(port)

    async def message(self, context: Context, *, tiny: bool) -> bytes:
        """Read the one message of a call. tiny: it must be a small one, as of a health check.

        Raises InvalidRequest if there is none, RequestTimeout and Overloaded.
        """
        data = await self._read(context, tiny=tiny, patient=False)
        if data is not None:
            return data
        await asyncio.sleep(_LEAVING)
        raise InvalidRequest([Violation("", "the call ended without a request: send one message")])

    async def pieces(self, context: Context) -> AsyncIterator[bytes]:
        """Read the messages of an upload, each of which has its time. Raises RequestTimeout and Overloaded."""
        while (data := await self._read(context, tiny=False, patient=False)) is not None:
            yield data

    async def messages(self, context: Context) -> AsyncIterator[bytes]:
        """Read the messages of a call: small ones, which may come at any time. Raises Overloaded."""
        while (data := await self._read(context, tiny=True, patient=True)) is not None:
            yield data

    async def _read(self, context: Context, *, tiny: bool, patient: bool) -> bytes | None:
        """The next message, None at their end. patient: it may come at any time."""
        read = _Read(context, tiny=tiny, patient=patient)
        self._reads[read] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK, self._tick)
        size = 0
        try:
            data: Any = await context.read()
            if data is grpc.aio.EOF:
                return None
            size = len(data)
            return bytes(data)
        except asyncio.CancelledError:
            self._raise_failure(read)
            raise
        finally:
            del self._reads[read]
            if read.connection is not None:
                self._leave(read, read.connection, size)

    def _raise_failure(self, read: _Read) -> None:
        """Raise the error because of which a message is no longer awaited."""
        if read.error is not None and read.task is not None and read.task.uncancel() == 0:
            raise read.error from None

    def _leave(self, read: _Read, connection: _Connection, size: int) -> None:
        # How much of an unfinished message is dropped is not known: each message on the connection counts an equal
        # share.
        connection.finished += size or connection.grown // len(connection.reads)
        del connection.reads[read]
        if not connection.reads:
            del self._connections[connection.peer]

    def _tick(self) -> None:
        begun, now = time.thread_time(), asyncio.get_running_loop().time()
        for read in self._reads:
            if read.begun is None:
                read.begun = now
            elif read.connection is None:
                peer = read.context.peer()
                read.connection = self._connections.setdefault(peer, _Connection(peer))
                read.connection.reads[read] = None
        for connection in islice(self._connections.values(), self._next, self._next + _AT_ONCE):
            self._measure(connection, now)
        self._next = self._next + _AT_ONCE if self._next + _AT_ONCE < len(self._connections) else 0
        self._end_late(now)
        self._end_large_among_tiny()
        self._end_excess()
        pause = max(_TICK, _PAUSE * (time.thread_time() - begun))
        self._timer = asyncio.get_running_loop().call_later(pause, self._tick) if self._reads else None

    def _measure(self, connection: _Connection, now: float) -> None:
        received = self._received_bytes.received(connection.peer)
        if received is None:
            if connection.first is None and not connection.peer.startswith("unix:"):
                self._look(now)
            return
        if connection.first is None:
            age = now - (next(iter(connection.reads)).begun or now) + _TICK
            connection.first, connection.charged = received, min(received, int(age * _FASTEST))
        if received != connection.received:
            connection.received, connection.grew_at = received, now

    def _look(self, now: float) -> None:
        """Search for connections, in a thread."""
        if self._looking is None and now >= self._look_again_at:
            self._looking = asyncio.get_running_loop().run_in_executor(None, self._received_bytes.look)
            self._looking.add_done_callback(self._looked)

    def _looked(self, search: "asyncio.Future[float]") -> None:
        self._looking = None
        if not search.cancelled() and search.exception() is None:
            self._look_again_at = asyncio.get_running_loop().time() + _PAUSE * search.result()

    def _end_late(self, now: float) -> None:
        for connection in self._connections.values():
            silent = connection.grew_at < now - self._timeout
            allowed = self._timeout + (0 if silent else connection.held / SLOWEST)
            for read in connection.reads:
                if (read.begun or now) + allowed < now and not read.patient:
                    read.fail(RequestTimeout.after(self._timeout))

    def _end_large_among_tiny(self) -> None:
        tiny = [read for each in self._connections.values() for read in each.reads if read.tiny]
        for read in tiny:
            if read.connection is not None and read.connection.grown > _TINY_BYTES:
                read.fail(Overloaded(f"a request of this method takes {_TINY_BYTES} bytes at the most"))
        waiting = [read for read in tiny if not read.patient]
        for read in waiting[:-_TINY_CALLS]:
            read.fail(self._receive_budget.refusal())

    def _end_excess(self) -> None:
        """End the calls of the connections that hold the most, the oldest first, until the limit is met."""
        left = {connection: connection.held for connection in self._connections.values() if connection.held}
        self._receive_budget.grpc = sum(left.values())
        while self._receive_budget.excess and left:
            largest = max(left, key=lambda each: left[each])
            held = left.pop(largest)
            # Which of its calls holds how much is not known.
            share = held / len(largest.reads)
            number = math.ceil(self._receive_budget.excess / share)
            for read in list(largest.reads)[:number]:
                read.fail(self._receive_budget.refusal())
            self._receive_budget.grpc -= min(held, int(number * share))
