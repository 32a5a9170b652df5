"""Assembling: any chunking gives the same answer, any damage is an error."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire import CorruptAnswer, collect
from imagewire._grpc.verify import Verifier, check_answer
from imagewire.v1.chat_service_pb2 import (
    CandidateFinished,
    Finished,
    Heartbeat,
    ImageChunk,
    PartFinished,
    PartKind,
    PartStarted,
    Started,
    TextDelta,
)
from imagewire.v1.image_pb2 import Image
from imagewire.v1.message_pb2 import ChatMessage
from imagewire_server.contract import pb
from tests.sdk.conftest import Event, good_stream, number


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


TEXT, PICTURE = PartKind.PART_KIND_TEXT, PartKind.PART_KIND_IMAGE
END = [Event(candidate_finished=CandidateFinished()), Event(finished=Finished())]
ORDERS = {
    "no start": END,
    "two starts": [Event(started=Started()), Event(started=Started()), *END],
    "a part that never ends": [Event(started=Started()), Event(part_started=PartStarted(kind=PICTURE)), *END],
    "a candidate that never ends": [
        Event(started=Started()),
        Event(part_started=PartStarted(kind=TEXT)),
        Event(part_finished=PartFinished()),
        Event(finished=Finished()),
    ],
    "a part too early": [Event(started=Started()), Event(part_started=PartStarted(kind=TEXT, part_index=1)), *END],
    "a part inside a part": [
        Event(started=Started()),
        Event(part_started=PartStarted(kind=TEXT)),
        Event(part_started=PartStarted(kind=TEXT, part_index=1)),
        *END,
    ],
    "text without a part": [Event(started=Started()), Event(text_delta=TextDelta(text="a")), *END],
    "text in a picture": [
        Event(started=Started()),
        Event(part_started=PartStarted(kind=PICTURE)),
        Event(text_delta=TextDelta(text="a")),
    ],
    "bytes in a text": [
        Event(started=Started()),
        Event(part_started=PartStarted(kind=TEXT)),
        Event(image_chunk=ImageChunk(data=b"a")),
    ],
    "a picture without bytes": [
        Event(started=Started()),
        Event(part_started=PartStarted(kind=PICTURE)),
        Event(part_finished=PartFinished(image=Image(size_bytes=0, sha256=hashlib.sha256().digest()))),
        *END,
    ],
    "a picture that ends as text": [
        Event(started=Started()),
        Event(part_started=PartStarted(kind=PICTURE)),
        Event(part_finished=PartFinished()),
        *END,
    ],
    "a part after its candidate": [
        Event(started=Started()),
        END[0],
        Event(part_started=PartStarted(kind=TEXT)),
    ],
    "a candidate that ends twice": [Event(started=Started()), END[0], *END],
}


def numbered(events: list[Event]) -> list[Event]:
    """Copies of the events, counted from 1."""
    return number([Event.FromString(event.SerializeToString()) for event in events])


@pytest.mark.parametrize("events", ORDERS.values(), ids=ORDERS.keys())
def test_what_the_contract_orders_is_demanded(events: list[Event]) -> None:
    with pytest.raises(CorruptAnswer):
        verified(numbered(events))


def test_what_a_newer_server_may_add_passes() -> None:
    added = numbered([Event(started=Started()), Event(), *END])
    assert verified(added) == added


def test_u13_candidates_may_take_turns() -> None:
    first, second = (
        [
            Event(part_started=PartStarted(candidate_index=index, kind=TEXT)),
            Event(text_delta=TextDelta(candidate_index=index, text=f"I am {index}")),
            Event(part_finished=PartFinished(candidate_index=index)),
            Event(candidate_finished=CandidateFinished(candidate_index=index)),
        ]
        for index in (1, 0)
    )
    turns = [event for pair in zip(first, second, strict=True) for event in pair]
    answer = collect(numbered([Event(started=Started()), *turns, END[1]]))
    assert [(c.index, c.message.content) for c in answer.candidates] == [(0, "I am 0"), (1, "I am 1")]


def test_a_stream_collected_in_part_is_an_error() -> None:
    events = iter(good_stream())
    next(events)
    with pytest.raises(CorruptAnswer):
        collect(events)
    with pytest.raises(CorruptAnswer):
        collect(good_stream()[:-1])


@given(st.binary(min_size=1, max_size=200), st.integers(1, 20), st.data())
def test_any_byte_that_changes_is_an_error(data: bytes, pieces: int, draw: st.DataObject) -> None:
    events = good_stream(data, pieces)
    chunk = draw.draw(st.sampled_from([e.image_chunk for e in events if e.HasField("image_chunk")]))
    at, flip = draw.draw(st.integers(0, len(chunk.data) - 1)), draw.draw(st.integers(1, 255))
    chunk.data = chunk.data[:at] + bytes([chunk.data[at] ^ flip]) + chunk.data[at + 1 :]
    with pytest.raises(CorruptAnswer, match="sha256"):
        verified(events)


def test_heartbeats_stand_anywhere() -> None:
    events = good_stream()
    for at in range(len(events) + 1):
        beat = Event(sequence=events[at - 1].sequence if at else 0, heartbeat=Heartbeat())
        assert verified([*events[:at], beat, *events[at:]])


UNARY_DAMAGES: dict[str, Callable[[ChatMessage], object]] = {
    "a byte more": lambda message: setattr(message.image, "data", message.image.data + b"x"),
    "a byte flipped": lambda message: setattr(message.image, "data", b"x" + message.image.data[1:]),
    "no bytes": lambda message: setattr(message.image, "data", b""),
    "no source": lambda message: message.image.ClearField("data"),
    "a part without bytes that names another": lambda message: setattr(message.parts[1].image, "sha256", b"x"),
    "a picture left out": lambda message: message.ClearField("image"),
}


@pytest.mark.parametrize("damage", UNARY_DAMAGES.values(), ids=UNARY_DAMAGES.keys())
def test_a_damaged_unary_answer_is_an_error(damage: Callable[[ChatMessage], object]) -> None:
    answer = collect(good_stream())
    damage(answer.candidates[0].message)
    with pytest.raises(CorruptAnswer):
        check_answer(answer)


def test_a_unary_answer_may_name_a_kept_picture() -> None:
    answer = collect(good_stream())
    answer.candidates[0].message.image.image_id = "kept"
    assert check_answer(answer) is answer


def test_the_client_and_the_server_share_one_copy_of_the_stubs() -> None:
    assert Event is pb.Event
