"""Assembling: any chunking gives the same answer, any damage is an error."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire import CorruptAnswer, collect
from imagewire._assemble import Verifier, check_answer
from imagewire.v1.chat_service_pb2 import Heartbeat
from imagewire_server.contract import pb
from imagewire_server.dialects.gemini import Reader
from imagewire_server.engine.fold import fold
from tests.golden.cases import WHOLE, Case
from tests.sdk.conftest import Event, good_stream


def verified(events: list[Event]) -> list[Event]:
    verifier = Verifier()
    for event in events:
        verifier.check(event)
    verifier.close()
    return events


@given(st.binary(min_size=1, max_size=300), st.integers(1, 300))
def test_any_chunking_gives_the_same_answer(data: bytes, pieces: int) -> None:
    answer = collect(verified(good_stream(data, pieces)))
    message = answer.candidates[0].message
    assert message.image.data == data
    assert message.content == "Here it is"
    assert [part.WhichOneof("content") for part in message.parts] == ["text", "image"]
    assert message.parts[0].thought_signature == b"s"
    assert message.parts[1].image.sha256 == hashlib.sha256(data).digest()
    assert message.parts[1].image.data == b""
    assert (answer.completion_id, answer.model_version, answer.usage.total_tokens) == ("c", "v", 5)
    assert check_answer(answer) is answer


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.name)
async def test_a_collected_stream_is_what_the_servers_fold_makes(case: Case) -> None:
    reader = Reader(sse=case.sse, max_frame_bytes=10)
    events = [*reader.feed(case.answer), *reader.close()]
    for number, event in enumerate(events, 1):
        event.sequence = number

    async def streamed() -> object:
        for event in events:
            yield event

    folded = await fold(streamed(), max_inline_bytes=10_000)  # type: ignore[arg-type]
    assert collect(verified(events)) == folded
    assert check_answer(folded) == folded


DAMAGES = {
    "a chunk is lost": lambda events: events.pop(8),
    "a chunk comes twice": lambda events: events.insert(8, events[8]),
    "two chunks change places": lambda events: events.insert(8, events.pop(9)),
    "a byte is flipped": lambda events: setattr(events[8].image_chunk, "data", b"x" + events[8].image_chunk.data[1:]),
    "a chunk is cut": lambda events: setattr(events[10].image_chunk, "data", events[10].image_chunk.data[:-1]),
    "an offset is wrong": lambda events: setattr(events[9].image_chunk, "offset", 1),
    "the end is missing": lambda events: events.pop(),
    "the part's end is missing": lambda events: (
        events.pop(11),
        [setattr(e, "sequence", e.sequence - 1) for e in events[11:]],
    ),
    "the size is wrong": lambda events: setattr(events[11].part_finished.image, "size_bytes", 3),
    "a number is skipped": lambda events: setattr(events[2], "sequence", 9),
    "it goes on after the end": lambda events: events.append(Event(sequence=14)),
    "nothing comes": lambda events: events.clear(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_an_error(damage: object) -> None:
    events = good_stream()
    damage(events)  # type: ignore[operator]
    with pytest.raises(CorruptAnswer):
        verified(events)


def test_heartbeats_stand_anywhere() -> None:
    events = good_stream()
    for at in range(len(events) + 1):
        beat = Event(sequence=events[at - 1].sequence if at else 0, heartbeat=Heartbeat())
        assert verified([*events[:at], beat, *events[at:]])


def test_a_damaged_unary_answer_is_an_error() -> None:
    answer = collect(good_stream())
    answer.candidates[0].message.image.data += b"x"
    with pytest.raises(CorruptAnswer):
        check_answer(answer)


def test_the_client_and_the_server_share_one_copy_of_the_stubs() -> None:
    assert Event is pb.Event
