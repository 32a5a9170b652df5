"""Which kept answer may be sent again, and how its events say so."""

import time
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk
from imagewire_server.core.store import cached_answer
from imagewire_server.core.store.records import State
from tests.unit.core.store.local.stores import kept

NOW = time.time()


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"created": NOW - 60}, True),
        ({"created": NOW - 61}, False),
        ({"expires": NOW - 1}, False),
        ({"caller": "you"}, False),
        ({"state": State.RUNNING}, False),
        ({"state": State.FREE}, False),
        ({"state": State.NOT_KEPT}, False),
    ],
)
def test_which_answer_counts(fields: dict[str, Any], counts: bool) -> None:
    found = kept(**{"state": State.ENDED, "created": NOW, "expires": NOW + 1000, **fields})
    assert cached_answer.counts(found, "me", NOW - 60) is counts


def test_only_the_last_event_is_marked() -> None:
    usage = pb.Usage(prompt_tokens=3, cost_usd=0.5, cost_nano_usd=500)
    chunk = Chunk("image_chunk", 0, 0, 0, b"x", 2)
    started = pb.Event(sequence=1, started=pb.Started(completion_id="c"))
    events = cached_answer.mark([started, chunk, pb.Event(sequence=3, finished=pb.Finished(usage=usage))])
    assert events[:2] == [pb.Event(sequence=1, started=pb.Started(completion_id="c")), chunk]
    marked = pb.Usage(prompt_tokens=3, cost_usd=0.0, cost_nano_usd=0, cached_answer=True)
    assert events[2] == pb.Event(sequence=3, finished=pb.Finished(usage=marked))
