"""Merging a stream's events gives CreateCompletion's answer, in the server and in the client."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from imagewire import collect
from imagewire._grpc.verify import check_answer
from imagewire.answer_builder import AnswerBuilder
from imagewire.v1.chat_service_pb2 import CreateCompletionResponse, Finished, Started
from imagewire_server.contract.errors import AnswerTooLarge
from imagewire_server.contract.events import StreamEvent
from imagewire_server.core.fold import fold
from imagewire_server.providers.google.wire import Reader
from tests.event_forms import cut, internal, message
from tests.golden.cases import WHOLE, Case, hashed
from tests.sdk.conftest import Event, good_stream, number, three_pictures
from tests.sdk.events import everything, merged, sent, unlike


def read(case: Case) -> list[Event]:
    """The events of a golden answer, as they come over the wire."""
    reader = Reader()
    # The engine says when it starts, and hashes; the dialect reads the rest.
    events: list[StreamEvent] = [Event(started=Started(completion_id="c", model="m"))]
    reader.feed(case.answer, events)
    reader.close(events)
    return number([message(event) for event in cut(hashed(events), 10)])


STREAMS = {
    **{case.name: read(case) for case in WHOLE},
    "everything": everything(),
    "one picture": good_stream(),
    "three pictures": three_pictures(),
    "nothing": number([Event(started=Started()), Event(finished=Finished(prompt_feedback={}, usage={}))]),
}
each = pytest.mark.parametrize("name", STREAMS)


def folded(events: list[Event], most: int = 1 << 20) -> CreateCompletionResponse:
    async def stream() -> AsyncIterator[list[StreamEvent]]:
        for event in events:
            yield [internal(event)]

    return asyncio.run(fold(stream(), max_inline_bytes=most))


@each
def test_merging_a_streams_events_gives_create_completions_answer(name: str) -> None:
    events = STREAMS[name]
    answer = merged(events)
    assert folded(events) == answer
    assert collect(events) == answer
    assert check_answer(answer) is answer


@each
def test_the_answer_object_has_the_same_parts_and_the_same_final_picture(name: str) -> None:
    builder = AnswerBuilder()
    for event in STREAMS[name]:
        builder.add(event)
    answer, whole = builder.answer, merged(STREAMS[name])
    assert (answer.id, answer.model, answer.usage) == (whole.completion_id, whole.model, whole.usage)
    if not whole.candidates:
        assert answer.parts == []
        return
    message = whole.candidates[0].message
    assert answer.text == message.content
    assert (answer.image.sha256 if answer.image else "") == message.image.sha256.hex()
    if message.parts:
        assert answer.message() == sent(message)


def test_every_field_stands_in_one_event_and_in_the_answer() -> None:
    assert unlike() == {"part": set(), "candidate": set(), "answer": set()}


@each
def test_m2_the_limit_bounds_the_whole_answer(name: str) -> None:
    size = folded(STREAMS[name]).ByteSize()
    with pytest.raises(AnswerTooLarge, match="StreamCompletion"):
        folded(STREAMS[name], size - 1)
    # What is counted is no more than some bytes over it for each event.
    assert folded(STREAMS[name], size + 20 * len(STREAMS[name]) + 200)


def test_m2_a_stream_that_is_too_large_is_read_to_its_end() -> None:
    events = good_stream()
    taken = []

    async def stream() -> AsyncIterator[list[StreamEvent]]:
        for event in events:
            taken.append(event)
            yield [internal(event)]

    with pytest.raises(AnswerTooLarge):
        asyncio.run(fold(stream(), max_inline_bytes=100))
    assert taken == events, "only the end tells what it cost"
