"""How an answer's bytes are counted against the limit of a unary answer."""

from collections.abc import AsyncIterator

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import AnswerTooLarge, Internal
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.fold import fold
from tests.event_forms import all_internal
from tests.fold_cases import CASES, FoldCase


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


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_streams_events_make_the_unary_answer(case: FoldCase) -> None:
    async def stream() -> AsyncIterator[list[StreamEvent]]:
        for event in all_internal(case.stream()):
            yield [event]

    assert await fold(stream(), max_inline_bytes=1 << 20) == case.answer()


async def test_candidates_are_in_their_order() -> None:
    async def mixed() -> AsyncIterator[list[StreamEvent]]:
        for index in 1, 0:
            yield [
                pb.Event(text_delta=pb.TextDelta(candidate_index=index, text=f"of {index}")),
                pb.Event(part_finished=pb.PartFinished(candidate_index=index)),
            ]
        yield [pb.Event(finished=pb.Finished())]

    answer = await fold(mixed(), max_inline_bytes=1000)
    assert [(one.index, one.message.parts[0].text) for one in answer.candidates] == [(0, "of 0"), (1, "of 1")]


async def test_a_stream_without_its_end_is_no_answer() -> None:
    async def cut() -> AsyncIterator[list[StreamEvent]]:
        yield all_internal(CASES["a picture"].stream())[:-1]

    with pytest.raises(Internal):
        await fold(cut(), max_inline_bytes=1 << 20)
