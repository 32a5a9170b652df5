"""Small answers of a local store, on the event loop: held while they are drawn, and written together when they end."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from imagewire_server.core.store.local.database import Database, SmallRows
from imagewire_server.core.store.local.writer import FAULTS, Writer

if TYPE_CHECKING:
    from imagewire_server.core.store.local.recorder import LocalRecorder

# Seconds after which an answer that has not ended is written, so that others can read it.
HELD = 0.1
# Seconds in which answers end that are written together. Who waits for one does not wait for this.
_TOGETHER = 0.05


class SmallAnswers:
    """Those that are held, and those that have ended. written: called in the thread behind each transaction."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, writer: Writer, database: Database, written: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._writer = writer
        self._database = database
        self._written = written
        self._held: dict[LocalRecorder, None] = {}  # the oldest first
        self._ended: list[LocalRecorder] = []
        self._is_timed = False

    def hold(self, recorder: "LocalRecorder") -> None:
        """A recorder holds events. It is to let go of them after a moment."""
        self._held[recorder] = None
        if not self._is_timed:
            self._is_timed = True
            self._loop.call_later(HELD, self._look)

    def release(self, recorder: "LocalRecorder") -> None:
        """A recorder holds nothing any more, or has ended."""
        self._held.pop(recorder, None)

    def add(self, recorder: "LocalRecorder") -> None:
        """An answer has ended."""
        if not self._ended:
            self._loop.call_later(_TOGETHER, self.send)
        self._ended.append(recorder)

    def send(self) -> None:
        """Have those that have ended written now."""
        ended, self._ended = self._ended, []
        if ended:
            self._writer.put(partial(self._write, ended))

    def let_go(self) -> None:
        """Have all of them written: the store is closed."""
        for recorder in list(self._held):
            recorder.let_go()
        self.send()

    def _look(self) -> None:
        now = self._loop.time()
        for recorder in list(self._held):
            if recorder.began + HELD <= now:
                recorder.let_go()
        self._is_timed = bool(self._held)
        if self._held:
            self._loop.call_at(next(iter(self._held)).began + HELD, self._look)

    def _write(self, ended: "list[LocalRecorder]") -> Callable[[], None]:
        """In the thread. Returns what tells the recorders."""
        for recorder in ended:
            recorder.keep_request()
        try:
            with self._database.transaction():
                rows = SmallRows()
                for recorder in ended:
                    recorder.add_to(rows)
                self._database.put_small(rows)
        except FAULTS as error:
            for recorder in ended:
                recorder.fail(error)
        for recorder in ended:
            recorder.has_ended()
        self._written()
        return partial(_tell, ended)


def _tell(recorders: "list[LocalRecorder]") -> None:
    for recorder in recorders:
        recorder.tell_end()
