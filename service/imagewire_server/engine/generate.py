"""The one path: a spec in, the stream's events out. Every edge drinks from here."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing

from imagewire_server.contract import pb
from imagewire_server.contract.errors import DeadlineExceeded, Internal
from imagewire_server.engine.admit import Admission
from imagewire_server.engine.record import Record
from imagewire_server.engine.retry import Retries, RetryBudget
from imagewire_server.engine.route import Route, Router


class Engine:
    """Draws. One instance serves all calls of a process."""

    def __init__(self, router: Router, admission: Admission, budget: RetryBudget) -> None:
        self.router = router
        self._admission = admission
        self._budget = budget

    async def generate(
        self, spec: pb.Spec, *, stream: bool, max_frame_bytes: int, deadline: float | None, record: Record
    ) -> AsyncGenerator[pb.Event, None]:
        """Draw `spec`, a valid one by the contract's table, and yield its events, sequences set from 1.

        stream: whether to ask the upstream for a stream. max_frame_bytes: the most in one ImageChunk. deadline: on the
        event loop's clock. record: filled on the way. Raises the contract's errors. Close the generator to end the
        upstream call; nothing of it is left running then.
        """
        route = self.router.resolve(spec.model)
        record.model = route.name
        begun = time.monotonic()
        with self._admission.place():
            async with aclosing(self._upstream(spec, route, stream, max_frame_bytes, deadline, record)) as events:
                sequence = 0
                while (event := await _next(events, deadline)) is not None:
                    if not sequence:
                        sequence = 1
                        yield _started(route, record)
                    sequence += 1
                    event.sequence = sequence
                    _note(event, record, begun)
                    yield event

    async def _upstream(
        self,
        spec: pb.Spec,
        route: Route,
        stream: bool,
        max_frame_bytes: int,
        deadline: float | None,
        record: Record,
    ) -> AsyncGenerator[pb.Event, None]:
        """The provider's events; calls that fail before their first one are repeated where that is free."""
        loop = asyncio.get_running_loop()
        retries = Retries(self._budget, lambda: None if deadline is None else deadline - loop.time())
        events: AsyncGenerator[pb.Event, None] | None = None
        first: pb.Event | None = None
        async for attempt in retries.attempts():
            with attempt:
                record.attempts += 1
                events = route.provider.generate(spec, route.native_id, stream=stream, max_frame_bytes=max_frame_bytes)
                first = await anext(events)
        if events is None or first is None:
            raise Internal("no attempt was made")
        async with aclosing(events):
            yield first
            async for event in events:
                yield event


async def _next(events: AsyncGenerator[pb.Event, None], deadline: float | None) -> pb.Event | None:
    """The next event, None at the end. The time-out never spans a yield: it would hit the consumer's code."""
    if deadline is None:
        return await anext(events, None)
    try:
        async with asyncio.timeout_at(deadline):
            return await anext(events, None)
    except TimeoutError as error:
        raise DeadlineExceeded(
            "the deadline passed while the picture was being drawn; it may have been charged: allow more time"
        ) from error


def _started(route: Route, record: Record) -> pb.Event:
    record.completion_id = f"cmpl-{uuid.uuid4().hex}"
    started = pb.Started(completion_id=record.completion_id, model=route.name)
    started.create_time.GetCurrentTime()
    return pb.Event(sequence=1, started=started)


def _note(event: pb.Event, record: Record, begun: float) -> None:
    record.events = event.sequence
    kind = event.WhichOneof("event")
    if kind == "image_chunk":
        record.image_bytes += len(event.image_chunk.data)
        if record.first_image_byte is None:
            record.first_image_byte = time.monotonic() - begun
    elif kind == "candidate_finished":
        record.finish_reason = event.candidate_finished.native_finish_reason
    elif kind == "finished" and event.finished.HasField("prompt_feedback"):
        record.finish_reason = event.finished.prompt_feedback.block_reason
