"""A store in memory, which writes and fails when a test says so, and drawings that it keeps."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Any

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.completion import Completion, Source
from imagewire_server.core.event_buffer import BufferBudget, EventBuffer
from imagewire_server.core.feed import OnDisconnect
from imagewire_server.core.keeping import Keeping
from imagewire_server.core.store.records import Kept
from imagewire_server.core.store.store import OnProgress
from tests.unit.core.drawings import ENOUGH, joined
from tests.unit.core.store.local.stores import kept

See = Callable[[list[StreamEvent]], None]


class ScriptedStore:
    """A Recorder, and what a drawing needs of its Store. at_once: whether it tells at once what it has, or in `write`.

    got, ended: what it was given. reads, released: how often it was read, and let go. error: raised behind what is
    read.
    """

    secret = b"secret"

    def __init__(self, *, at_once: bool = True) -> None:
        self.failed = False
        self.written = self.reads = self.released = 0
        self.got: list[StreamEvent] = []
        self.ended: list[Exception | None] = []
        self.error: Exception | None = None
        self.is_settled = asyncio.Event()
        self.is_settled.set()
        self._at_once = at_once
        self._progress: OnProgress = lambda: None

    def on_progress(self, call: OnProgress) -> None:
        self._progress = call

    def ask(self, spec: pb.Spec) -> None:
        raise NotImplementedError

    def add(self, events: list[StreamEvent]) -> None:
        if not self.failed:
            self.got += events
            if self._at_once:
                self.written = len(self.got)

    def end(self, error: Exception | None, *, free: bool, cache_key: bytes = b"", answer: str = "") -> None:
        self.ended.append(error)

    async def settle(self) -> None:
        await self.is_settled.wait()

    def release(self) -> None:
        self.released += 1

    def write(self) -> None:
        """Tell what it has."""
        self.written = len(self.got)
        self._progress()

    def fail(self) -> None:
        """Keep nothing more, and tell."""
        self.failed = True
        self._progress()

    async def read(self, _: Kept, after_sequence: int, offset: int) -> AsyncGenerator[list[StreamEvent], None]:
        """What it has, also what it has not told yet; the bytes of a file at once."""
        self.reads += 1
        for event in joined(self.got[: self.written] if self.failed else self.got):
            if isinstance(event, Chunk) and event.sequence == after_sequence:
                if offset < len(event.data):
                    yield [replace(event, offset=offset, data=event.data[offset:])]
            elif event.sequence > after_sequence:
                yield [event]
        if self.error is not None:
            raise self.error


def keeping(store: Any, *, may_go_on: bool = True, see: See | None = None, **fields: Any) -> Keeping:
    """What a drawing has of its store. fields: of its record."""
    return Keeping(store, kept(**fields), store, lambda: may_go_on, lambda error: store.end(error, free=False), see)


def drawing(
    source: Source,
    most: int = ENOUGH,
    *,
    at_once: bool = True,
    on_disconnect: OnDisconnect = OnDisconnect.CONTINUE,
    **options: Any,
) -> tuple[Completion, ScriptedStore]:
    """A drawing with at most so many bytes in memory, and its store."""
    store = ScriptedStore(at_once=at_once)
    buffer = EventBuffer(most, BufferBudget(ENOUGH))
    made = Completion(source, buffer=buffer, on_disconnect=on_disconnect, keeping=keeping(store, **options))
    return made, store
