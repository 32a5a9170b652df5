"""An answer that is sent a second time, to another request: which one may be, and how its events say so."""

import time

from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.store.records import Kept, State


def counts(kept: Kept, caller: str, since: float) -> bool:
    """Whether an answer may be sent again. since: when it may have begun at the earliest, in seconds since 1970."""
    return is_there(kept) and kept.caller == caller and kept.created >= since


def is_there(kept: Kept) -> bool:
    """Whether an answer can still be sent again to a request that got it before: its time is not over."""
    return kept.state is State.ENDED and kept.expires > time.time()


def mark(events: list[StreamEvent]) -> list[StreamEvent]:
    """The same events, as they were read from a store. The last one of an answer is changed: it costs nothing now."""
    for event in events:
        if not isinstance(event, Chunk) and event.HasField("finished"):
            usage = event.finished.usage
            usage.cached_answer, usage.cost_usd, usage.cost_nano_usd = True, 0.0, 0
    return events
