"""How an answer's bytes are counted against the limit of a unary answer."""

from collections.abc import AsyncIterator

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import AnswerTooLarge
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.fold import fold


async def stream(*, thought: bool, text: str) -> AsyncIterator[list[StreamEvent]]:
    kind = pb.PartKind.PART_KIND_TEXT
    yield [
        pb.Event(started=pb.Started(completion_id="c")),
        pb.Event(part_started=pb.PartStarted(kind=kind, thought=thought)),
        pb.Event(text_delta=pb.TextDelta(text=text)),
        pb.Event(part_finished=pb.PartFinished(thought=thought)),
        pb.Event(candidate_finished=pb.CandidateFinished(native_finish_reason="STOP")),
        pb.Event(finished=pb.Finished()),
    ]


@pytest.mark.parametrize(("thought", "times"), [(False, 2), (True, 1)])
async def test_m2_text_counts_as_often_as_it_stands_in_the_answer(thought: bool, times: int) -> None:
    text = "\u00e9" * 5000
    limit = times * len(text.encode())
    with pytest.raises(AnswerTooLarge):
        await fold(stream(thought=thought, text=text), max_inline_bytes=limit - 1)
    answer = await fold(stream(thought=thought, text=text), max_inline_bytes=limit + 200)
    assert limit < answer.ByteSize() < limit + 200
