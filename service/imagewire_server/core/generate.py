"""The one path: a spec in, a completion out, whose readers have the events. Both APIs use it."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AbstractContextManager, aclosing
from functools import partial
from typing import TypeVar

from imagewire_server.contract import pb
from imagewire_server.contract.errors import DeadlineExceeded, Error
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.access.quotas import Quotas, Reservation
from imagewire_server.core.accounting import Account
from imagewire_server.core.call import Call
from imagewire_server.core.completion import Completion
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.event_buffer import EventBuffer
from imagewire_server.core.failover import Failover
from imagewire_server.core.feed import OnDisconnect
from imagewire_server.core.keeping import Keeping
from imagewire_server.core.numbering import Numbering
from imagewire_server.core.relay import Relay
from imagewire_server.core.router import Route, Router
from imagewire_server.core.store.records import Kept
from imagewire_server.core.turns import Turns
from imagewire_server.core.wishes import ANY, Wishes

_T = TypeVar("_T")


class Engine:
    """Draws. One instance serves all calls of a process; `router` may be replaced while calls run.

    quotas: of the callers. turns: of deployments whose rpm is a limit. refuses_unsigned: whether earlier answers
    without the signatures that a model requires are refused.
    """

    def __init__(
        self,
        router: Router,
        admission: Admission,
        quotas: Quotas | None = None,
        turns: Turns | None = None,
        *,
        refuses_unsigned: bool = False,
    ) -> None:
        self.router = router
        self._refuses_unsigned = refuses_unsigned
        self._admission = admission
        self._quotas = quotas or Quotas()
        self._turns = turns or Turns()

    def slot(self) -> AbstractContextManager[None]:
        """A slot among the calls, for what an API must do before it draws. Raises Overloaded when none is free."""
        return self._admission.slot()

    def start(
        self,
        spec: pb.Spec,
        *,
        stream: bool,
        deadline: float | None,
        call: Call,
        wishes: Wishes = ANY,
        buffer: EventBuffer | None = None,
        on_disconnect: OnDisconnect = OnDisconnect.CANCEL,
        keeping: Keeping | None = None,
    ) -> Completion:
        """Draw `spec`, a valid one by the contract's table, for whoever attaches to the completion.

        stream: whether to ask the upstream for a stream. deadline: of the drawing, on the event loop's clock. call:
        filled on the way. wishes: its fallbacks, and its relay, of whose request the spec says what the core must know.
        buffer, on_disconnect, keeping: see Completion. Its readers raise the contract's errors.
        """
        kept = keeping.kept if keeping is not None and not keeping.recorder.failed else None
        call.completion_id = keeping.kept.completion_id if keeping is not None else new_id()
        source = partial(
            self._draw,
            spec,
            stream=stream,
            deadline=deadline,
            call=call,
            fallbacks=wishes.fallbacks,
            kept=kept,
            relay=wishes.relay,
        )
        return Completion(source, buffer=buffer, on_disconnect=on_disconnect, keeping=keeping)

    async def _draw(
        self,
        spec: pb.Spec,
        numbering: Numbering,
        *,
        stream: bool,
        deadline: float | None,
        call: Call,
        kept: Kept | None,
        fallbacks: Sequence[str] | None,
        relay: Relay | None,
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """The completion's source: the calls of the upstream, with their slot, their deadline and their account."""
        begun = time.monotonic()
        account = Account(call)
        reserved: Reservation | None = None
        try:
            with self._admission.slot():
                if relay is None or relay.request.draws:
                    reserved = await _in_time(self._quotas.reserve(spec, call, self.router, fallbacks), deadline)
                failover = Failover(
                    self.router,
                    account,
                    stream=stream,
                    deadline=deadline,
                    fallbacks=fallbacks,
                    refuses_unsigned=self._refuses_unsigned,
                    turns=self._turns,
                    relay=relay,
                )
                answer = await _in_time(failover.start(spec, call), deadline)
                if relay is not None and answer.relayed is not None:
                    relay.choose(answer.relayed)
                async with aclosing(answer.remainder) as remainder:
                    events: list[StreamEvent] | None = [_started(answer.route, call, kept), *answer.first]
                    while events is not None:
                        for event in events:
                            call.events += 1
                            if isinstance(event, Chunk):
                                numbering.number_chunk(event)
                                _note_chunk(event, call, begun)
                            else:
                                kind = numbering.number(event)
                                account.note(event, kind)
                                if kind == "candidate_finished":
                                    call.finish_reason = event.candidate_finished.native_finish_reason
                                elif kind == "finished" and event.finished.HasField("prompt_feedback"):
                                    call.finish_reason = event.finished.prompt_feedback.block_reason
                        yield events
                        events = await _in_time(anext(remainder, None), deadline)
        except Error as error:
            if isinstance(error, DeadlineExceeded) and account.is_free:
                raise DeadlineExceeded.for_free() from error
            account.end(error)
            raise
        finally:
            account.end()
            if reserved is not None:
                reserved.settle()


async def _in_time(step: Awaitable[_T], deadline: float | None) -> _T:
    """Await one step. The time-out never spans a yield: it would hit the consumer's code."""
    if deadline is None:
        return await step
    try:
        async with asyncio.timeout_at(deadline):
            return await step
    except TimeoutError as error:
        raise DeadlineExceeded(
            "the deadline passed while the picture was being drawn; it may have been charged: allow more time"
        ) from error


def new_id() -> str:
    """An answer's id. Nobody can guess it."""
    return f"cmpl-{secrets.token_hex(16)}"


def _started(route: Route, call: Call, kept: Kept | None) -> pb.Event:
    started = pb.Started(completion_id=call.completion_id, model=route.name)
    # GetCurrentTime goes by way of a datetime, at ten times the cost.
    started.create_time.seconds, started.create_time.nanos = divmod(time.time_ns(), 1_000_000_000)
    if kept is not None:
        started.expire_time.seconds = int(kept.expires)
    return pb.Event(started=started)


def _note_chunk(chunk: Chunk, call: Call, begun: float) -> None:
    if chunk.kind == "image_chunk":
        call.image_bytes += len(chunk.data)
        if call.first_image_byte is None:
            call.first_image_byte = time.monotonic() - begun
