"""The records of kept answers: whatever the pieces they are read in, they are what was written."""

import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagewire_server.contract import pb
from imagewire_server.contract.code import Code
from imagewire_server.contract.errors import Cut, Error, InvalidRequest, Overloaded, Violation
from imagewire_server.contract.events import Chunk
from imagewire_server.core.store import log_format
from imagewire_server.core.store.log_format import Ended, FileBegins, NoRecord, RecordReader

REQUEST = pb.Spec(model="m", messages=[pb.ChatMessage(content="x")])
EVENT = pb.Event(sequence=3, text_delta=pb.TextDelta(text="ä" * 300))
RECORDS = [
    REQUEST,
    EVENT,
    FileBegins(3, 7, 1, 2, "media_chunk"),
    FileBegins(2**40, 0, 0, 1, "image_chunk"),
    Ended(None),
]


def log() -> bytes:
    """RECORDS, as they are written."""
    return b"".join(
        [
            log_format.request_record(REQUEST),
            log_format.event_record(EVENT),
            log_format.file_record(Chunk("media_chunk", 1, 2, 0, b"data", 3), 7),
            log_format.file_record(Chunk("image_chunk", 0, 1, 0, b"data", 2**40), 0),
            log_format.end_record(None),
        ]
    )


@given(st.lists(st.floats(0, 1)))
def test_records_are_read_in_any_pieces(cuts: list[float]) -> None:
    reader, written = RecordReader(), log()
    edges = [0, *sorted(int(cut * len(written)) for cut in cuts), len(written)]
    found = [record for i in range(len(edges) - 1) for record in reader.feed(written[edges[i] : edges[i + 1]])]
    assert found == RECORDS


def test_a_chunk_of_a_file() -> None:
    assert RECORDS[2].chunk(5, b"x") == Chunk("media_chunk", 1, 2, 5, b"x", 3)  # type: ignore[union-attr]


ERRORS: list[Error] = [
    Cut("broke off"),
    Overloaded("no slot", retry_after=1.5, metadata={"a": "b"}),
    InvalidRequest([Violation("spec.model", "is required"), Violation("x", "y")]),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_again(error: Error) -> None:
    [ended] = RecordReader().feed(log_format.end_record(error))
    assert isinstance(ended, Ended)
    assert isinstance(ended.error, Error)
    names = ("code", "reason", "message", "metadata", "violations", "retry_after", "charged")

    def fields(one: Any) -> list[Any]:
        return [getattr(one, name) for name in names]

    assert fields(ended.error) == fields(error)
    assert isinstance(ended.error.code, Code)


def test_what_is_no_record_is_an_error() -> None:
    with pytest.raises(NoRecord, match=r"kind b'\?'"):
        RecordReader().feed(b"?" + struct.pack(">II", 0, zlib.crc32(b"?")))


def test_one_changed_bit_is_an_error_or_leaves_the_record_incomplete() -> None:
    record = log_format.event_record(pb.Event(sequence=7, text_delta=pb.TextDelta(text="a banana")))
    for bit in range(8 * len(record)):
        changed = bytearray(record)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            assert RecordReader().feed(bytes(changed)) == []
        except NoRecord:
            continue
        assert int.from_bytes(changed[1:5]) > int.from_bytes(record[1:5]), "only a greater length waits for more"


def test_an_answer_that_is_another_ones_names_it() -> None:
    assert RecordReader().feed(log_format.end_record(None, "cmpl-1")) == [Ended(None, "cmpl-1")]
