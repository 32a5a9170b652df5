"""How one drawing is kept: its recorder, and the way back to what is no longer in memory."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.keep_errors import not_kept
from imagewire_server.core import picture_links
from imagewire_server.core.store.records import Kept
from imagewire_server.core.store.store import LONGEST, Recorder, Store, StoreDown


@dataclass(frozen=True, slots=True)
class Keeping:
    """One drawing's. may_go_on: asked when the last reader has left. on_end: called once, when the upstream call is
    over; with the error, if it failed. see: called with each of its events.
    """

    store: Store
    kept: Kept
    recorder: Recorder
    may_go_on: Callable[[], bool]
    on_end: Callable[[Exception | None], None]
    see: Callable[[list[StreamEvent]], None] | None = None

    def image_id(self, candidate_index: int, part_index: int) -> str:
        """The id of a picture."""
        return picture_links.image_id(self.store.secret, self.kept.completion_id, candidate_index, part_index)

    async def settle(self, outcome: Exception | None) -> None:
        """Wait until the end is written, if the caller may ask for it: who has seen it, sees the same again.

        That is by its request_id, or by the URL of a picture that will never be whole. outcome: the error if it failed.
        """
        if self.kept.request_id or outcome is not None:
            await settled(self.recorder)

    async def read(self, after_sequence: int, offset: int) -> AsyncGenerator[list[StreamEvent], None]:
        """See Store.read. Raises AnswerNotKept where the store does not work: the drawing may have been charged."""
        try:
            async with aclosing(self.store.read(self.kept, after_sequence, offset)) as stored:
                async for events in stored:
                    yield events
        except StoreDown as error:
            raise not_kept(self.kept.completion_id) from error


async def settled(recorder: Recorder) -> None:
    """Return when the end of an answer is written, or cannot be, or after a few seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LONGEST):
            await recorder.settle()
